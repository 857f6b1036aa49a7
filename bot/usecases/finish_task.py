"""Is it done, and what came of it? A named human says so; nobody and nothing else closes a task."""

from __future__ import annotations

from bot.store import audit, staff, tasks
from bot.store.db import Database
from bot.usecases.refusal import Refused

OUTCOMES = ("done", "told", "not_needed", "refused", "no_answer")
DUTIES = ("minor", "foreign_minor", "missing_child")
"""A report that the law asks for has a number; without it nobody can show that it was made. Its task outlives the
person it was about (bot/usecases/forget.py)."""


def finish_task(database: Database, *, task_id: str, staff_id: str, outcome: str, note: str = "") -> Refused | None:
    """None means closed. `note` (the reference number, what was said) is kept sealed."""
    with database.transaction() as tx:
        account, task = staff.get(tx, staff_id), tasks.get(tx, task_id)
        if account is None or not account.active:
            return Refused("Only somebody with an account closes a task.")
        if task is None:
            return Refused("There is no such task.")
        if outcome not in OUTCOMES:
            return Refused("Say what came of it.")
        if task.trigger in DUTIES and outcome in ("done", "told") and not note.strip():
            return Refused("Write down the reference number, and who was told.")
        if not tasks.finish(tx, task_id, done_by=staff_id, outcome=outcome, note=note.strip() or None):
            return Refused("It was closed already.")
        audit.record(tx, act="task_done", staff_id=staff_id, object_id=task_id, detail=outcome)
    return None
