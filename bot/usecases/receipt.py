"""What does the carrier say became of a text? Status moves only forward, whatever order the receipts come in."""

from __future__ import annotations

from sqlalchemy import select

from bot.store import consent, messages, people
from bot.store.conversations import conversations
from bot.store.db import Database, Tx

FINAL = frozenset({"delivered", "undelivered", "failed"})
RANK = {"queued": 0, "sending": 1, "unknown": 1, "sent": 2, "delivered": 3, "undelivered": 3, "failed": 3, "refused": 3}
"""Ours. A receipt may lift a text to a higher rank and never lower it."""

_MEANS = {
    "accepted": "sent", "scheduled": "sent", "queued": "sent", "sending": "sent", "sent": "sent",
    "delivered": "delivered", "read": "delivered", "undelivered": "undelivered", "failed": "failed",
    "canceled": "failed",
}  # fmt: skip
"""The carrier's word, as ours. Any receipt at all proves that the carrier took the text."""

OPTED_OUT = "21610"


def receipt(database: Database, *, message_id: str, provider_sid: str, status: str, error_code: str) -> str:
    """Record one receipt; returns what it did: the new status, `stale` or `unmatched`. Repeating it changes nothing."""
    meaning = _MEANS.get(status)
    with database.transaction() as tx:
        row = _find(tx, message_id, provider_sid)
        if row is None or meaning is None:
            return "unmatched"
        if error_code == OPTED_OUT:
            withdraw_by_carrier(tx, row.conversation_id, message_id=row.message_id)
        if RANK[meaning] <= RANK[row.status] and not _is_news(row, provider_sid):
            return "stale"
        _write(tx, row, provider_sid, meaning if RANK[meaning] > RANK[row.status] else row.status, error_code)
        return meaning


def _find(tx: Tx, message_id: str, provider_sid: str):  # type: ignore[no-untyped-def]
    m = messages.messages.c
    query = select(m.message_id, m.conversation_id, m.status, m.provider_sid).where(m.direction == "out")
    return tx.conn.execute(query.where(m.message_id == message_id).with_for_update()).one_or_none()


def _is_news(row, provider_sid: str) -> bool:  # type: ignore[no-untyped-def]
    return row.provider_sid is None and bool(provider_sid)


def _write(tx: Tx, row, provider_sid: str, status: str, error_code: str) -> None:  # type: ignore[no-untyped-def]
    values = {"status": status, "provider_sid": row.provider_sid or provider_sid or None, "lease_until": None}
    if status in FINAL:
        values["settled_at"] = tx.now
    if error_code:
        values["reason"] = error_code
    if row.status in ("sending", "unknown"):
        values["sent_at"] = tx.now  # the receipt beat our own record, or settled an unknown
    m = messages.messages
    tx.conn.execute(m.update().where(m.c.message_id == row.message_id).values(**values))


def withdraw_by_carrier(tx: Tx, conversation_id: str, *, message_id: str) -> None:
    """21610: the person has opted out at the carrier, whatever our own rows say."""
    p, c = people.people.c, conversations.c
    query = select(p.phone_key, p.person_id).join_from(conversations, people.people, p.person_id == c.person_id)
    person = tx.conn.execute(query.where(c.conversation_id == conversation_id)).one_or_none()
    if person is None:
        return  # erased meanwhile: there is nobody left to text, and nothing to keep
    consent.withdraw(tx, person.phone_key, how="carrier_21610", message_id=message_id)
    messages.refuse_queued(tx, person.person_id, "stopped")
