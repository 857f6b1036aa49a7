"""Who is on call behind the shift, who is on leave, and which days are holidays?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Table,
    exists,
    or_,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id

on_calls = Table(
    "on_calls",
    metadata,
    Column("on_call_id", String(32), primary_key=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("line", Integer, nullable=False),  # 1 first, 2 second, 3 director
    Column("starts_at", UTCDateTime, nullable=False),
    Column("ends_at", UTCDateTime, nullable=False, index=True),
    CheckConstraint("line IN (1, 2, 3)", name="line"),
    CheckConstraint("ends_at > starts_at", name="span"),
)

absences = Table(
    "absences",
    metadata,
    Column("absence_id", String(32), primary_key=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), index=True),  # none: a holiday
    Column("starts_at", UTCDateTime, nullable=False),
    Column("ends_at", UTCDateTime, nullable=False, index=True),
    CheckConstraint("ends_at > starts_at", name="span"),
)


def put_on_call(tx: Tx, staff_id: str, line: int, starts_at: datetime, ends_at: datetime) -> str:
    on_call_id = new_id()
    row = {"on_call_id": on_call_id, "staff_id": staff_id, "line": line, "starts_at": starts_at, "ends_at": ends_at}
    tx.conn.execute(on_calls.insert(), row)
    return on_call_id


def on_call(tx: Tx, line: int) -> list[str]:
    """Who has this line now and is not away."""
    c = on_calls.c
    where = (c.line == line, c.starts_at <= tx.now, c.ends_at > tx.now, ~on_leave(c.staff_id, tx.now))
    return list(tx.conn.execute(select(c.staff_id).where(*where).order_by(c.starts_at, c.staff_id)).scalars())


def add_absence(tx: Tx, staff_id: str | None, starts_at: datetime, ends_at: datetime) -> str:
    """Leave of one colleague, or, for nobody in particular, a holiday."""
    absence_id = new_id()
    row = {"absence_id": absence_id, "staff_id": staff_id, "starts_at": starts_at, "ends_at": ends_at}
    tx.conn.execute(absences.insert(), row)
    return absence_id


def on_leave(staff_id: Column[str], at: datetime | Column[datetime]) -> ColumnElement[bool]:
    """SQL: is this colleague away at that moment?"""
    a = absences.c
    return exists(select(a.absence_id).where(a.staff_id == staff_id, a.starts_at <= at, a.ends_at > at))


def closed_for(staff_id: Column[str], at: datetime | Column[datetime]) -> ColumnElement[bool]:
    """SQL: does a planned shift not count then: their leave, or a holiday?"""
    a = absences.c
    theirs = or_(a.staff_id == staff_id, a.staff_id.is_(None))
    return exists(select(a.absence_id).where(theirs, a.starts_at <= at, a.ends_at > at))


def end_all(tx: Tx, staff_ids: Collection[str]) -> None:
    """They have left: on no line any more."""
    tx.conn.execute(on_calls.delete().where(on_calls.c.staff_id.in_(staff_ids)))
