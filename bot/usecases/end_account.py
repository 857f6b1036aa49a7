"""What becomes of an account whose owner leaves? It opens nothing any more, and whoever they held is back in the queue.

One transaction: nobody is ever held by somebody who cannot come in.
"""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, conversations, handoff_offers, handoffs, pages, passkeys, rota, staff
from bot.store.db import Database
from bot.usecases import climb, offer, turn
from bot.usecases.refusal import Refused
from flows.events import AdvocateLeft


def end_account(database: Database, services: Services, *, staff_id: str, by_id: str | None) -> Refused | None:
    """`by_id` is who ends it, None for the operator. None means done; ending an ended account changes nothing."""
    if staff_id == by_id:
        return Refused("You cannot end your own account. Ask another admin.")
    with database.reading() as tx:
        theirs = [held.conversation_id for held in handoffs.owned_by(tx, staff_id)]
    with database.transaction() as tx:
        # Conversations before accounts, in the order of their ids, as everything else locks them.
        for conversation_id in sorted(theirs):
            conversations.load(tx, conversation_id)
        if staff.get(tx, staff_id) is None:
            return Refused("There is no such account.")
        for held in handoffs.owned_by(tx, staff_id):
            handoff_offers.end_all(tx, held.handoff_id, "rescinded")
            handoffs.give_back(tx, held.handoff_id, tx.now)
            turn.take(tx, services, held.conversation_id, AdvocateLeft())
            climb.begin(tx, services, held.handoff_id)
        for offered in handoff_offers.open_to(tx, staff_id):
            handoff_offers.answer(tx, offered.handoff_offer_id, "timed_out")
            offer.settle(tx, offered.handoff_id)
        staff.end_shift(tx, staff_id)
        staff.drop_plans_of(tx, staff_id)
        rota.end_all(tx, [staff_id])
        pages.drop_channels_of(tx, staff_id)
        staff.drop_sessions_of(tx, staff_id)
        passkeys.forget_all(tx, staff_id)
        staff.update(tx, staff_id, active=False, password_hash=None, totp_secret=None, totp_last_used=None,
                     setup_key=None, setup_expires_at=None)  # fmt: skip
        audit.record(tx, act="account_ended", staff_id=by_id, object_id=staff_id)
        tx.after_commit(services.nudges.deliver)
    return None
