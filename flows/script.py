"""What is the script: the flows' TOML, parsed into checked values? Given documents, never paths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.draft import Draft
from flows.parts import (
    ENGINE_EVENTS,
    MESSAGE_EVENTS,
    Guard,
    HandOffRule,
    Question,
    Row,
    ScriptError,
    State,
)
from flows.structure import wrong
from flows.understanding import Expecting, Lexicon
from flows.versions import Moves
from flows.wording import Wording

__all__ = ["ENGINE_EVENTS", "MESSAGE_EVENTS", "Guard", "Question", "Row", "Script", "ScriptError", "State"]


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Script:
    """Everything the engine follows. `version` changes with any letter of the flows, texts or word lists."""

    version: str
    states: Mapping[str, State]
    questions: tuple[Question, ...]
    always: tuple[Row, ...]
    fallback: Mapping[str, str]
    handoffs: Mapping[str, HandOffRule]
    doors: Mapping[str, tuple[str, str]]
    """By word: the door it opens, and in which language."""
    instead: Mapping[str, str]
    """What is said instead of a text that was the last one said."""
    wording: Wording
    lexicon: Lexicon
    rows: Mapping[tuple[str, str], tuple[Row, ...]] = field(default_factory=dict)
    """Every row that can fire, by (state, event), in the order in which they are tried."""
    moves: Moves = field(default_factory=Moves)
    """Where conversations of earlier versions go on."""
    promises: Mapping[str, str | int] = field(default_factory=dict)
    """By text: what it promises. `minutes`, `shift`, `soon`, or so many hours."""
    stamps: Mapping[str, str] = field(default_factory=dict)
    """By state: what its numbered answers stand for, in few letters."""
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The placeholders of each text, by key."""

    def __repr__(self) -> str:
        """Short: its word lists, written out, are thousands of times as long as the files, and a traceback may show
        whoever holds it."""
        return f"Script({self.version!r})"

    @classmethod
    def parse(cls, *, line: Mapping[str, Any], screen: Mapping[str, Any], copy: Mapping[str, Mapping[str, Any]],
              lexicon: Mapping[str, Mapping[str, Any]], moves: Mapping[str, Any] | None = None) -> Script:  # fmt: skip
        """Parsed TOML documents in, a checked script out. Raises ScriptError for the first thing that is wrong."""
        words = Lexicon.parse(lexicon)
        draft = Draft.read(line, screen)
        script = cls.assemble(draft, line, Wording.parse(copy), words, Moves.parse(moves or {}),
                              version([line, screen, copy, lexicon, moves or {}]))  # fmt: skip
        if faults := [*draft.faults, *wrong(script)]:
            raise ScriptError(*faults)
        return script

    @classmethod
    def assemble(cls, draft: Draft, line: Mapping[str, Any], wording: Wording, lexicon: Lexicon, moves: Moves,
                 version: str) -> Script:  # fmt: skip
        """The script as far as it could be read; the linter goes on from here when there are faults."""
        states, questions = draft.states, tuple(draft.questions)
        script = cls(
            version=version,
            states=states,
            questions=questions,
            always=(*_adaptive_rows(questions), *draft.always),
            fallback=dict(line.get("fallback", {})),
            handoffs=draft.handoffs,
            doors=draft.doors,
            instead=dict(line.get("instead", {})),
            wording=wording,
            lexicon=lexicon,
            moves=moves,
            promises=dict(line.get("promises", {})),
            stamps={s.name: _stamp(s.expects) for s in states.values() if s.expects},
            needs={key: wording.text(key, "en").placeholders for key in wording.keys},
        )
        object.__setattr__(script, "rows", _rows_by_state(script))
        return script

    def expecting(self, state: str) -> Expecting | None:
        known = self.states.get(state)
        return known.expects if known else None


def version(documents: list[Any]) -> str:
    """Twelve letters that change with any letter of the flows, texts or word lists."""
    return hashlib.sha256(json.dumps(documents, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _adaptive_rows(questions: Iterable[Question]) -> list[Row]:
    """A found set whose size could still change is asked about before it is told of."""
    return [
        Row("found", (Guard("undecided", q.slot), Guard("has", q.slot, wanted=False)), to=q.name, where=q.where)
        for q in questions
        if q.adaptive
    ]


def _rows_by_state(script: Script) -> dict[tuple[str, str], tuple[Row, ...]]:
    """Own rows, then [always]; an event without an unconditional row goes on as its [fallback]."""
    resting = [s for s in script.states.values() if not s.passing]
    table = {(s.name, e): _rows_of(script, s, e) for s in resting for e in (*MESSAGE_EVENTS, *ENGINE_EVENTS)}
    table["searching", "found"] = tuple(r for r in script.always if r.on == "found")
    return table


def _stamp(expects: Expecting) -> str:
    told = json.dumps([expects.parser, expects.slot, expects.options])
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _rows_of(script: Script, state: State, event: str) -> tuple[Row, ...]:
    if event in state.as_unclear and not any(r.on == event for r in state.rows):
        event = "unclear"
    rows = [r for r in (*state.rows, *script.always) if r.on == event]
    if event in script.fallback and not any(not r.guards for r in rows):
        rows += _rows_of(script, state, script.fallback[event])
    return tuple(rows)
