"""Does `keys rotate` tell an operator when an old key may go, and when it may not?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import Result

from bot import cli
from bot.adapters.clock import FakeClock
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.store.schema import SEALED
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import app_on

NEW = b"\x02" * 32
WORDS = "the blue door at six"


@pytest.fixture
def line(sqlite_database: Database, clock: FakeClock) -> TheLine:
    made = the_line(sqlite_database, clock)
    made.text(WORDS)
    return made


@pytest.fixture
def opened(line: TheLine, sqlite_url: str, clock: FakeClock) -> Iterator[list[Database]]:
    """Databases to close when the test ends."""
    made: list[Database] = []
    yield made
    for database in made:
        database.engine.dispose()


def rotate(line: TheLine, opened: list[Database], url: str, keys: tuple[bytes, ...], *words: str) -> Result:
    """The command, in a process that was started with these keys, newest first."""
    opened.append(Database(url, Keyring(keys, TEST_SECRET), line.clock))
    app = app_on(replace(line.services, database=opened[-1]))
    cli.register(app)
    return app.test_cli_runner().invoke(args=["keys", "rotate", *words])


def test_every_column_has_its_line_and_nothing_of_anyones(line, opened, sqlite_url: str) -> None:
    done = rotate(line, opened, sqlite_url, (NEW, *TEST_KEYS))
    assert done.exit_code == 0
    assert [row.split()[0] for row in done.stdout.splitlines()[: len(SEALED)]] == list(SEALED)
    assert WORDS not in done.output
    assert PERSON not in done.output
    again = rotate(line, opened, sqlite_url, (NEW,), "--json")
    assert (again.exit_code, again.stderr) == (0, "")
    assert {(one["resealed"], one["unreadable"]) for one in json.loads(again.stdout)} == {(0, 0)}


def test_what_no_key_opens_is_counted_and_the_old_keys_must_stay(line, opened, sqlite_url: str) -> None:
    done = rotate(line, opened, sqlite_url, (NEW,))
    assert done.exit_code == 1
    assert "keep every older key" in done.stderr
