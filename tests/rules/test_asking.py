"""May a program be asked now? As a table: what has changed about an afternoon on which it may, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.asking import Ask, AskFacts, Contact, Rest, Standing, Telephone, decide
from bot.rules.freshness import prior

NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)  # in Chicago
TEXAS, SEATTLE, TOLL_FREE = "+12105550121", "+12065550121", "+18005550121"


def ago(**span: float) -> datetime:
    return NOON - timedelta(**span)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of the same day, by the clock in Chicago."""
    return NOON.replace(hour=hour + 5, minute=minute, second=second)


def counted(available: int, at: datetime, kind: str = "emergency_house") -> Standing:
    return Standing(available, at, prior(kind))


DUE = AskFacts(
    now=NOON,
    timezone="America/Chicago",
    standing=(counted(1, ago(hours=30)),),
    contacts=(Contact(TEXAS),),
)


def about(**them: Any) -> dict[str, Any]:
    """The one who may be asked, changed."""
    return {"contacts": (Contact(TEXAS, **them),)}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"standing": (counted(1, ago(hours=20)),)}, "fresh"),
        ({"standing": (counted(0, ago(hours=20)),)}, "fresh"),  # full is a count too
        ({"standing": ()}, "fresh"),  # never counted: there is no last count to tell
        ({"stopped": True}, "stopped"),
        ({"contacts": ()}, "nobody"),
        (about(suppressed=True), "nobody"),
        (about(signed_off=False), "nobody"),
        (about(busy=True), "nobody"),
        (about(wrote_at=ago(minutes=59)), "wrote"),
        (about(asked_at=ago(hours=23, minutes=59)), "asked"),
        (about(asked_at=ago(hours=23), wrote_at=ago(hours=22)), "asked"),
        (about(asked_at=ago(hours=1), silences=3), "asked"),  # the third question has its day too
        (about(asked_at=ago(days=3), silences=3) | {"told": True}, "silent"),
        (about(asked_at=ago(days=3), silences=3, busy=True), "silent"),
        ({"contacts": (Contact(SEATTLE, asked_at=ago(hours=2)), Contact(TEXAS))}, "asked"),
        ({"contacts": (Contact(SEATTLE, wrote_at=ago(minutes=2)), Contact(TEXAS))}, "wrote"),
    ],
)
def test_a_program_is_left_alone(changed: dict[str, Any], why: str) -> None:
    assert decide(replace(DUE, **changed)) == Rest(why)


@pytest.mark.parametrize(
    ("changed", "number", "available", "hours"),
    [
        ({}, TEXAS, 1, 30),
        ({"standing": (counted(0, ago(hours=96)),)}, TEXAS, 0, 96),
        ({"standing": (counted(1, ago(hours=2), "night_shelter"),)}, TEXAS, 1, 2),
        # As a whole: one part that has aged is enough, and the age told is the oldest.
        ({"standing": (counted(5, ago(hours=1)), counted(1, ago(hours=40)))}, TEXAS, 6, 40),
        (about(wrote_at=ago(minutes=60)), TEXAS, 1, 30),
        (about(asked_at=ago(hours=24)), TEXAS, 1, 30),
        (about(asked_at=ago(hours=24), silences=2), TEXAS, 1, 30),
        # Of two who may report: the one who wrote last; never one who wants no texts; else the first.
        ({"contacts": (Contact(SEATTLE), Contact(TEXAS, wrote_at=ago(days=3)))}, TEXAS, 1, 30),
        ({"contacts": (Contact(SEATTLE, suppressed=True), Contact(TEXAS))}, TEXAS, 1, 30),
        ({"contacts": (Contact(SEATTLE), Contact(TEXAS))}, SEATTLE, 1, 30),
    ],
)
def test_a_program_is_asked(changed: dict[str, Any], number: str, available: int, hours: float) -> None:
    asked = decide(replace(DUE, **changed))
    assert isinstance(asked, Ask)
    assert (asked.contact.number, asked.available, asked.age) == (number, available, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("zone", "number", "now", "open_"),
    [
        ("America/Chicago", TEXAS, at(8, 59, 59), False),
        ("America/Chicago", TEXAS, at(9), True),
        ("America/Chicago", TEXAS, at(16, 59, 59), True),
        ("America/Chicago", TEXAS, at(17), False),
        ("America/Los_Angeles", TEXAS, at(10), False),  # the program's own zone, not its telephone's
        ("America/Los_Angeles", TEXAS, at(18, 59), True),
        (None, TEXAS, at(9), True),
        (None, SEATTLE, at(9), False),
        ("Mars/Olympus", SEATTLE, at(9), False),  # a slip in the facets is as good as nothing
        ("../etc", SEATTLE, at(9), False),
        (None, TOLL_FREE, at(10), False),  # it may be anywhere: open in all four zones, or not at all
        (None, TOLL_FREE, at(11), True),
        (None, TOLL_FREE, at(15, 59), True),
        (None, TOLL_FREE, at(16), False),
        (None, "nonsense", at(11), True),
    ],
)
def test_only_in_office_hours(zone: str | None, number: str, now: datetime, open_: bool) -> None:
    due = replace(DUE, now=now, timezone=zone, contacts=(Contact(number),), standing=(counted(1, ago(days=3)),))
    assert decide(due) == (Ask(Contact(number), 1, now - ago(days=3)) if open_ else Rest("hours"))


@pytest.mark.parametrize(("hour", "open_"), [(6, False), (7, True), (10, True), (11, False), (14, False)])
def test_only_in_the_hours_it_chose(hour: int, open_: bool) -> None:
    due = replace(DUE, now=at(hour), hours=(7, 11), standing=(counted(1, ago(days=3)),))
    assert isinstance(decide(due), Ask) is open_


def test_an_office_that_is_shut_is_not_asked_because_another_is_open() -> None:
    asked = decide(replace(DUE, timezone=None, now=at(9), contacts=(Contact(SEATTLE), Contact(TEXAS))))
    assert isinstance(asked, Ask)
    assert asked.contact.number == TEXAS


def test_three_silences_are_a_persons_task_whoever_was_asked() -> None:
    shared = (Contact(SEATTLE, asked_at=ago(days=2), silences=1), Contact(TEXAS, asked_at=ago(days=1), silences=2))
    assert decide(replace(DUE, contacts=shared)) == Telephone(shared[1])


PAST = st.none() | st.sampled_from([ago(hours=hours) for hours in range(-4, 60, 2)])
CONTACTS = st.lists(
    st.builds(
        Contact,
        number=st.sampled_from([TEXAS, SEATTLE, TOLL_FREE]),
        suppressed=st.booleans(),
        busy=st.booleans(),
        wrote_at=PAST,
        asked_at=PAST,
        silences=st.integers(0, 4),
    ),
    max_size=3,
)


@given(CONTACTS, st.integers(0, 23), st.booleans())
def test_nobody_is_asked_who_may_not_be(contacts: list[Contact], hour: int, told: bool) -> None:
    now = NOON.replace(hour=0) + timedelta(hours=hour)
    match decide(replace(DUE, now=now, contacts=tuple(contacts), told=told)):
        case Ask(contact):
            assert (contact.suppressed, contact.busy) == (False, False)
            assert 14 <= hour < 22
            assert sum(c.silences for c in contacts) < 3
            assert all(c.asked_at is None or now - c.asked_at >= timedelta(hours=24) for c in contacts)
            assert all(c.wrote_at is None or now - c.wrote_at >= timedelta(hours=1) for c in contacts)
        case Telephone(contact):
            assert contact in contacts
            assert not told
        case Rest(reason):
            assert reason
