"""After the keys have changed, is everything sealed with the newest one, nothing lost, and nothing forgotten?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select

from bot.adapters.clock import FakeClock
from bot.errors import SealBroken
from bot.store.crypto import Keyring
from bot.store.db import Database, Tx
from bot.store.messages import messages
from bot.store.people import people
from bot.store.schema import SEALED, metadata
from bot.usecases import rotate_keys as rotation
from bot.usecases.rotate_keys import Rotated, rotate_keys
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.store.rows import Filled, fill

BOT = Path(__file__).parents[2] / "bot"
NEW = b"\x02" * 32


@pytest.fixture
def renewed(database_url: str, database: Database, clock: FakeClock) -> Iterator[Database]:
    """The same database, after a restart with a new key in front of the old."""
    opened = Database(database_url, Keyring((NEW, *TEST_KEYS), TEST_SECRET), clock)
    yield opened
    opened.engine.dispose()


def _opened_with(database: Database, keys: Keyring, filled: Filled) -> dict[str, str]:
    found = {}
    with database.reading() as tx:
        for name in filled.clear:
            table, column = name.split(".")
            sealed = tx.conn.execute(select(metadata.tables[table].c[column])).scalar_one()
            found[name] = keys.open(name, filled.ids[table], sealed)
    return found


def test_every_binary_column_is_declared_as_sealed() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary == set(SEALED)


def _uses_of_the_ring() -> Iterator[tuple[str, str, str]]:
    """Where in bot/ a value is sealed or opened: place, column, and the name of the row's id there."""
    for path in sorted(BOT.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            match call:
                case ast.Call(ast.Attribute(attr="seal" | "open"), [ast.Constant(value=str(name)), row_id, _]):
                    named = row_id.attr if isinstance(row_id, ast.Attribute) else getattr(row_id, "id", "?")
                    yield f"{path.relative_to(BOT)}:{call.lineno}", name, named


def test_everything_is_sealed_under_its_column_and_its_rows_primary_key() -> None:
    uses = list(_uses_of_the_ring())
    assert {name for _, name, _ in uses} <= set(SEALED)
    for place, name, named in uses:
        (key,) = metadata.tables[name.split(".")[0]].primary_key.columns
        assert key.name.endswith(named), f"{place}: {name} must be bound to {key.name}, not to {named}"
    assert len(uses) > 10


def test_with_the_newest_key_alone_everything_opens_afterwards(database: Database, renewed: Database) -> None:
    with database.transaction() as tx:
        filled = fill(tx)
    assert set(filled.clear) == set(SEALED)
    assert list(rotate_keys(renewed)) == [Rotated(name, 1, 0) for name in SEALED]
    assert _opened_with(renewed, Keyring([NEW], TEST_SECRET), filled) == filled.clear


def test_a_second_run_finds_nothing_to_do(database: Database, renewed: Database) -> None:
    with database.transaction() as tx:
        fill(tx)
    list(rotate_keys(renewed))
    with renewed.reading() as tx:
        before = tx.conn.execute(select(messages.c.body)).scalar_one()
    assert list(rotate_keys(renewed)) == [Rotated(name, 0, 0) for name in SEALED]
    with renewed.reading() as tx:
        assert tx.conn.execute(select(messages.c.body)).scalar_one() == before


def test_more_rows_than_a_batch_and_a_stop_in_the_middle(
    database: Database, renewed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_BATCH", 7)
    with database.transaction() as tx:
        for _ in range(30):
            fill(tx, only={"people"})
    lines = rotate_keys(renewed)
    while next(lines).column != "people.code_word":
        pass
    lines.close()
    done = {line.column: line.resealed for line in rotate_keys(renewed)}
    assert done["people.code_word"] == 0
    assert done["people.phone"] == 30


def test_what_no_key_opens_is_counted_and_left_alone(database: Database, renewed: Database) -> None:
    with database.transaction() as tx:
        for _ in range(3):
            filled = fill(tx, only={"people"})
        strange = Keyring([b"\x09" * 32], TEST_SECRET).seal("people.phone", filled.ids["people"], "+13125550142")
        moved = tx.keys.seal("people.code_word", "another row", "maple")
        values = {"phone": strange, "code_word": moved}
        tx.conn.execute(people.update().where(people.c.person_id == filled.ids["people"]).values(values))
    done = {line.column: line for line in rotate_keys(renewed)}
    assert done["people.phone"] == Rotated("people.phone", 2, 1)
    assert done["people.code_word"] == Rotated("people.code_word", 2, 1)
    with renewed.reading() as tx:
        kept = tx.conn.execute(select(people.c.phone).where(people.c.person_id == filled.ids["people"])).scalar_one()
        assert bytes(kept) == strange
    with pytest.raises(SealBroken):
        renewed.keys.open("people.phone", filled.ids["people"], kept)


def test_what_a_turn_writes_meanwhile_stays(
    database: Database, renewed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as tx:
        filled = fill(tx, only={"people"})
    person_id = filled.ids["people"]
    read = rotation._sealed_otherwise

    def read_then_a_turn_writes(tx: Tx, name: str, after: str) -> list[tuple[str, bytes]]:
        rows = read(tx, name, after)
        if name == "people.code_word" and rows:
            written = tx.keys.seal(name, person_id, "the new word")
            tx.conn.execute(people.update().values(code_word=written))
        return rows

    monkeypatch.setattr(rotation, "_sealed_otherwise", read_then_a_turn_writes)
    done = {line.column: line for line in rotate_keys(renewed)}
    assert done["people.code_word"] == Rotated("people.code_word", 0, 0)
    with renewed.reading() as tx:
        kept = tx.conn.execute(select(people.c.code_word)).scalar_one()
        assert tx.keys.open("people.code_word", person_id, kept) == "the new word"
