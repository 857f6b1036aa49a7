"""By which way does the desk look, and does it look at more when more is there?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from bot.store import conversations, directory, handoff_offers, presence, releases, staff
from bot.store.db import Database, Tx
from tests.web.line import add_account


def asked(database: Database, act: Callable[[Tx], object]) -> list[tuple[str, object]]:
    """The statements of this, with what was given."""
    seen: list[tuple[str, object]] = []

    def note(_conn, _cursor, statement, given, *_rest) -> None:
        seen.append((statement, given))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.reading() as tx:
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
