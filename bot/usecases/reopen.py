"""Who writes again soon after the end is in the queue again, as urgent as before, with the earlier hand-off linked."""

from __future__ import annotations

from datetime import timedelta

from bot.services import Services
from bot.store import handoffs
from bot.store.conversations import Stored
from bot.store.db import Tx
from bot.usecases import climb

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
