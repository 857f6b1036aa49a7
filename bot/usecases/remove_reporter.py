"""Who may no longer say how many places a program has open? A number that reports, or one that was only asked."""

from __future__ import annotations

from bot.store import audit, directory, reporter_invites, staff
from bot.store.db import Database
from bot.usecases.invite_reporter import MAY
from bot.usecases.refusal import Refused


def remove_reporter(database: Database, *, program_id: str, which: str, staff_id: str) -> Refused | None:
    """None means removed; `which` is the number's keyed hash. What it reported before stays, as anything said does."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may say who reports.")
        directory.lock_reporters(tx, program_id)
        asked = reporter_invites.take_back(tx, which, program_id)
        if not directory.remove_reporter(tx, which, program_id) and not asked:
            return Refused("No such number reports for this program.")
        audit.record(tx, act="reporter_removed", staff_id=staff_id, object_id=program_id[:40])
    return None
