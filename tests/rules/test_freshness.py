"""Does a count age as its kind of program does, and never into more than it was?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.freshness import (
    HALF_LIVES_H,
    OLDEST_FRESH,
    Freshness,
    Life,
    age_of,
    freshness,
    good_for_h,
    p_open,
    prior,
    still_true,
)

LIVES = st.sampled_from([*HALF_LIVES_H, "a kind nobody named"]).map(prior) | st.builds(
    Life, st.floats(0.1, 5000), st.floats(0.1, 5000), st.floats(0, 0.95), st.floats(0.01, 0.95), st.floats(0, 1)
)
AGES = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))


@pytest.mark.parametrize(
    ("kind", "hours", "available", "state"),
    [
        ("night_shelter", 0.5, 1, Freshness.FRESH),
        ("night_shelter", 2, 1, Freshness.AGING),
        ("night_shelter", 4, 1, Freshness.STALE),
        ("night_shelter", 3, 9, Freshness.FRESH),
        ("emergency_house", 20, 1, Freshness.FRESH),
        ("emergency_house", 24, 1, Freshness.AGING),
        ("emergency_house", 72, 1, Freshness.STALE),
        ("outpatient", 48, 2, Freshness.FRESH),
        ("emergency_house", 1, 0, Freshness.FRESH),
        ("emergency_house", 96, 0, Freshness.STALE),
    ],
)
def test_states(kind: str, hours: float, available: int, state: Freshness) -> None:
    assert freshness(prior(kind), timedelta(hours=hours), available) is state


@pytest.mark.parametrize(("hours", "chance"), [(24, 0.78), (72, 0.47), (168, 0.17)])
def test_a_seven_room_house_keeps_a_vacancy_for_four_days(hours: int, chance: float) -> None:
    assert still_true(prior("emergency_house"), timedelta(hours=hours), 1) == pytest.approx(chance, abs=0.01)


def test_never_counted_is_unknown() -> None:
    assert freshness(prior("hotel"), None, 0) is Freshness.UNKNOWN


@given(LIVES, AGES, AGES, st.integers(1, 50))
def test_a_yes_only_fades(life: Life, a: timedelta, b: timedelta, available: int) -> None:
    younger, older = sorted((a, b))
    assert 0 <= p_open(life, older, available) <= p_open(life, younger, available) <= 1


@given(LIVES, AGES, AGES)
def test_full_fades_back_to_what_is_usual(life: Life, a: timedelta, b: timedelta) -> None:
    younger, older = sorted((a, b))
    assert 0 <= p_open(life, younger, 0) <= p_open(life, older, 0) <= life.full_top


@given(LIVES, st.integers(0, 50))
def test_the_read_back_promises_no_more_hours_than_it_is_fresh(life: Life, available: int) -> None:
    hours = good_for_h(life, available)
    assert 1 <= hours <= 99
    assert hours == 1 or freshness(life, timedelta(hours=hours - 0.5), available) is Freshness.FRESH


def test_however_faithful_a_count_that_is_weeks_old_is_not_told() -> None:
    always = Life(1000, 1000, yes_floor=0.95)
    assert freshness(always, OLDEST_FRESH, 1) is Freshness.FRESH
    assert freshness(always, OLDEST_FRESH + timedelta(hours=1), 1) is Freshness.AGING


NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)  # in Chicago


@pytest.mark.parametrize(
    ("counted_h_ago", "resets_at", "timezone", "known"),
    [
        (1, "10:00", "America/Chicago", True),
        (2, "10:00", "America/Chicago", True),
        (2.1, "10:00", "America/Chicago", False),  # counted before it opened today
        (20, "13:00", "America/Chicago", True),  # it has not opened yet: since yesterday at one
        (24, "13:00", "America/Chicago", False),
        (90, None, "America/Chicago", True),
        (90, "10:00", None, True),
        (90, "ten", "America/Chicago", True),  # a slip in the facets is as good as nothing
        (90, "10:00", "Mars/Olympus", True),
    ],
)
def test_a_night_shelter_opens_anew_each_day(
    counted_h_ago: float, resets_at: str | None, timezone: str | None, known: bool
) -> None:
    age = age_of(NOON - timedelta(hours=counted_h_ago), NOON, resets_at, timezone)
    assert age == (timedelta(hours=counted_h_ago) if known else None)
