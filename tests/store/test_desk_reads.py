"""By which way does the desk look, and does it look at more when more is there?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, text

from bot.store import (
    conversations,
    directory,
    handoff_offers,
    handoffs,
    pages,
    presence,
    promise_board,
    promises,
    releases,
    staff,
)
from bot.store.db import Database, Tx
from bot.usecases import page_staff
from tests.web.line import add_account, services_on, someone_waits


def asked(database: Database, act: Callable[[Tx], object], *, writing: bool = False) -> list[tuple[str, object]]:
    """The statements of this, with what was given."""
    seen: list[tuple[str, object]] = []

    def note(_conn, _cursor, statement, given, *_rest) -> None:
        seen.append((statement, given))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.transaction() if writing else database.reading() as tx:
            act(tx)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return seen


@pytest.mark.parametrize(("act", "index"), [
    (lambda tx: conversations.stated_zip3s(tx, ["0" * 32]), "ix_conversations_person"),
    (handoff_offers.chairs, "ix_second_chairs_open"),
])  # fmt: skip
def test_what_every_page_looks_for_is_found_by_an_index(postgres_database: Database, act, index: str) -> None:
    ((statement, given),) = asked(postgres_database, act)
    with postgres_database.reading() as tx:
        tx.conn.execute(text("SET LOCAL enable_seqscan = off"))  # a few rows are read faster from the first
        driver = tx.conn.connection.driver_connection
        plan = "\n".join(row[0] for row in driver.execute(f"EXPLAIN {statement}", given).fetchall())
    assert index in plan
    assert "Seq Scan" not in plan


def test_nobody_is_looked_up_for_nothing(sqlite_database: Database) -> None:
    for act in (staff.aliases, directory.about, releases.organization_names):
        assert asked(sqlite_database, lambda tx, act=act: act(tx, [])) == []


def test_whoever_takes_somebody_is_weighed_alone(sqlite_database: Database) -> None:
    ana, luis, vera = (add_account(sqlite_database, f"{name}@example.org", name.title(), "advocate")
                       for name in ("ana", "luis", "vera"))  # fmt: skip
    with sqlite_database.transaction() as tx:
        for one in (ana, luis):
            staff.begin_shift(tx, one, tx.now + timedelta(hours=4))
    with sqlite_database.reading() as tx:
        everybody = presence.team(tx)
        assert {one.staff_id for one in everybody} == {ana, luis}
        assert presence.team(tx, ana) == [one for one in everybody if one.staff_id == ana]
        assert presence.team(tx, vera) == []


def test_a_call_to_fifty_asks_as_much_as_one_to_two(sqlite_database: Database) -> None:
    """It is made in the webhook's own transaction."""
    services, team = services_on(sqlite_database), []
    with sqlite_database.transaction() as tx:
        for n in range(50):
            team.append(staff.add(tx, email=f"{n}@example.org", alias="Eve", roles=["advocate"]))
            pages.add_channel(tx, team[-1], "sms", f"+12105560{n:03d}")

    def call(tx: Tx, some: list[str], occasion: str) -> set[str]:
        return page_staff.call(tx, services, some, why="waits", tier="P0", occasion=occasion)

    few = asked(sqlite_database, lambda tx: call(tx, team[:2], "one"), writing=True)
    many = asked(sqlite_database, lambda tx: call(tx, team, "two"), writing=True)
    assert len(many) == len(few)
    with sqlite_database.transaction() as tx:
        assert call(tx, team, "two") == set(team), "once for each occasion, and they count as called"
        assert tx.conn.execute(select(func.count()).select_from(pages.pages)).scalar_one() == 52


def test_every_promise_is_read_in_one_look_mine_first_and_the_rest_is_counted(sqlite_database: Database) -> None:
    ana = add_account(sqlite_database, "ana@example.org", "Ana", "advocate")
    minute, made = timedelta(minutes=1), []
    with sqlite_database.transaction() as tx:
        for n in range(12):
            conversation_id, handoff_id = someone_waits(tx, f"+12105560{n:03d}")
            made.append(promises.give(tx, conversation_id=conversation_id, staff_id="b" * 32, what=f"word {n}",
                                      due_at=tx.now + n * minute, safe_hours=None))  # fmt: skip
            if n == 7:
                handoffs.claim(tx, handoff_id, ana, tx.now + minute)
        promises.end_one(tx, made[3], "broken")
        promises.end_one(tx, made[4], "kept")
    found = []
    (only,) = asked(sqlite_database, lambda tx: found.extend(promise_board.to_do(tx, ana, 99)[0]))
    assert only
    assert [one.what for one in found] == [f"word {n}" for n in (7, 0, 1, 2, 3, 5, 6, 8, 9, 10, 11)]
    assert [one.owner_id for one in found[:2]] == [ana, "b" * 32]
    with sqlite_database.reading() as tx:
        first, n = promise_board.to_do(tx, ana, 4)
    assert ([one.what for one in first], n) == (["word 7", "word 0", "word 1", "word 2"], 11)
