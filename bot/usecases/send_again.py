"""May a text that did not arrive be said once more? As a text of its own, by whoever holds the person, and only then.

A text whose fate is unknown is looked up, never repeated: it may lie on their phone already.
"""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, outbox
from bot.store.db import Database
from bot.usecases.holding import held
from bot.usecases.refusal import Refused

DID_NOT_ARRIVE = ("failed", "undelivered")
AGAIN = frozenset({"advocate", "reply", "crisis", "notice"})
"""Kinds an advocate may say once more. A campaign's text has its own rules, and a confirmation is said once."""


def send_again(database: Database, services: Services, *, conversation_id: str, message_id: str, staff_id: str,
               epoch: int) -> Refused | None:  # fmt: skip
    """Puts the same words in the outbox as the advocate's own; pressing twice is once. None means done."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        if mine.stored.conversation.suppressed:
            return Refused("They asked for no more texts, so nothing is sent again. Only their own START changes that.")
        text = outbox.about(tx, message_id)
        if text is None or text.conversation_id != conversation_id or text.kind not in AGAIN:
            return Refused("There is no text here that could be sent again.")
        if text.status in ("sending", "unknown"):
            return Refused("Nobody knows yet whether it arrived: we are asking the carrier. Nothing was sent again.")
        if text.status not in DID_NOT_ARRIVE:
            return Refused("Only a text that did not arrive is sent again. Nothing was sent.")
        if outbox.is_repeated(tx, message_id):
            return Refused("It was sent again already. Look at what became of that one.")
        again_id = outbox.repeat(tx, text, tx.now, kind="advocate", staff_id=staff_id, epoch=mine.stored.epoch,
                                 recipient_id=None)  # fmt: skip
        audit.record(tx, act="text_sent_again", staff_id=staff_id, object_id=again_id)
        tx.after_commit(services.nudges.deliver)
    return None
