"""Does a moment read as on the person's own clock, and does no hour they did not choose stand among those offered?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.rules.hours import Place, safe_moments, safe_now
from bot.web.desk.times import theirs
from tests.conftest import NOON_IN_CHICAGO as NOON

CHICAGO, DENVER = "America/Chicago", "America/Denver"


@pytest.mark.parametrize(
    ("hours", "zones", "written"),
    [
        (1, (CHICAGO,), "today, 13:00 Central"),
        (13, (CHICAGO,), "tomorrow, 01:00 Central"),
        (60, (CHICAGO,), "Thursday 18 Jun, 00:00 Central"),
        (1, (CHICAGO, DENVER), "today, 13:00 Central or 12:00 Mountain"),
        (1, (CHICAGO, "America/Menominee"), "today, 13:00 Central"),
        (1, ("America/Indiana/Knox",), "today, 13:00 Knox"),
    ],
)
def test_a_moment_on_their_clock(hours: int, zones: tuple[str, ...], written: str) -> None:
    assert theirs(NOON + timedelta(hours=hours), zones, NOON) == written


def test_every_hour_offered_is_safe_in_every_zone_they_may_be_in() -> None:
    place = Place((CHICAGO, DENVER))
    found = safe_moments(place, NOON + timedelta(minutes=20), "night", timedelta(hours=72))
    assert found
    assert all(safe_now(place, moment, "night") and moment.minute == 0 for moment in found)
    assert found[0] == datetime(2026, 6, 16, 0, 0, tzinfo=UTC), "18 in Denver, 19 in Chicago"
    assert found[-1] <= NOON + timedelta(minutes=20, hours=72)
    assert safe_moments(place, NOON, "", timedelta(hours=72)) == []


def test_the_day_the_clocks_change_has_its_wall_clock_hours() -> None:
    before = datetime(2026, 10, 31, 20, 0, tzinfo=UTC)
    found = safe_moments(Place((CHICAGO,)), before, "morning", timedelta(hours=24))
    assert [theirs(one, (CHICAGO,), before) for one in found] == [
        f"tomorrow, {hour:02}:00 Central" for hour in (8, 9, 10, 11)
    ]
