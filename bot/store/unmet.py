"""For whom does a search go on, and what was asked for that nobody could give? Searches by person; needs as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from sqlalchemy import Column, ForeignKey, String, Table, func, select

from bot.store.conversations import conversations
from bot.store.db import Tx, UTCDateTime, metadata

searches = Table(
    "searches",
    metadata,
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           primary_key=True),
    Column("began_at", UTCDateTime, nullable=False),
    Column("looked_at", UTCDateTime, nullable=False),
    Column("found_at", UTCDateTime),  # something fits since then; an advocate was told
)  # fmt: skip

unmet_needs = Table(
    "unmet_needs",
    metadata,
    Column("unmet_id", String(32), primary_key=True),  # random: in no order, and of nobody
    Column("day", String(10), nullable=False, index=True),
    Column("need", String(20), nullable=False),
    Column("area", String(3), nullable=False),  # three ZIP digits; empty: anywhere, or not said
    Column("reason", String(16), nullable=False),  # no_program · does_not_fit · full · not_sure
    Column("who", String(10), nullable=False),  # men · trans · family · under18 · women · other: what was asked for
)


@dataclass(frozen=True, slots=True)
class Unmet:
    """So many times in a span of days nothing could be told."""

    need: str
    area: str
    reason: str
    who: str
    n: int


def keep_looking(tx: Tx, conversation_id: str) -> bool:
    """Begin a search that goes on; one that is on goes on from now. True when it is new."""
    c = searches.c
    values = {"looked_at": tx.now, "found_at": None}
    mine = searches.update().where(c.conversation_id == conversation_id)
    if tx.conn.execute(mine.values(**values)).rowcount:
        return False
    tx.conn.execute(searches.insert(), {"conversation_id": conversation_id, "began_at": tx.now, **values})
    return True


def stop_looking(tx: Tx, conversation_id: str) -> None:
    tx.conn.execute(searches.delete().where(searches.c.conversation_id == conversation_id))


def looking(tx: Tx) -> list[tuple[str, datetime]]:
    """Searches that have found nothing yet and whose conversation lives, longest unlooked first: whose, and when each
    was last looked for."""
    c, v = searches.c, conversations.c
    query = select(c.conversation_id, c.looked_at).join_from(
        searches, conversations, v.conversation_id == c.conversation_id
    )
    query = query.where(c.found_at.is_(None), v.closed_at.is_(None)).order_by(c.looked_at, c.conversation_id)
    return [(row[0], row[1]) for row in tx.conn.execute(query)]


def looked(tx: Tx, conversation_id: str, *, found: bool) -> bool:
    """Note that it was looked for now. False when the search is over, or another clock has found already."""
    c = searches.c
    mine = (c.conversation_id == conversation_id, c.found_at.is_(None))
    values = {"looked_at": tx.now, "found_at": tx.now if found else None}
    return tx.conn.execute(searches.update().where(*mine).values(**values)).rowcount == 1


def count(tx: Tx, needs: Iterable[str], *, area: str, reason: str, who: str) -> None:
    """One more on each of these needs."""
    cell = {"day": f"{tx.now:%Y-%m-%d}", "area": area, "reason": reason, "who": who}
    rows = [{"unmet_id": token_hex(16), "need": need, **cell} for need in needs]
    if rows:
        tx.conn.execute(unmet_needs.insert(), rows)


def between(tx: Tx, first: str, last: str) -> list[Unmet]:
    """What was unmet from one day (2026-06-15) to another, both included."""
    c = unmet_needs.c
    cell = (c.need, c.area, c.reason, c.who)
    query = select(*cell, func.count()).where(c.day.between(first, last)).group_by(*cell).order_by(*cell)
    return [Unmet(*row) for row in tx.conn.execute(query)]
