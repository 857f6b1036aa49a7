"""How does an advocate let go? The hand-off closes with an outcome, and the conversation goes back to the bot."""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, conversations, handoffs, promises
from bot.store.db import Database
from bot.usecases import turn
from bot.usecases.refusal import Refused
from flows.events import AdvocateFinished


def finish(database: Database, services: Services, *, conversation_id: str, staff_id: str, outcome: str,
           feedback: bool = False) -> Refused | None:  # fmt: skip
    """`outcome` is one of handoffs.OUTCOMES; `feedback` asks the person how it was, if they agreed to be asked.
    Only the owner may. None means done."""
    if outcome not in handoffs.OUTCOMES:
        return Refused("Choose how it ended.")
    with database.transaction() as tx:
        conversations.load(tx, conversation_id)  # its lock first, as every turn takes it
        handoff = handoffs.open_of(tx, conversation_id)
        if handoff is None:
            return Refused("This hand-off is closed already.")
        if not handoffs.close(tx, handoff.handoff_id, outcome, owner_id=staff_id):
            return Refused("You do not hold this conversation, so you cannot finish it.")
        promises.end(tx, conversation_id, "kept", but=["DL1"])
        turn.take(tx, services, conversation_id, AdvocateFinished(outcome, feedback=feedback))
        audit.record(tx, act="handoff_finished", staff_id=staff_id, object_id=handoff.handoff_id, detail=outcome)
        tx.after_commit(services.nudges.deliver)
    return None
