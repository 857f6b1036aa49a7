"""Is the record what was written? Append-only by the database, chained by the clock, and a changed line is named."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.store import audit
from bot.store.db import Database
from bot.usecases.link_audit import link_audit
from bot.usecases.verify_audit import CHANGED, GONE, MISSING_LINK, SLIPPED_IN, verify_audit


def write(database: Database, *acts: str) -> None:
    for act in acts:
        with database.transaction() as tx:
            audit.record(tx, act=act, staff_id="s" * 32, object_id="o" * 32, detail="P1")


def ids(database: Database) -> list[str]:
    with database.reading() as tx:
        return list(tx.conn.execute(audit.audit.select().order_by(audit.audit.c.audit_id)).scalars())


def tamper(database: Database, statement: str, **values: object) -> None:
    """As somebody who owns the database: past the triggers."""
    with database.transaction() as tx:
        if tx.conn.dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete", "audit_links_no_update", "audit_links_no_delete"):
                tx.conn.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        tx.conn.execute(text(statement), values)


@pytest.mark.parametrize("table", ["audit", "audit_links"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET audit_id = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_written(database: Database, table: str, statement: str) -> None:
    write(database, "log_in")
    link_audit(database)
    with pytest.raises(DBAPIError), database.transaction() as tx:
        tx.conn.execute(text(statement.format(table)))
    assert verify_audit(database).faults == ()


def test_an_untouched_record_fits(database: Database) -> None:
    assert verify_audit(database).lines == 0
    write(database, *["log_in"] * 5)
    assert link_audit(database) == 5
    assert link_audit(database) == 0
    write(database, "log_out")
    assert link_audit(database) == 1
    found = verify_audit(database)
    assert (found.lines, found.faults) == (6, ())
    assert verify_audit(database, noted_head=found.head).faults == ()


@pytest.mark.parametrize("column", ["act", "staff_id", "object_id", "detail"])
def test_a_changed_line_is_named(database: Database, column: str) -> None:
    write(database, *["conversation_viewed"] * 4)
    link_audit(database)
    second = ids(database)[1]
    tamper(database, f"UPDATE audit SET {column} = 'other' WHERE audit_id = :id", id=second)  # noqa: S608
    assert [(fault.audit_id, fault.what) for fault in verify_audit(database).faults] == [(second, CHANGED)]


def test_a_deleted_line_is_named(database: Database) -> None:
    write(database, *["conversation_viewed"] * 4)
    link_audit(database)
    second = ids(database)[1]
    tamper(database, "DELETE FROM audit WHERE audit_id = :id", id=second)
    assert [(fault.audit_id, fault.what) for fault in verify_audit(database).faults] == [(second, GONE)]


def test_a_link_taken_out_with_its_line_is_noticed(database: Database) -> None:
    write(database, *["conversation_viewed"] * 4)
    link_audit(database)
    second, third = ids(database)[1:3]
    tamper(database, "DELETE FROM audit WHERE audit_id = :id", id=second)
    tamper(database, "DELETE FROM audit_links WHERE audit_id = :id", id=second)
    faults = {(fault.audit_id, fault.what) for fault in verify_audit(database).faults}
    assert (third, MISSING_LINK) in faults


def test_a_line_slipped_in_later_is_named(database: Database, clock) -> None:
    write(database, "log_in")
    link_audit(database)
    old = "0" * 32
    tamper(
        database,
        "INSERT INTO audit (audit_id, at, act) VALUES (:id, '2026-06-15 12:00:00', 'log_in')",
        id=old,
    )
    assert link_audit(database) == 0
    assert [(fault.audit_id, fault.what) for fault in verify_audit(database).faults] == [(old, SLIPPED_IN)]


def test_an_end_cut_off_is_noticed_by_a_head_noted_earlier(database: Database) -> None:
    write(database, *["log_in"] * 3)
    link_audit(database)
    noted = verify_audit(database).head
    last = ids(database)[-1]
    tamper(database, "DELETE FROM audit WHERE audit_id = :id", id=last)
    tamper(database, "DELETE FROM audit_links WHERE audit_id = :id", id=last)
    assert verify_audit(database).faults == ()
    assert len(verify_audit(database, noted_head=noted).faults) == 1


def test_two_clocks_that_link_at_once_make_one_chain(database: Database) -> None:
    for _ in range(5):
        write(database, *["log_in"] * 20)
        clocks = [threading.Thread(target=link_audit, args=(database,)) for _ in range(4)]
        for one in clocks:
            one.start()
        for one in clocks:
            one.join()
    link_audit(database)
    found = verify_audit(database)
    assert (found.lines, found.faults) == (100, ())
