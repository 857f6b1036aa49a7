"""How much has each of our numbers carried, and until when must it rest? One row a sender, locked at a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Integer, Row, String, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.db import Tx, UTCDateTime, metadata
from bot.store.messages import messages

senders = Table(
    "senders",
    metadata,
    Column("sender", String(40), primary_key=True),  # a number of ours, or the id of a messaging service
    Column("free_at", UTCDateTime),  # when what was handed over will have gone out, at the sender's rate
    Column("quiet_until", UTCDateTime),  # the carrier asked for a rest
    Column("campaigns_at", UTCDateTime),  # its daily cap is used up for campaigns until then
    Column("day", String(10), nullable=False),
    Column("today", Integer, nullable=False),  # segments handed over on that day
)

UNCONFIRMED_FOR = timedelta(minutes=10)
"""A text without a receipt for so long is not in the carrier's queue any more: its receipt was lost."""


def lock(tx: Tx, names: Sequence[str]) -> dict[str, Row[Any]]:
    """The row of each. Two who claim texts for the same sender
    do so one after the other: together they must not be faster than it is."""
    c = senders.c
    query = select(senders).where(c.sender.in_(names)).order_by(c.sender)
    found = {row.sender: row for row in tx.conn.execute(query.with_for_update())}
    missing = [name for name in names if name not in found]
    if missing:
        insert = postgresql.insert if tx.conn.dialect.name == "postgresql" else sqlite.insert
        rows = [{"sender": name, "day": "", "today": 0} for name in missing]
        tx.conn.execute(insert(senders).on_conflict_do_nothing(index_elements=["sender"]), rows)
        return lock(tx, names)
    return found


def read(tx: Tx, names: Sequence[str]) -> dict[str, Row[Any]]:
    """As `lock`, without the lock; a sender that never carried a text is not in it."""
    return {row.sender: row for row in tx.conn.execute(select(senders).where(senders.c.sender.in_(names)))}


def unconfirmed(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """Segments of each that the carrier took lately and has not said to have passed on."""
    m = messages.c
    query = (
        select(m.sender, func.sum(m.segments))
        .where(m.sender.in_(names), m.confirmed_at.is_(None), m.begun_at > tx.now - UNCONFIRMED_FOR,
               m.status.in_(("sending", "unknown", "sent")))
        .group_by(m.sender)
    )  # fmt: skip
    return {sender: int(n) for sender, n in tx.conn.execute(query)}


def keep(tx: Tx, sender: str, *, free_at: datetime | None, day: str, today: int) -> None:
    values = {"free_at": free_at, "day": day, "today": today}
    tx.conn.execute(senders.update().where(senders.c.sender == sender).values(**values))


def rest(tx: Tx, until: Mapping[str, datetime]) -> None:
    """The carrier asked these senders to wait; an earlier, longer rest stands."""
    for sender in sorted(until):
        lock(tx, [sender])
        c = senders.c
        shorter = (c.sender == sender, (c.quiet_until.is_(None)) | (c.quiet_until < until[sender]))
        tx.conn.execute(senders.update().where(*shorter).values(quiet_until=until[sender]))


def rest_campaigns(tx: Tx, sender: str, until: datetime) -> None:
    lock(tx, [sender])
    tx.conn.execute(senders.update().where(senders.c.sender == sender).values(campaigns_at=until))
