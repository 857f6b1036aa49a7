"""What opens the door when the phone is gone? Ten codes on paper, each of them once."""

from __future__ import annotations

import secrets

from bot.store import audit, passkeys, staff
from bot.store.db import Database
from bot.usecases.accounts import spend_a_try

CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without the letters and digits that are mistaken for each other on paper."""
_LENGTH = 12


def make_codes(database: Database, staff_id: str) -> list[str]:
    """New codes, to be shown once: those made earlier open nothing any more."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(CODES)]
    with database.transaction() as tx:
        passkeys.set_recovery_codes(tx, staff_id, codes)
        audit.record(tx, act="recovery_codes_made", staff_id=staff_id, object_id=staff_id)
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in codes]


def check_recovery_code(database: Database, staff_id: str, typed: str) -> bool:
    """Whether this is one of the account's codes that was not used before. Wrong ones count towards the lock."""
    code = "".join(sign for sign in typed.lower() if sign.isalnum())
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.active or not spend_a_try(tx, account):
            return False
        if not passkeys.use_recovery_code(tx, staff_id, code):
            return False
        staff.update(tx, staff_id, failed_logins=0, locked_until=None)
        audit.record(tx, act="recovery_code_used", staff_id=staff_id, object_id=staff_id)
    return True
