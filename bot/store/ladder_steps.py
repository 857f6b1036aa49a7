"""Which steps of the ladder were done, and how late? A step is a row: what two sweeps would both do, one does."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, ForeignKey, Integer, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.db import Tx, UTCDateTime, metadata

ladder_steps = Table(
    "ladder_steps",
    metadata,
    Column("handoff_id", String(32), ForeignKey("handoffs.handoff_id", ondelete="CASCADE"), primary_key=True),
    Column("climb", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("acts", String(80), nullable=False),  # comma-separated
    Column("due_at", UTCDateTime, nullable=False),
    Column("at", UTCDateTime, nullable=False, index=True),
)


class LadderStep(NamedTuple):
    climb: int
    step: int
    acts: str
    due_at: datetime
    at: datetime


def record(tx: Tx, handoff_id: str, climb: int, step: int, acts: str, due_at: datetime) -> bool:
    """True for whoever does it; False if it was done already."""
    insert = (postgresql if tx.conn.dialect.name == "postgresql" else sqlite).insert(ladder_steps)
    row = {"handoff_id": handoff_id, "climb": climb, "step": step, "acts": acts, "due_at": due_at, "at": tx.now}
    done = insert.values(**row).on_conflict_do_nothing().returning(ladder_steps.c.step)
    return tx.conn.execute(done).first() is not None


def of(tx: Tx, handoff_id: str) -> list[LadderStep]:
    s = ladder_steps.c
    query = select(*(s[name] for name in LadderStep._fields)).where(s.handoff_id == handoff_id)
    return [LadderStep(*row) for row in tx.conn.execute(query.order_by(s.climb, s.step))]
