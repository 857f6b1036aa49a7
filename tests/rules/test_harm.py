"""What came back stops a campaign when it is surely above a limit, and not one text before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.harm import LIMITS, Signals, Stop, must_stop, surely_above, words


@pytest.mark.parametrize(
    ("back", "code"),
    [
        (Signals(), None),
        (Signals(texted=3, opt_outs=1), None),  # one STOP of three proves nothing
        (Signals(texted=8, opt_outs=3), None),
        (Signals(texted=8, opt_outs=4), "opt_outs"),
        (Signals(texted=100, opt_outs=10), None),
        (Signals(texted=100, opt_outs=21), "opt_outs"),
        (Signals(texted=1_000, opt_outs=80), None),  # at the limit, for ever
        (Signals(texted=1_000, opt_outs=120), "opt_outs"),
        (Signals(texted=20, anger=2), None),
        (Signals(texted=20, anger=4), "anger"),
        (Signals(texted=20, wrong_people=3), None),
        (Signals(texted=10, wrong_people=5), "wrong_people"),
        (Signals(texted=20, minors=1), None),
        (Signals(texted=20, minors=2), "minors"),
        (Signals(texted=20, settled=10, filtered=2), None),
        (Signals(texted=20, settled=10, filtered=3), "filtered"),
        (Signals(texted=20, settled=20, undelivered=8), None),
        (Signals(texted=20, settled=20, undelivered=14), "undelivered"),
        (Signals(texted=9, settled=2, undelivered=2), None),  # what is still under way proves nothing
        (Signals(texted=2, unanswered_for=timedelta(minutes=10)), None),
        (Signals(texted=2, unanswered_for=timedelta(minutes=11)), "unanswered"),
        (Signals(texted=20, opt_outs=20, minors=20), "minors"),  # the gravest is told
    ],
)
def test_the_limits(back: Signals, code: str | None) -> None:
    why = must_stop(back)
    assert (None if why is None else why.code) == code


def test_it_is_said_with_its_figures() -> None:
    assert words(Stop("opt_outs", 21, 100)) == "21 of 100 people said stop, and the limit is 8 in 100."
    assert words(Stop("minors", 2, 20)) == "2 of 20 people are minors, and the limit is 0.5 in 100."
    assert words(Stop("unanswered", 14, 10)) == "somebody who answered has waited 14 minutes longer than promised."


@pytest.mark.parametrize("limit", [0.03, 0.08, 0.30])
def test_looking_after_every_text_stops_a_campaign_at_its_limit_in_one_of_twenty_at_most(limit: float) -> None:
    random = Random(7)
    stopped = 0
    for _ in range(300):
        seen = 0
        for n in range(1, 301):
            seen += random.random() < limit
            if surely_above(limit, seen, n):
                stopped += 1
                break
    assert stopped <= 300 / 20 + 6


def test_a_campaign_far_above_its_limit_is_stopped_soon() -> None:
    random = Random(7)
    needed = []
    for _ in range(200):
        seen, n = 0, 0
        while not surely_above(0.08, seen, n):
            n += 1
            seen += random.random() < 0.3
        needed.append(n)
    assert sorted(needed)[100] <= 30


@given(st.sampled_from(sorted(LIMITS)), st.integers(1, 200), st.integers(0, 200))
def test_more_harm_never_lets_it_go_on(code: str, out_of: int, seen: int) -> None:
    seen = min(seen, out_of - 1)
    back = replace(Signals(texted=out_of, settled=out_of), **{code: seen})
    if must_stop(back) is not None:
        assert must_stop(replace(back, **{code: seen + 1})) is not None
