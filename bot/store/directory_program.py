"""What stands in one program's row, and what is marked of its fields? For the staff who keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.store.db import Tx, new_id
from bot.store.directory import organizations, programs
from bot.store.directory_records import field_marks


@dataclass(frozen=True, slots=True)
class Standing:
    """What a change must know of what was there."""

    kind: str
    confidential: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """One field's own visibility (None: as its record) and clock."""

    subject_id: str
    field: str
    visibility: str | None
    verified_at: datetime | None
    reverify_at: datetime | None


_MARK = tuple(field_marks.c[name] for name in Mark.__dataclass_fields__)


def get(tx: Tx, program_id: str) -> Standing | None:
    p = programs.c
    row = tx.conn.execute(select(p.kind, p.confidential).where(p.program_id == program_id)).one_or_none()
    return None if row is None else Standing(*row)


def change(tx: Tx, program_id: str, values: Mapping[str, Any]) -> None:
    update = programs.update().where(programs.c.program_id == program_id)
    tx.conn.execute(update.values(**values, updated_at=tx.now))


def is_known(tx: Tx, subject_id: str) -> bool:
    """An organization or a program has this id."""
    for key in (programs.c.program_id, organizations.c.organization_id):
        if tx.conn.execute(select(func.count()).where(key == subject_id)).scalar_one():
            return True
    return False


def mark(tx: Tx, subject_id: str, field: str, *, visibility: str | None, verified_by: str | None,
         reverify_at: datetime) -> None:  # fmt: skip
    """Set what was given of a field's mark; the rest of it stays."""
    m = field_marks.c
    values: dict[str, Any] = {} if visibility is None else {"visibility": visibility}
    if verified_by is not None:
        values |= {"verified_at": tx.now, "verified_by": verified_by, "reverify_at": reverify_at}
    where = (m.subject_id == subject_id, m.field == field)
    if values and tx.conn.execute(field_marks.update().where(*where).values(**values)).rowcount == 0:
        row = {"field_mark_id": new_id(), "subject_id": subject_id, "field": field, **values}
        tx.conn.execute(field_marks.insert(), row)


def marks_of(tx: Tx, subject_id: str) -> list[Mark]:
    """What is marked of one record's fields, the one due first at the top."""
    query = select(*_MARK).where(field_marks.c.subject_id == subject_id)
    return [Mark(*row) for row in tx.conn.execute(query.order_by(field_marks.c.reverify_at, field_marks.c.field))]


def marks_due(tx: Tx) -> list[Mark]:
    """Fields whose clock has run out, the longest overdue first: what the audit page asks about."""
    m = field_marks.c
    return [
        Mark(*row) for row in tx.conn.execute(select(*_MARK).where(m.reverify_at <= tx.now).order_by(m.reverify_at))
    ]
