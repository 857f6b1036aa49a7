"""Is the shipped pace better than what it replaces? Seeded months of bench/outreach_months.py, fewer of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.outreach_months import (
    AMPLE,
    SCARCE,
    Governed,
    Month,
    Tally,
    all_at_once,
    back_pressure,
    compare,
    fixed,
    live,
    month,
)

DAYS, SEEDS = 10, range(3)
POLICIES = [
    ("at once", lambda _: all_at_once(600)),
    *((f"fixed {rate}", lambda _, rate=rate: fixed(rate)) for rate in (30, 60, 120, 180)),
    ("back-pressure", lambda _: back_pressure()),
    ("ours", lambda _: Governed()),
]


def months(places: tuple[float, float]) -> list[Month]:
    return [month(seed, DAYS, places) for seed in SEEDS]


@pytest.fixture(scope="module")
def ample() -> dict[str, Tally]:
    return compare(POLICIES, months(AMPLE))


@pytest.fixture(scope="module")
def scarce() -> dict[str, Tally]:
    return compare(POLICIES, months(SCARCE))


def test_more_people_are_helped_in_time_than_by_all_at_once_and_by_the_best_fixed_rate(ample: dict[str, Tally]) -> None:
    ours = ample["ours"]
    best = max((one for name, one in ample.items() if name.startswith("fixed")), key=lambda one: one.helped)
    for other in (ample["at once"], best):
        assert ours.helped > 1.1 * other.helped
        assert ours.late_share < other.late_share / 3
        assert ours.in_vain < other.in_vain


@pytest.mark.parametrize("world", ["ample", "scarce"])
def test_fewer_wait_too_long_than_by_back_pressure_alone(world: str, request: pytest.FixtureRequest) -> None:
    found: dict[str, Tally] = request.getfixturevalue(world)
    assert found["ours"].late_share < found["back-pressure"].late_share
    assert found["ours"].in_vain < found["back-pressure"].in_vain / 2


def test_where_places_are_few_it_asks_few_people_in_vain(scarce: dict[str, Tally]) -> None:
    """It is no better there at filling places: it invites fewer people to none. Both stand in bench/README.md."""
    assert scarce["ours"].in_vain < scarce["fixed 30"].in_vain
    assert scarce["ours"].late_share < scarce["fixed 30"].late_share


def test_it_fails_closed() -> None:
    """No shift, or a feed that never says anything: not one text in all the days."""
    one = month(1, 3)
    assert live(replace(one, shifts=((), (), ())), Governed()).texts == 0
    assert live(replace(one, silent_days=frozenset(range(3))), Governed()).texts == 0
    assert live(replace(one, places=()), Governed()).texts == 0
    assert live(one, Governed()).texts > 0


def test_the_same_seed_is_the_same_month() -> None:
    assert month(3, 2) == month(3, 2)
    assert month(3, 2) != month(4, 2)
