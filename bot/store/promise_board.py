"""What is still to be kept, to whom, and by whom? Every promise of the desk in one look."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select

from bot.store.conversations import conversations
from bot.store.db import Tx
from bot.store.handoffs import handoffs
from bot.store.people import people
from bot.store.promises import FIELDS, Promise, promises


class ToDo(NamedTuple):
    """One that stands, or a colleague's word that was missed and never made good. `what` is in the colleague's words,
    and empty for a text's promise."""

    promise: Promise
    what: str
    person_id: str
    call_sign: str
    owner_id: str | None
    """Whoever has the person now; while nobody has, who made it."""


def to_do(tx: Tx, staff_id: str, most: int) -> tuple[list[ToDo], int]:
    """So many at the most, this account's before the others', the earliest first; and how many there are."""
    p, h = promises.c, handoffs.c
    missed = (p.ending == "broken") & p.made_good_at.is_(None) & p.staff_id.is_not(None)
    owner = func.coalesce(h.owner_id, p.staff_id)
    query = (
        select(*FIELDS, p.what, people.c.person_id, people.c.call_sign, owner)
        .join_from(promises, conversations, conversations.c.conversation_id == p.conversation_id)
        .join(people, people.c.person_id == conversations.c.person_id)
        .outerjoin(handoffs, (h.conversation_id == p.conversation_id) & h.closed_at.is_(None))
        .where(p.ended_at.is_(None) | missed)
        .order_by(func.coalesce(owner == staff_id, False).desc(), p.due_at, p.promise_id)
        .limit(most)
    )
    found = [_opened(tx, *row) for row in tx.conn.execute(query)]
    if len(found) < most:
        return found, len(found)
    return found, tx.conn.execute(select(func.count()).where(p.ended_at.is_(None) | missed)).scalar_one()


def _opened(tx: Tx, *row: object) -> ToDo:
    fields, (what, person_id, call_sign, owner_id) = row[: len(FIELDS)], row[len(FIELDS) :]
    promise = Promise(*fields)
    words = "" if what is None else tx.keys.open("promises.what", promise.promise_id, what)
    return ToDo(promise, words, person_id, call_sign, owner_id)
