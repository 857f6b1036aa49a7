"""Which places are asked for or held, for whom, and until when? Every step is conditional on the one before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from bot.store.db import Tx, new_id
from bot.store.directory import holds, programs, stocks


@dataclass(frozen=True, slots=True)
class Hold:
    """A place asked for or held for one conversation."""

    hold_id: str
    short_id: str
    stock_id: str
    program_id: str
    code_name: str
    conversation_id: str
    state: str
    hours: int
    staff_id: str
    expires_at: datetime | None
    reason: str | None = None
    extended_at: datetime | None = None


_HOLD = (
    holds.c.hold_id, holds.c.short_id, holds.c.stock_id, stocks.c.program_id, programs.c.code_name,
    holds.c.conversation_id, holds.c.state, holds.c.hours, holds.c.staff_id, holds.c.expires_at,
    holds.c.reason, holds.c.extended_at,
)  # fmt: skip


def add(tx: Tx, *, short_id: str, stock_id: str, conversation_id: str, staff_id: str, hours: int,
             answer_by: datetime) -> str:  # fmt: skip
    """A hold that is asked for. The caller holds the stock's lock and has seen that there is room."""
    hold_id = new_id()
    row = {
        "hold_id": hold_id, "short_id": short_id, "stock_id": stock_id, "conversation_id": conversation_id,
        "state": "asked", "requested_at": tx.now, "expires_at": answer_by, "hours": hours, "staff_id": staff_id,
    }  # fmt: skip
    tx.conn.execute(holds.insert(), row)
    return hold_id


def find(tx: Tx, program_id: str, short_id: str) -> Hold | None:
    """The newest of a program's holds with this short id: ids are used again once nobody can mean the old one."""
    found = _select(tx, stocks.c.program_id == program_id, holds.c.short_id == short_id.upper())
    return found[-1] if found else None


def of_conversation(tx: Tx, conversation_id: str, state: str | None = None) -> list[Hold]:
    """Those in this state, or all there ever were, the oldest first."""
    where = [holds.c.conversation_id == conversation_id]
    return _select(tx, *where, *([holds.c.state == state] if state else []))


def lapsed(tx: Tx) -> list[Hold]:
    """Asked or held, and past their time."""
    return _select(tx, holds.c.state.in_(("asked", "held")), holds.c.expires_at <= tx.now)


def live_of(tx: Tx, program_id: str) -> list[Hold]:
    """A program's places that are asked for or held now."""
    live = (holds.c.state.in_(("asked", "held")), holds.c.expires_at > tx.now)
    return _select(tx, stocks.c.program_id == program_id, *live)


def short_ids_since(tx: Tx, program_id: str, since: datetime) -> set[str]:
    """Short ids a provider could still answer to."""
    query = select(holds.c.short_id).join(stocks, stocks.c.stock_id == holds.c.stock_id)
    return set(tx.conn.execute(query.where(stocks.c.program_id == program_id, holds.c.requested_at > since)).scalars())


def move(tx: Tx, hold_id: str, *, to: str, only_from: Collection[str], reason: str | None = None,
         facet: str | None = None, expires_at: datetime | None = None, before: datetime | None = None,
         ) -> bool:  # fmt: skip
    """One conditional step; False when somebody else moved it first, and nothing was changed. `before`: only if its
    time was over by then."""
    where = [holds.c.hold_id == hold_id, holds.c.state.in_(only_from)]
    if before is not None:
        where.append(holds.c.expires_at <= before)
    values = {"state": to, "reason": reason, "facet": facet, "answered_at": tx.now, "expires_at": expires_at}
    if to == "held":
        values["held_at"] = tx.now
    return tx.conn.execute(holds.update().where(*where).values(**values)).rowcount == 1


def held(tx: Tx, stock_id: str) -> int:
    """How many of these places are promised now."""
    live = (holds.c.stock_id == stock_id, holds.c.state == "held", holds.c.expires_at > tx.now)
    return tx.conn.execute(select(func.count()).select_from(holds).where(*live)).scalar_one()


def extend(tx: Tx, hold_id: str, until: datetime) -> bool:
    """Once, while it is held; False when it is not, or was extended before."""
    where = (holds.c.hold_id == hold_id, holds.c.state == "held", holds.c.extended_at.is_(None))
    return tx.conn.execute(holds.update().where(*where).values(expires_at=until, extended_at=tx.now)).rowcount == 1


def get(tx: Tx, hold_id: str) -> Hold | None:
    found = _select(tx, holds.c.hold_id == hold_id)
    return found[0] if found else None


def _select(tx: Tx, *where: ColumnElement[bool]) -> list[Hold]:
    query = select(*_HOLD).join(stocks, stocks.c.stock_id == holds.c.stock_id)
    query = query.join(programs, programs.c.program_id == stocks.c.program_id)
    rows = tx.conn.execute(query.where(*where).order_by(holds.c.requested_at, holds.c.hold_id))
    return [Hold(*row) for row in rows]
