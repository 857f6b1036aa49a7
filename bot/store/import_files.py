"""Which directory files wait to be read, and who reads each? Sealed pieces under a lease, gone once it is read."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select

from bot.store.db import Tx, new_id
from bot.store.directory_records import import_pages, imports

WAITING = "waiting"
"""The format of a file nobody has looked into."""


def stage(tx: Tx, *, staff_id: str, name: str, pieces: Iterable[bytes]) -> str:
    """Keep a file until the worker reads it; returns its import. The first piece is its name, by which a table is
    known."""
    import_id = new_id()
    row = {"import_id": import_id, "at": tx.now, "staff_id": staff_id, "format": WAITING, "imported": 0, "updated": 0,
           "quarantined": 0, "report": []}  # fmt: skip
    tx.conn.execute(imports.insert(), row)
    _add(tx, import_id, 0, name.encode())
    for n, piece in enumerate(pieces, start=1):
        _add(tx, import_id, n, piece)
    return import_id


def due(tx: Tx) -> str | None:
    """The oldest file that is to be read, by nobody at this moment."""
    query = select(imports.c.import_id).where(*_waits(tx)).order_by(imports.c.at, imports.c.import_id).limit(1)
    return tx.conn.execute(query).scalar()


def lease(tx: Tx, import_id: str, until: datetime) -> bool:
    """Take a file to read it. A reader that died gives it back by time."""
    mine = imports.update().where(imports.c.import_id == import_id, *_waits(tx))
    return tx.conn.execute(mine.values(lease_until=until)).rowcount == 1


def keep_on(tx: Tx, import_id: str, until: datetime, *, done: int, total: int) -> None:
    """So much of it is in; it is still being read."""
    values = {"lease_until": until, "done": done, "total": total}
    tx.conn.execute(imports.update().where(imports.c.import_id == import_id).values(**values))


def name_of(tx: Tx, import_id: str) -> str:
    return next(_opened(tx, import_id, first=0, last=0)).decode()


def pieces_of(tx: Tx, import_id: str) -> Iterator[bytes]:
    """The file, piece by piece."""
    yield from _opened(tx, import_id, first=1, last=None)


def throw_away(tx: Tx, import_id: str) -> None:
    """It is read: nothing of it stays but its report."""
    tx.conn.execute(delete(import_pages).where(import_pages.c.import_id == import_id))
    tx.conn.execute(imports.update().where(imports.c.import_id == import_id).values(lease_until=None))


def _add(tx: Tx, import_id: str, n: int, piece: bytes) -> None:
    page_id = new_id()
    body = tx.keys.seal("import_pages.body", page_id, b64encode(piece).decode())
    tx.conn.execute(import_pages.insert(), {"page_id": page_id, "import_id": import_id, "n": n, "body": body})


def _opened(tx: Tx, import_id: str, *, first: int, last: int | None) -> Iterator[bytes]:
    p = import_pages.c
    where = [p.import_id == import_id, p.n >= first, *([] if last is None else [p.n <= last])]
    for page_id, body in tx.conn.execute(select(p.page_id, p.body).where(*where).order_by(p.n)):
        yield b64decode(tx.keys.open("import_pages.body", page_id, body))


def _waits(tx: Tx) -> tuple[Any, ...]:
    free = imports.c.lease_until.is_(None) | (imports.c.lease_until <= tx.now)
    return (imports.c.finished_at.is_(None), free, exists().where(import_pages.c.import_id == imports.c.import_id))
