"""What does the carrier say became of a text? Status moves only forward, whatever order the receipts come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from bot import log
from bot.services import Services
from bot.store import messages, outbox, redactions
from bot.store.db import Database, Tx
from bot.usecases import react

FINAL = frozenset({"delivered", "undelivered", "failed"})
RANK = {"queued": 0, "sending": 1, "unknown": 1, "sent": 2, "delivered": 3, "undelivered": 3, "failed": 3, "refused": 3}
"""Ours. A receipt may lift a text to a higher rank and never lower it."""

_MEANS = {
    "accepted": "sent", "scheduled": "sent", "queued": "sent", "sending": "sent", "sent": "sent",
    "delivered": "delivered", "read": "delivered", "undelivered": "undelivered", "failed": "failed",
    "canceled": "failed",
}  # fmt: skip
"""The carrier's word, as ours. Any receipt at all proves that the carrier took the text."""
_PASSED_ON = frozenset({"sent", "delivered", "read", "undelivered", "failed", "canceled"})
"""The carrier's words for a text that does not lie in its queue any more."""

EMPTIED_AFTER = timedelta(minutes=2)
"""After a text has ended its copy at the carrier is emptied: not at once, since the carrier itself is still at work."""


def receipt(database: Database, services: Services, *, message_id: str, provider_sid: str, status: str,
            error_code: str) -> str:  # fmt: skip
    """Record one receipt; returns what it did: the new status, `stale` or `unmatched`. Repeating it changes nothing."""
    meaning = _MEANS.get(status)
    with database.transaction() as tx:
        about = react.begin(tx, message_id, error_code) if error_code else None
        row = _lock(tx, message_id)
        if row is None or meaning is None:
            return "unmatched"
        if row.provider_sid and provider_sid and row.provider_sid != provider_sid:
            # The carrier has two messages for one text of ours: the list did not show the first in time. What this
            # one comes to is not what became of the text we know of; what it says of the number holds all the same.
            log.event("carried_twice", level="error", message_id=message_id, status=meaning)
            redactions.add(tx, [provider_sid], "out", tx.now + EMPTIED_AFTER)
            if about is not None:
                react.learn(tx, about, error_code)
            return "stale"
        news = RANK[meaning] > RANK[row.status]
        if not news and not _fills_in(row, provider_sid, status):
            return "stale"
        _write(tx, row, provider_sid, status, meaning if news else row.status, error_code)
        if news and meaning in FINAL:
            _ended(tx, services, row.provider_sid or provider_sid, about, error_code)
        return meaning


def _lock(tx: Tx, message_id: str) -> Row[Any] | None:
    m = messages.messages.c
    query = select(m.message_id, m.status, m.provider_sid, m.confirmed_at).where(m.direction == "out")
    return tx.conn.execute(query.where(m.message_id == message_id).with_for_update()).one_or_none()


def _fills_in(row: Row[Any], provider_sid: str, status: str) -> bool:
    """A late receipt may still bring the id, or the word that the text was passed on."""
    return (row.provider_sid is None and bool(provider_sid)) or (row.confirmed_at is None and status in _PASSED_ON)


def _write(tx: Tx, row: Row[Any], provider_sid: str, word: str, status: str, error_code: str) -> None:
    values: dict[str, Any] = {"status": status, "absent_at": None}
    if status != "sent":  # of a text that is, it says when it is asked after (usecases/ask_after_texts.py)
        values["lease_until"] = None
    if row.provider_sid is None and provider_sid:
        outbox.give_back(tx, provider_sid)  # our id is in this receipt: whoever was taken for it on a guess was not
        values["provider_sid"] = provider_sid
    if row.confirmed_at is None and word in _PASSED_ON:
        values["confirmed_at"] = tx.now
    values["settled_at"] = tx.now if status in FINAL else None
    if error_code and status in FINAL:
        values["reason"] = error_code
    if row.status in ("queued", "sending", "unknown"):
        values["sent_at"] = tx.now  # the receipt beat our own record, or settled an unknown
    m = messages.messages
    tx.conn.execute(m.update().where(m.c.message_id == row.message_id).values(**values))


def _ended(tx: Tx, services: Services, provider_sid: str, about: Row[Any] | None, error_code: str) -> None:
    if provider_sid and "content" not in services.settings.twilio_retention:
        redactions.add(tx, [provider_sid], "out", tx.now + EMPTIED_AFTER)
    if about is not None:
        react.failed(tx, services, about, error_code)
