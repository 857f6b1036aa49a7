"""When was the whole way last proven, from a text that comes in to a human who answers the call?"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, ForeignKey, String, Table, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id

canaries = Table(
    "canaries",
    metadata,
    Column("canary_id", String(32), primary_key=True),
    Column("handoff_id", String(32), ForeignKey("handoffs.handoff_id", ondelete="SET NULL")),
    Column("began_at", UTCDateTime, nullable=False, index=True),
    Column("flagged_at", UTCDateTime),  # the bot put it into the queue
    Column("called_at", UTCDateTime),  # a call about it left
    Column("heard_at", UTCDateTime),  # a human answered
    Column("failed_at", UTCDateTime),  # nobody did, in time
)


class Canary(NamedTuple):
    canary_id: str
    handoff_id: str | None
    began_at: datetime
    flagged_at: datetime | None
    called_at: datetime | None
    heard_at: datetime | None
    failed_at: datetime | None


_c = canaries.c
_FIELDS = tuple(_c[name] for name in Canary._fields)


def begin(tx: Tx) -> str:
    canary_id = new_id()
    tx.conn.execute(canaries.insert(), {"canary_id": canary_id, "began_at": tx.now})
    return canary_id


def write(tx: Tx, canary_id: str, **values: object) -> None:
    tx.conn.execute(canaries.update().where(_c.canary_id == canary_id).values(**values))


def latest(tx: Tx) -> Canary | None:
    row = tx.conn.execute(select(*_FIELDS).order_by(_c.began_at.desc()).limit(1)).one_or_none()
    return None if row is None else Canary(*row)


def under_way(tx: Tx) -> Canary | None:
    """The one that nobody has answered yet, and that has not failed."""
    query = select(*_FIELDS).where(_c.heard_at.is_(None), _c.failed_at.is_(None))
    row = tx.conn.execute(query.order_by(_c.began_at.desc()).limit(1)).one_or_none()
    return None if row is None else Canary(*row)
