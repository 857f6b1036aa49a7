"""Does a transaction keep what it promises on both databases: no lost update, no bell without a commit, true times?"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import URL, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from bot.adapters.clock import FakeClock
from bot.store import audit, db, heartbeats, people
from bot.store.db import Database, new_id
from bot.store.messages import messages
from tests.servers import postgres_admin
from tests.store.rows import fill

THREADS, EACH = 8, 50


def _segments(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.conn.execute(select(messages.c.segments)).scalar_one())


def test_eight_threads_lose_no_update(database: Database) -> None:
    with database.transaction() as tx:
        fill(tx, only={"people", "conversations", "messages"})
    before = _segments(database)
    start = threading.Barrier(THREADS)

    def count_up() -> None:
        start.wait()
        for _ in range(EACH):
            with database.transaction() as tx:
                # PostgreSQL locks the row that is read; SQLite renders no lock, and has locked the file by then.
                seen = tx.conn.execute(select(messages.c.segments).with_for_update()).scalar_one()
                tx.conn.execute(messages.update().values(segments=seen + 1))

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(count_up) for _ in range(THREADS)]:
            done.result()
    assert _segments(database) == before + THREADS * EACH


def test_two_who_add_the_same_person_at_once_get_the_same_one(database: Database) -> None:
    start = threading.Barrier(THREADS)

    def add() -> str:
        start.wait()
        with database.transaction() as tx:
            return people.find_or_add(tx, "+13125550142", "en").person_id

    with ThreadPoolExecutor(THREADS) as pool:
        assert len({done.result() for done in [pool.submit(add) for _ in range(THREADS)]}) == 1


def test_the_bell_rings_once_and_after_the_commit(database: Database) -> None:
    heard: list[int] = []

    def ring() -> None:
        with database.reading() as tx:
            heard.append(tx.conn.execute(select(func.count()).select_from(audit.audit)).scalar_one())

    with database.transaction() as tx:
        tx.after_commit(ring)
        tx.after_commit(ring)
        audit.record(tx, act="test")
        assert heard == []
    assert heard == [1]


def test_a_turn_that_is_rolled_back_leaves_no_row_and_rings_nobody(database: Database) -> None:
    heard: list[str] = []

    def fail() -> None:
        with database.transaction() as tx:
            tx.after_commit(lambda: heard.append("rung"))
            audit.record(tx, act="test")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert heard == []
    with database.reading() as tx:
        assert tx.conn.execute(select(func.count()).select_from(audit.audit)).scalar_one() == 0


@pytest.mark.parametrize("hours", [0, -6, 14])
def test_a_time_comes_back_the_same_moment_in_utc(database: Database, clock: FakeClock, hours: int) -> None:
    moment = datetime(2026, 11, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=hours)))
    with database.transaction() as tx:
        tx.conn.execute(heartbeats.heartbeats.insert().values(name="clock", at=moment))
    with database.reading() as tx:
        kept = heartbeats.last_beat(tx, "clock")
    assert kept == moment
    assert kept is not None
    assert kept.tzinfo is UTC


def test_times_of_other_zones_are_compared_as_moments(database: Database) -> None:
    east = datetime(2026, 6, 15, 20, 0, tzinfo=timezone(timedelta(hours=9)))  # 11:00 UTC
    with database.transaction() as tx:
        tx.conn.execute(heartbeats.heartbeats.insert().values(name="clock", at=east))
        at = heartbeats.heartbeats.c.at
        noon = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
        assert tx.conn.execute(select(at).where(at < noon)).all()
        assert not tx.conn.execute(select(at).where(at > noon)).all()


def test_a_naive_time_is_refused(database: Database) -> None:
    naive = datetime(2026, 6, 15, 12, 0)
    with pytest.raises(StatementError, match="without a zone"), database.transaction() as tx:
        tx.conn.execute(heartbeats.heartbeats.insert().values(name="clock", at=naive))


def test_the_moment_is_read_once(database: Database, clock: FakeClock) -> None:
    with database.transaction() as tx:
        moment = tx.now
        clock.advance(timedelta(hours=1))
        assert tx.now == moment


def test_a_reader_does_not_wait_for_the_writer(database: Database) -> None:
    with database.transaction() as writer:
        audit.record(writer, act="test")
        with database.reading() as reader:  # with a lock to wait for, this would end in "database is locked"
            assert reader.conn.execute(select(func.count()).select_from(audit.audit)).scalar_one() == 0


def test_on_sqlite_a_reader_is_refused_a_write_and_the_next_writer_is_not(sqlite_database: Database) -> None:
    with pytest.raises(DBAPIError, match="readonly"), sqlite_database.reading() as tx:
        audit.record(tx, act="test")
    for _ in range(3):
        with sqlite_database.reading() as tx:
            tx.conn.execute(text("SELECT 1"))
        with sqlite_database.transaction() as tx:
            audit.record(tx, act="test")


def test_an_error_of_the_database_does_not_quote_the_row(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused, database.transaction() as tx:
        tx.conn.execute(audit.audit.insert().values(audit_id="a", at=tx.now, act=None, detail="maple street"))
    assert "maple street" not in str(refused.value).split("DETAIL")[0]


def test_a_restarted_server_costs_no_turn(postgres_database: Database, postgres_server_url: URL) -> None:
    with postgres_database.transaction() as one, postgres_database.transaction() as two:
        pooled = [tx.conn.execute(text("SELECT pg_backend_pid()")).scalar_one() for tx in (one, two)]
    with postgres_admin(postgres_server_url) as admin:  # what a restart does to the connections in the pool
        for pid in pooled:
            assert admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)
    for _ in range(3):
        with postgres_database.transaction() as tx:
            audit.record(tx, act="test")


def test_sqlite_survives_a_power_cut(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as tx:
        assert tx.conn.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert tx.conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.conn.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_a_writer_that_waited_in_vain_fails_and_leaves_the_database_usable(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, open_database: Callable[[str], Database]
) -> None:
    monkeypatch.setattr(db, "_SQLITE_TIMEOUT_S", 0)
    database = open_database(sqlite_url)
    with database.transaction() as first:
        audit.record(first, act="test")
        with pytest.raises(OperationalError, match="locked"), database.transaction():
            pass
    with database.transaction() as tx:
        audit.record(tx, act="test")


def test_a_new_file_that_another_process_is_changing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    other = sqlite3.connect(tmp_path / "new.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(db.time, "sleep", lambda _: other.rollback())  # it is done before we look again
    engine = db.make_engine(url)
    with engine.connect() as conn:
        assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    engine.dispose()
    other.close()


def test_a_forked_child_forgets_its_parents_connections(sqlite_database: Database) -> None:
    database = sqlite_database
    with database.transaction() as tx:
        mine = tx.conn.connection.driver_connection
    database.forget_connections()
    with database.transaction() as tx:
        assert tx.conn.connection.driver_connection is not mine
    assert mine is not None
    mine.close()


def test_ids_lie_in_the_order_of_time() -> None:
    ids = [new_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert all(len(made) == 32 for made in ids)
    assert [made[:12] for made in ids] == sorted(made[:12] for made in ids)
