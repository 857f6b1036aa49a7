"""May a machine that had a key still speak? One key ends, at once, with the name of who ended it."""

from __future__ import annotations

from bot.store import api_keys, audit
from bot.store.db import Database
from bot.usecases.refusal import Refused


def end_key(database: Database, api_key_id: str, *, staff_id: str) -> Refused | None:
    """None means ended: the next request with it is refused."""
    with database.transaction() as tx:
        if not api_keys.revoke_one(tx, api_key_id):
            return Refused("There is no such key, or it has ended already.")
        audit.record(tx, act="api_key_ended", staff_id=staff_id, object_id=api_key_id)
    return None
