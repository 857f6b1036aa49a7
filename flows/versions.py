"""What becomes of a conversation that began on another version of the script? It is moved, by rules in a file.

`flows/moves.toml` says where a state that was renamed or taken out leads, and how answers are called now. What no rule
names is met by the neutral check (R1) and then by the first question still open: nobody pays for a changed script.
A question whose numbered answers stand for something else now is noticed by its stamp (`Script.stamps`): the number the
person sends belongs to the text they saw, so they are asked whether it is a good time, and then the question as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flows.conversation import Conversation

NEUTRAL = "paused"
"""The next text is met by the neutral check and nothing else."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Old names, and what they are called now."""

    states: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Moves:
        tables = {name: document.get(name, {}) for name in ("states", "slots", "values")}
        return cls(dict(tables["states"]), dict(tables["slots"]), {s: dict(v) for s, v in tables["values"].items()})


def moved(conversation: Conversation, moves: Moves, states: Mapping[str, object]) -> Conversation:
    """The conversation as this version of the script may take it up; itself when nothing of it is called otherwise."""
    known = conversation.state in states and (conversation.resume is None or conversation.resume in states)
    if known and not (moves.slots.keys() | moves.values.keys()) & conversation.answers.keys():
        return conversation
    state = _state(conversation.state, moves, states) or NEUTRAL
    resume = None if conversation.resume is None else _state(conversation.resume, moves, states)
    if getattr(states[state], "passing", False):  # never rested in: gone on to after the neutral check
        state, resume = NEUTRAL, state
    return replace(
        conversation,
        state=state,
        resume=resume,
        answers={moves.slots.get(s, s): _value(s, v, moves) for s, v in conversation.answers.items()},
    )


def _state(name: str, moves: Moves, states: Mapping[str, object]) -> str | None:
    """Through as many renamings as there were; None when it leads nowhere."""
    seen: set[str] = set()
    while name not in states and name in moves.states and name not in seen:
        seen.add(name)
        name = moves.states[name]
    return name if name in states else None


def _value(slot: str, value: object, moves: Moves) -> object:
    names = moves.values.get(slot)
    if not names:
        return value
    if isinstance(value, list | tuple):
        return [names.get(str(one), one) for one in value]
    return names.get(value, value) if isinstance(value, str) else value
