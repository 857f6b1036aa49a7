"""Nothing is open: does a human hear of it when something opens, and is the need counted without saying whose?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.store import unmet
from bot.store.db import Database
from bot.usecases.keep_searching import look_again
from bot.usecases.report_opening import record_count
from bot.usecases.seed import add_demo_directory
from tests.usecases.line import TheLine, the_line

ADULT_IN_SAN_ANTONIO = ("hi", "1", "1", "1", "2", "1", "near 78201", "3")


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


def all_full(line: TheLine) -> None:
    for program, unit in (("Cedar-1", None), ("Birch-1", None), ("Mesa-1", None)):
        record_count(line.database, program=program, available=0, unit=unit)


def asks(line: TheLine) -> None:
    for text in ADULT_IN_SAN_ANTONIO:
        line.text(text)


def needs(line: TheLine) -> list[unmet.Unmet]:
    with line.database.reading() as tx:
        return unmet.between(tx, "2026-06-01", "2026-06-30")


def look(line: TheLine) -> int:
    line.clock.advance(timedelta(minutes=1, seconds=1))
    return look_again(line.database, line.services)


def test_what_opens_later_is_told_to_an_advocate_once_and_to_the_person_never(line: TheLine) -> None:
    all_full(line)
    asks(line)
    assert line.said()[-1] == "M0"
    assert line.shows()["handoff"]["reason"] == "no_match"
    said = line.said()
    assert look(line) == 0, "nothing was counted since"
    record_count(line.database, program="Cedar-1", available=2)
    assert look(line) == 1
    assert line.shows()["handoff"]["reason"] == "opening_found"
    assert line.shows()["handoff"]["tier"] == "P1"
    record_count(line.database, program="Birch-1", available=2)
    assert look(line) == 0
    assert line.said() == said


def test_what_opens_but_does_not_fit_is_not_told(line: TheLine) -> None:
    all_full(line)
    asks(line)
    record_count(line.database, program="Heron-4", available=3)  # in Seattle
    assert look(line) == 0
    assert line.shows()["handoff"]["reason"] == "no_match"


def test_an_unmet_need_is_counted_once_and_says_of_nobody(line: TheLine) -> None:
    all_full(line)
    asks(line)
    assert needs(line) == [unmet.Unmet("bed", "782", "full", "other", 1)]
    person = line.shows()["person_id"]
    with line.database.reading() as tx:
        rows = [str(value) for row in tx.conn.execute(select(unmet.unmet_needs)) for value in row]
    assert not any(person in value for value in rows)


def test_who_is_offered_something_is_not_looked_for(line: TheLine) -> None:
    asks(line)
    with line.database.reading() as tx:
        assert unmet.looking(tx) == []
    assert needs(line) == []


def test_two_clocks_tell_it_once(line: TheLine, monkeypatch: pytest.MonkeyPatch) -> None:
    all_full(line)
    asks(line)
    record_count(line.database, program="Cedar-1", available=2)
    line.clock.advance(timedelta(minutes=2))
    real: Any = unmet.looking
    with line.database.reading() as tx:
        waiting = real(tx)
    assert look_again(line.database, line.services) == 1
    monkeypatch.setattr(unmet, "looking", lambda _tx: waiting)
    assert look(line) == 0
