"""How does a person meet the script, from the first text on? States, texts, answers, and where each leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows.parts import Row, State
from flows.script import Script
from flows.structure import places_of

ON_SHIFT, ALONE, UNPLANNED = "on", "off", "unplanned"


@dataclass(frozen=True, slots=True)
class Way:
    """One thing that may happen in a state. `by_shift` are the texts of a hand-off, by who is there."""

    event: str
    conditions: tuple[str, ...]
    says: tuple[str, ...]
    to: tuple[str, ...]
    handoff: str | None
    tier: str | None
    by_shift: Mapping[str, tuple[str, ...]]
    where: str


@dataclass(frozen=True, slots=True)
class Step:
    """One state: its own text, what 1, 2, 3 … in it stand for, and its own ways on."""

    state: str
    about: str
    say: str | None
    options: tuple[str, ...]
    ways: tuple[Way, ...]
    depth: int
    """How many answers from the first text, by the shortest way; what only an outside event leads to is deepest."""
    where: str


def walk(script: Script) -> list[Step]:
    """Every state that is rested in, in the order in which a person may meet it, each once."""
    order: dict[str, int] = {}
    coming = [("idle", 0)]
    while coming:
        name, depth = coming.pop(0)
        if name not in order and name in script.states:
            order[name] = depth
            coming += [(place, depth + 1) for place in _next(script, script.states[name])]
    deepest = max(order.values()) + 1
    for name in script.states:
        order.setdefault(name, deepest)
    resting = (script.states[name] for name in order if not script.states[name].passing)
    return [_step(script, state, order[state.name]) for state in resting]


def in_every_state(script: Script) -> list[Way]:
    """What may happen anywhere: [[always]]."""
    return [_way(script, row) for row in script.always]


def _next(script: Script, state: State) -> list[str]:
    """Its own rows, what always happens before what needs a condition; the screen goes through its questions."""
    if state.name == "screen":
        return [*(q.needs for q in script.questions if q.needs), *(q.name for q in script.questions), "searching"]
    rows = script.rows["searching", "found"] if state.name == "searching" else state.rows
    usual_first = sorted(rows, key=lambda row: bool(row.guards))
    places = [place for row in usual_first for place in places_of(script, row) if place != "="]
    return list(dict.fromkeys(places))


def _step(script: Script, state: State, depth: int) -> Step:
    options = state.expects.options if state.expects else ()
    ways = tuple(_way(script, row) for row in state.rows)
    return Step(state.name, state.about, state.say, options, ways, depth, state.where)


def _way(script: Script, row: Row) -> Way:
    rule = script.handoffs.get(row.handoff or "")
    by_shift = {ON_SHIFT: rule.on, ALONE: rule.off, UNPLANNED: rule.unplanned} if rule else {}
    conditions = tuple(
        f"{'' if g.wanted else 'not '}{g.kind}{f':{g.argument}' if g.argument else ''}" for g in row.guards
    )
    tier = row.tell or (rule.tier if rule else None)
    places = tuple(dict.fromkeys(places_of(script, row)))
    return Way(row.on, conditions, row.say, places, row.handoff, tier and str(tier), by_shift, row.where)
