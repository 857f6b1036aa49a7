"""Who waits for a human, since when, and who has them? An open hand-off without an alarm cannot be stored.

This file is the only one that writes an owner. What was offered to whom stands in `handoff_offers`, what the ladder did
in `ladder_steps`, and the epoch that fences every text on the conversation itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    case,
    func,
    or_,
    select,
)

from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial

FREE = ("waiting", "offered")
"""Nobody's: anyone may take it."""
OWNED = ("owned", "transferring", "parked", "until_safe", "wrap_up")
"""Somebody's: offered on to another, put off to an hour, open until they are safe, or said and not yet written up."""

handoffs = Table(
    "handoffs",
    metadata,
    Column("handoff_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False),
    Column("tier", String(2), nullable=False),
    Column("reason", String(30), nullable=False),
    Column("state", String(12), nullable=False),
    Column("owner_id", String(32), ForeignKey("staff.staff_id")),
    Column("step", Integer, nullable=False),  # how far up the ladder
    Column("next_at", UTCDateTime),  # the alarm
    Column("promised_at", UTCDateTime),  # what the person was told
    Column("opened_at", UTCDateTime, nullable=False),
    Column("claimed_at", UTCDateTime),
    Column("closed_at", UTCDateTime),
    Column("outcome", String(30)),
    Column("climb", Integer, nullable=False, default=0),  # grows whenever the ladder begins again
    Column("inbound_seq", Integer, nullable=False, default=0),  # their last text since somebody has them
    Column("seen_seq", Integer, nullable=False, default=0),  # up to here it was rendered to the owner
    Column("answered_seq", Integer, nullable=False, default=0),
    Column("climb_at", UTCDateTime),  # since when the steps of this climb count
    Column("closed_by_id", String(32)),
    Column("outcome_at", UTCDateTime),  # when it came about: they arrived, the bed was held
    Column("reopens_id", String(32)),  # the hand-off this one goes on from
    CheckConstraint("tier IN ('P0', 'P1', 'P2', 'P3')", name="tier"),
    CheckConstraint("state IN ('waiting', 'offered', 'owned', 'transferring', 'parked', 'until_safe', 'wrap_up', "
                    "'closed')", name="state"),
    CheckConstraint("state = 'closed' OR next_at IS NOT NULL", name="alarm"),
    CheckConstraint("(state IN ('owned', 'transferring', 'parked', 'until_safe', 'wrap_up')) = "
                    "(owner_id IS NOT NULL AND closed_at IS NULL)", name="owner"),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
    CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name="closer"),  # no timer ever closes one
    partial("uq_handoffs_open", "conversation_id", where="closed_at IS NULL", unique=True),
    partial("ix_handoffs_free", "tier", "opened_at", where="owner_id IS NULL AND closed_at IS NULL"),
    partial("ix_handoffs_owner", "owner_id", where="closed_at IS NULL"),
    Index("ix_handoffs_conversation", "conversation_id", "closed_at"),
    partial("ix_handoffs_alarm", "next_at", where="closed_at IS NULL"),
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
    climb: int
    climb_at: datetime | None
    step: int
    next_at: datetime | None
    promised_at: datetime | None
    opened_at: datetime
    claimed_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    inbound_seq: int
    seen_seq: int
    answered_seq: int

    @property
    def is_free(self) -> bool:
        return self.state in FREE

    @property
    def is_owned(self) -> bool:
        return self.state in OWNED

    @property
    def unseen(self) -> bool:
        return self.inbound_seq > self.seen_seq

    @property
    def unanswered(self) -> bool:
        return self.inbound_seq > self.answered_seq


_h = handoffs.c
_FIELDS = tuple(_h[name] for name in Handoff.__dataclass_fields__)
_MOST_URGENT_FIRST = (_h.tier, _h.opened_at, _h.handoff_id)
_IS_FREE = (_h.owner_id.is_(None), _h.closed_at.is_(None))
_IS_OWNED = (_h.owner_id.is_not(None), _h.closed_at.is_(None))


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
            "state": "waiting", "climb": 0, "climb_at": tx.now, "step": 0, "next_at": next_at,
            "promised_at": promised_at, "opened_at": tx.now,
        }  # fmt: skip
        tx.conn.execute(handoffs.insert(), row)
        return handoff_id
    values: dict[str, object] = {}
    if str(tier) < standing.tier:
        values |= {"tier": str(tier), "reason": reason, **_new_climb(tx)}
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
    query = select(*_FIELDS).where(*_IS_FREE).order_by(*_MOST_URGENT_FIRST)
    return [Handoff(*row) for row in tx.conn.execute(query)]


def longest_waiting(tx: Tx, tier: str, limit: int) -> list[Handoff]:
    """The first of one tier: whoever is next is among the first of some tier."""
    query = select(*_FIELDS).where(*_IS_FREE, _h.tier == tier).order_by(_h.opened_at).limit(limit)
    return [Handoff(*row) for row in tx.conn.execute(query)]


def owned_by(tx: Tx, staff_id: str) -> list[Handoff]:
    """Those this advocate holds, in the order they were taken."""
    query = select(*_FIELDS).where(_h.owner_id == staff_id, _h.closed_at.is_(None))
    return [Handoff(*row) for row in tx.conn.execute(query.order_by(_h.claimed_at))]


def list_open(tx: Tx) -> list[Handoff]:
    """Waiting and owned, most urgent first."""
    query = select(*_FIELDS).where(_h.closed_at.is_(None)).order_by(*_MOST_URGENT_FIRST)
    return [Handoff(*row) for row in tx.conn.execute(query)]


def due(tx: Tx, now: datetime, limit: int = 500) -> list[Handoff]:
    """Open ones whose alarm has come, the longest overdue first."""
    query = select(*_FIELDS).where(_h.closed_at.is_(None), _h.next_at <= now)
    return [Handoff(*row) for row in tx.conn.execute(query.order_by(_h.next_at).limit(limit))]


def promises_due(tx: Tx, before: datetime) -> list[Handoff]:
    """Nobody's yet, though a wait was promised that ends before then; the earliest first."""
    query = select(*_FIELDS).where(*_IS_FREE, handoffs.c.promised_at <= before)
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


def _new_climb(tx: Tx) -> dict[str, object]:
    """The ladder begins again: its steps are counted, and recorded, anew."""
    return {"climb": _h.climb + 1, "climb_at": tx.now, "step": 0}


def climb_again(tx: Tx, handoff_id: str, next_at: datetime) -> None:
    where = (_h.handoff_id == handoff_id, _h.closed_at.is_(None))
    tx.conn.execute(handoffs.update().where(*where).values(next_at=next_at, **_new_climb(tx)))


def claim(tx: Tx, handoff_id: str, staff_id: str, next_at: datetime, seq: int = 0) -> bool:
    """One conditional UPDATE: of two who press at once exactly one is told True. `seq` is the thread's last place:
    until its owner has seen and answered what stands there, the silent ladder climbs."""
    values = {"state": "owned", "owner_id": staff_id, "claimed_at": tx.now, "next_at": next_at,
              "inbound_seq": seq, "seen_seq": 0, "answered_seq": 0, **_new_climb(tx)}  # fmt: skip
    return _changed(tx, handoff_id, values, _h.state.in_(FREE), _h.owner_id.is_(None))


def give_back(tx: Tx, handoff_id: str, next_at: datetime) -> None:
    """Nobody's again, at the same tier and with an alarm. The caller holds the conversation's lock."""
    values = {"state": "waiting", "owner_id": None, "claimed_at": None, "next_at": next_at, **_new_climb(tx)}
    _changed(tx, handoff_id, values, _h.state.in_(OWNED))


def change_owner(tx: Tx, handoff_id: str, *, from_id: str, to_id: str, next_at: datetime) -> bool:
    """From hand to hand, with no moment between: only while it is still theirs."""
    values = {"state": "owned", "owner_id": to_id, "claimed_at": tx.now, "next_at": next_at, **_new_climb(tx)}
    return _changed(tx, handoff_id, values, _h.state.in_(OWNED), _h.owner_id == from_id)


def set_state(tx: Tx, handoff_id: str, state: str, next_at: datetime, *, among: tuple[str, ...],
              owner_id: str | None = None) -> bool:  # fmt: skip
    """Another state of the same owner, or of nobody, and when it is looked at. False when it is in none of `among`,
    or no longer theirs."""
    values = {"state": state, "next_at": next_at, **_new_climb(tx)}
    return _changed(tx, handoff_id, values, _h.state.in_(among), _h.owner_id.is_not_distinct_from(owner_id))


def offered(tx: Tx, handoff_id: str, state: str, *, among: tuple[str, ...]) -> bool:
    """Offered, or no longer offered; the ladder goes on as it went."""
    return _changed(tx, handoff_id, {"state": state}, _h.state.in_(among))


def heard(tx: Tx, conversation_id: str, seq: int, next_at: datetime) -> None:
    """They wrote to whoever has them: unseen until it was rendered, and a parked one is theirs again at once."""
    where = (_h.conversation_id == conversation_id, *_IS_OWNED)
    values = {"inbound_seq": seq, "state": case((_h.state == "parked", "owned"), else_=_h.state)}
    # What stands unanswered keeps its climb: a second text must not turn the first one's alarm back.
    first = handoffs.update().where(*where, or_(_h.inbound_seq <= _h.answered_seq, _h.state == "parked"))
    if tx.conn.execute(first.values(**values, next_at=next_at, **_new_climb(tx))).rowcount == 0:
        tx.conn.execute(handoffs.update().where(*where).values(**values))


def saw(tx: Tx, handoff_id: str, staff_id: str, seq: int) -> bool:
    """Rendered to its owner up to this place in the thread. Nothing that was not written can have been seen."""
    seen = func.min(_h.inbound_seq, seq) if tx.conn.dialect.name == "sqlite" else func.least(_h.inbound_seq, seq)
    return _changed(tx, handoff_id, {"seen_seq": seen}, _h.owner_id == staff_id, _h.seen_seq < seen)


def answered(tx: Tx, handoff_id: str, next_at: datetime) -> None:
    """Their owner wrote: what they said until now is seen and answered."""
    values = {"seen_seq": _h.inbound_seq, "answered_seq": _h.inbound_seq, "next_at": next_at, **_new_climb(tx)}
    _changed(tx, handoff_id, values, _h.state.in_(OWNED))


def not_answered(tx: Tx, handoff_id: str, answered_seq: int, next_at: datetime) -> None:
    """What answered them was taken back: they wait again, and the ladder is silent no more. Never undoes a later answer
    to what they have written since."""
    values = {"answered_seq": answered_seq, "next_at": next_at, **_new_climb(tx)}
    _changed(tx, handoff_id, values, _h.state.in_(OWNED), _h.answered_seq > answered_seq)


def close(tx: Tx, handoff_id: str, outcome: str, *, by_id: str, owner_id: str | None = None,
          outcome_at: datetime | None = None) -> bool:  # fmt: skip
    """Over: no owner and no alarm any more. `by_id` is who closed it: a person, never a timer. With `owner_id`, only if
    it is still theirs. False when nothing changed."""
    where: list[ColumnElement[bool]] = [] if owner_id is None else [_h.owner_id == owner_id]
    values = {"state": "closed", "closed_at": tx.now, "closed_by_id": by_id, "next_at": None, "outcome": outcome,
              "outcome_at": outcome_at or tx.now}  # fmt: skip
    return _changed(tx, handoff_id, values, *where)


def _changed(tx: Tx, handoff_id: str, values: dict[str, object], *where: ColumnElement[bool]) -> bool:
    changes = handoffs.update().where(_h.handoff_id == handoff_id, _h.closed_at.is_(None), *where)
    return tx.conn.execute(changes.values(**values)).rowcount == 1


def closed_last(tx: Tx, person_id: str, since: datetime) -> Handoff | None:
    """The hand-off of this person that was closed last, if that was after then."""
    theirs = select(conversations.c.conversation_id).where(conversations.c.person_id == person_id)
    query = select(*_FIELDS).where(_h.conversation_id.in_(theirs), _h.closed_at > since)
    row = tx.conn.execute(query.order_by(_h.closed_at.desc()).limit(1)).first()
    return None if row is None else Handoff(*row)


def of_person(tx: Tx, person_id: str) -> list[Handoff]:
    """Every hand-off of this person, the latest first."""
    theirs = select(conversations.c.conversation_id).where(conversations.c.person_id == person_id)
    query = select(*_FIELDS).where(_h.conversation_id.in_(theirs)).order_by(_h.opened_at.desc(), _h.handoff_id.desc())
    return [Handoff(*row) for row in tx.conn.execute(query)]


def goes_on_from(tx: Tx, handoff_id: str, earlier_id: str) -> None:
    """They wrote again after that one was closed."""
    _changed(tx, handoff_id, {"reopens_id": earlier_id})


def add_note(tx: Tx, *, conversation_id: str, staff_id: str, body: str) -> str:
    """An internal note; never sent to anyone."""
    note_id = new_id()
    sealed = tx.keys.seal("notes.body", note_id, body)
    row = {"note_id": note_id, "conversation_id": conversation_id, "staff_id": staff_id, "body": sealed, "at": tx.now}
    tx.conn.execute(notes.insert(), row)
    return note_id
