"""Which warm transfer waits for a deed that is late? Whoever has the person is called, then the leads, for ever.

Nothing ends by itself: a person half handed over is still ours.
"""

from __future__ import annotations

from bot.rules.warm_transfer import AGAIN_AFTER, hears
from bot.services import Services
from bot.store import conversations, handoffs, warm_transfers
from bot.store.db import Database, Tx
from bot.store.warm_transfers import Transfer
from bot.usecases import hand_off, page_staff
from flows.actions import TellAdvocates
from flows.conversation import Tier


def climb_transfers(database: Database, services: Services) -> int:
    """One round; for how many somebody was called."""
    with database.reading() as tx:
        late = warm_transfers.due(tx)
    called = 0
    for transfer in late:
        with database.transaction() as tx:
            called += _climb(tx, services, transfer.transfer_id)
    return called


def _climb(tx: Tx, services: Services, transfer_id: str) -> bool:
    transfer = warm_transfers.get(tx, transfer_id)
    if transfer is None or transfer.due_at is None or not conversations.lock_if_free(tx, transfer.conversation_id):
        return False  # gone, ended, or in somebody's hands this moment: looked at again in a second
    if transfer.due_at > tx.now or not warm_transfers.rearm(tx, transfer, tx.now + AGAIN_AFTER):
        return False
    _call(tx, services, transfer)
    return True


def _call(tx: Tx, services: Services, transfer: Transfer) -> None:
    standing = handoffs.open_of(tx, transfer.conversation_id)
    if standing is None:
        stored = conversations.living(tx, transfer.conversation_id)
        if stored is not None:
            hand_off.tell(tx, services, stored, TellAdvocates(Tier.P1, "transfer_late"))
        standing = handoffs.open_of(tx, transfer.conversation_id)
    owner = standing.owner_id if standing is not None and standing.is_owned else None
    acts = hears(transfer.step) if owner else ("lead",)
    who = [one for act in acts for one in page_staff.reach(tx, act, owner)]
    page_staff.call(
        tx, services, who, why="promise", tier=standing.tier if standing else "P1",
        occasion=f"warm:{transfer.transfer_id}:{transfer.step}",
        handoff_id=standing.handoff_id if standing else None,
    )  # fmt: skip
