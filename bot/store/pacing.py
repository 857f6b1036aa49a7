"""What does the governor look at, and what did it decide? Counts, never a word of anybody's.

The counts are taken anew every second, so each of them reads an index or a handful of rows, however long the list is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    and_,
    case,
    func,
    or_,
    select,
)

from bot.rules.forecast import AGES, Sent
from bot.rules.freshness import Life
from bot.store.campaigns import campaigns, recipients
from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.directory import MATCHED, holds, organizations, programs, stocks
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.openings import stock_states

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("n", Integer, nullable=False),
    Column("per_hour", Integer, nullable=False),
    Column("code", String(20), nullable=False),
    Column("inputs", JSON, nullable=False),  # counts and moments: enough to decide again, and nothing of anybody
    Index(None, "campaign_id", "at"),
)

partial("ix_recipients_released", recipients.c.released_at, where="released_at IS NOT NULL")  # fmt: skip
partial("ix_recipients_released_of", recipients.c.campaign_id, recipients.c.released_at,
        where="released_at IS NOT NULL")  # fmt: skip
partial("ix_recipients_ready", recipients.c.campaign_id, recipients.c.language, recipients.c.ready_at,
        where="state = 'waiting'")  # fmt: skip
partial("ix_messages_recipient", messages.c.recipient_id, where="recipient_id IS NOT NULL")  # fmt: skip

KEPT = timedelta(days=14)
"""So long a decision can be decided again."""
_URGENT = ("P0", "P1", "P2")


@dataclass(frozen=True, slots=True)
class LastCount:
    """What was last said of one stock, less the places that are held."""

    region: str
    need: str
    available: int
    observed_at: datetime
    life: Life
    facets: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lately:
    """Texts of one campaign, released in the last minute, ten minutes and hour."""

    minute: int
    ten: int
    hour: int


@dataclass(frozen=True, slots=True)
class Decision:
    at: datetime
    n: int
    per_hour: int
    code: str
    inputs: Mapping[str, Any]


# Who is texted


def lately(tx: Tx) -> dict[str, Lately]:
    """Releases of the last hour, by campaign."""
    r = recipients.c
    minute, ten, hour = (tx.now - timedelta(minutes=minutes) for minutes in (1, 10, 60))
    query = (
        select(r.campaign_id, func.count(case((r.released_at > minute, 1))), func.count(case((r.released_at > ten, 1))),
               func.count())
        .where(r.released_at > hour)
        .group_by(r.campaign_id)
    )  # fmt: skip
    return {campaign_id: Lately(*counts) for campaign_id, *counts in tx.conn.execute(query)}


def sent(tx: Tx) -> dict[tuple[str, str], Sent]:
    """Texts that may still be answered, and whose people came to an advocate, by campaign and language."""
    r, k, h = recipients.c, conversations.c, handoffs.c
    oldest = tx.now - timedelta(minutes=AGES[-1])
    groups = _by_age(tx, r.released_at)
    texts = select(r.campaign_id, r.language, *groups).where(r.released_at > oldest)
    came = (
        select(r.recipient_id, r.campaign_id, r.language, r.released_at)
        .distinct()
        .join_from(handoffs, conversations, k.conversation_id == h.conversation_id)
        .join(recipients, r.person_id == k.person_id)
        .where(h.opened_at > oldest, r.released_at > oldest, h.opened_at >= r.released_at)
        .subquery()
    )
    c = came.c
    counted = select(c.campaign_id, c.language, *_by_age(tx, c.released_at)).group_by(c.campaign_id, c.language)
    arrived = {(one, language): tuple(n) for one, language, *n in tx.conn.execute(counted)}
    rows = tx.conn.execute(texts.group_by(r.campaign_id, r.language))
    return {(one, lang): Sent(tuple(n), arrived.get((one, lang), Sent().came)) for one, lang, *n in rows}


def _by_age(tx: Tx, released_at: ColumnElement[Any]) -> list[ColumnElement[int]]:
    edges = [tx.now - timedelta(minutes=minutes) for minutes in (0.0, *AGES)]
    edges[0] = tx.now + timedelta(days=1)  # a clock beside ours may be a little ahead
    pairs = zip(edges[1:], edges, strict=False)
    return [func.count(case((and_(released_at > old, released_at <= new), 1))) for old, new in pairs]


def unsent(tx: Tx, older_than: datetime) -> int:
    """Campaign texts that were released before this moment and have still not left for the carrier."""
    c = messages.c
    where = (c.status.in_(("queued", "sending")), c.kind == "campaign", c.due_at <= older_than)
    return tx.conn.execute(select(func.count()).select_from(messages).where(*where)).scalar_one()


def released_since(tx: Tx, campaign_id: str, since: datetime, most: int) -> tuple[int, datetime | None]:
    """How many of the campaign's texts were released from then on, counted no further than `most`, and the last."""
    r = recipients.c
    mine = (r.campaign_id == campaign_id, r.released_at >= since)
    some = select(r.released_at).where(*mine).limit(most).subquery()
    n = tx.conn.execute(select(func.count()).select_from(some)).scalar_one()
    return n, tx.conn.execute(select(func.max(r.released_at)).where(*mine)).scalar()


def released_lately(tx: Tx, campaign_id: str, span: timedelta) -> bool:
    """Whether a first text of it was released so lately."""
    r = recipients.c
    where = (r.campaign_id == campaign_id, r.released_at > tx.now - span, r.step == 0)
    return tx.conn.execute(select(r.recipient_id).where(*where).limit(1)).first() is not None


def first_ready(tx: Tx, campaign_id: str, language: str, most: int) -> int:
    """How many recipients who read this language may be texted at this hour, counted no further than `most`."""
    some = select(recipients.c.recipient_id).where(*_waiting(campaign_id, language), recipients.c.ready_at <= tx.now)
    return tx.conn.execute(select(func.count()).select_from(some.limit(most).subquery())).scalar_one()


def later(tx: Tx, campaign_id: str, language: str) -> tuple[int, datetime | None]:
    """How many of them wait for their hours, and when the next ones open."""
    c = recipients.c
    where = (*_waiting(campaign_id, language), or_(c.ready_at > tx.now, c.ready_at.is_(None)))
    n, opens = tx.conn.execute(select(func.count(), func.min(c.ready_at)).where(*where)).one()
    return n, opens


def _waiting(campaign_id: str, language: str) -> tuple[ColumnElement[bool], ...]:
    c = recipients.c
    return c.campaign_id == campaign_id, c.language == language, c.state == "waiting"


def languages(tx: Tx, campaign_id: str, known: Collection[str]) -> list[str]:
    """Those of the known languages in which somebody still waits."""
    found = []
    for language in known:
        query = select(recipients.c.recipient_id).where(*_waiting(campaign_id, language)).limit(1)
        if tx.conn.execute(query).first() is not None:
            found.append(language)
    return found


def areas(tx: Tx, campaign_ids: Collection[str]) -> dict[str, str]:
    """The area of each of these campaigns."""
    c = campaigns.c
    rows = tx.conn.execute(select(c.campaign_id, c.area).where(c.campaign_id.in_(campaign_ids)))
    return {campaign_id: tx.keys.open("campaigns.area", campaign_id, sealed) for campaign_id, sealed in rows}


def waiting(tx: Tx) -> int:
    """People nobody has taken yet, of the tiers that must not wait."""
    h = handoffs.c
    query = select(func.count()).select_from(handoffs).where(h.state == "waiting", h.tier.in_(_URGENT))
    return tx.conn.execute(query).scalar_one()


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
        select(programs.c.region, programs.c.need, programs.c.facets, t.available, held.c.n, t.observed_at, t.yes_h,
               t.full_h, t.yes_floor, t.full_top, t.usual)
        .join_from(stocks, programs, programs.c.program_id == stocks.c.program_id)
        .join(organizations, organizations.c.organization_id == programs.c.organization_id)
        .join(stock_states, t.stock_id == stocks.c.stock_id)
        .outerjoin(held, held.c.stock_id == stocks.c.stock_id)
        .where(*MATCHED, t.silent_at.is_(None))
    )  # fmt: skip
    return [
        LastCount(region, need, max(0, available - (held or 0)), at, Life(*life), dict(facets or {}))
        for region, need, facets, available, held, at, *life in tx.conn.execute(query)
    ]


def any_unplanned(tx: Tx, campaign_id: str) -> bool:
    """Whether a waiting recipient's hours were not worked out yet."""
    c = recipients.c
    where = (c.campaign_id == campaign_id, c.state == "waiting", c.ready_at.is_(None))
    return tx.conn.execute(select(c.recipient_id).where(*where).limit(1)).first() is not None


# What was decided


def remember(tx: Tx, campaign_id: str, decision: Decision) -> None:
    """Keep what a decision rested on; what is too old to matter goes on the way."""
    tx.conn.execute(decisions.delete().where(decisions.c.at < tx.now - KEPT))
    row = {"decision_id": new_id(), "campaign_id": campaign_id, "at": decision.at, "n": decision.n,
           "per_hour": decision.per_hour, "code": decision.code, "inputs": dict(decision.inputs)}  # fmt: skip
    tx.conn.execute(decisions.insert(), row)


def last_code(tx: Tx, campaign_id: str) -> str | None:
    d = decisions.c
    query = select(d.code).where(d.campaign_id == campaign_id).order_by(d.at.desc(), d.decision_id.desc()).limit(1)
    return tx.conn.execute(query).scalar()


def decided(tx: Tx, campaign_id: str, since: datetime) -> list[Decision]:
    """What was decided of this campaign from then on, in order."""
    d = decisions.c
    query = select(d.at, d.n, d.per_hour, d.code, d.inputs).where(d.campaign_id == campaign_id, d.at >= since)
    return [Decision(*row) for row in tx.conn.execute(query.order_by(d.at, d.decision_id))]


def released_by_hour(tx: Tx, campaign_id: str, hours: int) -> list[int]:
    """Texts released in each of the last hours, the latest last."""
    r = recipients.c
    edges = [tx.now - timedelta(hours=n) for n in range(hours, -1, -1)]
    counts = [func.count(case((and_(r.released_at > a, r.released_at <= b), 1))) for a, b in pairwise(edges)]
    where = (r.campaign_id == campaign_id, r.released_at > edges[0])
    return [int(n) for n in tx.conn.execute(select(*counts).where(*where)).one()]
