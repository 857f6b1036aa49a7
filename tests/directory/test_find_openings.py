"""Is a person told only of what is there: fresh, approved, not full, not held?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.adapters.clock import FakeClock
from bot.store import directory, openings
from bot.store.db import Database, Tx
from bot.usecases.find_openings import find, search
from bot.usecases.seed import add_demo_directory, refresh_demo

WOMAN = {"urgency": "tonight", "need": ["bed"], "area": {"zip3": "782"}, "age": "25up"}
MOTHER = {**WOMAN, "household": {"kids": 2, "kid_ages": [3, 5]}, "places": ["women"]}


@pytest.fixture
def demo(database: Database) -> Database:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return database


def found(database: Database, **answers: Any) -> Any:
    with database.reading() as tx:
        return find(tx, answers)


TABLE: list[tuple[dict[str, Any], int, str | None]] = [
    (MOTHER, 1, "demo-cedar-1"),
    ({**WOMAN, "places": ["men"]}, 2, "demo-birch-1"),
    ({**WOMAN, "age": "under18"}, 1, "demo-sparrow1"),
    ({**WOMAN, "age": "18-24", "urgency": "looking"}, 4, None),
    ({**WOMAN, "household": {"pet": True}}, 1, "demo-birch-1"),
    ({**WOMAN, "area": {"zip3": "980"}}, 1, "demo-otter-4"),  # one is full there, one was not counted for days
    ({**WOMAN, "area": {"zip3": "900"}}, 0, None),
    ({**WOMAN, "area": {"far": True, "zip3": "782"}, "places": ["women"], "household": {"alone": True}}, 5, None),
    ({"need": ["advocacy"]}, 3, None),
    ({**WOMAN, "need": ["legal"]}, 2, "demo-oak-1"),
    ({**WOMAN, "musts": ["wheelchair", "no_religion"], "places": ["women"]}, 2, "demo-cedar-1"),
]


def test_different_answers_find_different_places(demo: Database) -> None:
    with demo.reading() as tx:
        for answers, count, first in TABLE:
            seen = find(tx, answers)
            assert (seen.count, len(seen.options)) == (count, min(count, 2)), answers
            if first is not None:
                assert seen.options[0].program_id == first, answers


def test_every_path_can_be_seen(demo: Database) -> None:
    assert {ranked.verdict.value for ranked in search(demo, MOTHER)} == {"fits"}
    assert {ranked.verdict.value for ranked in search(demo, WOMAN)} == {"may_fit"}
    assert found(demo, **WOMAN).undecided == {"household", "places", "musts"}
    assert found(demo, **MOTHER).undecided == set()


def test_traits_lead_with_what_was_asked_for_and_name_nobody(demo: Database) -> None:
    (option,) = found(demo, **MOTHER).options
    assert option.traits[:3] == ("own_room", "kids_ok", "women_only")
    assert "cedar" not in " ".join(option.traits).lower()


def test_the_oldest_count_among_the_told_is_the_age_that_is_told(demo: Database) -> None:
    assert found(demo, **{**WOMAN, "places": ["men"]}).age_minutes == 55


@pytest.mark.parametrize("change", ["suspended", "paused", "full", "held", "old"])
def test_what_is_gone_is_not_told_from_that_moment(demo: Database, clock: FakeClock, change: str) -> None:
    assert found(demo, **MOTHER).count == 1
    with demo.transaction() as tx:
        _change(tx, change)
    if change == "old":
        clock.advance(timedelta(days=3))
    assert found(demo, **MOTHER).count == 0


def _change(tx: Tx, change: str) -> None:
    organizations, programs = directory.organizations, directory.programs
    match change:
        case "suspended":
            tx.conn.execute(update(organizations).where(organizations.c.name.like("Cedar%")).values(vetting="suspended"))
        case "paused":
            tx.conn.execute(update(programs).where(programs.c.program_id == "demo-cedar-1").values(status="paused"))
        case "full":
            openings.observe(tx, stock_id="demo-cedar-1-room", available=0, via="call")
        case "held":
            openings.observe(tx, stock_id="demo-cedar-1-room", available=1, via="call")
            _hold(tx)


def _hold(tx: Tx) -> None:
    from_now = {"requested_at": tx.now, "expires_at": tx.now + timedelta(hours=4), "hours": 4, "staff_id": "s" * 32}
    person = {"person_id": "p" * 32, "phone_key": "k", "phone": b"x", "call_sign": "a b", "language": "en",
              "created_at": tx.now}  # fmt: skip
    talk = {"conversation_id": "c" * 32, "person_id": "p" * 32, "flow_version": "1", "state": "idle", "turn": 0,
            "held_by": "bot", "epoch": 0, "mind": b"x", "last_seq": 0, "last_activity_at": tx.now, "burst": 0,
            "opened_at": tx.now}  # fmt: skip
    tables = directory.metadata.tables
    tx.conn.execute(tables["people"].insert(), person)
    tx.conn.execute(tables["conversations"].insert(), talk)
    row = {"hold_id": "h" * 32, "short_id": "7KQ", "stock_id": "demo-cedar-1-room", "conversation_id": "c" * 32,
           "state": "held", **from_now}  # fmt: skip
    tx.conn.execute(directory.holds.insert(), row)


def test_a_lapsed_hold_is_free_again_before_anyone_sweeps(demo: Database, clock: FakeClock) -> None:
    with demo.transaction() as tx:
        _change(tx, "held")
    clock.advance(timedelta(hours=5))
    assert found(demo, **MOTHER).count == 1


def test_a_late_report_of_an_earlier_time_does_not_win(demo: Database) -> None:
    with demo.transaction() as tx:
        earlier = tx.now - timedelta(hours=3)
        openings.observe(tx, stock_id="demo-cedar-1-room", available=0, via="call", observed_at=earlier)
    assert found(demo, **MOTHER).count == 1


def test_an_old_demo_is_counted_again_at_its_next_start(demo: Database, clock: FakeClock) -> None:
    clock.advance(timedelta(days=30))
    assert found(demo, **MOTHER).count == 0
    refresh_demo(demo)
    assert found(demo, **MOTHER).count == 1
