"""May this advocate's text go to this person now? Only from whoever holds the conversation, and never after STOP."""

from __future__ import annotations

from datetime import timedelta

from bot.services import Services
from bot.store import promises
from bot.store.db import Database
from bot.usecases import give_word
from bot.usecases.composing import LONGEST, Anyway, Asks, Queued, Ready, Sheet, begin, clean, put, question
from bot.usecases.give_word import Word
from bot.usecases.refusal import Refused

__all__ = ["LONGEST", "Queued", "clean", "reply"]


def reply(database: Database, services: Services, *, conversation_id: str, staff_id: str, epoch: int, text: str,
          draft_id: str = "", anyway: Anyway | None = None, wait: timedelta = timedelta(0),
          word: Word | None = None) -> Queued | Asks | Refused:  # fmt: skip
    """Queues the text and rings; it leaves after `wait`, in which it can be taken back. `epoch` is the one the page was
    shown with: if the conversation has changed hands since, nothing is sent and the page keeps the draft. `word` is
    what the text promises, kept with it."""
    if word is not None and (refused := give_word.fault(word)):
        return refused
    with database.transaction() as tx:
        ready = begin(tx, services, Sheet(conversation_id, staff_id, epoch, text, draft_id, anyway))
        if not isinstance(ready, Ready):
            return ready
        if asks := question(ready, ready.weighed.verdict.may_go):
            return asks
        promises.end(tx, conversation_id, "kept", but=["DL1"])  # a person wrote; an erasure is another deed
        if word is not None:
            person_id = ready.stored.person_id
            give_word.give(tx, conversation_id=conversation_id, person_id=person_id, staff_id=staff_id, word=word)
        return put(tx, services, ready, kind="advocate", due_at=tx.now + wait)
