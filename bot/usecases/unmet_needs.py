"""What was asked for that nobody could give? Numbers for planning, in which nobody can be found."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from bot.rules.small_cells import hide
from bot.rules.unmet import SMALLEST
from bot.store import unmet
from bot.store.db import Database

_BY = ("area", "reason", "who")


def unmet_needs(database: Database, *, days: int) -> dict[str, dict[str, Any]]:
    """By need: the sum, and its breakdowns one at a time, never crossed, with small numbers hidden (None)."""
    with database.reading() as tx:
        first, last = (f"{tx.now - timedelta(days=back):%Y-%m-%d}" for back in (days - 1, 0))
        cells = unmet.between(tx, first, last)
    shown: dict[str, dict[str, Any]] = {}
    for need in sorted({cell.need for cell in cells}):
        mine = [cell for cell in cells if cell.need == need]
        total = hide([(need, sum(cell.n for cell in mine))], SMALLEST).total
        by = {}
        for name in _BY:
            counts: Counter[str] = Counter()
            for cell in mine:
                counts[getattr(cell, name)] += cell.n
            by[name] = list(hide(sorted(counts.items()), SMALLEST).cells)
        shown[need] = {"total": total, "by": by}
    return shown
