"""Who waits for a human, since when, and who has them? An open hand-off without an alarm cannot be stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, select, text

from bot.store.db import Tx, UTCDateTime, metadata, new_id

handoffs = Table(
    "handoffs",
    metadata,
    Column("handoff_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False),
    Column("tier", String(2), nullable=False),
    Column("reason", String(30), nullable=False),
    Column("state", String(10), nullable=False),
    Column("owner_id", String(32), ForeignKey("staff.staff_id")),
    Column("step", Integer, nullable=False),  # how far up the ladder
    Column("next_at", UTCDateTime),  # the alarm
    Column("promised_at", UTCDateTime),  # what the person was told
    Column("opened_at", UTCDateTime, nullable=False),
    Column("claimed_at", UTCDateTime),
    Column("closed_at", UTCDateTime),
    Column("outcome", String(30)),
    CheckConstraint("tier IN ('P0', 'P1', 'P2', 'P3')", name="tier"),
    CheckConstraint("state IN ('waiting', 'owned', 'closed')", name="state"),
    CheckConstraint("state = 'closed' OR next_at IS NOT NULL", name="alarm"),
    CheckConstraint("(state = 'owned') = (owner_id IS NOT NULL AND closed_at IS NULL)", name="owner"),
    Index("uq_handoffs_open", "conversation_id", unique=True,
          sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
    Index("ix_handoffs_alarm", "next_at",
          sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
)  # fmt: skip

notes = Table(
    "notes",
    metadata,
    Column("note_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("staff_id", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed
    Column("at", UTCDateTime, nullable=False),
)  # fmt: skip

OUTCOMES = ("referred", "held", "arrived", "safe_for_now", "lost_contact", "wrong_person", "other", "returned")
"""How an advocate may wrap up. `returned` hands the conversation back to the bot, which goes on where it was."""


@dataclass(frozen=True, slots=True)
class Handoff:
    """One row. `next_at` is the alarm; `promised_at` is the moment the person was told, if any."""

    handoff_id: str
    conversation_id: str
    tier: str
    reason: str
    state: str
    owner_id: str | None
    step: int
    next_at: datetime | None
    promised_at: datetime | None
    opened_at: datetime
    claimed_at: datetime | None
    outcome: str | None


_FIELDS = tuple(handoffs.c[name] for name in Handoff.__dataclass_fields__)
_MOST_URGENT_FIRST = (handoffs.c.tier, handoffs.c.opened_at, handoffs.c.handoff_id)


def open_handoff(tx: Tx, *, conversation_id: str, tier: str, reason: str, next_at: datetime,
                 promised_at: datetime | None) -> str:  # fmt: skip
    """Puts the conversation in the queue and returns the hand-off's id. One that is open already is raised to the more
    urgent tier, never lowered; its owner stays, its alarm only moves closer, and an earlier promise still binds.
    The caller holds the conversation's lock."""
    standing = open_of(tx, conversation_id)
    if standing is None:
        handoff_id = new_id()
        row = {
            "handoff_id": handoff_id, "conversation_id": conversation_id, "tier": str(tier), "reason": reason,
            "state": "waiting", "step": 0, "next_at": next_at, "promised_at": promised_at, "opened_at": tx.now,
        }  # fmt: skip
        tx.conn.execute(handoffs.insert(), row)
        return handoff_id
    values: dict[str, object] = {}
    if str(tier) < standing.tier:
        values |= {"tier": str(tier), "reason": reason, "step": 0}
        values["next_at"] = next_at if standing.next_at is None else min(standing.next_at, next_at)
    if promised_at is not None and (standing.promised_at is None or promised_at < standing.promised_at):
        values["promised_at"] = promised_at
    if values:
        tx.conn.execute(handoffs.update().where(handoffs.c.handoff_id == standing.handoff_id).values(**values))
    return standing.handoff_id


def say_why_now(tx: Tx, conversation_id: str, reason: str, *, only_from: str) -> None:
    """What an open hand-off is about has changed; one that is about something else stays as it is."""
    h = handoffs.c
    mine = (h.conversation_id == conversation_id, h.closed_at.is_(None), h.reason == only_from)
    tx.conn.execute(handoffs.update().where(*mine).values(reason=reason))


def get(tx: Tx, handoff_id: str) -> Handoff | None:
    row = tx.conn.execute(select(*_FIELDS).where(handoffs.c.handoff_id == handoff_id)).one_or_none()
    return None if row is None else Handoff(*row)


def open_of(tx: Tx, conversation_id: str) -> Handoff | None:
    """The conversation's open hand-off; the constraint allows one."""
    where = (handoffs.c.conversation_id == conversation_id, handoffs.c.closed_at.is_(None))
    row = tx.conn.execute(select(*_FIELDS).where(*where)).one_or_none()
    return None if row is None else Handoff(*row)


def latest_of(tx: Tx, conversation_id: str) -> Handoff | None:
    """The open hand-off, or else the one closed last: what an advocate's page is about."""
    query = select(*_FIELDS).where(handoffs.c.conversation_id == conversation_id)
    row = tx.conn.execute(query.order_by(handoffs.c.opened_at.desc(), handoffs.c.handoff_id.desc()).limit(1)).first()
    return None if row is None else Handoff(*row)


def waiting(tx: Tx) -> list[Handoff]:
    """Nobody's yet, most urgent first, then longest waiting."""
    query = select(*_FIELDS).where(handoffs.c.state == "waiting").order_by(*_MOST_URGENT_FIRST)
    return [Handoff(*row) for row in tx.conn.execute(query)]


def owned_by(tx: Tx, staff_id: str) -> list[Handoff]:
    """Those this advocate holds, in the order they were taken."""
    query = select(*_FIELDS).where(handoffs.c.owner_id == staff_id, handoffs.c.state == "owned")
    return [Handoff(*row) for row in tx.conn.execute(query.order_by(handoffs.c.claimed_at))]


def list_open(tx: Tx) -> list[Handoff]:
    """Waiting and owned, most urgent first."""
    query = select(*_FIELDS).where(handoffs.c.closed_at.is_(None)).order_by(*_MOST_URGENT_FIRST)
    return [Handoff(*row) for row in tx.conn.execute(query)]


def due(tx: Tx, now: datetime) -> list[Handoff]:
    """Open ones whose alarm has come, the longest overdue first."""
    query = select(*_FIELDS).where(handoffs.c.closed_at.is_(None), handoffs.c.next_at <= now)
    return [Handoff(*row) for row in tx.conn.execute(query.order_by(handoffs.c.next_at))]


def promises_due(tx: Tx, before: datetime) -> list[Handoff]:
    """Nobody's yet, though a wait was promised that ends before then; the earliest first."""
    query = select(*_FIELDS).where(handoffs.c.state == "waiting", handoffs.c.promised_at <= before)
    return [Handoff(*row) for row in tx.conn.execute(query.order_by(handoffs.c.promised_at))]


def promise(tx: Tx, handoff_id: str, minutes: int) -> None:
    """What the person is being told now, in the same transaction, replaces what they were told before."""
    values = {"promised_at": tx.now + timedelta(minutes=minutes)}
    tx.conn.execute(handoffs.update().where(handoffs.c.handoff_id == handoff_id).values(**values))


def clear_promise(tx: Tx, handoff_id: str) -> None:
    """The old wait no longer stands; a new one, or the truth that there is none, follows in this transaction."""
    tx.conn.execute(handoffs.update().where(handoffs.c.handoff_id == handoff_id).values(promised_at=None))


def rearm(tx: Tx, handoff_id: str, next_at: datetime, step: int) -> None:
    """The next alarm, and how far up the ladder it is. A closed hand-off is left alone."""
    where = (handoffs.c.handoff_id == handoff_id, handoffs.c.closed_at.is_(None))
    tx.conn.execute(handoffs.update().where(*where).values(next_at=next_at, step=step))


def claim(tx: Tx, handoff_id: str, staff_id: str, next_at: datetime) -> bool:
    """One conditional UPDATE: of two who press at once exactly one is told True."""
    where = (handoffs.c.handoff_id == handoff_id, handoffs.c.state == "waiting", handoffs.c.owner_id.is_(None))
    values = {"state": "owned", "owner_id": staff_id, "claimed_at": tx.now, "next_at": next_at, "step": 0}
    return tx.conn.execute(handoffs.update().where(*where).values(**values)).rowcount == 1


def give_back(tx: Tx, handoff_id: str, next_at: datetime) -> None:
    """Nobody's again, at the same tier and with an alarm. The caller holds the conversation's lock."""
    values = {"state": "waiting", "owner_id": None, "claimed_at": None, "next_at": next_at, "step": 0}
    where = (handoffs.c.handoff_id == handoff_id, handoffs.c.state == "owned")
    tx.conn.execute(handoffs.update().where(*where).values(**values))


def close(tx: Tx, handoff_id: str, outcome: str, *, owner_id: str | None = None) -> bool:
    """Over: no owner and no alarm any more. With `owner_id`, only if it is still theirs. False when nothing changed."""
    where = [handoffs.c.handoff_id == handoff_id, handoffs.c.closed_at.is_(None)]
    if owner_id is not None:
        where.append(handoffs.c.owner_id == owner_id)
    values = {"state": "closed", "closed_at": tx.now, "next_at": None, "outcome": outcome}
    return tx.conn.execute(handoffs.update().where(*where).values(**values)).rowcount == 1


def add_note(tx: Tx, *, conversation_id: str, staff_id: str, body: str) -> str:
    """An internal note; never sent to anyone."""
    note_id = new_id()
    sealed = tx.keys.seal("notes.body", note_id, body)
    row = {"note_id": note_id, "conversation_id": conversation_id, "staff_id": staff_id, "body": sealed, "at": tx.now}
    tx.conn.execute(notes.insert(), row)
    return note_id
