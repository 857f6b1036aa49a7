"""How much may leave by each of our numbers, for whom, and when is it tried again? Tables, and what holds for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.sending import (
    ANSWER,
    CAMPAIGN,
    FIRST_RETRY_S,
    LONGEST_RETRY_S,
    UNCONFIRMED_S,
    URGENT,
    Limit,
    Standing,
    another_sender,
    day_ends,
    day_of,
    handed_over,
    limit_of,
    retry_after_s,
    room,
    sender_for,
)

NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OURS = tuple(f"+1210555010{i}" for i in range(4))
PEOPLE = [f"phone key {i}" for i in range(400)]
FOUR = Limit(4.0)


@pytest.mark.parametrize(
    ("limit", "standing", "answers", "campaigns"),
    [
        (Limit(), Standing(), inf, inf),
        (FOUR, Standing(), 40, 4),
        (FOUR, Standing(free_at=NOON - SECOND), 40, 4),  # what was not used is not saved up
        (FOUR, Standing(free_at=NOON + SECOND), 36, 0),
        (FOUR, Standing(free_at=NOON + 10 * SECOND), 0, 0),
        (FOUR, Standing(unconfirmed=120), 40, 0),  # a campaign leaves half of the carrier's queue free for answers
        (FOUR, Standing(unconfirmed=240), 0, 0),
        (FOUR, Standing(quiet_until=NOON + SECOND), 0, 0),
        (FOUR, Standing(quiet_until=NOON), 40, 4),
        (Limit(), Standing(quiet_until=NOON + SECOND), 0, 0),
        (Limit(), Standing(campaigns_at=NOON + SECOND), inf, 0),
        (Limit(None, 100), Standing(day="2026-06-15", today=79), 21, 1),
        (Limit(None, 100), Standing(day="2026-06-15", today=80), 20, 0),
        (Limit(None, 100), Standing(day="2026-06-15", today=100), 0, 0),
        (Limit(None, 100), Standing(day="2026-06-14", today=100), 100, 80),
    ],
)
def test_room(limit: Limit, standing: Standing, answers: float, campaigns: float) -> None:
    assert room(limit, standing, NOON, ANSWER) == answers
    assert room(limit, standing, NOON, CAMPAIGN) == campaigns
    assert room(limit, standing, NOON, URGENT) == inf, "a text about danger waits for no rate"


@given(
    st.floats(0.5, 200.0),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([ANSWER, CAMPAIGN]), st.integers(1, 3)), max_size=200),
)
def test_no_more_than_its_rate_and_the_carriers_queue_stays_short(per_s: float, steps) -> None:  # type: ignore[no-untyped-def]
    limit, standing, now, sent = Limit(per_s), Standing(), NOON, 0
    for wait_s, urgency, segments in steps:
        now += wait_s * SECOND
        if room(limit, standing, now, urgency) > 0:
            standing = handed_over(limit, standing, now, segments)
            sent += segments
    lasted = (now - NOON).total_seconds()
    assert sent <= per_s * (lasted + 10) + 3
    assert standing.unconfirmed <= UNCONFIRMED_S[ANSWER] * per_s + 3, "nothing was confirmed, so it had to stop"


def test_the_day_of_the_caps_is_pacific() -> None:
    assert day_of(datetime(2026, 6, 15, 6, 59, tzinfo=UTC)) == "2026-06-14"
    assert day_ends(NOON) == datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
    standing = handed_over(Limit(None, 9), Standing(day="2026-06-14", today=5), NOON, 2)
    assert (standing.day, standing.today) == ("2026-06-15", 2)


@pytest.mark.parametrize(
    ("sender", "assumed", "limit"),
    [
        (OURS[0], True, Limit(2.0, 500)),
        (OURS[1], True, Limit(9.0)),
        ("+18885550100", True, Limit(9.0)),
    ],
)
def test_what_was_set_counts(sender: str, assumed: bool, limit: Limit) -> None:
    assert limit_of(sender, {OURS[0]: (2.0, 500), "*": (9.0, None)}, assumed=assumed) == limit


def test_nothing_set_is_what_its_kind_carries_at_the_real_carrier_and_no_limit_elsewhere() -> None:
    kinds = [limit_of(sender, {}, assumed=True).per_s for sender in ("72345", "+18885550100", OURS[0], "MG" + "1" * 32)]
    assert kinds == [100.0, 3.0, 4.0, 4.0]
    assert limit_of(OURS[0], {}, assumed=False) == Limit()


def test_retries_double_up_to_a_bound_and_never_come_before_they_were_asked_to() -> None:
    waits = [retry_after_s(nth, None, "a" * 32) for nth in range(1, 12)]
    assert waits == sorted(waits)
    assert FIRST_RETRY_S <= waits[0] <= FIRST_RETRY_S * 1.25
    assert LONGEST_RETRY_S <= waits[-1] <= LONGEST_RETRY_S * 1.25
    asked = {retry_after_s(1, 7, f"{n:032x}") for n in range(200)}
    assert min(asked) >= 7
    assert max(asked) <= 7 * 1.25
    assert len(asked) == 200, "texts refused together would come back together"


def test_a_person_keeps_the_number_they_know() -> None:
    assert sender_for(OURS[2], OURS, "whoever") == OURS[2]
    chosen = {key: sender_for(None, OURS, key) for key in PEOPLE}
    assert chosen == {key: sender_for(None, OURS[::-1], key) for key in PEOPLE}, "order does not matter"
    shares = [list(chosen.values()).count(sender) for sender in OURS]
    assert min(shares) > 60, "each number carries its share"
    kept = {key: sender_for(chosen[key], OURS[:3], key) for key in PEOPLE}
    moved = {chosen[key] for key in PEOPLE if kept[key] != chosen[key]}
    assert moved == {OURS[3]}, "only people of the number that went are moved"


def test_another_number_is_another() -> None:
    assert another_sender(OURS[0], OURS[:1], "x") is None
    assert another_sender(OURS[0], OURS, "x") in OURS[1:]


def test_a_standing_is_never_changed_in_place() -> None:
    standing = Standing()
    handed_over(FOUR, standing, NOON, 1)
    assert standing == replace(standing)
    assert standing.unconfirmed == 0
