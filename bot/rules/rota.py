"""When is nobody there, and what does a time on the wall mean? Shifts, leave, holidays and on-call as spans. Pure.

People plan by the clock on their wall; the plan is kept in UTC. On the night the clocks go back an hour comes twice, on
the night they go forward one never comes: a shift that begins or ends in such an hour means the longer of the two, and
a time that never comes is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.rules.phrases import phrases

LINES = phrases({1: "first", 2: "second", 3: "director"})


class Span(NamedTuple):
    """From then until then; `staff_id` is None for everybody, `line` is 0 for a shift."""

    starts_at: datetime
    ends_at: datetime
    staff_id: str | None = None
    line: int = 0


class Gap(NamedTuple):
    """Nobody is on shift, and who is on call meanwhile: (line, staff_id), the first line first."""

    starts_at: datetime
    ends_at: datetime
    on_call: tuple[tuple[int, str], ...]


def without(spans: Iterable[Span], holes: Sequence[Span]) -> list[Span]:
    """What is left of these spans outside the holes; a hole is of one colleague, or of everybody."""
    left = []
    for span in spans:
        pieces = [span]
        for hole in holes:
            if hole.staff_id in (None, span.staff_id):
                pieces = [rest for piece in pieces for rest in _cut(piece, hole)]
        left += pieces
    return left


def _cut(span: Span, hole: Span) -> list[Span]:
    before = span._replace(ends_at=min(span.ends_at, hole.starts_at))
    after = span._replace(starts_at=max(span.starts_at, hole.ends_at))
    if hole.ends_at <= span.starts_at or hole.starts_at >= span.ends_at:
        return [span]
    return [piece for piece in (before, after) if piece.starts_at < piece.ends_at]


def gaps(shifts: Sequence[Span], on_call: Sequence[Span], start: datetime, end: datetime) -> list[Gap]:
    """Where no shift covers, in order; a new one begins where whoever is on call changes."""
    edges = {start, end}
    for span in (*shifts, *on_call):
        edges |= {at for at in (span.starts_at, span.ends_at) if start < at < end}
    found: list[Gap] = []
    for begins, ends in pairwise(sorted(edges)):
        if any(_covers(one, begins) for one in shifts):
            continue
        behind = tuple(sorted({(one.line, one.staff_id or "") for one in on_call if _covers(one, begins)}))
        if found and found[-1].ends_at == begins and found[-1].on_call == behind:
            found[-1] = found[-1]._replace(ends_at=ends)
        else:
            found.append(Gap(begins, ends, behind))
    return found


def _covers(span: Span, at: datetime) -> bool:
    return span.starts_at <= at < span.ends_at


def from_wall(wall: datetime, zone: ZoneInfo, *, ends: bool = False) -> datetime | None:
    """A naive time on the wall there, in UTC; None for one that the clocks jump over. Of an hour that comes twice a
    beginning is the first and an end the second."""
    there = wall.replace(tzinfo=zone, fold=int(ends))
    at = there.astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall.replace(fold=0) else None


def week_by_week(starts: datetime, ends: datetime, weeks: int,
                 zone: ZoneInfo) -> list[tuple[datetime, datetime]] | None:  # fmt: skip
    """The same hours on the wall on so many weeks; None if one of them never comes."""
    found = []
    for week in range(weeks):
        begins = from_wall(starts + timedelta(weeks=week), zone)
        until = from_wall(ends + timedelta(weeks=week), zone, ends=True)
        if begins is None or until is None:
            return None
        found.append((begins, until))
    return found


def days(start: datetime, count: int, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """So many calendar days there, beginning with the one that is on; each from midnight to midnight, in UTC."""
    midnight = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    edges = [(midnight + timedelta(days=n)).replace(tzinfo=zone).astimezone(UTC) for n in range(count + 1)]
    return list(pairwise(edges))
