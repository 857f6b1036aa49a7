"""How does an advocate let go? The hand-off closes with an outcome, and the conversation goes back to the bot."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules.warm_transfer import Deed, State
from bot.services import Services
from bot.store import (
    audit,
    conversations,
    drafts,
    handoff_offers,
    handoffs,
    own_texts,
    presence,
    promises,
    referrals,
    warm_transfers,
)
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.usecases import refer, turn
from bot.usecases.holding import not_yours
from bot.usecases.refusal import Refused
from flows.events import AdvocateFinished

HELLOS = (1, 7, 30, 90)
"""In how many days somebody who wishes for it is said hello to (`domain.md` 3.11)."""
_NO_HELLO_AFTER = frozenset({"returned", "wrong_person"})
LET_GO = ("lost_contact", "wrong_person")
"""Ends at which nobody is there any more to be brought together with anyone."""


def finish(database: Database, services: Services, *, conversation_id: str, staff_id: str, outcome: str,
           feedback: bool = False, hello_in_days: int | None = None, epoch: int | None = None,
           outcome_at: datetime | None = None) -> Refused | None:  # fmt: skip
    """`outcome` is one of handoffs.OUTCOMES and `outcome_at` when it came about; `feedback` asks the person how it was,
    if they agreed to be asked; `hello_in_days`, one of HELLOS, writes down that they wish for a quiet hello then.
    Only the owner may, and with `epoch` only if it has not changed hands since. None means done."""
    if outcome not in handoffs.OUTCOMES:
        return Refused("Choose how it ended.")
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)  # its lock first, as every turn takes it
        handoff = handoffs.open_of(tx, conversation_id)
        if handoff is None:
            return Refused("This hand-off is closed already.")
        if refused := _may_not(tx, stored, handoff, staff_id, epoch, outcome, outcome_at):
            return refused
        if any(text.kind == own_texts.SCHEDULED for text in own_texts.waiting(tx, conversation_id)):
            return Refused("A text still waits for its hour. Cancel it, or park this person until it has left.")
        closing = {"by_id": staff_id, "owner_id": staff_id, "outcome_at": outcome_at}
        if not handoffs.close(tx, handoff.handoff_id, outcome, **closing):
            return Refused("You do not hold this conversation, so you cannot finish it.")
        transfer = warm_transfers.open_of(tx, conversation_id)
        if transfer is not None:
            warm_transfers.move(tx, transfer, to=str(State.WITHDRAWN), deed=str(Deed.WITHDRAW), staff_id=staff_id,
                                due_at=None)  # fmt: skip
        handoff_offers.end_all(tx, handoff.handoff_id, "rescinded")
        handoff_offers.end_chair(tx, handoff.handoff_id)
        drafts.drop(tx, conversation_id, staff_id)
        if handoff.tier == "P0":
            rest = timedelta(minutes=services.ladder.decompress_minutes)
            presence.write(tx, staff_id, rests_until=tx.now + rest)
        refer.finished(tx, conversation_id, outcome, staff_id=staff_id, at=outcome_at)
        promises.end(tx, conversation_id, "kept", but=["DL1"])
        after = referrals.open_of(tx, conversation_id)
        looked_after = after is not None and after.agreed  # who is asked how they are is said hello to by that
        if hello_in_days in HELLOS and outcome not in _NO_HELLO_AFTER and not looked_after:
            promises.make(tx, conversation_id=conversation_id, key=promises.HELLO, wait=False,
                          due_at=tx.now + timedelta(days=hello_in_days))  # fmt: skip
        turn.take(tx, services, conversation_id, AdvocateFinished(outcome, feedback=feedback))
        audit.record(tx, act="handoff_finished", staff_id=staff_id, object_id=handoff.handoff_id, detail=outcome)
        tx.after_commit(services.nudges.deliver)
    return None


def _may_not(tx: Tx, stored: Stored | None, handoff: handoffs.Handoff, staff_id: str, epoch: int | None,
             outcome: str, outcome_at: datetime | None) -> Refused | None:  # fmt: skip
    if epoch is not None and stored is not None and (refused := not_yours(tx, stored, handoff, staff_id, epoch)):
        return refused
    if outcome_at is not None and outcome_at > tx.now:
        return Refused("Say when it came about: that moment is still to come.")
    if handoff.state == "until_safe" and outcome == "returned":
        return Refused("This person is kept until they are safe. Say how it ended, or go on with them.")
    if outcome not in LET_GO and warm_transfers.open_of(tx, handoff.conversation_id) is not None:
        return Refused("A warm transfer is under way: you keep them until both sides say so, or it has ended.")
    return None
