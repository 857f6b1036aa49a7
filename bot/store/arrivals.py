"""Who came to talk with us, by which door, and from which state? A row a conversation; it outlives the person, of whom
it then says nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, ForeignKey, String, Table, bindparam, func, select, text

from bot.store.campaigns import recipients
from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.people import people
from bot.store.prepared import Prepared

arrivals = Table(
    "arrivals",
    metadata,
    Column("arrival_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="SET NULL"),
           unique=True),
    Column("recipient_id", String(32), ForeignKey("recipients.recipient_id", ondelete="SET NULL")),
    Column("door", String(12), nullable=False),  # campaign · direct · a door of flows/line.toml
    Column("language", String(2), nullable=False),
    Column("state", String(2)),  # where they seem to be; empty: nobody knows; NULL: not looked yet
    Column("came_at", UTCDateTime, nullable=False),
    Column("engaged_at", UTCDateTime),  # said that it is all right to text, or asked for a person
    partial("ix_arrivals_not_placed", "came_at", where="state IS NULL"),
    partial("ix_arrivals_recipient_id", "recipient_id", where="recipient_id IS NOT NULL"),
    partial("ix_arrivals_engaged_at", "engaged_at", where="engaged_at IS NOT NULL"),
)  # fmt: skip

_ADD = Prepared(
    text(
        "INSERT INTO arrivals (arrival_id, conversation_id, recipient_id, door, language, came_at, engaged_at)"
        " VALUES (:arrival_id, :conversation_id, :recipient_id, :door, :language, :came_at, :engaged_at)"
        " ON CONFLICT (conversation_id) DO UPDATE SET"
        " engaged_at = COALESCE(arrivals.engaged_at, excluded.engaged_at)"
    ).bindparams(bindparam("came_at", type_=UTCDateTime()), bindparam("engaged_at", type_=UTCDateTime()))
)
"""Once a conversation, whatever happens twice."""


class Unplaced(NamedTuple):
    """`number` is E.164, in clear, and None once they are erased."""

    arrival_id: str
    person_id: str | None
    number: str | None


def came(tx: Tx, conversation_id: str, *, door: str, language: str, engaged: bool = False,
         recipient_id: str | None = None) -> None:  # fmt: skip
    """They came by this door; and, once for all, they talk with us."""
    _ADD.run(tx, {
        "arrival_id": new_id(), "conversation_id": conversation_id, "recipient_id": recipient_id, "door": door,
        "language": language, "came_at": tx.now, "engaged_at": tx.now if engaged else None,
    })  # fmt: skip


def texted_as(tx: Tx, person_id: str) -> str | None:
    """The first text of a campaign that reached them last: what they answer, if they answer one."""
    r = recipients.c
    query = select(r.recipient_id).where(r.person_id == person_id, r.state == "released", r.step == 0)
    return tx.conn.execute(query.order_by(r.released_at.desc()).limit(1)).scalar()


def let_go(tx: Tx, conversation_ids: Collection[str]) -> None:
    """They are erased: what stays says that somebody came in that month, and not when, nor who."""
    a = arrivals.c
    rows = tx.conn.execute(select(a.arrival_id, a.came_at, a.engaged_at).where(a.conversation_id.in_(conversation_ids)))
    for row in rows.all():
        values = {"came_at": _begins(row.came_at), "engaged_at": _begins(row.engaged_at)}
        mine = arrivals.update().where(a.arrival_id == row.arrival_id)
        tx.conn.execute(mine.values(conversation_id=None, recipient_id=None, **values))


def _begins(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def unplaced(tx: Tx, before: datetime, limit: int) -> list[Unplaced]:
    """Those who came before then and of whom nobody has looked yet where they seem to be."""
    a, c, p = arrivals.c, conversations.c, people.c
    query = (
        select(a.arrival_id, p.person_id, p.phone)
        .select_from(arrivals)
        .outerjoin(conversations, c.conversation_id == a.conversation_id)
        .outerjoin(people, p.person_id == c.person_id)
        .where(a.state.is_(None), a.came_at <= before)
        .order_by(a.came_at)
        .limit(limit)
    )
    return [
        Unplaced(row.arrival_id, row.person_id,
                 tx.keys.open("people.phone", row.person_id, row.phone) if row.phone else None)
        for row in tx.conn.execute(query)
    ]  # fmt: skip


def place(tx: Tx, states: Mapping[str, str]) -> None:
    for arrival_id, state in states.items():
        tx.conn.execute(arrivals.update().where(arrivals.c.arrival_id == arrival_id).values(state=state))


def engaged_by_month(tx: Tx, since: datetime) -> dict[tuple[str, str], int]:
    """Substantive contacts by state (`` where nobody knows it) and month, from then on."""
    a = arrivals.c
    state, month = func.coalesce(a.state, ""), _month(tx)
    query = select(state, month, func.count()).where(a.engaged_at >= since).group_by(state, month)
    return {(where, when): n for where, when, n in tx.conn.execute(query)}


def engaged_since(tx: Tx, since: datetime) -> int:
    """How many began to talk with us from then on."""
    query = select(func.count()).select_from(arrivals).where(arrivals.c.engaged_at >= since)
    return tx.conn.execute(query).scalar_one()


def _month(tx: Tx) -> object:
    """As `2026-11`, in UTC."""
    a = arrivals.c
    if tx.conn.dialect.name == "sqlite":
        return func.strftime("%Y-%m", a.engaged_at)
    return func.to_char(func.timezone("UTC", a.engaged_at), "YYYY-MM")
