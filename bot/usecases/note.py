"""What should the next colleague know? A note inside the team; it is never sent to anyone."""

from __future__ import annotations

from bot.rules.phrases import phrase
from bot.store import audit, conversations, handoffs
from bot.store.db import Database
from bot.usecases.refusal import Refused

LONGEST = 4000


def note(database: Database, *, conversation_id: str, staff_id: str, text: str) -> Refused | None:
    """None means it is kept."""
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not words:
        return Refused("Write something first. Nothing was kept.")
    if len(words) > LONGEST:
        return Refused(
            phrase("This has %(n)s characters; a note can have %(most)s. Nothing was kept.", n=len(words), most=LONGEST)
        )
    with database.transaction() as tx:
        if conversations.load(tx, conversation_id) is None:
            return Refused("There is no such conversation.")
        note_id = handoffs.add_note(tx, conversation_id=conversation_id, staff_id=staff_id, body=words)
        audit.record(tx, act="note_added", staff_id=staff_id, object_id=note_id)
    return None
