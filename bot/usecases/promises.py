"""What does a text that is just being said promise, and by when? In the turn's own transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.services import Services
from bot.store import promises, staff
from bot.store.db import Tx
from flows.actions import Say
from flows.events import Event, HandOffOpened, PromiseLate

LOOK_AGAIN = timedelta(hours=12)
"""A promise without a time, while no shift is planned: it is still true, and looked at this often."""
SHIFT_BEGINS_WITHIN = timedelta(minutes=15)
"""Whoever comes on shift has so long for those who were told that hour."""
SOME_MINUTES = 10
"""When a text says "now" and nobody could say how long that takes."""


def write_down(tx: Tx, services: Services, conversation_id: str, key: str, say: Say | None,
               event: Event | None) -> None:  # fmt: skip
    """Write down what this text promises, if `[promises]` says that it does."""
    match services.script.promises.get(key):
        case None:
            return
        case int(hours):
            promises.make(tx, conversation_id=conversation_id, key=key, due_at=tx.now + timedelta(hours=hours),
                          wait=False)  # fmt: skip
        case "minutes":
            minutes = say.fields.get("MIN") if say else None
            if minutes is None and isinstance(event, HandOffOpened | PromiseLate):
                minutes = event.minutes
            due_at = tx.now + timedelta(minutes=int(minutes or SOME_MINUTES))
            promises.make(tx, conversation_id=conversation_id, key=key, due_at=due_at, wait=True)
        case kind:
            due_at = next_shift(tx)
            promises.make(tx, conversation_id=conversation_id, key=key, due_at=due_at, wait=True, soon=kind == "soon")


def next_shift(tx: Tx) -> datetime:
    """When somebody will be there: soon, if somebody is; else as the next planned shift begins."""
    if staff.on_shift(tx, tx.now):
        return tx.now + SHIFT_BEGINS_WITHIN
    starts_at = staff.next_shift_start(tx, tx.now)
    return tx.now + LOOK_AGAIN if starts_at is None else starts_at + SHIFT_BEGINS_WITHIN
