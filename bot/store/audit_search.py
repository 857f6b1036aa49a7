"""Who did what, and when? The record by person, act, object and day, the latest first; ids and codes, never content."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, union

from bot.store.audit import audit
from bot.store.conversations import conversations
from bot.store.db import Tx
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.people import people
from bot.store.staff import staff


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; what is empty excludes nothing. `before` is the last line of the page before."""

    staff_id: str = ""
    act: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: str = ""


class Line(NamedTuple):
    audit_id: str
    at: datetime
    staff_id: str | None
    act: str
    object_id: str | None
    detail: str | None


def find(tx: Tx, asked: Asked, limit: int) -> list[Line]:
    a = audit.c
    where: list[ColumnElement[bool]] = []
    for column, value in ((a.staff_id, asked.staff_id), (a.act, asked.act), (a.object_id, asked.object_id)):
        if value:
            where.append(column == value)
    if asked.since is not None:
        where.append(a.at >= asked.since)
    if asked.until is not None:
        where.append(a.at < asked.until)
    if asked.before:
        where.append(a.audit_id < asked.before)
    query = select(*(a[name] for name in Line._fields)).where(*where)
    return [Line(*row) for row in tx.conn.execute(query.order_by(a.audit_id.desc()).limit(limit))]


def acts(tx: Tx) -> list[str]:
    """Every act that stands in the record, by name."""
    return sorted(tx.conn.execute(select(audit.c.act).distinct()).scalars())


def call_signs(tx: Tx, object_ids: Collection[str]) -> dict[str, str]:
    """Of those ids that are a conversation, a hand-off or a text: the call-sign of its person."""
    c, ids = conversations.c, list(object_ids)
    found = union(
        select(c.conversation_id.label("object_id"), c.person_id).where(c.conversation_id.in_(ids)),
        select(handoffs.c.handoff_id, c.person_id)
        .join_from(handoffs, conversations, c.conversation_id == handoffs.c.conversation_id)
        .where(handoffs.c.handoff_id.in_(ids)),
        select(messages.c.message_id, c.person_id)
        .join_from(messages, conversations, c.conversation_id == messages.c.conversation_id)
        .where(messages.c.message_id.in_(ids)),
    ).subquery()
    query = select(found.c.object_id, people.c.call_sign).join(people, people.c.person_id == found.c.person_id)
    return {row.object_id: row.call_sign for row in tx.conn.execute(query)}


def colleagues(tx: Tx) -> list[str]:
    """Everybody who has or had an account, the oldest first."""
    return list(tx.conn.execute(select(staff.c.staff_id).order_by(staff.c.created_at)).scalars())
