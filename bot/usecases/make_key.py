"""May a machine speak for this organization? A key, shown once; or the end of all it had."""

from __future__ import annotations

from collections.abc import Collection

from bot.store import api_keys, audit
from bot.store.db import Database
from bot.usecases.refusal import Refused


def make_key(database: Database, organization: str, scopes: Collection[str], *, name: str = "",
             staff_id: str | None = None,
             revoke: bool = False) -> str | Refused:  # fmt: skip
    """The key in clear, or nothing with `revoke`. `organization` is an id or a whole name."""
    with database.transaction() as tx:
        found = api_keys.organizations_named(tx, organization)
        if len(found) != 1:
            return Refused(
                "There is no such organization." if not found else "More than one has that name: say its id."
            )
        organization_id, vetting = found[0]
        if revoke:
            api_keys.revoke(tx, organization_id)
            audit.record(tx, act="api_keys_revoked", staff_id=staff_id, object_id=organization_id[:40])
            return ""
        if vetting != "approved":
            return Refused("Only an approved organization may have a key.")
        key = api_keys.add(tx, organization_id, scopes, name=name, made_by=staff_id)
        audit.record(tx, act="api_key_made", staff_id=staff_id, object_id=organization_id[:40])
    return key
