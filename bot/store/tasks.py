"""What must a named human do, and by when? One row a deed; nothing of a person's words but a sealed note."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
    Select,
    String,
    Table,
    case,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", String(32), primary_key=True),
    Column("kind", String(30), nullable=False),  # protocol · referral_of_suspended · draft_criterion · reverify …
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"), index=True),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id", ondelete="CASCADE")),
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE")),
    Column("hold_id", String(32), ForeignKey("holds.hold_id", ondelete="CASCADE")),
    Column("trigger", String(30)),  # which protocol trigger, for a protocol's task
    Column("script", LargeBinary),  # sealed: who must be told, by whom, as the protocol said on that day
    Column("opened_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("assigned_to", String(32)),  # a person by name; NULL only while nobody has an account who could
    Column("backup_id", String(32)),
    Column("backup_at", UTCDateTime),  # the next moment at which it climbs: to the backup, and on
    Column("step", Integer, nullable=False),
    Column("done_at", UTCDateTime),
    Column("done_by", String(32)),
    Column("outcome", String(30)),
    Column("note", LargeBinary),  # sealed: the reference number, what was said
    CheckConstraint("done_at IS NULL OR (done_by IS NOT NULL AND outcome IS NOT NULL)", name="done"),
    CheckConstraint("done_at IS NOT NULL OR backup_at IS NOT NULL", name="alarm"),  # an open task always has an alarm
    partial("ix_tasks_alarm", "backup_at", where="done_at IS NULL"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    task_id: str
    kind: str
    conversation_id: str | None
    organization_id: str | None
    program_id: str | None
    hold_id: str | None
    trigger: str | None
    opened_at: datetime
    due_at: datetime
    assigned_to: str | None
    backup_id: str | None
    backup_at: datetime | None
    step: int
    done_at: datetime | None
    done_by: str | None
    outcome: str | None


_FIELDS = tuple(tasks.c[name] for name in Task.__dataclass_fields__)


def open_task(tx: Tx, *, kind: str, due_at: datetime, backup_at: datetime, assigned_to: str | None,
              backup_id: str | None = None, script: str | None = None, note: str | None = None,
              **about: str | None) -> str:  # fmt: skip
    """A new task with a name and a clock; `about` are the ids of what it is about, and its trigger."""
    task_id = new_id()
    row: Mapping[str, Any] = {
        **about, "task_id": task_id, "kind": kind, "opened_at": tx.now, "due_at": due_at, "backup_at": backup_at,
        "assigned_to": assigned_to, "backup_id": backup_id, "step": 0,
        "script": None if script is None else tx.keys.seal("tasks.script", task_id, script),
        "note": None if note is None else tx.keys.seal("tasks.note", task_id, note),
    }  # fmt: skip
    tx.conn.execute(tasks.insert(), row)
    return task_id


def get(tx: Tx, task_id: str) -> Task | None:
    found = _select(tx, tasks.c.task_id == task_id)
    return found[0] if found else None


def list_open(tx: Tx, **about: str) -> list[Task]:
    """Those not done, the one due first at the top; `about` names columns they must match."""
    return _select(tx, tasks.c.done_at.is_(None), *(tasks.c[name] == value for name, value in about.items()))


def late(tx: Tx) -> list[Task]:
    """Open, and past the moment at which the next person must hear of it."""
    return _select(tx, tasks.c.done_at.is_(None), tasks.c.backup_at <= tx.now)


def climb(tx: Tx, task_id: str, *, only_from: int, assigned_to: str | None, backup_id: str | None,
          backup_at: datetime) -> bool:  # fmt: skip
    """Hand it on, once: False when another clock did so first, or it is done."""
    where = (tasks.c.task_id == task_id, tasks.c.step == only_from, tasks.c.done_at.is_(None))
    values = {"assigned_to": assigned_to, "backup_id": backup_id, "backup_at": backup_at, "step": only_from + 1}
    return tx.conn.execute(tasks.update().where(*where).values(**values)).rowcount == 1


def take(tx: Tx, task: Task, staff_id: str) -> bool:
    """Theirs from now; whoever had it stands behind them. False when it moved since it was read, or is done."""
    backup = task.assigned_to if task.assigned_to not in (None, staff_id) else task.backup_id
    return _hand(tx, task, assigned_to=staff_id, backup_id=backup if backup != staff_id else None)


def hand_to_backup(tx: Tx, task: Task) -> bool:
    """The one behind them has it now, and they stand behind. False when there is none, or it moved meanwhile."""
    return task.backup_id is not None and _hand(tx, task, assigned_to=task.backup_id, backup_id=task.assigned_to)


def _hand(tx: Tx, task: Task, **values: str | None) -> bool:
    where = (
        tasks.c.task_id == task.task_id, tasks.c.done_at.is_(None), tasks.c.step == task.step,
        tasks.c.assigned_to.is_not_distinct_from(task.assigned_to),
    )  # fmt: skip
    return tx.conn.execute(tasks.update().where(*where).values(**values)).rowcount == 1


def finish(tx: Tx, task_id: str, *, done_by: str, outcome: str, note: str | None = None) -> bool:
    """Closed by a name, with what came of it. False when it was closed before."""
    values: dict[str, Any] = {"done_at": tx.now, "done_by": done_by, "outcome": outcome, "backup_at": None}
    if note is not None:
        values["note"] = tx.keys.seal("tasks.note", task_id, note)
    where = (tasks.c.task_id == task_id, tasks.c.done_at.is_(None))
    return tx.conn.execute(tasks.update().where(*where).values(**values)).rowcount == 1


def keep_without_person(tx: Tx, conversation_ids: Select[tuple[str]], triggers: Collection[str]) -> int:
    """Cut what leads to a person out of their tasks with these triggers, done or not; the name, the clock, the script
    and, once it is done, the proof stay. Returns how many."""
    where = (tasks.c.conversation_id.in_(conversation_ids), tasks.c.trigger.in_(triggers))
    values = {"conversation_id": None, "hold_id": None, "note": case((tasks.c.done_at.is_not(None), tasks.c.note))}
    return tx.conn.execute(tasks.update().where(*where).values(**values)).rowcount


def write_done(tx: Tx, *, kind: str, conversation_id: str, done_by: str, outcome: str) -> str:
    """What a named human has just done, that nobody had to be asked for."""
    task_id = new_id()
    row = {
        "task_id": task_id, "kind": kind, "conversation_id": conversation_id, "opened_at": tx.now, "due_at": tx.now,
        "assigned_to": done_by, "step": 0, "done_at": tx.now, "done_by": done_by, "outcome": outcome,
    }  # fmt: skip
    tx.conn.execute(tasks.insert(), row)
    return task_id


def last_done(tx: Tx, kind: str, conversation_id: str) -> Task | None:
    """The one of this kind that was closed last."""
    c = tasks.c
    query = select(*_FIELDS).where(c.conversation_id == conversation_id, c.kind == kind, c.done_at.is_not(None))
    row = tx.conn.execute(query.order_by(c.done_at.desc(), c.task_id.desc()).limit(1)).first()
    return None if row is None else Task(*row)


def script_of(tx: Tx, task_id: str) -> str | None:
    return _opened(tx, task_id, "script")


def note_of(tx: Tx, task_id: str) -> str | None:
    return _opened(tx, task_id, "note")


def _opened(tx: Tx, task_id: str, column: str) -> str | None:
    sealed = tx.conn.execute(select(tasks.c[column]).where(tasks.c.task_id == task_id)).scalar_one_or_none()
    return None if sealed is None else tx.keys.open(f"tasks.{column}", task_id, sealed)


def _select(tx: Tx, *where: ColumnElement[bool]) -> list[Task]:
    rows = tx.conn.execute(select(*_FIELDS).where(*where).order_by(tasks.c.due_at, tasks.c.task_id))
    return [Task(*row) for row in rows]
