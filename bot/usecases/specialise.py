"""Does a program know a group well, as it says? Somebody saw that it does, or that it does not; with a name."""

from __future__ import annotations

from bot.rules.continuum import SPECIALISATIONS
from bot.store import audit, directory_criteria, directory_program, staff
from bot.store.db import Database
from bot.usecases.refusal import Refused
from bot.usecases.verify_criterion import MAY


def specialise(database: Database, *, program_id: str, staff_id: str, tag: str, knows: bool) -> Refused | None:
    """None means written down. A search puts it first for whoever prefers such a place, and for nobody else."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may say whom a program knows well.")
        if tag not in SPECIALISATIONS:
            return Refused("That is not a group we keep.")
        if directory_program.get(tx, program_id) is None:
            return Refused("There is no such program.")
        if knows:
            directory_criteria.verify_specialisation(tx, program_id, tag, staff_id)
        elif not directory_criteria.drop_specialisation(tx, program_id, tag):
            return Refused("It does not say so.")
        audit.record(tx, act="specialised" if knows else "unspecialised", staff_id=staff_id, object_id=program_id[:40],
                     detail=tag)  # fmt: skip
    return None
