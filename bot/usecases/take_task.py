"""Whose is this duty now? Taken by name, or handed to the one behind; its clock goes on as it went."""

from __future__ import annotations

from bot.store import audit, staff, tasks
from bot.store.db import Database
from bot.usecases.refusal import Refused

MAY = ("advocate", "lead", "directory", "admin")


def take_task(database: Database, *, task_id: str, staff_id: str) -> Refused | None:
    """None means it is theirs; whoever had it stands behind them."""
    with database.transaction() as tx:
        account, task = staff.get(tx, staff_id), tasks.get(tx, task_id)
        if account is None or not account.may(MAY):
            return Refused("Only somebody who answers people takes this.")
        if task is None or task.done_at is not None:
            return Refused("It is closed already.")
        if task.assigned_to == staff_id:
            return None
        if not tasks.take(tx, task, staff_id):
            return Refused("Somebody else took it just now.")
        audit.record(tx, act="task_taken", staff_id=staff_id, object_id=task_id)
    return None


def hand_to_backup(database: Database, *, task_id: str, staff_id: str) -> Refused | None:
    """None means that the one behind has it. Only who has it now hands it on; a lead may, for anybody."""
    with database.transaction() as tx:
        account, task = staff.get(tx, staff_id), tasks.get(tx, task_id)
        if account is None or task is None or task.done_at is not None:
            return Refused("It is closed already.")
        if task.assigned_to != staff_id and not account.may(("lead", "admin")):
            return Refused("Only who has it hands it on. Take it first, or ask a lead.")
        if not tasks.hand_to_backup(tx, task):
            return Refused("Nobody stands behind it, or it moved just now. It stays where it is.")
        audit.record(tx, act="task_handed_on", staff_id=staff_id, object_id=task_id, detail=task.backup_id)
    return None
