"""How does one transaction begin, end, and ring the bell afterwards? SQLite and PostgreSQL, set up right once."""

from __future__ import annotations

import json
import os
import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, DateTime, Engine, Index, MetaData, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.types import TypeDecorator

from bot.ports import Clock
from bot.store.crypto import Keyring

_SQLITE_TIMEOUT_S = 10
"""How long a writer waits for the one before it."""
_SQLITE_CACHE_KB = 16 * 1024
_SQLITE_LOG_PAGES = 4000
"""16 MB each, where the defaults are 2 and 4: a connection fills as much of its cache as it needs."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out. SQLite would silently drop an offset, so naive times are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def partial(name: str, *columns: Any, where: str, unique: bool = False) -> Index:
    """An index over the rows of which `where` is true, and no others: the same on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def new_id() -> str:
    """32 hexadecimal digits: 48 bits of milliseconds, so that rows lie in order of time, and 80 random bits."""
    return (time.time_ns() // 1_000_000).to_bytes(6, "big").hex() + os.urandom(10).hex()


class Tx:
    """One open transaction: its connection, its moment, the key ring, and what to do once it has committed."""

    __slots__ = ("_after", "conn", "keys", "now")

    def __init__(self, conn: Connection, keys: Keyring, now: datetime) -> None:
        self.conn = conn
        self.keys = keys
        self.now = now
        self._after: list[Callable[[], None]] = []

    def after_commit(self, ring: Callable[[], None]) -> None:
        """Ring only once the rows are safe; a rolled-back turn tells nobody."""
        if ring not in self._after:
            self._after.append(ring)

    def run_after_commit(self) -> None:
        for ring in self._after:
            ring()


class Database:
    """Opens transactions. One per process; forked children call `forget_connections` first."""

    def __init__(self, url: str, keys: Keyring, clock: Clock) -> None:
        self.engine = make_engine(url)
        self.keys = keys
        self.clock = clock

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A writing transaction: commits at the end of the block, rolls back on any exception, then rings."""
        with self.engine.begin() as conn:
            tx = Tx(conn, self.keys, self.clock.now())
            yield tx
        tx.run_after_commit()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A transaction that only reads. On SQLite it never waits for the writer, and a write in it is refused."""
        with self.engine.connect().execution_options(read_only=True) as conn, conn.begin():
            yield Tx(conn, self.keys, self.clock.now())

    def its_time(self) -> datetime:
        """What the database's own clock says."""
        with self.engine.connect().execution_options(read_only=True) as conn, conn.begin():
            if conn.dialect.name == "sqlite":
                said = conn.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
                return datetime.fromisoformat(said).replace(tzinfo=UTC)
            return conn.execute(text("SELECT clock_timestamp()")).scalar_one().astimezone(UTC)

    def forget_connections(self) -> None:
        """After a fork: drop the parent's connections without closing them."""
        self.engine.dispose(close=False)


def make_engine(url: str) -> Engine:
    """An engine with the settings both databases need (`reference/stack.md` 6.2)."""
    # The directory's facets are the same few documents in every search; what is read from them is never changed.
    loads = lru_cache(maxsize=4096)(json.loads)
    # hide_parameters: a failed statement's error goes to logs, and its values are people's rows.
    if url.startswith("sqlite"):
        options = {"check_same_thread": False, "timeout": _SQLITE_TIMEOUT_S}
        engine = create_engine(url, hide_parameters=True, json_deserializer=loads, connect_args=options)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        event.listen(engine, "commit", _sqlite_end)
        event.listen(engine, "rollback", _sqlite_end)
        return engine
    # The rest stays at its defaults, measured against them: psycopg prepares a statement at its fifth use, and its
    # rollback at return to the pool sends nothing when the transaction is over already.
    # Pages are read from memory or a disk without a head: with the default of 4 a search scans what it has indexes for.
    guards = (
        "-c random_page_cost=1.1 -c lock_timeout=5000 -c statement_timeout=20000 "
        "-c idle_in_transaction_session_timeout=60000"
    )
    connect_args = {"options": guards, "connect_timeout": 5, "keepalives_idle": 30, "tcp_user_timeout": 15_000}
    engine = create_engine(
        url, hide_parameters=True, json_deserializer=loads, pool_size=4, max_overflow=12, connect_args=connect_args
    )
    event.listen(engine, "checkout", _postgres_checkout)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves, or the driver would lose updates silently
    _sqlite_wal(connection)
    # FULL: a 200 to the carrier means committed, through a power cut too.
    # A long list puts its numbers' keys all over their index: with the default of 2 MB its pages are read and written
    # again and again, and with the default of 4 MB of log each of its commits would carry them into the file as well.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_SQLITE_TIMEOUT_S * 1000}",
                   f"cache_size=-{_SQLITE_CACHE_KB}", f"wal_autocheckpoint={_SQLITE_LOG_PAGES}"):  # fmt: skip
        connection.execute("PRAGMA " + pragma)


def _sqlite_wal(connection: Any) -> None:
    # Processes that open a new file at once want to change its journal at once; that is the one lock SQLite does not
    # wait for, whatever its timeout. Once changed, the file stays so and this asks for nothing.
    until = time.monotonic() + _SQLITE_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _sqlite_begin(conn: Connection) -> None:
    if _only_reads(conn):
        # A write that begins as a read cannot wait its turn: SQLite refuses it at random. So refuse it always.
        _sqlite_do(conn, "BEGIN", "PRAGMA query_only=ON")
    else:
        _sqlite_do(conn, "BEGIN IMMEDIATE")


def _sqlite_end(conn: Connection) -> None:
    if _only_reads(conn):
        _sqlite_do(conn, "PRAGMA query_only=OFF")


def _only_reads(conn: Connection) -> bool:
    return bool(conn.get_execution_options().get("read_only", False))


def _sqlite_do(conn: Connection, *statements: str) -> None:
    """Past SQLAlchemy, which would add a tenth to the cost of every turn; its errors stay SQLAlchemy's."""
    connection: Any = conn.connection.driver_connection
    for statement in statements:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            raise OperationalError(statement, None, error) from error


def _postgres_checkout(connection: Any, _record: Any, _proxy: Any) -> None:
    """A server that went away has said so on the idle connection's socket. Looking there costs a microsecond, where
    a ping would cost every turn a round trip; what this cannot see (a cut cable) tcp_user_timeout ends."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError("the server has closed its connections")
