"""What does somebody say to an offer? Yes moves the person into their hands in that very transaction; no leaves the
hand-off where it was, with its alarm at once."""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, conversations, handoff_offers, handoffs
from bot.store.db import Database, Tx
from bot.store.handoff_offers import DECLINES, HandoffOffer
from bot.store.handoffs import FREE, OWNED, Handoff
from bot.usecases import claim, offer
from bot.usecases.claim import Claimed
from bot.usecases.refusal import Refused

_OVER = Refused("This offer is over. Nobody was lost: look at who waits.")


def accept(database: Database, services: Services, *, handoff_offer_id: str, staff_id: str) -> Claimed | Refused:
    """Take the person who was offered: nobody's yet, or given on by their owner, or left by one who is silent."""
    with database.transaction() as tx:
        found = _mine(tx, handoff_offer_id, staff_id)
        if found is None:
            return _OVER
        standing, handoff = found
        if standing.expires_at <= tx.now or not handoff_offers.answer(tx, handoff_offer_id, "accepted"):
            return _OVER
        if standing.kind == "next":
            return claim.take(tx, services, handoff.handoff_id, staff_id, "offered")
        return move(tx, services, handoff, to_id=staff_id, act=f"handoff_{standing.kind}")


def move(tx: Tx, services: Services, handoff: Handoff, *, to_id: str, act: str, why: str = "") -> Claimed | Refused:
    """From the hands of its owner into these, with no moment between; the caller holds the conversation's lock."""
    at = services.ladder.due_at(handoff.tier, 0, tx.now, owned=True)
    owner_id = handoff.owner_id
    if owner_id is None or not handoffs.change_owner(tx, handoff.handoff_id, from_id=owner_id, to_id=to_id, next_at=at):
        return _OVER
    claim.took_over(tx, services, handoff)
    detail = f"{handoff.tier} {why}".strip()
    audit.record(tx, act=act, staff_id=to_id, object_id=handoff.handoff_id, detail=detail)
    return Claimed(handoff.handoff_id, handoff.conversation_id)


def decline(database: Database, *, handoff_offer_id: str, staff_id: str, reason: str) -> Refused | None:
    """Pass, with a reason of DECLINES. Whoever offered is told by the next step, within a second. None means done."""
    if reason not in DECLINES:
        return Refused("Choose why you pass.")
    with database.transaction() as tx:
        found = _mine(tx, handoff_offer_id, staff_id)
        if found is None or not handoff_offers.answer(tx, handoff_offer_id, "declined", reason):
            return _OVER
        _, handoff = found
        offer.settle(tx, handoff.handoff_id)
        if handoff.state in FREE:
            handoffs.rearm(tx, handoff.handoff_id, tx.now, handoff.step)  # the next one is asked now
        elif handoff.state in OWNED and handoff.next_at is not None:
            handoffs.rearm(tx, handoff.handoff_id, min(handoff.next_at, tx.now), handoff.step)
        audit.record(tx, act="offer_declined", staff_id=staff_id, object_id=handoff.handoff_id, detail=reason)
    return None


def _mine(tx: Tx, handoff_offer_id: str, staff_id: str) -> tuple[HandoffOffer, Handoff] | None:
    """Their open offer and its hand-off, under the conversation's lock."""
    standing = handoff_offers.get(tx, handoff_offer_id)
    handoff = handoffs.get(tx, standing.handoff_id) if standing else None
    if standing is None or handoff is None or standing.staff_id != staff_id:
        return None
    conversations.load(tx, handoff.conversation_id)
    standing, handoff = handoff_offers.get(tx, handoff_offer_id), handoffs.get(tx, handoff.handoff_id)
    if standing is None or standing.answer is not None or handoff is None or handoff.state == "closed":
        return None
    return standing, handoff
