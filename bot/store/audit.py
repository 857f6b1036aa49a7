"""Who did what, and who looked? Append-only; ids and acts, never content."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from bot.store.db import Tx, UTCDateTime, metadata, new_id

audit = Table(
    "audit",
    metadata,
    Column("audit_id", String(32), primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("staff_id", String(32)),
    Column("act", String(40), nullable=False),
    Column("object_id", String(40)),
    Column("detail", String(80)),  # a code, never a word of a person's
)


def record(
    tx: Tx, *, act: str, staff_id: str | None = None, object_id: str | None = None, detail: str | None = None
) -> None:
    """Add one line, in the transaction of what it tells of."""
    row = {
        "audit_id": new_id(),
        "at": tx.now,
        "staff_id": staff_id,
        "act": act,
        "object_id": object_id,
        "detail": detail,
    }
    tx.conn.execute(audit.insert(), row)
