"""How did a month go? Outcomes as numbers in which nobody can be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.figures import Spread, month_span, spread
from bot.rules.ladder import TIERS
from bot.rules.small_cells import Breakdown, hide
from bot.rules.unmet import SMALLEST as SMALLEST_NEED
from bot.store import figures, unmet
from bot.store.db import Database, Tx
from bot.store.figures import Opened
from bot.store.promises import ENDINGS

SETTLED = timedelta(hours=24)
"""Whoever was asked a question less long ago may still answer it."""
TAKEN, NOT_TAKEN = "taken", "not_taken"
WENT_ON, STOPPED = "went_on", "stopped"
PLACES = ("held", "arrived", "declined", "expired", "withdrawn", "no_show", "asked")
NEED_BY = ("area", "reason", "who")


@dataclass(frozen=True, slots=True)
class Human:
    """How long people of one tier waited for a human: until one took them, and until one wrote."""

    tier: str
    n: int | None
    taken: Spread | None
    wrote: Spread | None


@dataclass(frozen=True, slots=True)
class Need:
    """What could not be given, of one kind: its sum, and its breakdowns one at a time, never crossed."""

    need: str
    total: int | None
    by: dict[str, Breakdown]


@dataclass(frozen=True, slots=True)
class Figures:
    since: datetime
    until: datetime
    human: tuple[Human, ...]
    flagged: int | None
    promises: Breakdown
    questions: tuple[tuple[str, Breakdown], ...]
    places: Breakdown
    confirmed: Spread | None
    """From a person's first text to a place that said yes, of those that did."""
    intake: Spread | None
    """From asking a place to moving in, of those who did."""
    needs: tuple[Need, ...]


def count_figures(database: Database, *, month: str, zone: ZoneInfo, questions: Sequence[str]) -> Figures:
    """`month` is like 2026-11, by the desk's own calendar; `questions` are the texts that ask, in their order."""
    since, until = month_span(month, zone)
    with database.reading() as tx:
        opened, placed = figures.opened(tx, since, until), figures.placed(tx, since, until)
        promised = figures.promised(tx, since, until)
        asked = {one.key: one for one in figures.questions(tx, questions, since, min(until, tx.now - SETTLED))}
        needs = _needs(tx, since, until)
    tiers = hide([(tier, sum(one.tier == tier for one in opened)) for tier in TIERS])
    return Figures(
        since=since,
        until=until,
        human=tuple(_human(tier, n, opened) for tier, n in tiers.cells),
        flagged=tiers.total,
        promises=hide([(word, promised.get(word, 0)) for word in (*ENDINGS, "standing")]),
        questions=tuple(
            (key, hide([(WENT_ON, asked[key].went_on), (STOPPED, asked[key].asked - asked[key].went_on)]))
            for key in questions if key in asked
        ),
        places=hide([(state, sum(one.state == state for one in placed)) for state in PLACES]),
        confirmed=spread([one.held_at - one.wrote_at for one in placed if one.held_at and one.wrote_at]),
        intake=spread([one.arrived_at - one.requested_at for one in placed if one.arrived_at]),
        needs=needs,
    )  # fmt: skip


def _human(tier: str, n: int | None, opened: Sequence[Opened]) -> Human:
    """A tier whose number is hidden shows no time either: each could be somebody's."""
    mine = [one for one in opened if one.tier == tier] if n is not None else []
    taken = spread([one.taken_at and one.taken_at - one.opened_at for one in mine])
    return Human(tier, n, taken, spread([one.wrote_at and one.wrote_at - one.opened_at for one in mine]))


def _needs(tx: Tx, since: datetime, until: datetime) -> tuple[Need, ...]:
    """By days, as they are counted: a month of them, in UTC."""
    last = until - timedelta(days=1)
    cells = unmet.between(tx, f"{since:%Y-%m-%d}", f"{last:%Y-%m-%d}")
    found = []
    for need in sorted({cell.need for cell in cells}):
        counted: dict[str, Counter[str]] = {name: Counter() for name in NEED_BY}
        for cell in cells:
            if cell.need == need:
                for name in NEED_BY:
                    counted[name][getattr(cell, name)] += cell.n
        by = {name: hide(sorted(n.items()), SMALLEST_NEED) for name, n in counted.items()}
        total = sum(counted["reason"].values())
        # A breakdown that cannot stand beside its sum is left out: the other breakdowns tell the sum.
        shown = {name: cells for name, cells in by.items() if cells.total is not None}
        found.append(Need(need, total if total >= SMALLEST_NEED else None, shown))
    return tuple(found)
