"""What does every test stand on? Real servers, a fresh migrated database, a key ring, a clock that is told the time.

`database` runs a test twice, on SQLite and on PostgreSQL. A server that cannot start fails the tests with the reason;
`ALLOW_SKIPS=1` turns that into a skip.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL

from bot.adapters.clock import FakeClock
from bot.store import schema
from bot.store.crypto import Keyring
from bot.store.db import Database
from tests.servers import ServerMissing, postgres_admin, postgres_server, redis_server

NOON_IN_CHICAGO = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
"""A Monday; inside the sending hours of every zone of the continental United States."""

STEPS_BEHIND = (
    'The migrations are behind the tables: python -m bot.store.migrations "what changes" (or, while no database that'
    " matters exists, --first), then ruff format bot/store/migrations."
)

TEST_KEYS = (b"\x01" * 32,)
TEST_SECRET = "tests-only-" + "x" * 32


LONGEST = ("tests/journey/", "tests/proof/", "tests/faults/", "_browser.py", "tests/test_run.py", "test_migrations.py")
"""Files that start processes or browsers: first, so that no core waits for the last of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(part in item.nodeid for part in LONGEST))


@pytest.fixture
def clock() -> FakeClock:
    """Stands still until a test moves it: `set(moment)`, `advance(timedelta)`."""
    return FakeClock(NOON_IN_CHICAGO)


@pytest.fixture
def keys() -> Keyring:
    return Keyring(TEST_KEYS, TEST_SECRET)


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _or_say_why() -> Iterator[None]:
    try:
        yield
    except ServerMissing as reason:
        if os.environ.get("ALLOW_SKIPS") == "1":
            pytest.skip(str(reason))
        pytest.fail(f"{reason} (ALLOW_SKIPS=1 skips these tests)", pytrace=False)


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    with ExitStack() as stack:
        with _or_say_why():
            url = stack.enter_context(redis_server())
        yield url


@pytest.fixture
def redis_url(redis_address: str) -> str:
    """A real Redis with nothing in it."""
    with redis.Redis.from_url(redis_address) as client:
        client.flushdb()
    return redis_address


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[URL]:
    with ExitStack() as stack:
        with _or_say_why():
            url = stack.enter_context(postgres_server())
        yield url


_counter = itertools.count(1)


@contextmanager
def _new_postgres(server: URL) -> Iterator[URL]:
    """A database that lives as long as the block; whoever is still connected at its end is thrown out."""
    name = f"quietline_test_{os.getpid()}_{next(_counter)}"
    with postgres_admin(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield server.set(database=name)
    finally:
        with postgres_admin(server) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server_url: URL) -> Iterator[tuple[URL, psycopg.Connection[Any]]]:
    """Migrated once, and a connection to empty it with: on a busy machine a copy for every test costs a second each."""
    with _new_postgres(postgres_server_url) as url:
        _migrate(url)
        with postgres_admin(url) as admin:
            admin.execute("SET session_replication_role = replica")  # the record may be emptied here, and only here
            yield url, admin


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    _migrate(URL.create("sqlite", database=str(path)))
    return path


def _migrate(url: URL) -> None:
    address = url.render_as_string(hide_password=False)
    schema.upgrade(address)
    with schema.migrating(address) as conn:
        behind = compare_metadata(MigrationContext.configure(conn), schema.metadata)
    if behind:
        pytest.fail(f"{STEPS_BEHIND} {behind}", pytrace=False)


@pytest.fixture
def empty_postgres_url(postgres_server_url: URL) -> Iterator[str]:
    """A database with no table in it."""
    with _new_postgres(postgres_server_url) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def postgres_url(migrated_postgres: tuple[URL, psycopg.Connection[Any]]) -> str:
    """A migrated PostgreSQL database without a row in it, for a test that starts processes."""
    url, admin = migrated_postgres
    admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    admin.execute(";".join(str(table.delete()) for table in reversed(schema.metadata.sorted_tables)))
    return url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file, for a test that starts processes."""
    path = tmp_path / "quietline.sqlite3"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both, one after the other."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def open_database(keys: Keyring, clock: FakeClock) -> Iterator[Callable[[str], Database]]:
    """Opens a Database by its address and closes its connections when the test ends."""
    opened: list[Database] = []

    def _open(url: str) -> Database:
        opened.append(Database(url, keys, clock))
        return opened[-1]

    yield _open
    for database in opened:
        database.engine.dispose()


@pytest.fixture
def sqlite_database(sqlite_url: str, open_database: Callable[[str], Database]) -> Database:
    return open_database(sqlite_url)


@pytest.fixture
def postgres_database(postgres_url: str, open_database: Callable[[str], Database]) -> Database:
    return open_database(postgres_url)


@pytest.fixture
def database(database_url: str, open_database: Callable[[str], Database]) -> Database:
    return open_database(database_url)
