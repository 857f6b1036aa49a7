"""The governor releases only what advocates and openings can serve, says why in words, and fails closed."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.governor import GovernorFacts, release_now

NOW = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

GOOD = GovernorFacts(
    now=NOW, state="running", approved_by_other=True, reviewed=True, stopped=False, heartbeat_at=NOW, on_shift=2,
    last_shift_ends_at=NOW + 240 * MINUTE, busy=0, waiting=0, fresh_openings=5, in_flight=0, released_last_minute=0,
    released=0, canary_released_at=None, opt_outs=0, ready=100, waiting_for_hours=0, next_hours_at=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "n", "code"),
    [
        ({}, 4, "sending"),
        ({"released_last_minute": 3}, 1, "sending"),
        ({"released_last_minute": 4}, 0, "minute"),
        ({"in_flight": 2}, 2, "sending"),
        ({"in_flight": 9}, 0, "minute"),
        ({"ready": 1}, 1, "sending"),
        ({"busy": 2}, 4, "sending"),  # exactly half
        ({"busy": 3}, 0, "busy"),
        ({"on_shift": 1, "busy": 1}, 4, "sending"),
        ({"on_shift": 1, "busy": 2}, 0, "busy"),
        ({"waiting": 1}, 0, "people_waiting"),
        ({"fresh_openings": 0}, 0, "no_openings"),
        ({"on_shift": 0, "last_shift_ends_at": None}, 0, "nobody_on_shift"),
        ({"last_shift_ends_at": NOW + 29 * MINUTE}, 0, "shift_ends"),
        ({"last_shift_ends_at": NOW + 30 * MINUTE}, 4, "sending"),
        ({"heartbeat_at": None}, 0, "clock"),
        ({"heartbeat_at": NOW - timedelta(seconds=31)}, 0, "clock"),
        ({"heartbeat_at": NOW - timedelta(seconds=30)}, 4, "sending"),
        ({"approved_by_other": False}, 0, "approval"),
        ({"reviewed": False}, 0, "unreviewed"),
        ({"stopped": True}, 0, "kill_switch"),
        ({"state": "draft"}, 0, "draft"),
        ({"state": "approved"}, 0, "approved"),
        ({"state": "paused"}, 0, "paused"),
        ({"state": "done"}, 0, "done"),
        ({"state": "no such state"}, 0, "no such state"),
        ({"released": 19}, 1, "sending"),  # the first twenty, then a rest
        ({"released": 20, "canary_released_at": NOW - 29 * MINUTE}, 0, "canary"),
        ({"released": 20, "canary_released_at": NOW - 30 * MINUTE}, 4, "sending"),
        ({"released": 40, "opt_outs": 3, "canary_released_at": NOW - 60 * MINUTE}, 4, "sending"),
        ({"released": 30, "opt_outs": 3, "canary_released_at": NOW - 60 * MINUTE}, 0, "opt_outs"),
        ({"released": 10, "opt_outs": 2}, 4, "sending"),  # two are no share of anything yet
        ({"ready": 0}, 0, "done"),
        ({"ready": 0, "waiting_for_hours": 3, "next_hours_at": NOW + 95 * MINUTE}, 0, "hours"),
    ],
)
def test_one_gate_at_a_time(change: dict[str, object], n: int, code: str) -> None:
    pace = release_now(replace(GOOD, **change))
    assert (pace.n, pace.code) == (n, code)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "Sending 4 now: 2 advocates on shift, 0 of 4 places taken, nobody waiting, 5 openings free. "
             "At most 4 a minute."),
        ({"waiting": 1}, "Not sending: 1 person waits for an advocate already."),
        ({"waiting": 2}, "Not sending: 2 people wait for an advocate already."),
        ({"busy": 3}, "Not sending: 3 of 4 places with advocates are taken, more than half."),
        ({"ready": 0, "waiting_for_hours": 3, "next_hours_at": NOW + 95 * MINUTE},
         "Not sending: 3 numbers are outside local hours. The first opens in 1 h 35 min."),
        ({"state": "paused"}, "Not sending: paused. It stays paused until a person resumes it."),
    ],
)  # fmt: skip
def test_it_says_why_in_words(change: dict[str, object], sentence: str) -> None:
    assert release_now(replace(GOOD, **change)).sentence == sentence


numbers = st.integers(0, 50)
moments = st.one_of(st.none(), st.integers(-120, 120).map(lambda minutes: NOW + minutes * MINUTE))


@given(
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(["draft", "approved", "running", "paused", "done"]),
            "approved_by_other": st.booleans(), "reviewed": st.booleans(), "stopped": st.booleans(),
            "heartbeat_at": moments, "last_shift_ends_at": moments, "canary_released_at": moments,
            "next_hours_at": moments,
        }
        | {one.name: numbers for one in fields(GovernorFacts) if one.type == "int"}
    )
)
def test_nothing_is_released_through_a_shut_gate(change: dict[str, object]) -> None:
    facts = replace(GOOD, **change)
    pace = release_now(facts)
    assert 0 <= pace.n <= 4
    assert pace.sentence.endswith(".")
    if pace.n:
        assert facts.state == "running"
        assert facts.approved_by_other
        assert facts.reviewed
        assert not facts.stopped
        assert facts.waiting == 0
        assert facts.fresh_openings > 0
        assert facts.on_shift > 0
        assert facts.busy * 2 <= facts.on_shift * 2
        assert facts.released_last_minute + pace.n <= 4
        assert pace.n <= facts.ready
