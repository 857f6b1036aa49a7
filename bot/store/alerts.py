"""What is wrong between us and the carrier that an operator must set right? One row a fault, counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String(32), primary_key=True),
    Column("code", String(20), nullable=False),  # the carrier's, or a word of ours
    Column("sender", String(40), nullable=False),  # the number of ours it happened to; empty: all of them
    Column("times", Integer, nullable=False),
    Column("first_at", UTCDateTime, nullable=False),
    Column("last_at", UTCDateTime, nullable=False, index=True),
    UniqueConstraint("code", "sender"),
)


@dataclass(frozen=True, slots=True)
class Alert:
    code: str
    sender: str
    times: int
    first_at: datetime
    last_at: datetime


def raise_alert(tx: Tx, code: str, sender: str, *, anew_after: datetime) -> bool:
    """It happened (again). True if this is news: the first time, or the first since `anew_after`."""
    a = alerts.c
    where = (a.code == code, a.sender == sender)
    standing = tx.conn.execute(select(a.alert_id, a.last_at, a.times).where(*where).with_for_update()).one_or_none()
    if standing is None:
        row = {"alert_id": new_id(), "code": code, "sender": sender, "times": 1, "first_at": tx.now, "last_at": tx.now}
        tx.conn.execute(alerts.insert(), row)
        return True
    news = standing.last_at < anew_after
    values = {"times": 1, "first_at": tx.now} if news else {"times": standing.times + 1}
    tx.conn.execute(alerts.update().where(a.alert_id == standing.alert_id).values(last_at=tx.now, **values))
    return news


def since(tx: Tx, moment: datetime) -> list[Alert]:
    """What happened after that moment, the latest first."""
    a = alerts.c
    query = select(a.code, a.sender, a.times, a.first_at, a.last_at).where(a.last_at > moment)
    return [Alert(*row) for row in tx.conn.execute(query.order_by(a.last_at.desc(), a.code))]
