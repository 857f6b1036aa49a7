"""What do directory staff say of a program: what it is, whom it serves, who may see it? Each change with its name.

Saying that it is a place to live in, or that it hides, forgets where it is in the same transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.rules import intake
from bot.rules.continuum import is_home, need_of
from bot.store import audit, directory_places, directory_program, staff
from bot.store.db import Database, Tx
from bot.usecases.refusal import Refused

MAY = ("directory", "lead", "admin")
_CHANGES = ("kind", "need", "region", "zip3", "confidential", "visibility", "status", "intake")


def edit_program(database: Database, *, program_id: str, staff_id: str, changes: Mapping[str, Any]) -> Refused | None:
    """None means changed. What `intake` may say is in bot/rules/intake.py."""
    with database.transaction() as tx:
        account = staff.get(tx, staff_id)
        if account is None or not account.may(MAY):
            return Refused("Only directory staff, a lead or an admin may change a program.")
        standing = directory_program.get(tx, program_id)
        if standing is None:
            return Refused("There is no such program.")
        if why := _wrong(changes, standing.kind):
            return Refused(why)
        _change(tx, program_id, dict(changes), standing)
        audit.record(tx, act="program_edited", staff_id=staff_id, object_id=program_id[:40])
    return None


def _wrong(changes: Mapping[str, Any], kind: str) -> str | None:
    unknown = set(changes) - set(_CHANGES)
    if unknown:
        return f"There is no such field: {', '.join(sorted(unknown))}."
    if need_of(changes.get("kind", kind), changes.get("need")) is None:
        return "This kind of program does not answer that need."
    if changes.get("visibility", "private") not in ("private", "partner", "public"):
        return "It is private, for partners, or public."
    if changes.get("status", "active") not in ("active", "paused", "closed"):
        return "It is active, paused or closed."
    if why := intake.wrong(changes.get("intake", {})):
        return why
    if any(not re.fullmatch(r"\d{3}", one) for one in changes.get("zip3", ())):
        return "An area is the first three digits of a ZIP."
    if len(changes.get("region", "x")) > 60 or not changes.get("region", "x").strip():
        return "Say the metro area or state, in at most 60 letters; never a street."
    return None


def _change(tx: Tx, program_id: str, changes: dict[str, Any], standing: directory_program.Standing) -> None:
    kind = changes.get("kind", standing.kind)
    if "kind" in changes or "need" in changes:
        changes["need"] = need_of(kind, changes.get("need"))
    if "kind" in changes and is_home(kind) and not is_home(standing.kind):
        changes.setdefault("confidential", True)
    if changes.get("confidential"):
        directory_places.hide(tx, program_id)
    directory_program.change(tx, program_id, changes)
