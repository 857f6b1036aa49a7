"""How does a person change hands without a gap? They stay whose they are until the other accepts; a lead may take over.

The person is told nothing unless an owner writes: a transfer is ours, not theirs.
"""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, conversations, handoff_offers, handoffs, staff
from bot.store.db import Database
from bot.usecases import answer_offer, climb, offer, turn
from bot.usecases.claim import Claimed
from bot.usecases.holding import held
from bot.usecases.refusal import Refused
from flows.events import AdvocateLeft

WHY_TAKEN_OVER = ("cannot_be_reached", "asked_me", "their_safety", "end_of_shift", "language", "other")
"""Why a lead takes a person out of a colleague's hands: words of a list, for the record holds no story."""


def transfer(database: Database, services: Services, *, conversation_id: str, staff_id: str, epoch: int,
             to_id: str) -> Refused | None:  # fmt: skip
    """Offer this person to a colleague. None means they were asked; you keep the person until they accept."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        other = staff.get(tx, to_id)
        if other is None or not other.may(("advocate", "lead")) or to_id == staff_id:
            return Refused("Choose a colleague who answers people. You keep this person.")
        handoff = mine.handoff
        if not handoffs.offered(tx, handoff.handoff_id, "transferring", among=("owned",)):
            return Refused("This person is being given on, parked or written up already. You keep them.")
        handoff_offers.add(tx, handoff.handoff_id, [to_id], kind="transfer", climb=handoff.climb, by_id=staff_id,
                           expires_at=tx.now + services.ladder.offer_lasts(handoff.tier))  # fmt: skip
        audit.record(tx, act="transfer_offered", staff_id=staff_id, object_id=handoff.handoff_id, detail=to_id)
    return None


def call_back(database: Database, *, conversation_id: str, staff_id: str, epoch: int) -> Refused | None:
    """The owner takes the offer back. None means the person is yours alone again."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        handoff_offers.end_all(tx, mine.handoff.handoff_id, "rescinded")
        offer.settle(tx, mine.handoff.handoff_id)
    return None


def put_back(database: Database, services: Services, *, conversation_id: str, staff_id: str,
             epoch: int) -> Refused | None:  # fmt: skip
    """Back into the queue, at the same tier, its ladder beginning anew. None means they wait again."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        handoff_offers.end_all(tx, mine.handoff.handoff_id, "rescinded")
        handoffs.give_back(tx, mine.handoff.handoff_id, tx.now)
        turn.take(tx, services, conversation_id, AdvocateLeft())
        climb.begin(tx, services, mine.handoff.handoff_id)
        audit.record(tx, act="handoff_put_back", staff_id=staff_id, object_id=mine.handoff.handoff_id)
    return None


def take_over(database: Database, services: Services, *, handoff_id: str, lead_id: str,
              why: str) -> Claimed | Refused:  # fmt: skip
    """A lead takes the person out of a colleague's hands, with a reason of WHY_TAKEN_OVER: the epoch changes, and what
    the other types is refused with the lead's name."""
    if why not in WHY_TAKEN_OVER:
        return Refused("Choose why you take this person over. Nothing was changed.")
    with database.transaction() as tx:
        lead = staff.get(tx, lead_id)
        if lead is None or not lead.may(("lead",)):
            return Refused("Only a lead may take over. Ask one.")
        handoff = handoffs.get(tx, handoff_id)
        if handoff is None:
            return Refused("There is no such hand-off.")
        conversations.load(tx, handoff.conversation_id)
        now = handoffs.get(tx, handoff_id)
        if now is None or not now.is_owned:
            return Refused("Nobody holds this person. Take them from the queue.")
        if now.owner_id == lead_id:
            return Claimed(handoff_id, now.conversation_id)
        return answer_offer.move(tx, services, now, to_id=lead_id, act="handoff_taken_over", why=why)
