"""To whom is a hand-off offered, and what becomes of an offer nobody answers? In the transaction of whoever asks.

Offers go to those who are here: on shift, proven by an alert they heard, with a page that polls and hands that
move. The hand-off stays nobody's (or its owner's) meanwhile, its ladder goes on, and anybody may take it. So a declined
offer, one that times out, a closed lid or a crash loses nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.rules.presence import Presence, Signs, presence
from bot.rules.routing import Advocate, Waits, best_for
from bot.services import Services
from bot.store import conversations, handoff_offers, handoffs
from bot.store import presence as kept
from bot.store.db import Tx
from bot.store.handoffs import Handoff
from bot.store.presence import Colleague

_SKILL_OF = {"minor": "minor", "medical": "medical", "suicide": "suicide", "labour": "labour"}
"""What a reason asks of whoever answers it, where colleagues have said what they can."""


def to_the_best(tx: Tx, services: Services, handoff: Handoff) -> None:
    """Offer it to whoever fits best and is here; who has it on the desk already keeps their offer."""
    standing = {one.staff_id for one in handoff_offers.open_of(tx, handoff.handoff_id)}
    passed = handoff_offers.passed(tx, handoff.handoff_id, handoff.climb)
    team = [one for one in here(tx, services) if one.staff_id not in standing | passed]
    best = best_for(waits(tx, handoff), team, tx.now, services.ladder)
    _make(tx, services, handoff, [one.staff_id for one in best], kind="next")
    if best:
        handoffs.offered(tx, handoff.handoff_id, "offered", among=("waiting",))


def to_the_others(tx: Tx, services: Services, handoff: Handoff, staff_ids: Collection[str]) -> None:
    """Their owner cannot be reached: whoever is here may take them over. The owner keeps them until then."""
    standing = {one.staff_id for one in handoff_offers.open_of(tx, handoff.handoff_id)}
    present = {one.staff_id for one in here(tx, services)}
    _make(tx, services, handoff, sorted(present.intersection(staff_ids) - standing), kind="rescue")


def _make(tx: Tx, services: Services, handoff: Handoff, staff_ids: Collection[str], *, kind: str) -> None:
    expires_at = tx.now + services.ladder.offer_lasts(handoff.tier)
    handoff_offers.add(tx, handoff.handoff_id, staff_ids, kind=kind, climb=handoff.climb, expires_at=expires_at)


def expire(tx: Tx, handoff_id: str) -> None:
    """What was not answered in time is over; the hand-off is where it was before, with its alarm."""
    if handoff_offers.end_all(tx, handoff_id, "timed_out", expired_only=True):
        settle(tx, handoff_id)


def settle(tx: Tx, handoff_id: str) -> None:
    """With no offer left, one that was offered waits, and one that was being given on is its owner's."""
    left = handoff_offers.open_of(tx, handoff_id)
    if not any(one.kind == "next" for one in left):
        handoffs.offered(tx, handoff_id, "waiting", among=("offered",))
    if not any(one.kind == "transfer" for one in left):
        handoffs.offered(tx, handoff_id, "owned", among=("transferring",))


def waits(tx: Tx, handoff: Handoff) -> Waits:
    """The person as routing sees them."""
    language, region = conversations.routing_of(tx, [handoff.conversation_id]).get(handoff.conversation_id, ("en", ""))
    return as_waits(handoff, language, region)


def as_waits(handoff: Handoff, language: str, region: str) -> Waits:
    skill = _SKILL_OF.get(handoff.reason)
    needs = frozenset({skill}) if skill else frozenset()
    return Waits(handoff.handoff_id, handoff.tier, handoff.opened_at, handoff.promised_at, language, needs, region)


def here(tx: Tx, services: Services) -> list[Advocate]:
    """Who is on shift and present, with what they hold and were offered."""
    offers = handoff_offers.open_count(tx)
    return [
        as_advocate(one, services.ladder.capacity, offers.get(one.staff_id, 0))
        for one in kept.team(tx)
        if present(one, services, tx) is Presence.HERE
    ]


def present(one: Colleague, services: Services, tx: Tx) -> Presence:
    signs = Signs(one.shift_from, one.polled_at, one.typed_at, one.proved_at, one.on_break, one.rests_until)
    return presence(signs, tx.now, timedelta(minutes=services.ladder.proof_minutes))


def as_advocate(one: Colleague, capacity: int, offered: int = 0) -> Advocate:
    return Advocate(one.staff_id, one.load + offered, one.capacity or capacity, _words(one.languages),
                    _words(one.skills), _words(one.regions))  # fmt: skip


def _words(text: str | None) -> frozenset[str] | None:
    return frozenset(text.split(",")) if text else None
