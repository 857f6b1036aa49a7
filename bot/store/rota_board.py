"""What is planned between two moments? Shifts, on-call, leave and holidays together, and each taken away again."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, Table, literal, select

from bot.store.db import Tx
from bot.store.rota import absences, on_calls
from bot.store.staff import running_shifts, shifts, staff

SHIFT, ON_CALL, AWAY = "shift", "on_call", "away"

_TABLES: dict[str, tuple[Table, Column[str]]] = {
    SHIFT: (shifts, shifts.c.shift_id),
    ON_CALL: (on_calls, on_calls.c.on_call_id),
    AWAY: (absences, absences.c.absence_id),
}
KINDS = tuple(_TABLES)


class Planned(NamedTuple):
    """One row of the plan. `line` is 0 but for on-call; nobody in particular is away on a holiday; a shift that is not
    `planned` was begun by hand, and no leave undoes it."""

    kind: str
    planned_id: str
    staff_id: str | None
    line: int
    starts_at: datetime
    ends_at: datetime
    planned: bool


def between(tx: Tx, since: datetime, until: datetime) -> list[Planned]:
    """Everything that touches that span, in order of its beginning; of accounts that are open."""
    found = [one for kind in KINDS for one in _of(tx, kind, since, until)]
    return sorted(found, key=lambda one: (one.starts_at, one.kind, one.planned_id))


def _of(tx: Tx, kind: str, since: datetime, until: datetime) -> list[Planned]:
    table, key = _TABLES[kind]
    c = table.c
    line = c.line if kind == ON_CALL else literal(0)
    planned = c.planned if kind == SHIFT else literal(True)
    query = select(literal(kind), key, c.staff_id, line, c.starts_at, c.ends_at, planned)
    query = query.outerjoin_from(table, staff, staff.c.staff_id == c.staff_id)
    there = c.staff_id.is_(None) | staff.c.active
    return [Planned(*row) for row in tx.conn.execute(query.where(there, c.starts_at < until, c.ends_at > since))]


def get(tx: Tx, kind: str, planned_id: str) -> Planned | None:
    table, key = _TABLES[kind]
    c = table.c
    line = c.line if kind == ON_CALL else literal(0)
    planned = c.planned if kind == SHIFT else literal(True)
    query = select(literal(kind), key, c.staff_id, line, c.starts_at, c.ends_at, planned).where(key == planned_id)
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else Planned(*row)


def end(tx: Tx, one: Planned) -> None:
    """It is over now; one that has not begun never was."""
    table, key = _TABLES[one.kind]
    mine = key == one.planned_id
    if one.starts_at >= tx.now:
        tx.conn.execute(table.delete().where(mine))
    else:
        tx.conn.execute(table.update().where(mine, table.c.ends_at > tx.now).values(ends_at=tx.now))


def running_since(tx: Tx, staff_id: str) -> datetime | None:
    """Since when this account is on shift; None while it is not."""
    query = running_shifts(tx.now).where(shifts.c.staff_id == staff_id)
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else row.starts_at
