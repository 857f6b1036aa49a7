"""How does an advocate stop every text to a number? The same way STOP does: at once, for good, and for every door."""

from __future__ import annotations

from bot.store import audit, consent, conversations, messages
from bot.store.db import Database
from bot.usecases.refusal import Refused


def do_not_text(database: Database, *, conversation_id: str, staff_id: str) -> Refused | None:
    """Nothing that has not left will leave, and nobody is told: the phone may be in other hands. Only the person's
    own START undoes it. None means it is in force."""
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        if stored is None:
            return Refused("There is no such conversation.")
        consent.withdraw(tx, stored.phone_key, how="advocate_do_not_text", staff_id=staff_id)
        messages.refuse_queued(tx, stored.person_id, "stopped")
        audit.record(tx, act="do_not_text", staff_id=staff_id, object_id=conversation_id)
    return None
