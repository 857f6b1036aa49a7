"""Is this person still yours? Every deed of an owner asks, under the conversation's lock, and hears who has them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.phrases import phrase
from bot.store import conversations, handoffs, staff
from bot.store.conversations import Stored
from bot.store.db import Tx
from bot.store.handoffs import Handoff
from bot.usecases.refusal import Refused


@dataclass(frozen=True, slots=True)
class Held:
    stored: Stored
    handoff: Handoff


def held(tx: Tx, *, conversation_id: str, staff_id: str, epoch: int) -> Held | Refused:
    """`epoch` is the one the page was shown with: what was read under another owner decides nothing."""
    stored = conversations.load(tx, conversation_id)
    handoff = handoffs.open_of(tx, conversation_id)
    if stored is None or handoff is None:
        return Refused("This conversation is finished. Nothing was changed.")
    return not_yours(tx, stored, handoff, staff_id, epoch) or Held(stored, handoff)


def not_yours(tx: Tx, stored: Stored, handoff: Handoff, staff_id: str, epoch: int) -> Refused | None:
    if handoff.owner_id is None:
        return Refused("Nobody holds this conversation now. Take it first. Nothing was sent.")
    if handoff.owner_id != staff_id:
        name = staff.aliases(tx, [handoff.owner_id])[handoff.owner_id]
        return Refused(phrase("%(name)s holds this conversation now. Nothing was sent.", name=name))
    if stored.epoch != epoch:
        return Refused("This conversation changed hands since you opened it. Read what is new, then send again.")
    return None
