"""How does a colleague stand with their ways to be called: which address, which call last, and what rings now?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from bot.store.db import Tx
from bot.store.handoffs import handoffs
from bot.store.pages import Channel, alert_channels, pages

_a, _p = alert_channels.c, pages.c


def addresses_of(tx: Tx, staff_id: str) -> dict[str, str]:
    """By channel, in clear: for its owner, who is shown no more of it than they need to know it by."""
    query = select(_a.channel_id, _a.address).where(_a.staff_id == staff_id)
    rows = tx.conn.execute(query)
    return {channel_id: tx.keys.open("alert_channels.address", channel_id, sealed) for channel_id, sealed in rows}


def last_calls(tx: Tx, staff_id: str) -> dict[str, Any]:
    """By channel: the call made last, with its state and moments."""
    latest = select(_p.channel_id, func.max(_p.page_id).label("page_id")).where(_p.staff_id == staff_id)
    latest = latest.group_by(_p.channel_id).subquery()
    query = select(_p.channel_id, _p.page_id, _p.state, _p.why, _p.code, _p.created_at, _p.sent_at, _p.heard_at)
    query = query.join_from(pages, latest, latest.c.page_id == _p.page_id)
    return {row.channel_id: row for row in tx.conn.execute(query)}


def devices(tx: Tx) -> list[Channel]:
    """Every device that a browser calls."""
    query = select(*(_a[name] for name in Channel._fields)).where(_a.kind == "push")
    return [Channel(*row) for row in tx.conn.execute(query)]


def ringing(tx: Tx, staff_id: str, since: datetime) -> list[Any]:
    """Calls made since then that this account has not answered and that still stand: their hand-off, where they have
    one, is nobody's or this account's. One row for each channel that rang, the latest first."""
    still = or_(
        _p.handoff_id.is_(None),
        select(handoffs.c.handoff_id)
        .where(handoffs.c.handoff_id == _p.handoff_id, handoffs.c.closed_at.is_(None),
               or_(handoffs.c.owner_id.is_(None), handoffs.c.owner_id == staff_id, _p.why == "second_chair"))
        .exists(),
    )  # fmt: skip
    other = pages.alias().c
    answered = select(other.page_id).where(other.call_key == _p.call_key, other.state == "heard").exists()
    mine = (_p.staff_id == staff_id, _p.state.in_(("sending", "sent")), _p.created_at > since, still, ~answered)
    query = select(_p.page_id, _p.call_key, _p.why, _p.code, _p.created_at, _a.kind).join_from(
        pages, alert_channels, _a.channel_id == _p.channel_id
    )
    return list(tx.conn.execute(query.where(*mine).order_by(_p.created_at.desc(), _p.page_id)).all())
