"""May this text wait for the person's next safe hour? A row of the outbox that is asked about again when it comes.

It leaves only for whoever wrote it: when the conversation changes hands, the person wants no more texts or has chosen
other hours, it does not, and the desk says so (`own_texts.dropped`).
"""

from __future__ import annotations

from bot.services import Services
from bot.store.db import Database
from bot.store.own_texts import SCHEDULED
from bot.usecases.composing import Anyway, Asks, Queued, Ready, Sheet, begin, put, question
from bot.usecases.refusal import Refused


def schedule(database: Database, services: Services, *, conversation_id: str, staff_id: str, epoch: int, text: str,
             draft_id: str = "", anyway: Anyway | None = None) -> Queued | Asks | Refused:  # fmt: skip
    """Answers when it will leave. Until then its writer can cancel it (`take_back`)."""
    with database.transaction() as tx:
        ready = begin(tx, services, Sheet(conversation_id, staff_id, epoch, text, draft_id, anyway))
        if not isinstance(ready, Ready):
            return ready
        verdict = ready.weighed.verdict
        if verdict.later_at is None:
            return Refused("There is no later hour to wait for: they may be written to now, or want to write first. "
                           "Nothing was sent.")  # fmt: skip
        if asks := question(ready, verdict.later_may_go):
            return asks
        return put(tx, services, ready, kind=SCHEDULED, due_at=verdict.later_at)
