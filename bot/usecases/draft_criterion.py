"""A place said that somebody does not fit whom its facets let in: what does the directory learn? A
question, for a person.

A draft is not in what the matcher reads until somebody has verified it: one refusal is no rule.
"""

from __future__ import annotations

from datetime import timedelta

from bot.store import tasks
from bot.store.db import Tx, new_id
from bot.store.directory_records import criteria
from bot.store.holds import Hold

KIND = "draft_criterion"
VERIFIED_WITHIN = timedelta(days=7)
_FACETS = {"pet": "pets", "adult": "adults", "wheelchair": "step_free", "language": "languages"}
"""How `domain.md` 3.2 names what bot/rules/matching.py asks of."""


def draft_criterion(tx: Tx, hold: Hold, facet: str) -> None:
    """A draft of the facet they named, if they did, and a task for whoever asked the place. One open task a program is
    enough."""
    if facet:
        row = {
            "criterion_id": new_id(), "program_id": hold.program_id, "stock_id": hold.stock_id,
            "facet": _FACETS.get(facet, facet), "value": "ask", "hardness": "ask_human", "basis": "policy",
            "source": "refusal",
        }  # fmt: skip
        tx.conn.execute(criteria.insert(), row)
    if not tasks.list_open(tx, kind=KIND, program_id=hold.program_id):
        due = tx.now + VERIFIED_WITHIN
        tasks.open_task(tx, kind=KIND, due_at=due, backup_at=due, assigned_to=hold.staff_id,
                        program_id=hold.program_id, hold_id=hold.hold_id)  # fmt: skip
