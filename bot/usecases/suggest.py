"""What would the colleague in the second chair write? Words for the owner to use, change or leave: only they send them.

Kept as that colleague's draft, sealed as every draft, and marked as one that the owner may see.
"""

from __future__ import annotations

from bot.rules.phrases import phrase
from bot.store import audit, conversations, drafts, handoff_offers, handoffs
from bot.store.db import Database, new_id
from bot.usecases.composing import LONGEST, clean
from bot.usecases.refusal import Refused


def suggest(database: Database, *, conversation_id: str, staff_id: str, text: str) -> Refused | None:
    """In place of what they suggested before; nothing takes it back. None means that the owner sees it."""
    words = clean(text)
    if len(words) > LONGEST:
        return Refused(
            phrase(
                "This has %(n)s characters; a text can have %(most)s. Nothing was suggested.",
                n=len(words),
                most=LONGEST,
            )
        )
    with database.transaction() as tx:
        stored, handoff = conversations.load(tx, conversation_id), handoffs.open_of(tx, conversation_id)
        if stored is None or handoff is None or not handoff.is_owned:
            return Refused("Nobody holds this person now. Nothing was suggested.")
        chair = handoff_offers.chair_of(tx, handoff.handoff_id)
        if chair is None or chair.staff_id != staff_id or handoff.owner_id == staff_id:
            return Refused("Only whoever sits beside them suggests words. Nothing was suggested.")
        if words:
            drafts.keep(tx, draft_id=new_id(), conversation_id=conversation_id, staff_id=staff_id, epoch=stored.epoch,
                        page_id=drafts.SUGGESTED, words=words)  # fmt: skip
        else:
            drafts.drop(tx, conversation_id, staff_id)
        act = "text_suggested" if words else "suggestion_taken_back"
        audit.record(tx, act=act, staff_id=staff_id, object_id=conversation_id)
    return None
