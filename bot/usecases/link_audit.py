"""How do lines of the record become a chain? The clock links them, a moment after they were written."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from bot.store import audit
from bot.store.db import Database


def link_audit(database: Database) -> int:
    """Link what is new; returns how many lines. Safe to run in several copies: of two at once one links."""
    with database.reading() as tx:
        if not audit.any_new(tx):
            return 0
    try:
        with database.transaction() as tx:
            return audit.link(tx)
    except IntegrityError:
        return 0
