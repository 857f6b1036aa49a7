"""What do the numbers of a month say, without saying it of anybody? Pure arithmetic over counts, spans and calendars.

Periods are whole calendar months, which never overlap: two periods that differ by a day would show that day. Which
numbers are too small to be shown is `small_cells.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.phrases import phrase
from bot.rules.small_cells import LEAST

MONTHS = 13
"""How far back the figures go: this month, and a year to compare it with."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long it took: half of them no longer than `median`, nine of ten no longer than `slow`. None: it has not
    happened to so many of them yet."""

    n: int
    median: timedelta | None
    slow: timedelta | None


def spread(spans: Sequence[timedelta | None], smallest: int = LEAST) -> Spread | None:
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
        return phrase("%(n)s s", n=seconds)
    if seconds < 6000:
        return phrase("%(n)s min", n=round(seconds / 60))
    if seconds < 48 * 3600:
        return phrase("%(h)s h %(min)s min", h=seconds // 3600, min=seconds % 3600 // 60)
    return phrase("%(n)s days", n=round(seconds / 86400))
