"""Up to when has the carrier's own list been read, and whose texts must it not bring back?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, String, Table, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.db import Tx, UTCDateTime, metadata

watermarks = Table(
    "watermarks",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("at", UTCDateTime, nullable=False),  # everything before it has been read
    Column("next_at", UTCDateTime, nullable=False),  # when it is read again
    Column("lease_until", UTCDateTime),  # whoever reads now; it also says whose write is stale
    Column("good_at", UTCDateTime),  # when the reading last came up to the present
    Column("failures", Integer, nullable=False),  # in a row, since then
)

erased_texts = Table(
    "erased_texts",
    metadata,
    Column("sid_key", String(40), primary_key=True),  # a keyed hash of the carrier's id: it says nothing of anybody
    Column("at", UTCDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Watermark:
    at: datetime
    next_at: datetime
    lease_until: datetime | None
    good_at: datetime | None
    failures: int


def get(tx: Tx, name: str) -> Watermark | None:
    w = watermarks.c
    query = select(w.at, w.next_at, w.lease_until, w.good_at, w.failures).where(w.name == name)
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else Watermark(*row)


def is_due(tx: Tx, name: str) -> bool:
    """Whether somebody should read now. A name nobody knows yet is due: it begins at its own first moment."""
    mark = get(tx, name)
    return mark is None or (mark.next_at <= tx.now and (mark.lease_until is None or mark.lease_until <= tx.now))


def claim(tx: Tx, name: str, lease: timedelta) -> Watermark | None:
    """Take the reading for so long; None if it is not due or somebody else has it."""
    tx.conn.execute(_BEGIN[tx.conn.dialect.name], {"name": name, "at": tx.now, "next_at": tx.now, "failures": 0})
    w = watermarks.c
    free = (w.name == name, w.next_at <= tx.now, or_(w.lease_until.is_(None), w.lease_until <= tx.now))
    if tx.conn.execute(watermarks.update().where(*free).values(lease_until=tx.now + lease)).rowcount == 0:
        return None
    return get(tx, name)


def move(tx: Tx, name: str, mine: Watermark, *, at: datetime, lease: timedelta) -> Watermark | None:
    """One piece has been read; the lease begins anew. None: it had passed to somebody else, who goes on from there."""
    return _write(tx, name, mine, {"at": at, "lease_until": tx.now + lease})


def finish(tx: Tx, name: str, mine: Watermark, *, at: datetime, next_at: datetime) -> None:
    """All has been read, up to the present."""
    values = {"at": at, "next_at": next_at, "lease_until": None, "good_at": tx.now, "failures": 0}
    _write(tx, name, mine, values)


def fail(tx: Tx, name: str, mine: Watermark, *, next_at: datetime) -> None:
    """It could not be read. What was read before stays read."""
    _write(tx, name, mine, {"next_at": next_at, "lease_until": None, "failures": mine.failures + 1})


def _write(tx: Tx, name: str, mine: Watermark, values: dict[str, object]) -> Watermark | None:
    w = watermarks.c
    still_mine = (w.name == name, w.lease_until == mine.lease_until)
    if tx.conn.execute(watermarks.update().where(*still_mine).values(**values)).rowcount == 0:
        return None
    return get(tx, name)


def remember_erased(tx: Tx, sids: Iterable[str]) -> None:
    """These texts were erased here, and stay listed at the carrier: reading its list must not bring them back."""
    rows = [{"sid_key": tx.keys.index("sid", sid), "at": tx.now} for sid in sids]
    if rows:
        tx.conn.execute(_REMEMBER[tx.conn.dialect.name], rows)


def erased_among(tx: Tx, sids: Collection[str]) -> set[str]:
    by_key = {tx.keys.index("sid", sid): sid for sid in sids}
    query = select(erased_texts.c.sid_key).where(erased_texts.c.sid_key.in_(by_key))
    return {by_key[key] for key in tx.conn.execute(query).scalars()}


def forget_erased(tx: Tx, before: datetime) -> None:
    """What was erased so long ago is listed nowhere that is still read."""
    tx.conn.execute(delete(erased_texts).where(erased_texts.c.at < before))


_BEGIN = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(watermarks).on_conflict_do_nothing(index_elements=["name"])
    for dialect in (postgresql, sqlite)
}
_REMEMBER = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(erased_texts).on_conflict_do_nothing(
        index_elements=["sid_key"]
    )
    for dialect in (postgresql, sqlite)
}
