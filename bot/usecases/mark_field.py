"""Who may see one field of a record, and when was it last found true? A mark of its own, beside its record's."""

from __future__ import annotations

from bot.rules.vetting import CRITERIA_REVERIFY_AFTER, REVERIFY_AFTER
from bot.rules.visibility import ORGANIZATION_FIELDS, SERVICE_FIELDS
from bot.store import audit, directory_program, staff
from bot.store.db import Database
from bot.usecases.refusal import Refused

MAY = ("directory", "lead", "admin")
_FACET = "facets."


def mark_field(database: Database, *, subject_id: str, field: str, staff_id: str, visibility: str | None = None,
               verified: bool = False) -> Refused | None:  # fmt: skip
    """None means marked. `verified`: somebody asked today, and it is so; its clock begins again."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may mark a field.")
        if visibility not in (None, "private", "partner", "public"):
            return Refused("A field is private, for partners, or public.")
        if field not in (*SERVICE_FIELDS, *ORGANIZATION_FIELDS, "name", "locations") and not field.startswith(_FACET):
            return Refused("There is no such field.")
        if not directory_program.is_known(tx, subject_id):
            return Refused("There is no such organization or program.")
        lasts = CRITERIA_REVERIFY_AFTER if field.startswith(_FACET) else REVERIFY_AFTER
        directory_program.mark(
            tx, subject_id, field[:40], visibility=visibility, verified_by=staff_id if verified else None,
            reverify_at=tx.now + lasts,
        )  # fmt: skip
        audit.record(tx, act="field_marked", staff_id=staff_id, object_id=subject_id[:40], detail=field[:80])
    return None
