"""Which wordings of a campaign are not said any more, what came of each so far, and which test texts were sent?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Interval,
    String,
    Table,
    UniqueConstraint,
    and_,
    exists,
    func,
    literal,
    select,
)

from bot.store.arrivals import arrivals
from bot.store.campaigns import recipients
from bot.store.consent import suppressions
from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.people import people

variant_stops = Table(
    "variant_stops",
    metadata,
    Column("stop_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False),
    Column("key", String(4), nullable=False),
    Column("code", String(20), nullable=False),  # a limit of bot.rules.harm, worse, or better: another one is
    Column("seen", Integer, nullable=False),
    Column("out_of", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    UniqueConstraint("campaign_id", "key"),
)

test_texts = Table(
    "test_texts",
    metadata,
    Column("test_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False),  # to whom
    Column("key", String(4), nullable=False),
    Column("language", String(2), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("status", String(8), nullable=False),
    CheckConstraint("status IN ('sending', 'sent', 'failed')", name="status"),
    Index(None, "staff_id", "at"),
)  # fmt: skip


class VariantStop(NamedTuple):
    key: str
    code: str
    seen: int
    out_of: int
    at: datetime


class Answer(NamedTuple):
    """What one person did after their text, within the days that are waited for."""

    variant: str
    said_yes: bool
    said_stop: bool


def stops(tx: Tx, campaign_id: str) -> dict[str, VariantStop]:
    """Wordings nobody is texted with any more, by key."""
    c = variant_stops.c
    query = select(c.key, c.code, c.seen, c.out_of, c.at).where(c.campaign_id == campaign_id)
    return {row.key: VariantStop(*row) for row in tx.conn.execute(query)}


def stop(tx: Tx, campaign_id: str, keys: Sequence[str], code: str, seen: int, out_of: int) -> None:
    for key in keys:
        row = {"stop_id": new_id(), "campaign_id": campaign_id, "key": key, "code": code, "seen": seen,
               "out_of": out_of, "at": tx.now}  # fmt: skip
        tx.conn.execute(variant_stops.insert(), row)


def begin_anew(tx: Tx, campaign_id: str) -> None:
    """Its words were changed: whoever approves them anew knows what came of them."""
    tx.conn.execute(variant_stops.delete().where(variant_stops.c.campaign_id == campaign_id))


def had(tx: Tx, campaign_id: str, language: str) -> dict[str, int]:
    """How many people of this language were texted with each wording."""
    r = recipients.c
    query = select(r.variant, func.count()).where(
        r.campaign_id == campaign_id, r.language == language, r.state == "released", r.step == 0
    )
    return {str(key): n for key, n in tx.conn.execute(query.group_by(r.variant)) if key}


def answers(tx: Tx, campaign_id: str, first: datetime, last: datetime, days: float) -> list[Answer]:
    """Of everybody texted between the two moments, in the order in which they were: never changed by what comes later,
    because what came after so many days is not in it."""
    r, a, s = recipients.c, arrivals.c, suppressions.c
    until = _plus(tx, days)
    yes = exists().where(and_(a.recipient_id == r.recipient_id, a.engaged_at <= until))
    said_stop = exists().where(and_(s.phone_key == people.c.phone_key, s.at >= r.released_at, s.at <= until))
    query = (
        select(r.variant, yes, said_stop)
        .join_from(recipients, people, people.c.person_id == r.person_id)
        .where(r.campaign_id == campaign_id, r.released_at >= first, r.released_at <= last, r.step == 0,
               r.variant.is_not(None))
        .order_by(r.released_at, r.recipient_id)
    )  # fmt: skip
    return [Answer(str(key), bool(one), bool(other)) for key, one, other in tx.conn.execute(query)]


def _plus(tx: Tx, days: float) -> object:
    r = recipients.c
    if tx.conn.dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d %H:%M:%f", r.released_at, f"+{days} days")
    return r.released_at + literal(timedelta(days=days), Interval())


# Test texts


def begin_test(tx: Tx, campaign_id: str, *, staff_id: str, key: str, language: str, segments: int) -> str:
    test_id = new_id()
    row = {"test_id": test_id, "campaign_id": campaign_id, "staff_id": staff_id, "key": key, "language": language,
           "segments": segments, "at": tx.now, "status": "sending"}  # fmt: skip
    tx.conn.execute(test_texts.insert(), row)
    return test_id


def end_test(tx: Tx, test_id: str, status: str) -> None:
    tx.conn.execute(test_texts.update().where(test_texts.c.test_id == test_id).values(status=status))


def tests_since(tx: Tx, staff_id: str, since: datetime) -> int:
    t = test_texts.c
    query = select(func.count()).select_from(test_texts).where(t.staff_id == staff_id, t.at > since)
    return tx.conn.execute(query).scalar_one()


def tests_of(tx: Tx, campaign_id: str) -> int:
    """How many test texts left for it; those that failed are not among them."""
    t = test_texts.c
    query = select(func.count()).select_from(test_texts).where(t.campaign_id == campaign_id, t.status != "failed")
    return tx.conn.execute(query).scalar_one()
