"""What is the script: the flows' TOML, parsed into checked values and linted? Given documents, never paths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.conversation import Flag, Tier
from flows.understanding import Expecting, Intent, Lexicon
from flows.understanding.reading import PARSERS
from flows.versions import Moves
from flows.wording import Wording

ENGINE_EVENTS = (
    "gap", "door", "picture", "duress", "found", "late", "finished", "hold_held", "hold_lapsed", "hold_declined",
)  # fmt: skip
"""What can happen besides an intent. `handed`, `advance` and `return` have generated rows."""

OUTSIDE_THE_TABLE = {Intent.STOP, Intent.STOP_SILENT, Intent.START, Intent.WRONG_NUMBER}
"""Looked at before the table, so that no row can ever disable an opt-out."""

MESSAGE_EVENTS = (*(i.value for i in Intent if i not in OUTSIDE_THE_TABLE), "door", "picture", "duress")

DEEDS = frozenset(
    "withdraw release safe_hours code_word duress_word unshare erase forget close choose_language safe "
    "take_guess drop_guess choose back_to_screen".split()
)
PLAIN_GUARDS = frozenset(
    "filled safe_now short_time first_miss coded code_ok none_found two_options wants_feedback named_language "
    "told_nothing told_too_much".split()
)
NAMED_GUARDS = frozenset("mark flag noticed has answer guessed option undecided outcome".split())
STATE_KEYS = frozenset("about say expects rows interlude passing check quiet as_unclear".split())
ROW_KEYS = frozenset("on if say to handoff tell do mark flag skip miss resume".split())


class ScriptError(ValueError):
    """A flow file is wrong; says which file, which key, and why."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition of a row: `mark:limits`, `not safe_now`."""

    kind: str
    argument: str = ""
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing that happens leads to, in one state."""

    on: str
    guards: tuple[Guard, ...] = ()
    say: tuple[str, ...] = ()
    to: str | None = None
    handoff: str | None = None
    tell: Tier | None = None
    do: tuple[str, ...] = ()
    mark: str | None = None
    flag: str | None = None
    skip: bool = False
    miss: bool = False
    resume: str | None = None
    where: str = ""
    """The file and key it stands under, for people who look for it."""


@dataclass(frozen=True, slots=True)
class State:
    name: str
    about: str
    say: str | None
    expects: Expecting | None
    rows: tuple[Row, ...]
    interlude: bool = False
    passing: bool = False
    check: bool = False
    """It asks whether this is them and a good moment: its own answers are heard whatever the gap."""
    quiet: bool = False
    """Nothing is said here; whoever writes next may be somebody else."""
    as_unclear: frozenset[str] = frozenset()
    """What is not answered here, because somebody else may be asking."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the screen. `adaptive`: asked only while its answer can still change what fits."""

    name: str
    slot: str
    adaptive: bool
    needs: str | None


@dataclass(frozen=True, slots=True)
class HandOffRule:
    """What the queue is told (tier) and what the person is told, by who is there."""

    reason: str
    tier: Tier
    urgent: Tier
    on: tuple[str, ...]
    off: tuple[str, ...]
    unplanned: tuple[str, ...]
    rest: str | None
    rest_off: str | None
    crisis: bool


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Script:
    """Everything the engine follows. `version` changes with any letter of the flows, texts or word lists."""

    version: str
    states: Mapping[str, State]
    questions: tuple[Question, ...]
    always: tuple[Row, ...]
    fallback: Mapping[str, str]
    handoffs: Mapping[str, HandOffRule]
    doors: Mapping[str, str]
    instead: Mapping[str, str]
    """What is said instead of a text that was the last one said."""
    wording: Wording
    lexicon: Lexicon
    rows: Mapping[tuple[str, str], tuple[Row, ...]] = field(default_factory=dict)
    """Every row that can fire, by (state, event), in the order in which they are tried."""
    moves: Moves = Moves()
    """Where conversations of earlier versions go on."""
    promises: Mapping[str, str | int] = field(default_factory=dict)
    """By text: what it promises. `minutes`, `shift`, `soon`, or so many hours."""
    stamps: Mapping[str, str] = field(default_factory=dict)
    """By state: what its numbered answers stand for, in few letters."""
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The placeholders of each text, by key."""

    @classmethod
    def parse(cls, *, line: Mapping[str, Any], screen: Mapping[str, Any], copy: Mapping[str, Mapping[str, Any]],
              lexicon: Mapping[str, Mapping[str, Any]], moves: Mapping[str, Any] | None = None) -> Script:  # fmt: skip
        """Parsed TOML documents in, a checked script out. Raises ScriptError for the first thing that is wrong."""
        documents = [line, screen, copy, lexicon]
        version = hashlib.sha256(json.dumps(documents, sort_keys=True, default=str).encode()).hexdigest()[:12]
        shared = [_row(raw, "screen.toml:rows") for raw in screen.get("rows", [])]
        states = {name: _state(name, raw) for name, raw in line["states"].items()}
        for raw in screen["question"]:
            states[raw["name"]] = _question_state(raw, shared)
        always = [_row(raw, f"line.toml:always[{n}]") for n, raw in enumerate(line["always"])]
        questions = tuple(_question(raw) for raw in screen["question"])
        script = cls(
            version=version,
            states=states,
            questions=questions,
            always=(*_adaptive_rows(questions), *always),
            fallback=dict(line["fallback"]),
            handoffs={reason: _handoff(reason, raw) for reason, raw in line["handoffs"].items()},
            doors={word: door for door, words in line["doors"].items() for word in words},
            instead=dict(line.get("instead", {})),
            promises=dict(line.get("promises", {})),
            wording=Wording.parse(copy),
            lexicon=Lexicon.parse(lexicon),
            moves=Moves.parse(moves or {}),
        )
        object.__setattr__(script, "rows", _rows_by_state(script))
        object.__setattr__(script, "stamps", {s.name: _stamp(s.expects) for s in states.values() if s.expects})
        object.__setattr__(script, "needs", {k: script.wording.text(k, "en").placeholders for k in script.wording.keys})
        problems = lint(script)
        if problems:
            raise ScriptError(problems[0])
        return script

    def expecting(self, state: str) -> Expecting | None:
        known = self.states.get(state)
        return known.expects if known else None


def lint(script: Script) -> list[str]:
    """Every structural fault: unknown names, states without a way in, events without an answer."""
    return [*_unknown_names(script), *_unanswered(script), *_unreachable(script)]


def _fault(where: str, why: str) -> ScriptError:
    return ScriptError(f"{where}: {why}")


def _guard(raw: str, where: str) -> Guard:
    wanted = not raw.startswith("not ")
    kind, _, argument = raw.removeprefix("not ").partition(":")
    if kind not in (NAMED_GUARDS if argument else PLAIN_GUARDS):
        raise _fault(where, f"unknown condition {raw!r}")
    return Guard(kind, argument, wanted)


def _row(raw: Mapping[str, Any], where: str) -> Row:
    if unknown := set(raw) - ROW_KEYS:
        raise _fault(where, f"unknown key {sorted(unknown)[0]!r}")
    if "on" not in raw:
        raise _fault(where, "a row needs 'on'")
    for deed in raw.get("do", []):
        if deed not in DEEDS:
            raise _fault(where, f"unknown deed {deed!r}")
    if "flag" in raw and raw["flag"] not in set(Flag):
        raise _fault(where, f"unknown flag {raw['flag']!r}")
    return Row(
        on=raw["on"],
        guards=tuple(_guard(g, where) for g in raw.get("if", [])),
        say=tuple(raw.get("say", [])),
        to=raw.get("to"),
        handoff=raw.get("handoff"),
        tell=Tier(raw["tell"]) if "tell" in raw else None,
        do=tuple(raw.get("do", [])),
        mark=raw.get("mark"),
        flag=raw.get("flag"),
        skip=raw.get("skip", False),
        miss=raw.get("miss", False),
        resume=raw.get("resume"),
        where=where,
    )


def _expecting(name: str, raw: Mapping[str, Any], where: str) -> Expecting:
    if raw["parser"] not in PARSERS:
        raise _fault(where, f"unknown parser {raw['parser']!r}")
    return Expecting(name, raw.get("slot", ""), raw["parser"], tuple(raw.get("options", [])))


def _state(name: str, raw: Mapping[str, Any]) -> State:
    where = f"line.toml:states.{name}"
    if unknown := set(raw) - STATE_KEYS:
        raise _fault(where, f"unknown key {sorted(unknown)[0]!r}")
    return State(
        name=name,
        about=raw["about"],
        say=raw.get("say"),
        expects=_expecting(name, raw["expects"], where) if "expects" in raw else None,
        rows=tuple(_row(r, f"{where}[{n}]") for n, r in enumerate(raw.get("rows", []))),
        interlude=raw.get("interlude", False),
        passing=raw.get("passing", False),
        check=raw.get("check", False),
        quiet=raw.get("quiet", False),
        as_unclear=frozenset(raw.get("as_unclear", ())),
    )


def _question_state(raw: Mapping[str, Any], shared: Iterable[Row]) -> State:
    where = f"screen.toml:{raw.get('name', 'question')}"
    if missing := {"name", "say", "slot", "parser", "ask"} - set(raw):
        raise _fault(where, f"a question needs {sorted(missing)[0]!r}")
    own = tuple(_row(r, f"{where}[{n}]") for n, r in enumerate(raw.get("rows", [])))
    expects = _expecting(raw["name"], raw, where)
    return State(raw["name"], "A question of the screen.", raw["say"], expects, (*own, *shared))


def _question(raw: Mapping[str, Any]) -> Question:
    if raw["ask"] not in ("always", "adaptive"):
        raise _fault(f"screen.toml:{raw['name']}", "ask must be 'always' or 'adaptive'")
    return Question(raw["name"], raw["slot"], raw["ask"] == "adaptive", raw.get("needs"))


def _adaptive_rows(questions: Iterable[Question]) -> list[Row]:
    """A found set whose size could still change is asked about before it is told of."""
    return [
        Row("found", (Guard("undecided", q.slot), Guard("has", q.slot, wanted=False)), to=q.name,
            where=f"screen.toml:{q.name}")
        for q in questions
        if q.adaptive
    ]  # fmt: skip


def _handoff(reason: str, raw: Mapping[str, Any]) -> HandOffRule:
    where = f"line.toml:handoffs.{reason}"
    if unknown := set(raw) - {"tier", "urgent", "on", "off", "unplanned", "rest", "rest_off", "crisis"}:
        raise _fault(where, f"unknown key {sorted(unknown)[0]!r}")
    tier = Tier(raw["tier"])
    return HandOffRule(
        reason=reason,
        tier=tier,
        urgent=Tier(raw.get("urgent", tier)),
        on=tuple(raw["on"]),
        off=tuple(raw["off"]),
        unplanned=tuple(raw.get("unplanned", raw["off"])),
        rest=raw.get("rest"),
        rest_off=raw.get("rest_off", raw.get("rest")),
        crisis=raw.get("crisis", False),
    )


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


def _unknown_names(script: Script) -> list[str]:
    places = {*script.states, "="}
    found = []
    rows = [*script.always, *(r for s in script.states.values() for r in s.rows)]
    for row in rows:
        if row.on not in (*MESSAGE_EVENTS, *ENGINE_EVENTS):
            found.append(f"{row.where}: nothing is called {row.on!r}")
        if row.to is not None and row.to not in places:
            found.append(f"{row.where}: there is no state {row.to!r}")
        if row.handoff is not None and row.handoff not in script.handoffs:
            found.append(f"{row.where}: there is no hand-off {row.handoff!r}")
        found += [f"{row.where}: there is no text {key!r}" for key in row.say if key not in script.wording.keys]
    for rule in script.handoffs.values():
        texts = {*rule.on, *rule.off, *rule.unplanned} - set(script.wording.keys)
        found += [f"line.toml:handoffs.{rule.reason}: there is no text {key!r}" for key in sorted(texts)]
    for state in script.states.values():
        if state.say is not None and state.say not in script.wording.keys:
            found.append(f"state {state.name}: there is no text {state.say!r}")
    return found


def _unanswered(script: Script) -> list[str]:
    """Every event in every state must end in a row without conditions, or a text could vanish."""
    return [
        f"state {state}: {event!r} is not always answered"
        for (state, event), rows in script.rows.items()
        if not any(not row.guards for row in rows)
    ]


def _unreachable(script: Script) -> list[str]:
    seen = {"idle", "stopped", "follow_up", "returning", "searching", "screen"}
    seen |= {q.name for q in script.questions}
    seen |= {row.to for rows in script.rows.values() for row in rows if row.to}
    seen |= {place for rule in script.handoffs.values() for place in (rule.rest, rule.rest_off) if place}
    return [f"state {name}: nothing leads to it" for name in script.states if name not in seen]
