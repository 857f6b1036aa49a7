"""Which texts did the carrier take, and has said nothing final of?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select

from bot.store.db import Tx
from bot.store.messages import messages

_m = messages.c


@dataclass(frozen=True, slots=True)
class Silent:
    message_id: str
    provider_sid: str
    last: bool
    """Whether it is asked for no more after this."""


def any_due(tx: Tx, after: timedelta, until: timedelta) -> bool:
    return tx.conn.execute(select(_m.message_id).where(*_silent(tx, after, until)).limit(1)).first() is not None


def claim(tx: Tx, after: Sequence[timedelta], until: timedelta, limit: int) -> list[Silent]:
    """Those to be asked for now, the oldest first. Each is asked for once at each of these ages, whoever else looks."""
    query = select(_m.message_id, _m.provider_sid, _m.sent_at)
    query = query.where(*_silent(tx, after[0], until)).order_by(_m.sent_at).limit(limit)
    rows = tx.conn.execute(query.with_for_update(skip_locked=True)).all()
    claimed = []
    for row in rows:
        again = next((row.sent_at + age for age in after if row.sent_at + age > tx.now), None)
        mine = messages.update().where(_m.message_id == row.message_id)
        tx.conn.execute(mine.values(lease_until=again or row.sent_at + until))
        claimed.append(Silent(row.message_id, row.provider_sid, again is None))
    return claimed


def _silent(tx: Tx, after: timedelta, until: timedelta) -> tuple[ColumnElement[bool], ...]:
    due = or_(_m.lease_until.is_(None), _m.lease_until <= tx.now)
    between = (_m.sent_at <= tx.now - after, _m.sent_at > tx.now - until)
    return (_m.direction == "out", _m.status == "sent", _m.provider_sid.is_not(None), *between, due)
