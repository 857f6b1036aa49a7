"""When was an end none? Who writes again soon after is in the queue again, as urgent as before; an advocate who sees
that something was left undone holds them again. Either way the earlier hand-off is linked."""

from __future__ import annotations

from datetime import timedelta

from bot.rules.phrases import phrase
from bot.services import Services
from bot.store import conversations, handoffs, staff
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.usecases import claim, climb
from bot.usecases.claim import Claimed
from bot.usecases.refusal import Refused

_OVER = frozenset({"returned", "wrong_person"})
"""Ends after which the bot goes on by itself."""


def after_an_end(tx: Tx, services: Services, stored: Stored) -> None:
    """In the transaction of the text that came in. Whoever is in the queue anyway is made no less urgent."""
    since = tx.now - timedelta(hours=services.ladder.reopen_hours)
    ended = handoffs.closed_last(tx, stored.person_id, since)
    if ended is None or ended.outcome in _OVER:
        return
    standing = handoffs.open_of(tx, stored.conversation_id)
    if standing is not None and (standing.is_owned or standing.opened_at < (ended.closed_at or tx.now)):
        return
    handoff_id = handoffs.open_handoff(
        tx, conversation_id=stored.conversation_id, tier=ended.tier, reason="wrote_again", next_at=tx.now,
        promised_at=None,
    )  # fmt: skip
    handoffs.goes_on_from(tx, handoff_id, ended.handoff_id)
    climb.begin(tx, services, handoff_id)


def by_hand(database: Database, services: Services, *, conversation_id: str, staff_id: str) -> Claimed | Refused:
    """Whoever opens it again holds the person, in the same transaction. Nothing is said to them."""
    with database.transaction() as tx:
        ended = handoffs.latest_of(tx, conversation_id)
        if ended is None:
            return Refused("Nobody ever waited here.")
        stored = conversations.living(tx, conversation_id)
        standing = handoffs.open_of(tx, stored.conversation_id) if stored is not None else None
        if stored is None or standing is not None:
            return _in_the_queue(tx, standing)
        handoff_id = handoffs.open_handoff(
            tx, conversation_id=stored.conversation_id, tier=ended.tier, reason="reopened", next_at=tx.now,
            promised_at=None,
        )  # fmt: skip
        handoffs.goes_on_from(tx, handoff_id, ended.handoff_id)
        return claim.take(tx, services, handoff_id, staff_id, "reopened")


def _in_the_queue(tx: Tx, standing: handoffs.Handoff | None) -> Refused:
    if standing is None or standing.owner_id is None:
        return Refused("They wait already. Take them from the queue.")
    return Refused(
        phrase("%(who)s has this person now.", who=staff.aliases(tx, [standing.owner_id])[standing.owner_id])
    )
