"""What happened in a span of time, as counts and moments for bot/rules/figures.py? Nothing here opens a sealed value.

The nightly canary is nobody: its hand-offs are left out of every number.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, select

from bot.store.audit import audit
from bot.store.canaries import canaries
from bot.store.db import Tx
from bot.store.directory import holds
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.promises import promises


class Opened(NamedTuple):
    """One hand-off: when it was flagged, first taken by a human, and first written to by one since."""

    tier: str
    opened_at: datetime
    taken_at: datetime | None
    wrote_at: datetime | None


class Asked(NamedTuple):
    """One question: of how many people, and how many of them wrote anything after it."""

    key: str
    asked: int
    went_on: int


class Placed(NamedTuple):
    """One place asked for: when its person first wrote, when it was asked for, promised, and moved into."""

    state: str
    wrote_at: datetime | None
    requested_at: datetime
    held_at: datetime | None
    arrived_at: datetime | None


_h, _m = handoffs.c, messages.c


def _not_canary() -> ColumnElement[bool]:
    return _h.handoff_id.not_in(select(canaries.c.handoff_id).where(canaries.c.handoff_id.is_not(None)))


def opened(tx: Tx, since: datetime, until: datetime) -> list[Opened]:
    """Every hand-off that was flagged in that span."""
    taken = (
        select(audit.c.object_id, func.min(audit.c.at).label("at"))
        .where(audit.c.act == "handoff_claimed", audit.c.at >= since)
        .group_by(audit.c.object_id)
        .subquery()
    )
    wrote = (
        select(func.min(_m.created_at))
        .where(_m.conversation_id == _h.conversation_id, _m.kind == "advocate", _m.created_at >= _h.opened_at)
        .scalar_subquery()
    )
    query = (
        select(_h.tier, _h.opened_at, taken.c.at, wrote)
        .join_from(handoffs, taken, taken.c.object_id == _h.handoff_id, isouter=True)
        .where(_h.opened_at >= since, _h.opened_at < until, _not_canary())
    )
    return [Opened(*row) for row in tx.conn.execute(query)]


def promised(tx: Tx, since: datetime, until: datetime) -> dict[str, int]:
    """How many promises made in that span ended how; `standing` are those that have not."""
    p = promises.c
    ending = func.coalesce(p.ending, "standing")
    query = select(ending, func.count()).where(p.made_at >= since, p.made_at < until).group_by(ending)
    return {str(word): n for word, n in tx.conn.execute(query)}


def questions(tx: Tx, keys: Collection[str], since: datetime, until: datetime) -> list[Asked]:
    """By text: how many conversations it was asked in, and in how many of those they wrote again afterwards."""
    where = (_m.key.in_(keys), _m.direction == "out", _m.created_at >= since, _m.created_at < until)
    first = select(_m.conversation_id, _m.key, func.min(_m.seq).label("seq")).where(*where)
    first = first.group_by(_m.conversation_id, _m.key).subquery()
    theirs = messages.alias().c
    later = select(theirs.message_id).where(
        theirs.conversation_id == first.c.conversation_id, theirs.direction == "in", theirs.seq > first.c.seq
    )
    went_on = func.sum(case((later.exists(), 1), else_=0))
    query = select(first.c.key, func.count(), went_on).group_by(first.c.key)
    return [Asked(key, n, int(on)) for key, n, on in tx.conn.execute(query)]


def placed(tx: Tx, since: datetime, until: datetime) -> list[Placed]:
    """Every place that was asked for in that span."""
    o = holds.c
    wrote = (
        select(func.min(_m.created_at))
        .where(_m.conversation_id == o.conversation_id, _m.direction == "in")
        .scalar_subquery()
    )
    arrived = case((o.state == "arrived", o.answered_at))
    query = select(o.state, wrote, o.requested_at, o.held_at, arrived)
    return [Placed(*row) for row in tx.conn.execute(query.where(o.requested_at >= since, o.requested_at < until))]
