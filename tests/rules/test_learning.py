"""Does a stock teach how long its counts stay true, and is the chance told worth what it says?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.openings_year import best_rule, learned, true_when_told, year
from bot.rules.freshness import p_open, prior
from bot.rules.learning import Belief, Check, learn, life_of

HOUSE = "emergency_house"


def after(*checks: tuple[int, float | None, int], kind: str = HOUSE) -> Belief:
    belief = Belief()
    for said, hours, found in checks:
        belief = learn(belief, kind, Check(said, None if hours is None else timedelta(hours=hours), found))
    return belief


def test_until_anything_is_learned_the_kind_speaks() -> None:
    assert life_of(Belief(), HOUSE) == prior(HOUSE)


def test_counts_that_prove_false_shorten_a_yes_and_those_that_prove_true_lengthen_it() -> None:
    hasty, steady = after(*[(1, 12, 0)] * 10), after(*[(1, 120, 1)] * 10)
    assert life_of(hasty, HOUSE).yes_h < prior(HOUSE).yes_h / 2
    assert life_of(steady, HOUSE).yes_h > prior(HOUSE).yes_h * 1.5
    day = timedelta(hours=24)
    assert p_open(life_of(hasty, HOUSE), day, 1) < p_open(prior(HOUSE), day, 1) < p_open(life_of(steady, HOUSE), day, 1)


def test_a_full_is_learned_apart_from_a_yes() -> None:
    never_full_for_long = life_of(after(*[(0, 12, 2)] * 10), HOUSE)
    assert never_full_for_long.full_h < prior(HOUSE).full_h / 2
    assert never_full_for_long.yes_h == prior(HOUSE).yes_h


def test_a_house_that_changed_is_learned_anew() -> None:
    once, now = after(*[(1, 100, 1)] * 60), after(*[(1, 100, 1)] * 60, *[(1, 10, 0)] * 40)
    assert life_of(now, HOUSE).yes_h < life_of(once, HOUSE).yes_h / 3


def test_what_was_counted_before_the_place_opened_anew_teaches_only_how_often_there_is_room() -> None:
    belief = after(*[(5, None, 9)] * 20, kind="night_shelter")
    life = life_of(belief, "night_shelter")
    assert (belief.checks, life.yes_h) == (0, prior("night_shelter").yes_h)
    assert p_open(life, None, 0) > 0.8


def test_a_provider_can_see_how_often_it_was_true() -> None:
    belief = after((1, 24, 1), (1, 24, 0), (0, 24, 0), (0, 24, 1))
    assert (belief.checks, belief.proved) == (4, 2)


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 2000), st.integers(0, 9)), max_size=40))
def test_whatever_is_learned_a_yes_only_fades_and_every_chance_is_one(checks: list[tuple[int, float, int]]) -> None:
    life = life_of(after(*checks), HOUSE)
    chances = [p_open(life, timedelta(hours=hours), 1) for hours in (0, 1, 24, 100, 1000)]
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in chances)
    assert chances[0] == pytest.approx(1)
    assert 0 <= p_open(life, timedelta(hours=24), 0) <= 1


@pytest.mark.parametrize("seed", [7, 8])
def test_the_chance_is_calibrated_and_beats_the_best_rule_of_n_hours_on_the_same_data(seed: int) -> None:
    asked = year(seed, stocks=30, hours=365 * 24 / 2)
    ours, (_, rule) = learned(asked), best_rule(asked)
    assert ours.calibration <= 0.05
    assert ours.brier < rule.brier
    assert ours.log < rule.log
    assert true_when_told(asked) > 0.85
