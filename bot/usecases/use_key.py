"""Is this key still used? Noted after the answer, an hour apart at most: reading stays reading."""

from __future__ import annotations

from bot.store import api_keys
from bot.store.api_keys import NOTED_EVERY, ApiKey
from bot.store.db import Database


def use_key(database: Database, key: ApiKey) -> None:
    if key.last_used_at is not None and database.clock.now() - key.last_used_at < NOTED_EVERY:
        return
    with database.transaction() as tx:
        api_keys.note_use(tx, key.api_key_id)
