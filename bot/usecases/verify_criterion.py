"""Is it so, what a program was said to ask? Somebody asked, says on what it rests, and the matcher reads it."""

from __future__ import annotations

from bot.store import audit, directory_criteria, staff
from bot.store.db import Database
from bot.usecases.refusal import Refused

MAY = ("directory", "lead", "admin")
BASES = ("law", "funder", "building", "policy", "choice")
HARDNESSES = ("hard", "soft", "ask_human")


def verify_criterion(database: Database, *, criterion_id: str, staff_id: str, basis: str,
                     hardness: str = "hard") -> Refused | None:  # fmt: skip
    """None means verified. Of two that say different things of one facet, the one verified last is read."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may verify a criterion.")
        if basis not in BASES:
            return Refused("Say what it rests on: law, funder, building, policy or choice.")
        if hardness not in HARDNESSES:
            return Refused("Say how firm it is: hard, soft, or to be asked each time.")
        if directory_criteria.verify(tx, criterion_id, staff_id, basis=basis, hardness=hardness) is None:
            return Refused("There is no such criterion.")
        audit.record(tx, act="criterion_verified", staff_id=staff_id, object_id=criterion_id, detail=basis)
    return None
