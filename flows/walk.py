"""In which order does a person meet the script, and what does each thing they may do lead to? For whoever reads it.

A walk is what the table says, put in the order of a conversation: nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from flows.conversation import Tier
from flows.parts import Guard, HandOffRule, Question, Row, State
from flows.script import Script
from flows.structure import until_always
from flows.understanding.read import BY_OPTION

WORKS_EVERYWHERE = ("stop", "human", "later", "skip", "help", "danger")
"""What a person may send at any moment: each of these has its answer in every state."""

BEFORE_THE_TABLE = (
    Row("stop", say=("X1",), to="stopped", do=("withdraw",), where="flows/engine.py"),
    Row("wrong_number", say=("N1",), to="stopped", do=("withdraw",), where="flows/engine.py"),
    Row("start", say=("X2",), to="safe_now", where="flows/engine.py"),
)
"""What the engine looks at before the table, so that no row can ever stand before it; shown as rows."""

_FIRST = ("found", "yes", "door", "answer", "language")
_LAST = ("skip", "no")


class Chapter(StrEnum):
    """A stretch of the way."""

    CONTACT = "contact"
    SCREEN = "screen"
    PLACES = "places"
    PERSON = "person"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row: what is said, who is told, and where the person is then (`to`; None where they stay)."""

    row: Row
    to: str | None
    rule: HandOffRule | None = None

    @property
    def guards(self) -> tuple[Guard, ...]:
        return self.row.guards

    @property
    def places(self) -> tuple[str, ...]:
        """Every state they may be in then: a hand-off may rest elsewhere when nobody is on shift."""
        rests = (self.rule.rest, self.rule.rest_off) if self.rule else ()
        return tuple(dict.fromkeys(place for place in (self.to, *rests) if place))

    @property
    def tier(self) -> Tier | None:
        """How soon a human is told of it; None when nobody is."""
        return self.row.tell or (self.rule.tier if self.rule else None)

    @property
    def by_shift(self) -> Mapping[str, tuple[str, ...]]:
        """The texts of its hand-off, by who is there."""
        if self.rule is None:
            return {}
        texts = {"somebody is on": self.rule.on, "nobody is on": self.rule.off}
        if self.rule.unplanned != self.rule.off:
            texts["nobody is on, and no shift is planned"] = self.rule.unplanned
        return texts


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that can happen in a state, and its outcomes in the order in which they are tried."""

    event: str
    outcomes: tuple[Outcome, ...]
    number: int | None = None
    """The number it has in the text, when it is one of the numbered answers; `value` is what that number stands for."""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One state, as a person meets it."""

    state: State
    chapter: Chapter
    question: Question | None
    answers: tuple[Happening, ...]
    """The numbered answers of its text."""
    others: tuple[Happening, ...]
    """What else is answered here otherwise than everywhere."""
    always: tuple[Happening, ...]
    """WORKS_EVERYWHERE, as answered here."""


@dataclass(frozen=True, slots=True)
class Use:
    """Where a text is said: `kind` is state, always, handoff or instead; `name` which one of them."""

    kind: str
    name: str


def walk(script: Script) -> tuple[Stage, ...]:
    """Every state once, in the order a person would meet them."""
    return tuple(_stage(script, script.states[name], chapter) for name, chapter in _order(script))


def everywhere(script: Script) -> tuple[Happening, ...]:
    """What is answered in every state that has no answer of its own: STOP first, then the rows of [[always]]."""
    events = dict.fromkeys(row.on for row in script.always)
    rows = [(event, tuple(row for row in script.always if row.on == event)) for event in events]
    return (*_before_the_table(), *(_happening(script, None, event, some) for event, some in rows))


def uses(script: Script) -> Mapping[str, tuple[Use, ...]]:
    """By text: every place that says it."""
    found: dict[str, list[Use]] = {}
    for key, use in _uses(script):
        if use not in found.setdefault(key, []):
            found[key].append(use)
    return {key: tuple(some) for key, some in found.items()}


def _uses(script: Script) -> Iterator[tuple[str, Use]]:
    for row in BEFORE_THE_TABLE:
        yield row.say[0], Use("always", row.on)
    for state in script.states.values():
        keys = [state.say] if state.say else []
        for key in (*keys, *(key for row in state.rows for key in row.say)):
            yield key, Use("state", state.name)
    for row in script.always:
        for key in row.say:
            yield key, Use("always", row.on)
    for rule in script.handoffs.values():
        for key in (*rule.on, *rule.off, *rule.unplanned):
            yield key, Use("handoff", rule.reason)
    for key, instead in script.instead.items():
        yield instead, Use("instead", key)


# --- The order


def _order(script: Script) -> list[tuple[str, Chapter]]:
    questions = [q.name for q in script.questions]
    rests = [place for rule in script.handoffs.values() for place in (rule.rest, rule.rest_off) if place]
    aside = {s.name for s in script.states.values() if s.interlude or s.quiet or s.name in ("stopped", "returning")}
    met: dict[str, Chapter] = {}

    def go(names: Iterable[str], chapter: Chapter, shut: set[str]) -> None:
        for name in names:
            if name in script.states and name not in met and name not in shut:
                met[name] = chapter
                go(_next(script, name), chapter, shut)

    later = aside | set(rests)
    go(["idle"], Chapter.CONTACT, later | {"screen", *questions})
    go(["screen", *questions], Chapter.SCREEN, later | {"searching"})
    go(["searching"], Chapter.PLACES, later)
    go([*rests, *script.states], Chapter.PERSON, aside)
    go(script.states, Chapter.ASIDE, set())
    return list(met.items())


def _next(script: Script, name: str) -> list[str]:
    """Where a state leads, the way onward first."""
    rows = script.rows["searching", "found"] if name == "searching" else script.states[name].rows
    return [row.to for row in sorted(rows, key=_onward) if row.to]


def _onward(row: Row) -> tuple[int, bool]:
    order = {event: rank for rank, event in enumerate(_FIRST)} | {event: 99 + n for n, event in enumerate(_LAST)}
    return order.get(row.on, 50), bool(row.guards)


# --- One state


def _stage(script: Script, state: State, chapter: Chapter) -> Stage:
    question = next((q for q in script.questions if q.name == state.name), None)
    answers = tuple(_answers(script, state))
    told = {one.event for one in answers}
    own = dict.fromkeys(row.on for row in _own_rows(script, state))
    others = (_happening(script, state, event) for event in own if event not in told)
    return Stage(
        state=state,
        chapter=chapter,
        question=question,
        answers=answers,
        others=tuple(one for one in others if one.event not in WORKS_EVERYWHERE or state.passing),
        always=() if state.passing else tuple(_happening(script, state, event) for event in WORKS_EVERYWHERE),
    )


def _own_rows(script: Script, state: State) -> tuple[Row, ...]:
    return script.rows["searching", "found"] if state.name == "searching" else state.rows


def _answers(script: Script, state: State) -> Iterator[Happening]:
    """What each number of its text leads to."""
    if state.expects is None or state.passing:
        return
    for number, value in enumerate(state.expects.options, 1):
        event = _event_of(state, value)
        rows = tuple(_given(script.rows[state.name, event], state.expects.slot, value))
        yield _happening(script, state, event, rows, number, value)


def _event_of(state: State, value: str) -> str:
    """What choosing this option is read as (flows/understanding/read.py)."""
    assert state.expects is not None
    if state.expects.parser == "yes_no" and value in BY_OPTION:
        return BY_OPTION[value].value
    if state.expects.parser == "age" and value == "under18":
        return "minor"
    return "language" if state.expects.slot == "language" else "answer"


def _given(rows: Iterable[Row], slot: str, value: str) -> Iterator[Row]:
    """The rows that can fire on this option, without the conditions that the option itself settles."""
    settled = {Guard("option", value), Guard("answer", f"{slot}={value}")}
    for row in rows:
        about = [
            g for g in row.guards if g.kind == "option" or (g.kind == "answer" and g.argument.startswith(f"{slot}="))
        ]
        if all((replace(guard, wanted=True) in settled) is guard.wanted for guard in about):
            yield replace(row, guards=tuple(guard for guard in row.guards if guard not in about))


def _happening(script: Script, state: State | None, event: str, rows: tuple[Row, ...] | None = None,
               number: int | None = None, value: str = "") -> Happening:  # fmt: skip
    if event == "stop":
        return _before_the_table()[0]
    if rows is None:
        assert state is not None
        rows = script.rows[state.name, event]
    return Happening(event, tuple(_outcome(script, state, row) for row in until_always(rows)), number, value)


def _before_the_table() -> tuple[Happening, ...]:
    return tuple(Happening(row.on, (Outcome(row, row.to),)) for row in BEFORE_THE_TABLE)


def _outcome(script: Script, state: State | None, row: Row) -> Outcome:
    to = state.name if row.to == "=" and state is not None else row.to
    return Outcome(row, to, script.handoffs.get(row.handoff) if row.handoff else None)
