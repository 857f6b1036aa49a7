"""How is everything sealed with the newest key, so that an old one can be thrown away?

Put the new key first in FIELD_KEYS and restart every process; run this; when it reports nothing unreadable, take the
old key out. It may be stopped at any moment and run again: what is sealed with the newest key is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, LargeBinary, bindparam, func, select

from bot.errors import SealBroken
from bot.store.db import Database, Tx
from bot.store.schema import SEALED, metadata

_BATCH = 200
"""Rows a transaction: few enough that on SQLite a turn waits milliseconds for it."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of one column, `messages.body` for example: counts of rows."""

    column: str
    resealed: int
    unreadable: int


def rotate_keys(database: Database) -> Iterator[Rotated]:
    """Seal every sealed column of every table anew, a batch a transaction; yields one line for each column, when it
    is done. A value that no key in the ring opens is counted and left as it is."""
    for name in SEALED:
        resealed = unreadable = 0
        after = ""
        while True:
            with database.transaction() as tx:
                rows = _sealed_otherwise(tx, name, after)
                done, broken = _reseal(tx, name, rows)
            resealed, unreadable = resealed + done, unreadable + broken
            if len(rows) < _BATCH:
                break
            after = rows[-1][0]
        yield Rotated(name, resealed, unreadable)


def _columns(name: str) -> tuple[Column[str], Column[bytes]]:
    table = metadata.tables[name.split(".")[0]]
    (key,) = table.primary_key.columns
    return key, table.c[name.split(".")[1]]


def _sealed_otherwise(tx: Tx, name: str, after: str) -> list[tuple[str, bytes]]:
    key, column = _columns(name)
    header = bindparam("header", tx.keys.newest_header, LargeBinary)
    other = func.substr(column, 1, len(tx.keys.newest_header), type_=LargeBinary) != header
    query = select(key, column).where(key > after, column.is_not(None), other).order_by(key).limit(_BATCH)
    return [(row_id, sealed) for row_id, sealed in tx.conn.execute(query)]


def _reseal(tx: Tx, name: str, rows: list[tuple[str, bytes]]) -> tuple[int, int]:
    key, column = _columns(name)
    changes = []
    for row_id, sealed in rows:
        try:
            text = tx.keys.open(name, row_id, sealed)
        except SealBroken:
            continue
        changes.append({"row_id": row_id, "old": sealed, "new": tx.keys.seal(name, row_id, text)})
    if not changes:
        return 0, len(rows)
    # A turn may have written the row since it was read: then what it wrote stays, and the next run finds it.
    update = column.table.update().where(key == bindparam("row_id"), column == bindparam("old"))
    done = tx.conn.execute(update.values({column.name: bindparam("new")}), changes)
    return done.rowcount, len(rows) - len(changes)
