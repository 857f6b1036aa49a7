"""What did an advocate's page, or hand, tell us of them? Presence sinks by itself; only this raises it."""

from __future__ import annotations

from datetime import timedelta

from bot.store import audit, handoffs, presence
from bot.store.db import Database

_WRITTEN_EVERY = timedelta(seconds=4)
"""Polls between are not written: half of what counts as here."""


def polled(database: Database, *, staff_id: str) -> None:
    """Their page asked for news."""
    with database.reading() as tx:
        before = presence.polled_at(tx, staff_id)
        if before is not None and tx.now - before < _WRITTEN_EVERY:
            return
    with database.transaction() as tx:
        presence.write(tx, staff_id, polled_at=tx.now)


def typed(database: Database, *, staff_id: str) -> None:
    """They opened, pressed or sent something."""
    with database.transaction() as tx:
        presence.write(tx, staff_id, polled_at=tx.now, typed_at=tx.now)


def rest(database: Database, *, staff_id: str, on_break: bool) -> None:
    """A break, or its end: nobody is offered to them meanwhile."""
    with database.transaction() as tx:
        presence.write(tx, staff_id, on_break=on_break, rests_until=None)
        audit.record(tx, act="break_on" if on_break else "break_off", staff_id=staff_id, object_id=staff_id)


def saw(database: Database, *, staff_id: str, conversation_id: str, seq: int) -> bool:
    """Their page rendered the thread up to this text, in front of them. Only its owner's eyes count."""
    with database.reading() as tx:
        handoff = handoffs.open_of(tx, conversation_id)
    if handoff is None or handoff.owner_id != staff_id or not handoff.unseen:
        return False
    with database.transaction() as tx:
        return handoffs.saw(tx, handoff.handoff_id, staff_id, seq)
