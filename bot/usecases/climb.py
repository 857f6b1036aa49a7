"""What does the ladder do now? The step of a hand-off whose alarm has come, once, and the next alarm with it.

A step is a row with a primary key: of two sweeps, or of one that died in the middle, exactly one does it. The next
alarm counts from where the climb began: a late step does not make the next one late. The last comes again for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.rules.ladder import LOOK_AGAIN
from bot.services import Services
from bot.store import conversations, handoff_offers, handoffs, ladder_steps
from bot.store.db import Database, Tx
from bot.store.handoffs import Handoff
from bot.usecases import offer, page_staff
from bot.usecases.alerts import alert

NOBODY = "nobody_called"
"""The alert's code: a step reached beyond the shift, and nobody there has a channel to be called by."""
CAUGHT_UP = timedelta(seconds=1)
"""Steps that were missed while nothing swept are done one a round, not all at once."""


def begin(tx: Tx, services: Services, handoff_id: str) -> None:
    """The first step of a new climb, with the change that began it; the caller holds the conversation's lock."""
    handoff = handoffs.get(tx, handoff_id)
    if handoff is not None and handoff.is_free and handoff.step == 0:
        first = services.ladder.due_at(handoff.tier, 0, handoff.climb_at or tx.now)
        if first <= tx.now:
            _step(tx, services, handoff)
        else:
            handoffs.rearm(tx, handoff_id, first, 0)


def climb(database: Database, services: Services) -> None:
    """Every alarm that has come. Each in its own transaction, so that one that fails holds up no other."""
    with database.reading() as tx:
        late = dict.fromkeys([one.handoff_id for one in handoffs.due(tx, tx.now)] + handoff_offers.expired(tx))
    for handoff_id in late:
        with database.transaction() as tx:
            _look(tx, services, handoff_id)


def _look(tx: Tx, services: Services, handoff_id: str) -> None:
    handoff = handoffs.get(tx, handoff_id)
    if handoff is None or not conversations.lock_if_free(tx, handoff.conversation_id):
        return  # gone, or in a turn, or in another sweep: looked at again in a second
    offer.expire(tx, handoff_id)
    handoff = handoffs.get(tx, handoff_id)
    if handoff is None or handoff.next_at is None or handoff.next_at > tx.now:
        return
    if handoff.is_free:
        _step(tx, services, handoff)
    elif handoff.unseen or handoff.unanswered:
        _silence(tx, services, handoff)
    else:
        _remind(tx, services, handoff)


def _step(tx: Tx, services: Services, handoff: Handoff) -> None:
    """Nobody has them: the next rung."""
    ladder, climb_at = services.ladder, handoff.climb_at or tx.now
    acts = ladder.acts(handoff.tier, handoff.step, owned=False)
    due_at = ladder.due_at(handoff.tier, handoff.step, climb_at)
    next_at = max(ladder.due_at(handoff.tier, handoff.step + 1, climb_at), tx.now + CAUGHT_UP)
    if ladder_steps.record(tx, handoff.handoff_id, handoff.climb, handoff.step, ",".join(acts), due_at):
        _act(tx, services, handoff, acts, why="waits")
        tx.after_commit(_bell(services, handoff))
    handoffs.rearm(tx, handoff.handoff_id, next_at, handoff.step + 1)


def _silence(tx: Tx, services: Services, handoff: Handoff) -> None:
    """Their owner has not seen, or not answered, what they wrote: once seen, the rungs wait twice as long."""
    ladder, climb_at = services.ladder, handoff.climb_at or tx.now
    due_at = ladder.due_at(handoff.tier, handoff.step, climb_at, owned=True)
    if not handoff.unseen:
        due_at = climb_at + 2 * (due_at - climb_at)
        if tx.now < due_at:
            handoffs.rearm(tx, handoff.handoff_id, due_at, handoff.step)
            return
    acts = ladder.acts(handoff.tier, handoff.step, owned=True)
    if ladder_steps.record(tx, handoff.handoff_id, handoff.climb, handoff.step, ",".join(acts), due_at):
        _act(tx, services, handoff, acts, why="silent")
    next_at = ladder.due_at(handoff.tier, handoff.step + 1, climb_at, owned=True)
    handoffs.rearm(tx, handoff.handoff_id, max(next_at, tx.now + CAUGHT_UP), handoff.step + 1)


def _remind(tx: Tx, services: Services, handoff: Handoff) -> None:
    """Nothing is unanswered: a parked hour has come, or it is time to look again. Nothing ends by itself."""
    if handoff.state == "parked":
        handoffs.set_state(tx, handoff.handoff_id, "owned", tx.now + LOOK_AGAIN, among=("parked",),
                           owner_id=handoff.owner_id)  # fmt: skip
    else:
        handoffs.rearm(tx, handoff.handoff_id, tx.now + LOOK_AGAIN, handoff.step + 1)
    if handoff.state in ("parked", "wrap_up", "until_safe"):
        _act(tx, services, handoff, ("owner",), why="silent")


def _act(tx: Tx, services: Services, handoff: Handoff, acts: tuple[str, ...], *, why: str) -> None:
    called: set[str] = set()
    beyond = False
    for act in acts:
        if act == "offer":
            offer.to_the_best(tx, services, handoff)
            continue
        beyond = beyond or act in ("lead", "on_call", "second", "director")
        who = page_staff.reach(tx, act, handoff.owner_id)
        if act == "offer_all":
            offer.to_the_others(tx, services, handoff, who)
        occasion = f"{handoff.handoff_id}:{handoff.climb}:{handoff.step}"
        called |= page_staff.call(tx, services, who, why=why, tier=handoff.tier, occasion=occasion,
                                  handoff_id=handoff.handoff_id)  # fmt: skip
    if beyond and not called:
        alert(tx, NOBODY)


def _bell(services: Services, handoff: Handoff) -> Callable[[], None]:
    return lambda: services.pager.page(handoff_id=handoff.handoff_id, tier=handoff.tier, step=handoff.step)
