"""Which promise will be missed, and what is done about it? The person is told first, with the truth."""

from __future__ import annotations

from datetime import timedelta

from bot.rules.ladder import WARN_BEFORE, promised_minutes
from bot.services import Services
from bot.store import conversations, handoffs, promises, staff
from bot.store.db import Database, Tx
from bot.store.handoffs import Handoff
from bot.store.promises import Promise
from bot.usecases import hand_off, page_staff, turn
from bot.usecases.give_word import owner_of
from bot.usecases.promises import next_shift
from flows.actions import HandOff, TellAdvocates
from flows.conversation import Tier
from flows.events import PromiseLate

LONGEST_RAISE_MINUTES = 10
"""By how much a late promise is put off at a time: a wait is told honestly and often, not once and far."""
NEAR = timedelta(minutes=10)
"""So long before a colleague's word is due its owner hears of it."""
TOLD_INTO_SILENCE = 2
"""So often is a longer wait told to somebody who has not written since; then it is an alarm for us, not a text."""


def tell_late(database: Database, services: Services) -> None:
    """What will be missed: the person is told first, before it is due, with a wait that can be kept. A colleague's word
    is told to its owner while there is time, and to the leads once there is none."""
    with database.reading() as tx:
        near = promises.near(tx, tx.now + NEAR)
        late = promises.due(tx, tx.now + WARN_BEFORE)
    for promise in near:
        with database.transaction() as tx:
            _warn(tx, services, promise)
    for promise in late:
        with database.transaction() as tx:
            _look(tx, services, promise)


def _look(tx: Tx, services: Services, seen: Promise) -> None:
    stored = conversations.load(tx, seen.conversation_id)  # its lock first, as every turn takes it
    promise = promises.get(tx, seen.promise_id)
    if promise is None or promise.ended_at is not None or promise.due_at > tx.now + WARN_BEFORE:
        return
    standing = handoffs.open_of(tx, promise.conversation_id)
    if promise.staff_id is not None:  # a colleague's deed outlives a STOP, and a conversation
        if promise.due_at <= tx.now:
            _word_broken(tx, services, promise, standing)
        return
    if stored is None or stored.closed or stored.conversation.suppressed:
        promises.end_one(tx, promise.promise_id, "let_go")
        return
    if standing is None or standing.is_owned:
        if promise.due_at <= tx.now:
            _broken(tx, services, promise, standing)
        return
    there = staff.on_shift(tx, tx.now)
    if promise.soon and not there:
        promises.put_off(tx, promise.promise_id, next_shift(tx))
    elif stored.last_inbound_at is not None and (
        promises.told_since(tx, promise.conversation_id, stored.last_inbound_at) >= TOLD_INTO_SILENCE
    ):
        if promise.due_at <= tx.now:
            _broken(tx, services, promise, standing)
    else:
        _tell(tx, services, promise, standing, [one.alias for one in there])


def _tell(tx: Tx, services: Services, promise: Promise, standing: Handoff, there: list[str]) -> None:
    handoffs.clear_promise(tx, standing.handoff_id)
    if there:
        ahead = sum(1 for other in handoffs.waiting(tx) if other.opened_at < standing.opened_at)
        minutes = min(promised_minutes(standing.tier, ahead=ahead, advocates=len(there)), LONGEST_RAISE_MINUTES)
        handoffs.promise(tx, standing.handoff_id, minutes)
        turn.take(tx, services, promise.conversation_id, PromiseLate(there[0], minutes))
    else:
        # Whoever was on shift when it was promised is not any more: the truth, and when somebody will be.
        turn.ask_for_person(tx, services, promise.conversation_id, HandOff(Tier(standing.tier), "again"))
    after = promises.get(tx, promise.promise_id)
    if after is not None and after.ended_at is None:
        told_now = any(one.made_at == tx.now for one in promises.standing_of(tx, promise.conversation_id))
        # Nothing was said: they wish for quiet, or may not be alone.
        promises.end_one(tx, promise.promise_id, "told" if told_now else "let_go")


def _broken(tx: Tx, services: Services, promise: Promise, standing: Handoff | None) -> None:
    """Nobody wrote and nothing could be said: it is ours to look at, at once."""
    promises.end_one(tx, promise.promise_id, "broken")
    if standing is None:
        stored = conversations.load(tx, promise.conversation_id)
        assert stored is not None
        hand_off.tell(tx, services, stored, TellAdvocates(Tier.P2, "promise_broken"))
    elif standing.is_owned:  # the alarm of one who waits rings anyway
        hand_off.call_owner(tx, services, standing, promise.promise_id)


def _warn(tx: Tx, services: Services, promise: Promise) -> None:
    if promises.warn(tx, promise.promise_id):
        owner = owner_of(tx, promise)
        standing = handoffs.open_of(tx, promise.conversation_id)
        page_staff.call(
            tx, services, [owner] if owner else page_staff.leads(tx), why="promise", tier=_tier(standing),
            occasion=f"near:{promise.promise_id}", handoff_id=standing.handoff_id if standing else None,
        )  # fmt: skip


def _word_broken(tx: Tx, services: Services, promise: Promise, standing: Handoff | None) -> None:
    """It stays to be done; its owner and the leads are called, and somebody has the person again if nobody had."""
    promises.end_one(tx, promise.promise_id, "broken")
    owner = owner_of(tx, promise)
    if standing is None:
        stored = conversations.living(tx, promise.conversation_id)
        if stored is not None:
            hand_off.tell(tx, services, stored, TellAdvocates(Tier.P2, "promise_broken"))
            standing = handoffs.open_of(tx, stored.conversation_id)
    page_staff.call(
        tx, services, [*([owner] if owner else []), *page_staff.leads(tx)], why="promise", tier=_tier(standing),
        occasion=f"word:{promise.promise_id}", handoff_id=standing.handoff_id if standing else None,
    )  # fmt: skip


def _tier(standing: Handoff | None) -> str:
    return standing.tier if standing is not None else "P2"
