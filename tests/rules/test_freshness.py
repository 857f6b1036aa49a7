"""Does a count age as its kind of program does, and never into more than it was?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.freshness import HALF_LIVES_H, Freshness, freshness, good_for_h, p_open, still_true

KINDS = st.sampled_from([*HALF_LIVES_H, "a kind nobody named"])
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
    assert freshness(kind, timedelta(hours=hours), available) is state


@pytest.mark.parametrize(("hours", "chance"), [(24, 0.78), (72, 0.47), (168, 0.17)])
def test_a_seven_room_house_keeps_a_vacancy_for_four_days(hours: int, chance: float) -> None:
    assert still_true("emergency_house", timedelta(hours=hours), 1) == pytest.approx(chance, abs=0.01)


def test_never_counted_is_unknown() -> None:
    assert freshness("hotel", None, 0) is Freshness.UNKNOWN


@given(KINDS, AGES, AGES, st.integers(1, 50))
def test_a_yes_only_fades(kind: str, a: timedelta, b: timedelta, available: int) -> None:
    younger, older = sorted((a, b))
    assert 0 <= p_open(kind, older, available) <= p_open(kind, younger, available) <= 1


@given(KINDS, AGES, AGES)
def test_full_fades_back_to_what_is_usual(kind: str, a: timedelta, b: timedelta) -> None:
    younger, older = sorted((a, b))
    assert 0 <= p_open(kind, younger, 0) <= p_open(kind, older, 0) < 0.5


@given(KINDS, st.integers(0, 50))
def test_the_read_back_promises_no_more_hours_than_it_is_fresh(kind: str, available: int) -> None:
    hours = good_for_h(kind, available)
    assert 1 <= hours <= 99
    assert hours == 1 or freshness(kind, timedelta(hours=hours - 0.5), available) is Freshness.FRESH
