"""To whom was a hand-off offered, and what did they say? And who sits beside whoever has it?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial

handoff_offers = Table(
    "handoff_offers",
    metadata,
    Column("handoff_offer_id", String(32), primary_key=True),
    Column("handoff_id", String(32), ForeignKey("handoffs.handoff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("climb", Integer, nullable=False),
    Column("by_id", String(32)),  # who gives it on
    Column("offered_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("answered_at", UTCDateTime),
    Column("answer", String(10)),
    Column("reason", String(20)),  # of DECLINES: never words
    CheckConstraint("kind IN ('next', 'transfer', 'rescue')", name="kind"),
    CheckConstraint("answer IN ('accepted', 'declined', 'timed_out', 'rescinded')", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    partial("uq_handoff_offers_open", "handoff_id", "staff_id", where="answered_at IS NULL", unique=True),
    Index("ix_handoff_offers_staff", "staff_id", "answered_at"),
    partial("ix_handoff_offers_expiry", "expires_at", where="answered_at IS NULL"),
)  # fmt: skip

DECLINES = ("full", "break", "language", "known_person", "other")
"""Why somebody passes: words of a list, for an audit must hold no story."""

second_chairs = Table(
    "second_chairs",
    metadata,
    Column("second_chair_id", String(32), primary_key=True),
    Column("handoff_id", String(32), ForeignKey("handoffs.handoff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("asked_by_id", String(32), nullable=False),
    Column("asked_at", UTCDateTime, nullable=False),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE")),  # who sat down
    Column("sat_at", UTCDateTime),
    Column("ended_at", UTCDateTime),
    CheckConstraint("(staff_id IS NULL) = (sat_at IS NULL)", name="sat"),
    partial("ix_second_chairs_open", "asked_at", where="ended_at IS NULL"),
)


class HandoffOffer(NamedTuple):
    handoff_offer_id: str
    handoff_id: str
    staff_id: str
    kind: str
    climb: int
    by_id: str | None
    offered_at: datetime
    expires_at: datetime
    answer: str | None


_o = handoff_offers.c
_FIELDS = tuple(_o[name] for name in HandoffOffer._fields)
_OPEN = _o.answered_at.is_(None)


def add(tx: Tx, handoff_id: str, staff_ids: Iterable[str], *, kind: str, climb: int, expires_at: datetime,
        by_id: str | None = None) -> None:  # fmt: skip
    rows = [
        {"handoff_offer_id": new_id(), "handoff_id": handoff_id, "staff_id": staff_id, "kind": kind, "climb": climb,
         "by_id": by_id, "offered_at": tx.now, "expires_at": expires_at}
        for staff_id in staff_ids
    ]  # fmt: skip
    if rows:
        tx.conn.execute(handoff_offers.insert(), rows)


def open_of(tx: Tx, handoff_id: str) -> list[HandoffOffer]:
    query = select(*_FIELDS).where(_o.handoff_id == handoff_id, _OPEN).order_by(_o.expires_at)
    return [HandoffOffer(*row) for row in tx.conn.execute(query)]


def open_to(tx: Tx, staff_id: str) -> list[HandoffOffer]:
    """What this advocate may accept now, the first to expire first."""
    query = select(*_FIELDS).where(_o.staff_id == staff_id, _OPEN, _o.expires_at > tx.now).order_by(_o.expires_at)
    return [HandoffOffer(*row) for row in tx.conn.execute(query)]


def open_count(tx: Tx) -> dict[str, int]:
    """By advocate: how many they were offered and have not answered. An offer takes room as a person does."""
    found: dict[str, int] = {}
    for (staff_id,) in tx.conn.execute(select(_o.staff_id).where(_OPEN, _o.kind != "rescue")):
        found[staff_id] = found.get(staff_id, 0) + 1
    return found


def get(tx: Tx, handoff_offer_id: str) -> HandoffOffer | None:
    row = tx.conn.execute(select(*_FIELDS).where(_o.handoff_offer_id == handoff_offer_id)).one_or_none()
    return None if row is None else HandoffOffer(*row)


def passed(tx: Tx, handoff_id: str, climb: int) -> frozenset[str]:
    """Who declined it in this climb. One that timed out may be offered again: they may just have come back."""
    query = select(_o.staff_id).where(_o.handoff_id == handoff_id, _o.climb == climb, _o.answer == "declined")
    return frozenset(tx.conn.execute(query).scalars())


def answer(tx: Tx, handoff_offer_id: str, word: str, reason: str | None = None) -> bool:
    """The first answer counts."""
    update = handoff_offers.update().where(_o.handoff_offer_id == handoff_offer_id, _OPEN)
    return tx.conn.execute(update.values(answer=word, answered_at=tx.now, reason=reason)).rowcount == 1


def end_all(tx: Tx, handoff_id: str, word: str, *, expired_only: bool = False) -> int:
    """What still stands ends so; returns how many."""
    where = [_o.handoff_id == handoff_id, _OPEN]
    if expired_only:
        where.append(_o.expires_at <= tx.now)
    return tx.conn.execute(handoff_offers.update().where(*where).values(answer=word, answered_at=tx.now)).rowcount


def expired(tx: Tx) -> list[str]:
    """Hand-offs with an offer that nobody answered in its time."""
    return list(tx.conn.execute(select(_o.handoff_id).where(_OPEN, _o.expires_at <= tx.now).distinct()).scalars())


class SecondChair(NamedTuple):
    second_chair_id: str
    handoff_id: str
    asked_by_id: str
    asked_at: datetime
    staff_id: str | None


_s = second_chairs.c
_CHAIR = tuple(_s[name] for name in SecondChair._fields)


def chair_of(tx: Tx, handoff_id: str) -> SecondChair | None:
    """The chair beside this hand-off: asked for, or taken."""
    query = select(*_CHAIR).where(_s.handoff_id == handoff_id, _s.ended_at.is_(None))
    row = tx.conn.execute(query.order_by(_s.asked_at).limit(1)).first()
    return None if row is None else SecondChair(*row)


def chairs(tx: Tx) -> list[SecondChair]:
    """All that are asked for or taken now, the longest first: what a lead sees."""
    query = select(*_CHAIR).where(_s.ended_at.is_(None)).order_by(_s.asked_at)
    return [SecondChair(*row) for row in tx.conn.execute(query)]


def ask_chair(tx: Tx, handoff_id: str, by_id: str) -> str:
    chair_id = new_id()
    row = {"second_chair_id": chair_id, "handoff_id": handoff_id, "asked_by_id": by_id, "asked_at": tx.now}
    tx.conn.execute(second_chairs.insert(), row)
    return chair_id


def sit(tx: Tx, second_chair_id: str, staff_id: str) -> bool:
    where = (_s.second_chair_id == second_chair_id, _s.staff_id.is_(None), _s.ended_at.is_(None))
    return tx.conn.execute(second_chairs.update().where(*where).values(staff_id=staff_id, sat_at=tx.now)).rowcount == 1


def end_chair(tx: Tx, handoff_id: str) -> bool:
    where = (_s.handoff_id == handoff_id, _s.ended_at.is_(None))
    return tx.conn.execute(second_chairs.update().where(*where).values(ended_at=tx.now)).rowcount > 0
