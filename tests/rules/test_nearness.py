"""Near or far, from three ZIP digits alone?"""

from __future__ import annotations

from typing import Any

import pytest

from bot.rules.nearness import distance_band, miles
from bot.rules.zip3_points import POINTS


@pytest.mark.parametrize(
    ("one", "other", "about"),
    [("782", "770", 190), ("100", "900", 2450), ("980", "972", 145), ("782", "782", 0), ("782", "787", 75)],
)
def test_miles_between_the_middles(one: str, other: str, about: int) -> None:
    apart = miles(one, other)
    assert apart == pytest.approx(about, rel=0.15, abs=5)
    assert miles(other, one) == pytest.approx(apart)


def test_the_whole_country_is_on_the_map() -> None:
    assert len(POINTS) > 880
    assert all(-15 < north < 72 and (-180 < east < -64 or east > 140) for north, east in POINTS.values())
    assert miles("782", "000") is None


NEAR, FAR = {"zip3": "782"}, {"zip3": "782", "far": True}


@pytest.mark.parametrize(
    ("better", "worse", "area"),
    [
        ({"782"}, {"782", "799", "750"}, NEAR),  # around there alone, before half a state
        ({"782", "799"}, set(), NEAR),  # and that before everywhere
        ({"900"}, {"787"}, FAR),  # a journey before the next town
        ({"900"}, set(), FAR),
        ({"787"}, {"781"}, FAR),
    ],
)
def test_what_suits_better(better: set[str], worse: set[str], area: dict[str, Any]) -> None:
    assert distance_band(frozenset(better), area) < distance_band(frozenset(worse), area)


def test_who_named_nothing_prefers_nothing_but_a_place_to_nowhere_in_particular() -> None:
    assert distance_band(frozenset({"100"}), "skipped") == distance_band(frozenset({"900"}), None) == 0
    assert distance_band(frozenset(), None) == 3
