"""Can anybody read a person's words in a copy of the database? Every way a row leaves the server, searched."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import phonenumbers
from sqlalchemy import cast, select
from sqlalchemy.types import Text

from bot.store.db import Database
from bot.store.schema import metadata


def found_in_clear(database: Database, words: Iterable[str]) -> list[str]:
    """Those of the words that a dump, or the files themselves, show. Numbers are looked for in every way of writing."""
    copies = list(_sqlite_copies(database) if database.engine.dialect.name == "sqlite" else _postgres_copies(database))
    return sorted({word for word in words if any(form in copy for form in _forms(word) for copy in copies)})


def _forms(word: str) -> Iterator[bytes]:
    ways = [word]
    if word.startswith("+"):
        number = phonenumbers.parse(word)
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        digits = str(number.national_number)
        ways += [word[1:], national, digits, f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"]
    for way in ways:
        raw = way.encode()
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield base64.b64encode(raw).rstrip(b"=")


def _sqlite_copies(database: Database) -> Iterator[bytes]:
    path = database.engine.url.database
    assert path is not None
    for part in (path, path + "-wal", path + "-shm"):
        if Path(part).exists():
            yield Path(part).read_bytes()
    reader = sqlite3.connect(path)
    try:
        yield "\n".join(reader.iterdump()).encode()
    finally:
        reader.close()


def _postgres_copies(database: Database) -> Iterator[bytes]:
    with database.reading() as tx:
        for table in metadata.sorted_tables:
            for row in tx.conn.execute(select(*(cast(column, Text) for column in table.columns))):
                yield "\x1f".join(str(value) for value in row).encode()
