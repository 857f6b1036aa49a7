"""Who takes the person who waits? Exactly one of those who press at once, and from then on the bot is silent."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.ladder import TIERS
from bot.rules.may_send import BOT_KINDS
from bot.rules.phrases import phrase
from bot.rules.routing import Advocate, Waits, has_room, in_order
from bot.services import Services
from bot.store import audit, conversations, handoff_offers, handoffs, pages, presence, staff, threads
from bot.store.db import Database, Tx
from bot.store.handoffs import Handoff
from bot.usecases import offer, turn
from bot.usecases.refusal import Refused
from flows.events import AdvocateClaimed

HELD_BY_ADVOCATE = "held_by_advocate"
"""Why a bot's text that had not left never will."""
_LOOKED_AT = 50
"""Of each tier: whoever is next is among those who wait longest."""
WHY_PULLED = ("knows_them", "language", "asked_for_me", "closest", "other")
"""Why somebody was taken out of their turn: words of a list, for the record holds no story."""


@dataclass(frozen=True, slots=True)
class Claimed:
    handoff_id: str
    conversation_id: str


def claim(database: Database, services: Services, *, handoff_id: str | None, staff_id: str,
          why: str = "") -> Claimed | Refused:  # fmt: skip
    """Takes this hand-off, out of its turn and with a reason of WHY_PULLED; or with None the one that is next for this
    advocate. Claiming one's own again changes nothing."""
    if handoff_id is None:
        return _take_next(database, services, staff_id)
    if why not in ("", *WHY_PULLED):
        return Refused("Choose why you take this person out of their turn.")
    with database.transaction() as tx:
        return take(tx, services, handoff_id, staff_id, why)


def pull(database: Database, services: Services, *, handoff_id: str, staff_id: str, why: str) -> Claimed | Refused:
    """Takes this one by hand. Whoever is next for this advocate needs no reason; everybody else does."""
    with database.reading() as tx:
        wanted = handoffs.get(tx, handoff_id)
        in_turn = wanted is None or not wanted.is_free or next_for(tx, services, staff_id) == handoff_id
    if not why and not in_turn:
        return Refused("Somebody else is next. Say why you take this person out of their turn.")
    return claim(database, services, handoff_id=handoff_id, staff_id=staff_id, why=why)


def next_for(tx: Tx, services: Services, staff_id: str) -> str | None:
    """The hand-off that "take next" would give to this advocate now."""
    order = in_order(_queue(tx), _me(tx, services, staff_id), tx.now, services.ladder)
    return order[0].handoff_id if order else None


def _take_next(database: Database, services: Services, staff_id: str) -> Claimed | Refused:
    lost: set[str] = set()
    while True:
        with database.reading() as tx:
            me, queue = _me(tx, services, staff_id), _queue(tx)
        wanted = [one.handoff_id for one in in_order(queue, me, tx.now, services.ladder) if one.handoff_id not in lost]
        if not wanted:
            return Refused("Nobody is waiting now.")
        first = next(one for one in queue if one.handoff_id == wanted[0])
        if first.tier != "P0" and not has_room(first, me, cap=services.ladder.hard_cap):
            return Refused(
                phrase(
                    "You hold %(load)s already. Finish with somebody first, or take one person by name.", load=me.load
                )
            )
        # Each try is its own transaction: the loser of a race holds no lock while it tries the next person. Whoever
        # is in somebody's hands this moment is passed over, and waited for only if nobody else is left.
        for handoff_id in wanted:
            with database.transaction() as tx:
                if len(wanted) > 1 and not _is_free_to_lock(tx, handoff_id):
                    continue
                answer = take(tx, services, handoff_id, staff_id, "")
            if isinstance(answer, Claimed):
                return answer
            lost.add(handoff_id)


def _is_free_to_lock(tx: Tx, handoff_id: str) -> bool:
    handoff = handoffs.get(tx, handoff_id)
    return handoff is not None and handoff.is_free and conversations.lock_if_free(tx, handoff.conversation_id)


def _me(tx: Tx, services: Services, staff_id: str) -> Advocate:
    for one in presence.team(tx, staff_id):
        return offer.as_advocate(one, services.ladder.capacity)
    return Advocate(staff_id, presence.load_of(tx, staff_id), services.ladder.capacity)


def _queue(tx: Tx) -> list[Waits]:
    free = [one for tier in TIERS for one in handoffs.longest_waiting(tx, tier, _LOOKED_AT)]
    about = conversations.routing_of(tx, [one.conversation_id for one in free])
    return [offer.as_waits(one, *about.get(one.conversation_id, ("en", ""))) for one in free]


def take(tx: Tx, services: Services, handoff_id: str, staff_id: str, why: str) -> Claimed | Refused:
    """In the caller's transaction."""
    wanted = handoffs.get(tx, handoff_id)
    if wanted is None:
        return Refused("There is no such hand-off.")
    # The conversation's lock first, as every turn takes it: an inbound text and a claim cannot wait for each other.
    stored = conversations.load(tx, wanted.conversation_id)
    wrote = stored.last_seq if stored is not None else 0
    silent_at = services.ladder.due_at(wanted.tier, 0, tx.now, owned=True)
    if not handoffs.claim(tx, wanted.handoff_id, staff_id, silent_at, wrote):
        return _too_late(tx, wanted.handoff_id, staff_id)
    took_over(tx, services, wanted)
    detail = f"{wanted.tier} {why}".strip()
    audit.record(tx, act="handoff_claimed", staff_id=staff_id, object_id=wanted.handoff_id, detail=detail)
    return Claimed(wanted.handoff_id, wanted.conversation_id)


def took_over(tx: Tx, services: Services, handoff: Handoff) -> None:
    """It has a new owner: no offer stands, nobody else is called, the bot is silent and the epoch is another."""
    handoff_offers.end_all(tx, handoff.handoff_id, "rescinded")
    pages.drop_of(tx, handoff.handoff_id)
    threads.refuse_queued(tx, handoff.conversation_id, BOT_KINDS, HELD_BY_ADVOCATE)
    turn.take(tx, services, handoff.conversation_id, AdvocateClaimed())


def _too_late(tx: Tx, handoff_id: str, staff_id: str) -> Claimed | Refused:
    now: Handoff | None = handoffs.get(tx, handoff_id)
    if now is None or now.owner_id is None or now.closed_at is not None:
        return Refused("This one is closed already.")
    if now.owner_id == staff_id:
        return Claimed(handoff_id, now.conversation_id)
    return Refused(phrase("%(who)s has this person already.", who=staff.aliases(tx, [now.owner_id])[now.owner_id]))
