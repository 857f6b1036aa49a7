"""What came back from a campaign that may be a sign of harm, and has it stopped by itself? Counts alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Table,
    and_,
    case,
    func,
    or_,
    select,
)

from bot.rules.harm import Signals, Stop
from bot.store.campaigns import recipients
from bot.store.consent import suppressions
from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.people import people
from bot.store.staff import running_shifts

harm_stops = Table(
    "harm_stops",
    metadata,
    Column("stop_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("code", String(20), nullable=False),
    Column("seen", Integer, nullable=False),
    Column("out_of", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("resumed_at", UTCDateTime),  # by a person, and by nothing else
    partial("uq_harm_stops_standing", "campaign_id", where="resumed_at IS NULL", unique=True),
)  # fmt: skip

_URGENT = ("P0", "P1", "P2")


def signals(tx: Tx, campaign_id: str, since: datetime, *, variant: str | None = None) -> Signals:
    """What the people texted from then on did, as far as it may be a sign of harm. With `variant`, of those
    who were texted with that wording."""
    r = recipients.c
    mine: tuple[ColumnElement[bool], ...] = (r.campaign_id == campaign_id, r.released_at >= since)
    if variant is not None:
        mine = (*mine, r.variant == variant)
    texted = tx.conn.execute(select(func.count()).select_from(recipients).where(*mine)).scalar_one()
    if texted == 0:
        return Signals()
    said = _suppressed(tx, mine, since)
    reasons = _handed_off(tx, mine, since)
    settled, filtered, undelivered = _fates(tx, mine)
    return Signals(
        texted=texted, settled=settled, opt_outs=said["stop"], anger=reasons["hostile"],
        wrong_people=said["wrong_number"] + reasons["wrong_person"], minors=reasons["minor"], filtered=filtered,
        undelivered=undelivered, unanswered_for=_unanswered_for(tx, mine),
    )  # fmt: skip


def _suppressed(tx: Tx, mine: tuple[ColumnElement[bool], ...], since: datetime) -> dict[str, int]:
    """Who took back their consent; what the carrier taught of a number is no word of theirs, but 21610 is."""
    s, r = suppressions.c, recipients.c
    query = (
        select(s.how, func.count())
        .join_from(suppressions, people, people.c.phone_key == s.phone_key)
        .join(recipients, r.person_id == people.c.person_id)
        .where(*mine, s.at >= since, s.at >= r.released_at)
        .group_by(s.how)
    )
    found = {"stop": 0, "wrong_number": 0}
    for how, n in tx.conn.execute(query):
        if how == "wrong_number":
            found["wrong_number"] += n
        elif how == "carrier_21610" or not how.startswith("carrier_"):
            found["stop"] += n
    return found


def _handed_off(tx: Tx, mine: tuple[ColumnElement[bool], ...], since: datetime) -> dict[str, int]:
    h, k, r = handoffs.c, conversations.c, recipients.c
    what = case((h.outcome == "wrong_person", "wrong_person"), else_=h.reason)
    query = (
        select(what, func.count(func.distinct(r.recipient_id)))
        .join_from(handoffs, conversations, k.conversation_id == h.conversation_id)
        .join(recipients, r.person_id == k.person_id)
        .where(*mine, h.opened_at >= since, h.opened_at >= r.released_at)
        .group_by(what)
    )
    return {"hostile": 0, "wrong_person": 0, "minor": 0} | dict(tx.conn.execute(query).all())


def _fates(tx: Tx, mine: tuple[ColumnElement[bool], ...]) -> tuple[int, int, int]:
    m = messages.c
    bad = m.status.in_(("undelivered", "failed"))
    query = (
        select(func.count(case((or_(bad, m.status == "delivered"), 1))),
               func.count(case((and_(bad, m.reason == "30007"), 1))), func.count(case((bad, 1))))
        .join_from(recipients, messages, m.recipient_id == recipients.c.recipient_id)
        .where(*mine)
    )  # fmt: skip
    settled, filtered, undelivered = tx.conn.execute(query).one()
    return settled, filtered, undelivered


def _unanswered_for(tx: Tx, mine: tuple[ColumnElement[bool], ...]) -> timedelta:
    """Beyond the promise, or since they came where none was made; and not before there was anybody to answer."""
    running = running_shifts(tx.now).subquery()
    there_since = tx.conn.execute(select(func.min(running.c.starts_at))).scalar()
    if there_since is None:
        return timedelta()
    h, k, r = handoffs.c, conversations.c, recipients.c
    oldest = (
        select(func.min(func.coalesce(h.promised_at, h.opened_at)))
        .join_from(handoffs, conversations, k.conversation_id == h.conversation_id)
        .join(recipients, r.person_id == k.person_id)
        .where(*mine, h.state == "waiting", h.tier.in_(_URGENT), h.opened_at >= r.released_at)
    )
    since = tx.conn.execute(oldest).scalar()
    return timedelta() if since is None else max(timedelta(), tx.now - max(since, there_since))


def stop(tx: Tx, campaign_id: str, why: Stop) -> None:
    """It stopped by itself. Stands until a person resumes it."""
    row = {"stop_id": new_id(), "campaign_id": campaign_id, "code": why.code, "seen": why.seen, "out_of": why.out_of,
           "at": tx.now}  # fmt: skip
    tx.conn.execute(harm_stops.insert(), row)


def standing_stop(tx: Tx, campaign_id: str) -> Stop | None:
    h = harm_stops.c
    query = select(h.code, h.seen, h.out_of).where(h.campaign_id == campaign_id, h.resumed_at.is_(None))
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else Stop(*row)


def resume(tx: Tx, campaign_id: str) -> None:
    """A person has looked: what came back before does not count again."""
    h = harm_stops.c
    standing = (h.campaign_id == campaign_id, h.resumed_at.is_(None))
    tx.conn.execute(harm_stops.update().where(*standing).values(resumed_at=tx.now))


def counted_from(tx: Tx, campaign_id: str, launched_at: datetime) -> datetime:
    """From when on what came back counts: the launch, or the last time a person resumed it after such a stop."""
    h = harm_stops.c
    last = tx.conn.execute(select(func.max(h.resumed_at)).where(h.campaign_id == campaign_id)).scalar()
    return launched_at if last is None else last
