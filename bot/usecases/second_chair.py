"""Who sits beside an advocate? One asks, a lead is called, a colleague sits down: they read, the owner sends."""

from __future__ import annotations

from bot.services import Services
from bot.store import audit, handoff_offers, handoffs, staff
from bot.store.db import Database
from bot.usecases import page_staff
from bot.usecases.holding import held
from bot.usecases.refusal import Refused


def ask(database: Database, services: Services, *, conversation_id: str, staff_id: str, epoch: int) -> Refused | None:
    """Raise a hand: the leads are called. Asking again changes nothing. None means done."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        handoff = mine.handoff
        if handoff_offers.chair_of(tx, handoff.handoff_id) is not None:
            return None
        chair_id = handoff_offers.ask_chair(tx, handoff.handoff_id, staff_id)
        page_staff.call(tx, services, page_staff.leads(tx), why="second_chair", tier=handoff.tier, occasion=chair_id,
                        handoff_id=handoff.handoff_id)  # fmt: skip
        audit.record(tx, act="second_chair_asked", staff_id=staff_id, object_id=handoff.handoff_id)
    return None


def sit(database: Database, *, handoff_id: str, staff_id: str) -> Refused | None:
    """Sit down beside the owner; the first who comes has the chair. None means done."""
    with database.transaction() as tx:
        handoff, account = handoffs.get(tx, handoff_id), staff.get(tx, staff_id)
        if handoff is None or not handoff.is_owned or handoff.owner_id == staff_id:
            return Refused("Nobody else holds this person now.")
        if account is None or not account.may(("advocate", "lead")):
            return Refused("Only advocates and leads sit beside a colleague.")
        chair = handoff_offers.chair_of(tx, handoff_id)
        chair_id = chair.second_chair_id if chair else handoff_offers.ask_chair(tx, handoff_id, staff_id)
        if not handoff_offers.sit(tx, chair_id, staff_id):
            return Refused("The second chair is taken already.")
        audit.record(tx, act="second_chair_taken", staff_id=staff_id, object_id=handoff_id)
    return None


def leave(database: Database, *, handoff_id: str, staff_id: str) -> Refused | None:
    """The chair is empty again; the owner or whoever sits there may say so. None means done."""
    with database.transaction() as tx:
        handoff, chair = handoffs.get(tx, handoff_id), handoff_offers.chair_of(tx, handoff_id)
        if handoff is None or chair is None or staff_id not in (handoff.owner_id, chair.staff_id):
            return Refused("There is no second chair of yours here.")
        handoff_offers.end_chair(tx, handoff_id)
    return None
