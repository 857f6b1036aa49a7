"""When did we last hear of an advocate: a poll of their page, a hand on a key, a break, heavy work behind them?"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, Column, ColumnElement, ForeignKey, String, Table, case, func, select

from bot.store.db import Tx, UTCDateTime, metadata
from bot.store.handoffs import handoffs
from bot.store.pages import alert_channels
from bot.store.staff import running_shifts, staff

presence = Table(
    "presence",
    metadata,
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), primary_key=True),
    Column("polled_at", UTCDateTime),
    Column("typed_at", UTCDateTime),
    Column("on_break", Boolean, nullable=False),
    Column("rests_until", UTCDateTime),  # after heavy work
)


class Colleague(NamedTuple):
    """One advocate on shift, with everything routing asks."""

    staff_id: str
    shift_from: datetime
    polled_at: datetime | None
    typed_at: datetime | None
    proved_at: datetime | None
    on_break: bool
    rests_until: datetime | None
    load: int
    capacity: int | None
    languages: str | None
    skills: str | None
    regions: str | None


def write(tx: Tx, staff_id: str, **values: object) -> None:
    """`polled_at`, `typed_at`, `on_break`, `rests_until`: what is given is written."""
    c = presence.c
    if tx.conn.execute(presence.update().where(c.staff_id == staff_id).values(**values)).rowcount == 0:
        tx.conn.execute(presence.insert(), {"staff_id": staff_id, "on_break": False, **values})


def polled_at(tx: Tx, staff_id: str) -> datetime | None:
    return tx.conn.execute(select(presence.c.polled_at).where(presence.c.staff_id == staff_id)).scalar()


def on_break(tx: Tx, staff_id: str) -> bool:
    return bool(tx.conn.execute(select(presence.c.on_break).where(presence.c.staff_id == staff_id)).scalar())


def team(tx: Tx, staff_id: str | None = None) -> list[Colleague]:
    """Everybody on shift now; or this one alone, if they are."""
    h, a, p, s = handoffs.c, alert_channels.c, presence.c, staff.c
    shift = running_shifts(tx.now).subquery()
    twice = func.sum(_weight())
    load = select(func.coalesce(twice, 0)).where(h.owner_id == s.staff_id, h.closed_at.is_(None)).scalar_subquery()
    proved = select(func.max(a.proved_at)).where(a.staff_id == s.staff_id).scalar_subquery()
    query = (
        select(s.staff_id, shift.c.starts_at, p.polled_at, p.typed_at, proved, func.coalesce(p.on_break, False),
               p.rests_until, load, s.capacity, s.languages, s.skills, s.regions)
        .join_from(staff, shift, shift.c.staff_id == s.staff_id)
        .outerjoin(presence, p.staff_id == s.staff_id)
        .order_by(s.staff_id)
    )  # fmt: skip
    if staff_id is not None:
        query = query.where(s.staff_id == staff_id)
    return [Colleague(*row) for row in tx.conn.execute(query)]


def load_of(tx: Tx, staff_id: str) -> int:
    """What they hold, a P0 counting double."""
    h = handoffs.c
    query = select(func.coalesce(func.sum(_weight()), 0)).where(h.owner_id == staff_id, h.closed_at.is_(None))
    return int(tx.conn.execute(query).scalar_one())


def _weight() -> ColumnElement[int]:
    return case((handoffs.c.tier == "P0", 2), else_=1)
