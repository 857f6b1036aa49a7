"""Which tasks has nobody done in time? Each goes to the next named human, and the pager rings, until one is done.

No task closes by itself: only a name closes it (`domain.md` 5, E15 and E21).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot import log
from bot.services import Services
from bot.store import handoffs, tasks
from bot.store.db import Database, Tx
from bot.store.tasks import Task
from bot.usecases.fire_protocol import named_humans

AGAIN_AFTER = timedelta(minutes=15)
"""After the first climb: a late duty is told every quarter of an hour."""
_PAGED = "P0"


def climb_tasks(database: Database, services: Services) -> int:
    """One round; how many were handed on."""
    with database.reading() as tx:
        if not tasks.late(tx):
            return 0
    with database.transaction() as tx:
        return sum(_climb(tx, services, task) for task in tasks.late(tx))


def _climb(tx: Tx, services: Services, task: Task) -> bool:
    first, second = named_humans(tx, task.conversation_id)
    next_up = task.backup_id or (second if task.assigned_to == first else first) or task.assigned_to
    after = first if next_up != first else second
    moved = tasks.climb(
        tx, task.task_id, only_from=task.step, assigned_to=next_up, backup_id=after, backup_at=tx.now + AGAIN_AFTER
    )
    if moved:
        standing = handoffs.open_of(tx, task.conversation_id) if task.conversation_id else None
        tx.after_commit(_page(services, standing.handoff_id if standing else task.task_id, task.step + 1))
        log.event("task_late", level="warning", kind=task.kind, step=task.step + 1)
    return moved


def _page(services: Services, subject_id: str, step: int) -> Callable[[], None]:
    return lambda: services.pager.page(handoff_id=subject_id, tier=_PAGED, step=step)
