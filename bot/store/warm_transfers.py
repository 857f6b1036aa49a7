"""Who is being brought together with which program, how far is it, and what is due next? One at a time for a person.

Every step is conditional on the one before, and written down. What is open always has an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.directory import MATCHED, organizations, programs

warm_transfers = Table(
    "warm_transfers",
    metadata,
    Column("transfer_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("program_id", String(64), ForeignKey("programs.program_id"), nullable=False),
    Column("state", String(12), nullable=False),  # bot.rules.warm_transfer.State
    Column("way", String(4)),  # text · call: what the person chose
    Column("spoke_with", LargeBinary),  # sealed: whom at the program
    Column("reason", String(20)),  # why the program said no; stays on our side
    Column("staff_id", String(32), nullable=False),  # who began it; whoever has the person goes on with it
    Column("began_at", UTCDateTime, nullable=False),
    Column("state_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime),  # when the next deed is due, and then when its alarm comes again
    Column("step", Integer, nullable=False),  # how often that alarm has come
    Column("person_ok_at", UTCDateTime),
    Column("program_ok_at", UTCDateTime),
    Column("ended_at", UTCDateTime),
    Column("after_id", String(32)),  # the one whose refusal led to this
    CheckConstraint("(ended_at IS NULL) = (due_at IS NOT NULL)", name="alarm"),
    CheckConstraint("(state IN ('to_call', 'agreed', 'asked', 'ready', 'together')) = (ended_at IS NULL)",
                    name="state"),
    CheckConstraint("state <> 'done' OR (person_ok_at IS NOT NULL AND program_ok_at IS NOT NULL)", name="both"),
    CheckConstraint("way IN ('text', 'call')", name="way"),
    partial("uq_warm_transfers_open", "conversation_id", where="ended_at IS NULL", unique=True),
    partial("ix_warm_transfers_due", "due_at", where="ended_at IS NULL"),
)  # fmt: skip

warm_steps = Table(
    "warm_steps",
    metadata,
    Column("warm_step_id", String(32), primary_key=True),
    Column("transfer_id", String(32), ForeignKey("warm_transfers.transfer_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("deed", String(16), nullable=False),
    Column("state", String(12), nullable=False),  # what it led to
    Column("staff_id", String(32)),
    Column("at", UTCDateTime, nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transfer:
    transfer_id: str
    conversation_id: str
    program_id: str
    code_name: str
    state: str
    way: str | None
    reason: str | None
    staff_id: str
    began_at: datetime
    state_at: datetime
    due_at: datetime | None
    step: int
    person_ok_at: datetime | None
    program_ok_at: datetime | None
    ended_at: datetime | None
    after_id: str | None


@dataclass(frozen=True, slots=True)
class Step:
    deed: str
    state: str
    staff_id: str | None
    at: datetime


_c = warm_transfers.c
_FIELDS = tuple(programs.c.code_name if name == "code_name" else _c[name] for name in Transfer.__dataclass_fields__)


def add(tx: Tx, *, conversation_id: str, program_id: str, staff_id: str, due_at: datetime,
        after_id: str | None = None) -> str:  # fmt: skip
    """One that begins: the program is to be called. The caller holds the conversation's lock, and none is open."""
    transfer_id = new_id()
    row = {
        "transfer_id": transfer_id, "conversation_id": conversation_id, "program_id": program_id, "state": "to_call",
        "staff_id": staff_id, "began_at": tx.now, "state_at": tx.now, "due_at": due_at, "step": 0,
        "after_id": after_id,
    }  # fmt: skip
    tx.conn.execute(warm_transfers.insert(), row)
    _note(tx, transfer_id, "begin", "to_call", staff_id)
    return transfer_id


def move(tx: Tx, transfer: Transfer, *, to: str, deed: str, staff_id: str | None, due_at: datetime | None,
         spoke_with: str = "", **values: Any) -> bool:  # fmt: skip
    """One step, if it still stands where it was read; False when somebody else was quicker, and nothing was changed.
    Without `due_at` it has ended."""
    transfer_id = transfer.transfer_id
    if spoke_with:
        values["spoke_with"] = tx.keys.seal("warm_transfers.spoke_with", transfer_id, spoke_with)
    values |= {"state": to, "state_at": tx.now, "due_at": due_at, "step": 0}
    values |= {"ended_at": tx.now} if due_at is None else {}
    where = (_c.transfer_id == transfer_id, _c.state == transfer.state, _c.state_at == transfer.state_at)
    if tx.conn.execute(warm_transfers.update().where(*where).values(**values)).rowcount != 1:
        return False
    _note(tx, transfer_id, deed, to, staff_id)
    return True


def rearm(tx: Tx, transfer: Transfer, due_at: datetime) -> bool:
    """Its alarm has come, once, and comes again. False when another clock was quicker, or it has moved."""
    where = (_c.transfer_id == transfer.transfer_id, _c.ended_at.is_(None), _c.due_at == transfer.due_at)
    values = {"due_at": due_at, "step": transfer.step + 1}
    return tx.conn.execute(warm_transfers.update().where(*where).values(**values)).rowcount == 1


def get(tx: Tx, transfer_id: str) -> Transfer | None:
    found = _select(tx, _c.transfer_id == transfer_id)
    return found[0] if found else None


def open_of(tx: Tx, conversation_id: str) -> Transfer | None:
    found = _select(tx, _c.conversation_id == conversation_id, _c.ended_at.is_(None))
    return found[0] if found else None


def of_conversation(tx: Tx, conversation_id: str) -> list[Transfer]:
    """All there ever were, the oldest first."""
    return _select(tx, _c.conversation_id == conversation_id)


def open_with(tx: Tx, program_ids: list[str]) -> list[Transfer]:
    return _select(tx, _c.program_id.in_(program_ids), _c.ended_at.is_(None))


def due(tx: Tx) -> list[Transfer]:
    """Open, and their next deed is late."""
    return _select(tx, _c.ended_at.is_(None), _c.due_at <= tx.now)


def steps_of(tx: Tx, transfer_id: str) -> list[Step]:
    """In the order in which they were done."""
    s = warm_steps.c
    query = select(s.deed, s.state, s.staff_id, s.at).where(s.transfer_id == transfer_id)
    return [Step(*row) for row in tx.conn.execute(query.order_by(s.at, s.warm_step_id))]


def last_step_at(tx: Tx, conversation_id: str) -> datetime | None:
    query = select(_c.state_at).where(_c.conversation_id == conversation_id).order_by(_c.state_at.desc())
    return tx.conn.execute(query.limit(1)).scalar()


def spoke_with(tx: Tx, transfer_id: str) -> str:
    sealed = tx.conn.execute(select(_c.spoke_with).where(_c.transfer_id == transfer_id)).scalar_one_or_none()
    return "" if sealed is None else tx.keys.open("warm_transfers.spoke_with", transfer_id, sealed)


def callable_programs(tx: Tx, program_ids: list[str]) -> dict[str, tuple[str, bool | None]]:
    """Of these, those that are approved and active: code name, and whether they take warm transfers, if they said."""
    p = programs.c
    query = select(p.program_id, p.code_name, p.intake).join(
        organizations, organizations.c.organization_id == p.organization_id
    )
    rows = tx.conn.execute(query.where(p.program_id.in_(program_ids), *MATCHED))
    return {row[0]: (row[1], (row[2] or {}).get("warm_transfer")) for row in rows}


def _note(tx: Tx, transfer_id: str, deed: str, state: str, staff_id: str | None) -> None:
    row = {"warm_step_id": new_id(), "transfer_id": transfer_id, "deed": deed, "state": state, "staff_id": staff_id,
           "at": tx.now}  # fmt: skip
    tx.conn.execute(warm_steps.insert(), row)


def _select(tx: Tx, *where: ColumnElement[bool]) -> list[Transfer]:
    query = select(*_FIELDS).join(programs, programs.c.program_id == _c.program_id).where(*where)
    return [Transfer(*row) for row in tx.conn.execute(query.order_by(_c.began_at, _c.transfer_id))]
