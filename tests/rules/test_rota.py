"""When is nobody on, and does a plan survive the nights on which the clocks change? And who is least safe?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from bot.rules.least_safe import Standing, least_safe_first, standing
from bot.rules.rota import Gap, Span, days, from_wall, gaps, week_by_week, without

CHICAGO = ZoneInfo("America/Chicago")
DAY = datetime(2026, 12, 1, tzinfo=UTC)


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def span(starts: float, ends: float, who: str | None = "a", line: int = 0) -> Span:
    return Span(at(starts), at(ends), who, line)


@pytest.mark.parametrize(
    ("shifts", "on_call", "expected"),
    [
        ([], [], [(0, 24, ())]),
        ([span(0, 24)], [], []),
        ([span(-5, 30)], [], []),
        ([span(0, 3), span(7, 24)], [span(-48, 48, "m", 1)], [(3, 7, ((1, "m"),))]),
        ([span(0, 8), span(8, 24, "b")], [], []),  # one ends as the other begins
        ([span(0, 10), span(2, 12, "b"), span(20, 24)], [], [(12, 20, ())]),
        ([span(0, 3), span(7, 24)], [span(0, 5, "m", 1), span(4, 24, "d", 3)],
         [(3, 4, ((1, "m"),)), (4, 5, ((1, "m"), (3, "d"))), (5, 7, ((3, "d"),))]),
        ([span(0, 3), span(7, 24)], [span(4, 5, "m", 1), span(5, 6, "m", 1)],
         [(3, 4, ()), (4, 6, ((1, "m"),)), (6, 7, ())]),  # two rows of the same colleague are one stretch
    ],
)  # fmt: skip
def test_gaps(shifts: list[Span], on_call: list[Span], expected: list[Any]) -> None:
    assert gaps(shifts, on_call, at(0), at(24)) == [Gap(at(a), at(b), who) for a, b, who in expected]


@pytest.mark.parametrize(
    ("spans", "holes", "left"),
    [
        ([span(0, 8)], [span(2, 4)], [span(0, 2), span(4, 8)]),
        ([span(0, 8)], [span(2, 4, "b")], [span(0, 8)]),
        ([span(0, 8), span(0, 8, "b")], [span(-1, 9, None)], []),
        ([span(0, 8)], [span(6, 9), span(-1, 1)], [span(1, 6)]),
        ([span(0, 8)], [span(8, 9)], [span(0, 8)]),
    ],
)
def test_leave_takes_out_ones_own_hours_and_a_holiday_everybodys(spans: Any, holes: Any, left: Any) -> None:
    assert without(spans, holes) == left


@pytest.mark.parametrize(
    ("wall", "ends", "utc"),
    [
        ("2026-12-01T03:00", False, "2026-12-01T09:00"),
        ("2026-07-01T03:00", False, "2026-07-01T08:00"),
        ("2026-03-08T02:30", False, None),  # the clocks go forward: it never comes
        ("2026-03-08T03:00", False, "2026-03-08T08:00"),
        ("2026-11-01T01:30", False, "2026-11-01T06:30"),  # it comes twice: a beginning is the first
        ("2026-11-01T01:30", True, "2026-11-01T07:30"),  # and an end the second
    ],
)
def test_a_time_on_the_wall(wall: str, ends: bool, utc: str | None) -> None:
    found = from_wall(datetime.fromisoformat(wall), CHICAGO, ends=ends)
    assert (found and found.isoformat()[:16]) == utc


def test_the_same_hours_every_week_stay_on_the_wall_when_the_clocks_change() -> None:
    evening = datetime(2026, 10, 25, 22, 0), datetime(2026, 10, 26, 6, 0)
    found = week_by_week(*evening, 3, CHICAGO)
    assert found is not None
    assert [f"{start.astimezone(CHICAGO):%a %H:%M}-{end.astimezone(CHICAGO):%H:%M}" for start, end in found] == [
        "Sun 22:00-06:00"] * 3  # fmt: skip
    assert [start.hour for start, _ in found] == [3, 4, 4]
    (long_night,) = week_by_week(datetime(2026, 10, 31, 22), datetime(2026, 11, 1, 6), 1, CHICAGO) or []
    assert long_night[1] - long_night[0] == timedelta(hours=9)
    assert week_by_week(datetime(2026, 3, 1, 2, 30), datetime(2026, 3, 1, 6), 2, CHICAGO) is None


def test_days_are_from_midnight_to_midnight_there() -> None:
    found = days(datetime(2026, 11, 1, 3, 0, tzinfo=UTC), 3, CHICAGO)
    assert [(end - start) // timedelta(hours=1) for start, end in found] == [24, 25, 24]
    assert found[0][0] == datetime(2026, 10, 31, 5, 0, tzinfo=UTC)


class One(NamedTuple):
    tier: str = "P1"
    owner_id: str | None = None
    opened_at: datetime = at(0)
    promised_at: datetime | None = None
    last_inbound_at: datetime | None = None
    inbound_seq: int = 0
    seen_seq: int = 0
    answered_seq: int = 0


@pytest.mark.parametrize(
    ("one", "how"),
    [
        (One(promised_at=at(1)), Standing.LATE),
        (One(promised_at=at(3)), Standing.WAITING),
        (One(), Standing.WAITING),
        (One(owner_id="a", promised_at=at(1)), Standing.HELD),
        (One(owner_id="a", inbound_seq=3, seen_seq=2), Standing.UNSEEN),
        (One(owner_id="a", inbound_seq=3, seen_seq=3, answered_seq=2), Standing.UNANSWERED),
    ],
)
def test_how_somebody_stands(one: One, how: Standing) -> None:
    assert standing(one, at(2)) is how


def test_danger_without_a_human_stands_before_everything_that_is_only_late() -> None:
    safe_danger = One("P0", "a", at(-9))
    silent_danger = One("P0", "a", last_inbound_at=at(1), inbound_seq=2)
    danger, late, waits, longer = One("P0"), One("P2", promised_at=at(1)), One("P1", opened_at=at(1)), One("P2")
    ordered = [danger, silent_danger, late, waits, longer, safe_danger]
    assert least_safe_first(list(reversed(ordered)), at(2)) == ordered
