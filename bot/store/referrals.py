"""Who was referred where, did they arrive, and how has it gone since? Until a human says how it ended.

A referral that has not led to an intake always has an alarm; what happened is a line of `referral_events`, kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Table,
    func,
    or_,
    select,
)

from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.directory import holds
from bot.store.messages import messages
from bot.store.warm_transfers import warm_transfers

referrals = Table(
    "referrals",
    metadata,
    Column("referral_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("program_id", String(64), ForeignKey("programs.program_id")),
    Column("staff_id", String(32), nullable=False),  # who looks after it while nobody has the person
    Column("referred_at", UTCDateTime, nullable=False),
    Column("moved_at", UTCDateTime, nullable=False),  # when anything last happened
    Column("intake_at", UTCDateTime),
    Column("alarm_at", UTCDateTime),  # for no movement: 24, 48, 72 hours
    Column("alarm", Integer, nullable=False),  # how often it has come since anything moved
    Column("agreed", Boolean, nullable=False),  # they said yes to being asked later
    Column("agreed_at", UTCDateTime),
    Column("message_id", String(32)),  # their yes, when it was a text
    Column("noted_by", String(32)),  # who heard it, when it was spoken
    Column("check_n", Integer, nullable=False),  # how many checks have been
    Column("check_at", UTCDateTime),
    Column("asked_at", UTCDateTime),  # when they were last asked by text
    Column("ended_at", UTCDateTime),
    Column("ended_by", String(32)),  # a colleague, or `person`
    Column("outcome", String(14)),  # the latest of referral_events that is one
    CheckConstraint("ended_at IS NULL OR (ended_by IS NOT NULL AND outcome IS NOT NULL)", name="ended"),
    CheckConstraint("ended_at IS NOT NULL OR intake_at IS NOT NULL OR alarm_at IS NOT NULL", name="alarm"),
    CheckConstraint("NOT agreed OR agreed_at IS NOT NULL", name="agreed"),
    partial("uq_referrals_open", "conversation_id", where="ended_at IS NULL", unique=True),
    partial("ix_referrals_alarm", "alarm_at", where="ended_at IS NULL"),
    partial("ix_referrals_check", "check_at", where="ended_at IS NULL"),
)  # fmt: skip

referral_events = Table(
    "referral_events",
    metadata,
    Column("referral_event_id", String(32), primary_key=True),
    Column("referral_id", String(32), ForeignKey("referrals.referral_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("what", String(14), nullable=False),  # referred · moved · agreed · asked · silent · alarm, or an outcome
    Column("staff_id", String(32)),
    Column("at", UTCDateTime, nullable=False),  # when it came about
    Column("noted_at", UTCDateTime, nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Referral:
    referral_id: str
    conversation_id: str
    program_id: str | None
    staff_id: str
    referred_at: datetime
    moved_at: datetime
    intake_at: datetime | None
    alarm_at: datetime | None
    alarm: int
    agreed: bool
    agreed_at: datetime | None
    check_n: int
    check_at: datetime | None
    asked_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Happened:
    what: str
    staff_id: str | None
    at: datetime


_c = referrals.c
_FIELDS = tuple(_c[name] for name in Referral.__dataclass_fields__)


def add(tx: Tx, *, conversation_id: str, program_id: str | None, staff_id: str, referred_at: datetime,
        alarm_at: datetime) -> str:  # fmt: skip
    """The caller holds the conversation's lock, and none is open."""
    referral_id = new_id()
    row = {
        "referral_id": referral_id, "conversation_id": conversation_id, "program_id": program_id,
        "staff_id": staff_id, "referred_at": referred_at, "moved_at": referred_at, "alarm_at": alarm_at, "alarm": 0,
        "agreed": False, "check_n": 0,
    }  # fmt: skip
    tx.conn.execute(referrals.insert(), row)
    note(tx, referral_id, "referred", staff_id=staff_id, at=referred_at)
    return referral_id


def note(tx: Tx, referral_id: str, what: str, *, staff_id: str | None = None, at: datetime | None = None) -> None:
    """One line of what happened."""
    row = {"referral_event_id": new_id(), "referral_id": referral_id, "what": what, "staff_id": staff_id,
           "at": at or tx.now, "noted_at": tx.now}  # fmt: skip
    tx.conn.execute(referral_events.insert(), row)


def change(tx: Tx, referral_id: str, **values: Any) -> bool:
    """False when it has ended."""
    where = (_c.referral_id == referral_id, _c.ended_at.is_(None))
    return tx.conn.execute(referrals.update().where(*where).values(**values)).rowcount == 1


def change_if(tx: Tx, seen: Referral, **values: Any) -> bool:
    """Only if no other clock has looked at it since it was read."""
    where = (
        _c.referral_id == seen.referral_id, _c.ended_at.is_(None), _c.alarm == seen.alarm, _c.check_n == seen.check_n,
        _c.alarm_at.is_not_distinct_from(seen.alarm_at), _c.check_at.is_not_distinct_from(seen.check_at),
    )  # fmt: skip
    return tx.conn.execute(referrals.update().where(*where).values(**values)).rowcount == 1


def get(tx: Tx, referral_id: str) -> Referral | None:
    found = _select(tx, _c.referral_id == referral_id)
    return found[0] if found else None


def open_of(tx: Tx, conversation_id: str) -> Referral | None:
    found = _select(tx, _c.conversation_id == conversation_id, _c.ended_at.is_(None))
    return found[0] if found else None


def latest_of(tx: Tx, conversation_id: str) -> Referral | None:
    """The open one, or the one that ended last."""
    found = _select(tx, _c.conversation_id == conversation_id)
    return found[-1] if found else None


def still(tx: Tx) -> list[Referral]:
    """Those whose alarm for no movement has come."""
    return _select(tx, _c.ended_at.is_(None), _c.intake_at.is_(None), _c.alarm_at <= tx.now)


def to_check(tx: Tx) -> list[Referral]:
    """Those whose next check has come."""
    return _select(tx, _c.ended_at.is_(None), _c.check_at <= tx.now)


def list_open(tx: Tx) -> list[Referral]:
    """The one that moved longest ago first."""
    return sorted(_select(tx, _c.ended_at.is_(None)), key=lambda one: (one.moved_at, one.referral_id))


def last_movement(tx: Tx, person_id: str, since: datetime) -> datetime | None:
    """When anything last happened with this person: they or a colleague wrote, a place answered, a transfer moved."""
    talks = select(conversations.c.conversation_id).where(conversations.c.person_id == person_id)
    m, h, w = messages.c, holds.c, warm_transfers.c
    wrote = or_(m.direction == "in", m.staff_id.is_not(None))
    answered = h.state.in_(("held", "declined", "arrived"))
    spans = (
        select(func.max(m.created_at)).where(m.conversation_id.in_(talks), wrote, m.created_at >= since),
        select(func.max(h.requested_at)).where(h.conversation_id.in_(talks)),
        select(func.max(h.answered_at)).where(h.conversation_id.in_(talks), answered),
        select(func.max(w.state_at)).where(w.conversation_id.in_(talks)),
    )
    return max((at for query in spans if (at := tx.conn.execute(query).scalar()) is not None), default=None)


def wrote_last(tx: Tx, person_id: str) -> datetime | None:
    """When they last wrote, in whichever conversation."""
    query = select(func.max(conversations.c.last_inbound_at)).where(conversations.c.person_id == person_id)
    return tx.conn.execute(query).scalar()


def events_of(tx: Tx, referral_id: str) -> list[Happened]:
    """In the order in which it came about."""
    e = referral_events.c
    query = select(e.what, e.staff_id, e.at).where(e.referral_id == referral_id)
    return [Happened(*row) for row in tx.conn.execute(query.order_by(e.at, e.referral_event_id))]


def days_to_intake(tx: Tx, since: datetime) -> list[float]:
    """For everybody who arrived after that moment: how many days from the referral, the shortest first."""
    query = select(_c.referred_at, _c.intake_at).where(_c.intake_at >= since)
    spans = ((row.intake_at - row.referred_at).total_seconds() / 86_400 for row in tx.conn.execute(query))
    return sorted(max(0.0, span) for span in spans)


def counts(tx: Tx, since: datetime) -> dict[str, int]:
    """How the ones that ended since then ended."""
    query = select(_c.outcome, func.count()).where(_c.ended_at >= since).group_by(_c.outcome)
    return {row[0]: row[1] for row in tx.conn.execute(query)}


def _select(tx: Tx, *where: ColumnElement[bool]) -> list[Referral]:
    query = select(*_FIELDS).where(*where).order_by(_c.referred_at, _c.referral_id)
    return [Referral(*row) for row in tx.conn.execute(query)]
