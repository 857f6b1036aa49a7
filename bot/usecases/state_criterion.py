"""What did a program say of whom it serves? Somebody asked and writes it down, and the matcher reads it from now on."""

from __future__ import annotations

from typing import Any

from bot.rules.continuum import FACETS, fits_shape
from bot.store import audit, directory_criteria, directory_program, staff
from bot.store.db import Database
from bot.usecases.refusal import Refused
from bot.usecases.verify_criterion import BASES, HARDNESSES, MAY


def state_criterion(database: Database, *, program_id: str, staff_id: str, facet: str, value: Any, basis: str,
                    hardness: str = "hard") -> Refused | None:  # fmt: skip
    """None means stated and verified, with a name. What was said of this facet before stays a line of its history."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may state a criterion.")
        if facet not in FACETS or not fits_shape(facet, value):
            return Refused("That is not something a program can be asked about, or not an answer to it.")
        if basis not in BASES or hardness not in HARDNESSES:
            return Refused("Say what it rests on, and how firm it is.")
        if directory_program.get(tx, program_id) is None:
            return Refused("There is no such program.")
        criterion_id = directory_criteria.state(
            tx, program_id=program_id, facet=facet, value=value, hardness=hardness, basis=basis, source="staff",
            verified_by=staff_id,
        )  # fmt: skip
        directory_criteria.project_all(tx, [program_id])
        audit.record(tx, act="criterion_stated", staff_id=staff_id, object_id=criterion_id, detail=basis)
    return None
