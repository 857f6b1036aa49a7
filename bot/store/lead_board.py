"""What does a lead see of everybody at once? Open hand-offs with their alarms, promises, and ways to be called."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from bot.store.conversations import conversations
from bot.store.db import Tx
from bot.store.handoffs import handoffs
from bot.store.pages import alert_channels
from bot.store.people import people
from bot.store.promises import promises


class OpenRow(NamedTuple):
    """One open hand-off. A call-sign, never a number."""

    handoff_id: str
    conversation_id: str
    call_sign: str
    language: str
    tier: str
    reason: str
    state: str
    owner_id: str | None
    opened_at: datetime
    promised_at: datetime | None
    next_at: datetime
    step: int
    inbound_seq: int
    seen_seq: int
    answered_seq: int
    last_inbound_at: datetime | None


class AtRisk(NamedTuple):
    """A promise that ends soon, or has ended, and still stands."""

    promise_id: str
    conversation_id: str
    call_sign: str
    key: str
    due_at: datetime
    owner_id: str | None
    handed_over: bool


class Path(NamedTuple):
    """One way to call a colleague, and when it last worked."""

    staff_id: str
    kind: str
    proved_at: datetime | None
    failed_at: datetime | None


_h, _c, _p = handoffs.c, conversations.c, people.c


def open_rows(tx: Tx, most: int) -> tuple[list[OpenRow], int]:
    """So many at the most, and how many there are: those nobody has before those who are not answered, before the
    others, each by tier and by who waits longest."""
    query = (
        select(_h.handoff_id, _h.conversation_id, _p.call_sign, _p.language, _h.tier, _h.reason, _h.state, _h.owner_id,
               _h.opened_at, _h.promised_at, _h.next_at, _h.step, _h.inbound_seq, _h.seen_seq, _h.answered_seq,
               _c.last_inbound_at)
        .join_from(handoffs, conversations, _h.conversation_id == _c.conversation_id)
        .join(people, _p.person_id == _c.person_id)
        .where(_h.closed_at.is_(None))
        .order_by(_h.owner_id.is_not(None), _h.inbound_seq <= _h.answered_seq, _h.tier, _h.opened_at)
        .limit(most)
    )  # fmt: skip
    rows = [OpenRow(*row) for row in tx.conn.execute(query)]
    if len(rows) < most:
        return rows, len(rows)
    return rows, tx.conn.execute(select(func.count()).where(_h.closed_at.is_(None))).scalar_one()


def at_risk(tx: Tx, before: datetime, most: int) -> list[AtRisk]:
    """The earliest first. Those that gave no time ("as soon as somebody is on") are due when they are looked at."""
    p = promises.c
    query = (
        select(p.promise_id, p.conversation_id, _p.call_sign, p.key, p.due_at, _h.owner_id, _h.handoff_id)
        .join_from(promises, conversations, _c.conversation_id == p.conversation_id)
        .join(people, _p.person_id == _c.person_id)
        .outerjoin(handoffs, (_h.conversation_id == p.conversation_id) & _h.closed_at.is_(None))
        .where(p.ended_at.is_(None), p.due_at <= before)
        .order_by(p.due_at, p.promise_id)
        .limit(most)
    )
    return [AtRisk(*row[:6], row.handoff_id is not None) for row in tx.conn.execute(query)]


def paths(tx: Tx, staff_ids: Collection[str]) -> list[Path]:
    a = alert_channels.c
    query = select(a.staff_id, a.kind, a.proved_at, a.failed_at).where(a.staff_id.in_(staff_ids))
    return [Path(*row) for row in tx.conn.execute(query.order_by(a.staff_id, a.place))]
