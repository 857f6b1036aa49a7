"""What do the numbers of a month say, without saying it of anybody? Pure arithmetic over counts, spans and calendars.

A small number could be somebody. It is hidden, and with it as many others as it takes that it cannot be worked out from
the sum, and a sum that would give it away is hidden too. Periods are whole calendar months, which never overlap: two
periods that differ by a day would show that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SMALLEST = 5
"""A cell under this could be somebody, to whoever knows the desk."""
MONTHS = 13
"""How far back the figures go: this month, and a year to compare it with."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Counts and their sum; None is hidden."""

    cells: tuple[tuple[str, int | None], ...]
    total: int | None

    def of(self, name: str) -> int | None:
        return dict(self.cells)[name]


@dataclass(frozen=True, slots=True)
class Spread:
    """How long it took: half of them no longer than `median`, nine of ten no longer than `slow`. None: it has not
    happened to so many of them yet."""

    n: int
    median: timedelta | None
    slow: timedelta | None


def hide(cells: Sequence[tuple[str, int]], smallest: int = SMALLEST) -> Breakdown:
    """The counts of one breakdown whose sum is shown too.

    What is hidden must be at least two cells, and together so many that the largest any of them can be, with one in
    each of the others, is no small number: two hidden cells that sum up to two would both be one.
    """
    total = sum(n for _, n in cells)
    if 0 < total < smallest:
        return Breakdown(tuple((name, None) for name, _ in cells), None)  # which cell is empty would tell as much
    hidden = {at for at, (_, n) in enumerate(cells) if 0 < n < smallest}
    left = sorted((n, at) for at, (_, n) in enumerate(cells) if n >= smallest)
    while hidden and not _safe([cells[at][1] for at in hidden], smallest):
        if not left:
            return Breakdown(_without(cells, hidden), None)
        hidden.add(left.pop(0)[1])
    return Breakdown(_without(cells, hidden), total)


def _safe(hidden: Sequence[int], smallest: int) -> bool:
    return len(hidden) > 1 and sum(hidden) - (len(hidden) - 1) >= smallest


def _without(cells: Sequence[tuple[str, int]], hidden: set[int]) -> tuple[tuple[str, int | None], ...]:
    return tuple((name, None if at in hidden else n) for at, (name, n) in enumerate(cells))


def spread(spans: Sequence[timedelta | None], smallest: int = SMALLEST) -> Spread | None:
    """Of all of them, those to whom it has not happened (None) too: they wait longest, and must not make it look
    better. None when so few could each be recognised. By nearest rank: every number shown is one that was."""
    if len(spans) < smallest:
        return None
    happened = sorted(max(one, timedelta(0)) for one in spans if one is not None)
    ordered = [*happened, *[None] * (len(spans) - len(happened))]
    return Spread(len(ordered), _rank(ordered, 50), _rank(ordered, 90))


def _rank(ordered: Sequence[timedelta | None], percent: int) -> timedelta | None:
    return ordered[-(-len(ordered) * percent // 100) - 1]


def percent(part: int | None, whole: int | None) -> int | None:
    """A whole number; None where either is hidden, or there is nothing to be a part of."""
    return None if part is None or not whole else round(100 * part / whole)


def months(today: date) -> list[str]:
    """`2026-11` and the months before it, the latest first."""
    first, found = today.replace(day=1), []
    for _ in range(MONTHS):
        found.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def month_span(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When that month begins and ends there; a month in which the clocks change is an hour longer or shorter."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    return first, (first.replace(tzinfo=None) + timedelta(days=32)).replace(day=1, tzinfo=zone)


def length(span: timedelta) -> str:
    """In the one or two units that matter: 41 s, 12 min, 3 h 20 min, 6 days."""
    seconds = round(span.total_seconds())
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 6000:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{round(seconds / 86400)} days"
