"""What becomes of a text that waited for its hour and will not leave? Whoever counted on it hears of it.

The person waits for an answer again, the owner's ladder with them, and the desk shows it (`own_texts.dropped`).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.services import Services
from bot.store import conversations, drafts, handoffs, own_texts
from bot.store.db import Tx
from bot.store.own_texts import OwnText


def at_a_change_of_hands(tx: Tx, services: Services, conversation_id: str) -> None:
    """What the last owner scheduled is not what the next one would say. Under the conversation's lock."""
    waiting = [one for one in own_texts.waiting(tx, conversation_id) if one.kind == own_texts.SCHEDULED]
    if waiting:
        own_texts.drop_scheduled(tx, conversation_id)
        _wait_again(tx, services, waiting)


def at_its_hour(tx: Tx, services: Services, *, conversation_id: str, message_id: str) -> bool:
    """In the transaction that claims texts, which holds this one already: so it never waits for a conversation that is
    busy. False then: the text is to be asked about again a moment later."""
    if not conversations.lock_if_free(tx, conversation_id):
        return False
    _wait_again(tx, services, [own_texts.get(tx, message_id)])
    return True


def _wait_again(tx: Tx, services: Services, texts: Sequence[OwnText]) -> None:
    handoff = handoffs.open_of(tx, texts[0].conversation_id)
    if handoff is None or any(own_texts.wrote_after(tx, text) for text in texts):
        return
    before = [draft.answered_before or 0 for text in texts if (draft := drafts.of_message(tx, text.message_id))]
    if before:
        at = services.ladder.due_at(handoff.tier, 0, tx.now, owned=True)
        handoffs.not_answered(tx, handoff.handoff_id, min(before), at)
