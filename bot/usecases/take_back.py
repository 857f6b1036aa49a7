"""Can what I sent a moment ago, or for a later hour, be taken back? Yes, while nobody has begun to hand it over.

The words go back into the draft, before whatever was typed since; and who was answered by them waits again.
"""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, conversations, drafts, handoffs, own_texts, promises
from bot.store.conversations import Stored
from bot.store.db import Database, Tx, new_id
from bot.store.own_texts import OwnText
from bot.usecases.refusal import Refused


def take_back(database: Database, services: Services, *, conversation_id: str, message_id: str,
              staff_id: str) -> Refused | None:  # fmt: skip
    """None means that it will never leave."""
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        text = own_texts.find(tx, message_id)
        if stored is None or text is None or (text.conversation_id, text.staff_id) != (conversation_id, staff_id):
            return Refused("There is no such text of yours here. Nothing was changed.")
        if not own_texts.take_back(tx, message_id, staff_id):
            return _too_late(own_texts.get(tx, message_id))
        draft = drafts.of_message(tx, message_id)
        _into_the_draft(tx, stored, text, draft.epoch if draft else stored.epoch)
        if draft is not None and not own_texts.wrote_after(tx, text):
            _unanswer(tx, services, text, draft.answered_before or 0)
        audit.record(tx, act="text_taken_back", staff_id=staff_id, object_id=message_id)
    return None


def _too_late(text: OwnText) -> Refused:
    if text.reason == own_texts.TAKEN_BACK:
        return Refused("You took it back already: it is in your draft, and was not sent.")
    return Refused("It has left already, or never will. Nothing was changed.")


def _into_the_draft(tx: Tx, stored: Stored, text: OwnText, epoch: int) -> None:
    standing = drafts.open_of(tx, stored.conversation_id, text.staff_id)
    words = f"{text.words}\n{standing.words}" if standing is not None else text.words
    drafts.keep(tx, draft_id=new_id(), conversation_id=stored.conversation_id, staff_id=text.staff_id, epoch=epoch,
                page_id="", words=words)  # fmt: skip


def _unanswer(tx: Tx, services: Services, text: OwnText, answered_before: int) -> None:
    handoff = handoffs.open_of(tx, text.conversation_id)
    if handoff is not None and handoff.owner_id == text.staff_id:
        at = services.ladder.due_at(handoff.tier, 0, tx.now, owned=True)
        handoffs.not_answered(tx, handoff.handoff_id, answered_before, at)
        if text.kind != own_texts.SCHEDULED:
            promises.not_kept(tx, text.conversation_id, text.created_at)
