"""What does the governor look at? Counts over campaigns, and the openings of an area; nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from bot.rules.freshness import Life
from bot.store.campaigns import recipients
from bot.store.db import Tx
from bot.store.directory import MATCHED, holds, organizations, programs, stocks
from bot.store.messages import messages
from bot.store.openings import stock_states


@dataclass(frozen=True, slots=True)
class LastCount:
    """What was last said of one stock, less the places that are held."""

    region: str
    available: int
    observed_at: datetime
    life: Life


def released_since(tx: Tx, since: datetime) -> int:
    """Recipients of any campaign released after this moment."""
    query = select(func.count()).select_from(recipients).where(recipients.c.released_at > since)
    return tx.conn.execute(query).scalar_one()


def in_flight(tx: Tx, older_than: datetime) -> int:
    """Campaign texts that were released before this moment and have still not left for the carrier."""
    c = messages.c
    where = (c.status.in_(("queued", "sending")), c.kind == "campaign", c.due_at <= older_than)
    return tx.conn.execute(select(func.count()).select_from(messages).where(*where)).scalar_one()


def nth_released_at(tx: Tx, campaign_id: str, nth: int) -> datetime | None:
    """When the campaign's nth text was released, counting from one."""
    c = recipients.c
    query = select(c.released_at).where(c.campaign_id == campaign_id, c.state == "released").order_by(c.released_at)
    return tx.conn.execute(query.limit(1).offset(nth - 1)).scalar()


def queue_of(tx: Tx, campaign_id: str) -> tuple[int, int, datetime | None]:
    """Waiting recipients: how many are ready, how many still wait for their hours, and when the next ones open."""
    c = recipients.c
    waiting = (c.campaign_id == campaign_id, c.state == "waiting")
    count = select(func.count()).select_from(recipients)
    ready = tx.conn.execute(count.where(*waiting, c.ready_at <= tx.now)).scalar_one()
    later = or_(c.ready_at > tx.now, c.ready_at.is_(None))
    n, opens = tx.conn.execute(select(func.count(), func.min(c.ready_at)).where(*waiting, later)).one()
    return ready, n, opens


def regions(tx: Tx) -> list[str]:
    """Where there are programs that may be offered."""
    query = select(programs.c.region).where(programs.c.status == "active").distinct().order_by(programs.c.region)
    return list(tx.conn.execute(query).scalars())


def last_counts(tx: Tx) -> list[LastCount]:
    """The newest count of every stock of an active program of an approved organization, of which somebody knows."""
    h, t = holds.c, stock_states.c
    held = (
        select(h.stock_id, func.count().label("n"))
        .where(h.state.in_(("asked", "held")), or_(h.expires_at.is_(None), h.expires_at > tx.now))
        .group_by(h.stock_id)
        .subquery()
    )
    query = (
        select(programs.c.region, t.available, held.c.n, t.observed_at, t.yes_h, t.full_h, t.yes_floor, t.full_top,
               t.usual)
        .join_from(stocks, programs, programs.c.program_id == stocks.c.program_id)
        .join(organizations, organizations.c.organization_id == programs.c.organization_id)
        .join(stock_states, t.stock_id == stocks.c.stock_id)
        .outerjoin(held, held.c.stock_id == stocks.c.stock_id)
        .where(*MATCHED, t.silent_at.is_(None))
    )  # fmt: skip
    return [
        LastCount(region, max(0, available - (held or 0)), at, Life(*life))
        for region, available, held, at, *life in tx.conn.execute(query)
    ]


def any_unplanned(tx: Tx, campaign_id: str) -> bool:
    """Whether a waiting recipient's hours were not worked out yet."""
    c = recipients.c
    where = (c.campaign_id == campaign_id, c.state == "waiting", c.ready_at.is_(None))
    return tx.conn.execute(select(c.recipient_id).where(*where).limit(1)).first() is not None
