"""Which tasks has nobody done in time? Each goes to the next named human, who is called, until one is done.

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
from bot.usecases import page_staff
from bot.usecases.fire_protocol import KIND, named_humans

AGAIN_AFTER = timedelta(minutes=15)
"""After the first climb: a late duty is told every quarter of an hour."""
CALMLY = {"follow_up": timedelta(hours=12), "told_before": timedelta(hours=4)}
"""What nobody's safety hangs on this hour is told again less often."""
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
        tx, task.task_id, only_from=task.step, assigned_to=next_up, backup_id=after,
        backup_at=tx.now + CALMLY.get(task.kind, AGAIN_AFTER),
    )  # fmt: skip
    if moved:
        standing = handoffs.open_of(tx, task.conversation_id) if task.conversation_id else None
        page_staff.call(
            tx, services, [next_up] if next_up else page_staff.leads(tx), why="promise",
            tier=_PAGED if task.kind == KIND else "P2", occasion=f"task:{task.task_id}:{task.step}",
            handoff_id=standing.handoff_id if standing else None,
        )  # fmt: skip
        tx.after_commit(_page(services, standing.handoff_id if standing else task.task_id, task.step + 1))
        log.event("task_late", level="warning", kind=task.kind, step=task.step + 1)
    return moved


def _page(services: Services, subject_id: str, step: int) -> Callable[[], None]:
    return lambda: services.pager.page(handoff_id=subject_id, tier=_PAGED, step=step)
