"""May this advocate's text go to this person now? Only from whoever holds the conversation, and never after STOP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.rules.ladder import LOOK_AGAIN
from bot.services import Services
from bot.store import audit, conversations, handoffs, messages, promises, threads
from bot.store.conversations import Stored
from bot.store.db import Database
from bot.usecases import give_word
from bot.usecases.give_word import Word
from bot.usecases.holding import not_yours
from bot.usecases.refusal import Refused

LONGEST = 1600
"""Characters the carrier takes in one message."""
SAME_PRESS = timedelta(seconds=30)
"""The same words again so soon are the same press of the button, not a second text."""


@dataclass(frozen=True, slots=True)
class Queued:
    message_id: str


def reply(database: Database, services: Services, *, conversation_id: str, staff_id: str, epoch: int,
          text: str, word: Word | None = None) -> Queued | Refused:  # fmt: skip
    """Queues the text and rings. `epoch` is the one the page was shown with: if the conversation has changed hands
    since, nothing is sent and the page keeps the draft. `word` is what the text promises, kept with it."""
    words = clean(text)
    if refused := _unfit(words) or (give_word.fault(word) if word else None):
        return refused
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        handoff = handoffs.open_of(tx, conversation_id)
        if stored is None or handoff is None:
            return Refused("This conversation is finished. Nothing was sent.")
        if refused := not_yours(tx, stored, handoff, staff_id, epoch) or _stopped(stored):
            return refused
        handoffs.answered(tx, handoff.handoff_id, tx.now + LOOK_AGAIN)
        twin = threads.same_just_now(tx, conversation_id, staff_id, words, tx.now - SAME_PRESS)
        if twin is not None:
            return Queued(twin)
        message_id = messages.queue_text(
            tx, conversation_id=conversation_id, epoch=epoch, kind="advocate", body=words,
            language=stored.conversation.language, staff_id=staff_id,
        )  # fmt: skip
        promises.end(tx, conversation_id, "kept", but=["DL1"])  # a person wrote; an erasure is another deed
        if word is not None:
            give_word.give(
                tx, conversation_id=conversation_id, person_id=stored.person_id, staff_id=staff_id, word=word
            )
        audit.record(tx, act="reply_queued", staff_id=staff_id, object_id=message_id)
        tx.after_commit(services.nudges.deliver)
    return Queued(message_id)


def clean(text: str) -> str:
    """Line ends as one sign, and nothing that no phone can show."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c == "\n" or c >= " ").strip()


def _unfit(words: str) -> Refused | None:
    if not words:
        return Refused("Write something first. Nothing was sent.")
    if len(words) > LONGEST:
        return Refused(f"This has {len(words)} characters; a text can have {LONGEST}. Nothing was sent.")
    return None


def _stopped(stored: Stored) -> Refused | None:
    if stored.conversation.suppressed:
        return Refused("They asked for no more texts, so nothing can be sent. If they text START, you can write again.")
    return None
