"""Does the script hang together? What would trap a person, lose a text, or name what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flows.parts import ENGINE_EVENTS, MESSAGE_EVENTS, Fault, Guard, Row, State

if TYPE_CHECKING:
    from flows.script import Script

WAYS_IN = ("idle", "stopped", "returning")
"""Where a conversation is put from outside the table: the first text, STOP, the end of a pause."""
ANSWERS = frozenset({"yes", "no", "answer", "skip", "language"})
SAFETY = ("human", "help", "danger", "suicide", "medical", "minor")


def wrong(script: Script) -> list[Fault]:
    """What no line may run with: unknown names, events without an answer, states nobody can come to."""
    return [*_unknown_names(script), *_unanswered(script), *_unreachable(script)]


def doubtful(script: Script) -> list[Fault]:
    """What runs and is a mistake all the same: dead ends, rows that can never fire, conditions nothing fulfils."""
    return [*_no_way_to_a_person(script), *_dead_ends(script), *_never_fires(script), *_never_true(script),
            *_promises(script), *_never_handed(script), *_moves(script)]  # fmt: skip


def _unknown_names(script: Script) -> Iterator[Fault]:
    for row in every_row(script):
        if row.on not in (*MESSAGE_EVENTS, *ENGINE_EVENTS):
            yield Fault(f"{row.where}.on", f"nothing is called {row.on!r}",
                        "Use an intent of flows/understanding/reading.py or an event of flows/parts.py.")  # fmt: skip
        for place in (row.to, row.resume):
            if place is not None and place not in {*script.states, "="}:
                yield Fault(f"{row.where}.to", f"there is no state {place!r}", "Name a state or a question.")
        if row.handoff is not None and row.handoff not in script.handoffs:
            yield Fault(f"{row.where}.handoff", f"there is no hand-off {row.handoff!r}", "Name one of [handoffs].")
        yield from _unknown_texts(script, f"{row.where}.say", row.say)
    for reason, rule in script.handoffs.items():
        where = f"line.toml:handoffs.{reason}"
        yield from _unknown_texts(script, where, (*rule.on, *rule.off, *rule.unplanned))
        for place in (rule.rest, rule.rest_off):
            if place is not None and place not in script.states:
                yield Fault(where, f"there is no state {place!r}", "Name a state of line.toml.")
    for state in script.states.values():
        yield from _unknown_texts(script, f"{state.where}.say", [state.say] if state.say else [])
        for event in sorted(state.as_unclear - set(MESSAGE_EVENTS)):
            yield Fault(state.where, f"nothing is called {event!r}", "as_unclear takes intents.")
    for key, instead in script.instead.items():
        yield from _unknown_texts(script, f"line.toml:instead.{key}", (key, instead))
    for key in script.promises:
        yield from _unknown_texts(script, f"line.toml:promises.{key}", (key,))


def _unknown_texts(script: Script, where: str, keys: list[str] | tuple[str, ...]) -> Iterator[Fault]:
    known = set(script.wording.keys)
    for key in dict.fromkeys(keys):
        if key not in known:
            yield Fault(where, f"there is no text {key!r}", "Write it in both copy files, or name one that is there.")


def _unanswered(script: Script) -> Iterator[Fault]:
    """Every event in every state must end in a row without conditions, or a text could vanish."""
    for (state, event), rows in script.rows.items():
        if not any(not row.guards for row in rows):
            yield Fault(script.states[state].where, f"{event!r} is not always answered in {state}",
                        f"Give it a row without 'if', or a [fallback]: {event} = \"unclear\".")  # fmt: skip


def _unreachable(script: Script) -> Iterator[Fault]:
    found = reached(script)
    for state in script.states.values():
        if state.name not in found:
            yield Fault(state.where, f"nothing leads to {state.name}", "Let a row lead to it, or take the state out.")


def reached(script: Script) -> set[str]:
    """Every state a conversation can come to, walked from where it begins along rows that can be tried."""
    rows: dict[str, list[Row]] = {}
    for (name, _), some in script.rows.items():
        rows.setdefault(name, []).extend(until_always(some))
    seen: set[str] = set()
    coming = [name for name in WAYS_IN if name in script.states]
    while coming:
        name = coming.pop()
        if name not in seen and name in script.states:
            seen.add(name)
            coming += leads_to(script, script.states[name], rows.get(name, []))
    return seen


def until_always(rows: Iterable[Row]) -> Iterator[Row]:
    """No row after one without conditions is ever tried."""
    for row in rows:
        yield row
        if not row.guards:
            return


def leads_to(script: Script, state: State, rows: list[Row]) -> list[str]:
    """Where anything that happens here may lead."""
    if state.name == "screen":
        return [*(q.name for q in script.questions if not q.adaptive), "searching",
                *(q.needs for q in script.questions if q.needs)]  # fmt: skip
    return [place for row in rows for place in places_of(script, row) if place != "="]


def places_of(script: Script, row: Row) -> list[str]:
    rule = script.handoffs.get(row.handoff or "")
    rests = (rule.rest, rule.rest_off) if rule else ()
    return [place for place in (row.to, row.resume, *rests) if place]


def _no_way_to_a_person(script: Script) -> Iterator[Fault]:
    """From every state, whatever else holds, a call for a person or a danger reaches one (`design.md` 9)."""
    for state in _resting(script):
        for event in SAFETY:
            for row in script.rows[state.name, event]:
                if row.handoff is None and row.tell is None:
                    yield Fault(f"{row.where}.on", f"{event!r} in {state.name} reaches no person",
                                "Give the row a handoff, or let it tell an advocate.")  # fmt: skip


def _dead_ends(script: Script) -> Iterator[Fault]:
    """A question whose answers lead nowhere."""
    for state in _resting(script):
        moving = [row for row in state.rows if row.on in ANSWERS and (row.do or row.handoff or places_of(script, row))]
        if state.expects is not None and not moving:
            yield Fault(state.where, f"no answer leads on from {state.name}", "Give an answer a row with 'to'.")


def _never_fires(script: Script) -> Iterator[Fault]:
    """A row after one that always takes what it would take."""
    lists = [list(script.always), *([*state.rows] for state in script.states.values())]
    told: set[str] = set()
    for rows in lists:
        for at, row in enumerate(rows):
            if row.where in told:
                continue
            if any(Guard(g.kind, g.argument, not g.wanted) in row.guards for g in row.guards):
                told.add(row.where)
                yield Fault(f"{row.where}.if", "its conditions contradict each other", "Take one of them out.")
            for before in rows[:at]:
                if before.on == row.on and set(before.guards) <= set(row.guards):
                    told.add(row.where)
                    same = "the same as" if before.guards == row.guards else "never reached after"
                    yield Fault(f"{row.where}.on", f"{same} {before.where}", "Put the narrower one first.")
                    break


def _never_true(script: Script) -> Iterator[Fault]:
    marks = {row.mark for row in every_row(script)} | {"outreach", "hours", "word"}
    slots = {s.expects.slot: set(s.expects.options) for s in script.states.values() if s.expects}
    for row in every_row(script):
        for guard in row.guards:
            slot, _, value = guard.argument.partition("=")
            if guard.kind == "mark" and guard.argument not in marks:
                yield Fault(f"{row.where}.if", f"nothing ever sets the mark {guard.argument!r}", "Set it: mark = …")
            if guard.kind == "door" and guard.argument not in {door for door, _ in script.doors.values()}:
                yield Fault(f"{row.where}.if", f"no word opens the door {guard.argument!r}", "Add it to [doors].")
            if guard.kind == "answer" and slots.get(slot) and value not in slots[slot]:
                known = ", ".join(sorted(slots[slot]))
                yield Fault(f"{row.where}.if", f"{value!r} is no option of {slot!r}", f"One of: {known}.")


def _promises(script: Script) -> Iterator[Fault]:
    for key in script.wording.keys:
        if script.needs[key] & {"MIN", "WHEN"} and key not in script.promises:
            yield Fault(f"copy/en.toml:texts.{key}.text", "names a wait, and no row of [promises] keeps it",
                        f"Add {key} = \"minutes\" or \"shift\" to [promises] in line.toml.")  # fmt: skip


def _never_handed(script: Script) -> Iterator[Fault]:
    used = {row.handoff for row in every_row(script)} | {"again", "minor"}
    for reason in script.handoffs:
        if reason not in used:
            yield Fault(f"line.toml:handoffs.{reason}", "no row hands anybody over for this reason", "Take it out.")


def _moves(script: Script) -> Iterator[Fault]:
    for old, new in script.moves.states.items():
        if new not in script.states and new not in script.moves.states:
            yield Fault(f"moves.toml:states.{old}", f"there is no state {new!r}", "Name where they go on now.")
        if old in script.states:
            yield Fault(f"moves.toml:states.{old}", f"{old!r} is a state of today", "Take the line out.")


def every_row(script: Script) -> list[Row]:
    rows = [*script.always, *(row for state in script.states.values() for row in state.rows)]
    return list({id(row): row for row in rows}.values())


def _resting(script: Script) -> list[State]:
    return [state for state in script.states.values() if not state.passing and state.name != "stopped"]
