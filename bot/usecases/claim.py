"""Who takes the person who waits? Exactly one of those who press at once, and from then on the bot is silent."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.ladder import owner_alarm
from bot.rules.may_send import BOT_KINDS
from bot.services import Services
from bot.store import audit, conversations, handoffs, staff, threads
from bot.store.db import Database, Tx
from bot.store.handoffs import Handoff
from bot.usecases import turn
from bot.usecases.refusal import Refused
from flows.events import AdvocateClaimed

HELD_BY_ADVOCATE = "held_by_advocate"
"""Why a bot's text that had not left never will."""


@dataclass(frozen=True, slots=True)
class Claimed:
    handoff_id: str
    conversation_id: str


def claim(database: Database, services: Services, *, handoff_id: str | None, staff_id: str) -> Claimed | Refused:
    """Takes this hand-off, or with None the most urgent one that waits. Claiming one's own again changes nothing."""
    if handoff_id is not None:
        with database.transaction() as tx:
            return _claim_this(tx, services, handoff_id, staff_id)
    while True:
        with database.reading() as tx:
            queue = handoffs.waiting(tx)
        if not queue:
            return Refused("Nobody is waiting now.")
        # Each try is its own transaction: the loser of a race holds no lock while it tries the next person.
        with database.transaction() as tx:
            answer = _claim_this(tx, services, queue[0].handoff_id, staff_id)
        if isinstance(answer, Claimed):
            return answer


def _claim_this(tx: Tx, services: Services, handoff_id: str, staff_id: str) -> Claimed | Refused:
    wanted = handoffs.get(tx, handoff_id)
    if wanted is None:
        return Refused("There is no such hand-off.")
    # The conversation's lock first, as every turn takes it: an inbound text and a claim cannot wait for each other.
    conversations.load(tx, wanted.conversation_id)
    if not handoffs.claim(tx, wanted.handoff_id, staff_id, owner_alarm(wanted.tier, tx.now)):
        return _too_late(tx, wanted.handoff_id, staff_id)
    threads.refuse_queued(tx, wanted.conversation_id, BOT_KINDS, HELD_BY_ADVOCATE)
    turn.take(tx, services, wanted.conversation_id, AdvocateClaimed())
    audit.record(tx, act="handoff_claimed", staff_id=staff_id, object_id=wanted.handoff_id, detail=wanted.tier)
    return Claimed(wanted.handoff_id, wanted.conversation_id)


def _too_late(tx: Tx, handoff_id: str, staff_id: str) -> Claimed | Refused:
    now: Handoff | None = handoffs.get(tx, handoff_id)
    if now is None or now.owner_id is None:
        return Refused("This one is closed already.")
    if now.owner_id == staff_id:
        return Claimed(handoff_id, now.conversation_id)
    return Refused(f"{staff.aliases(tx, [now.owner_id])[now.owner_id]} has this person already.")
