"""Is nobody asked who did not agree, and is nobody forgotten who did not arrive?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.follow_up import CHECKS, Facts, Next, alarm_at, check_at, hears, next_check

NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
WELL = Facts(agreed=True, stopped=False, held=False, safe_hours="morning", in_safe_hours=True, asked_at=None,
             wrote_at=None)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, Next.TEXT),
        ({"agreed": False}, None),
        ({"stopped": True}, None),
        ({"held": True}, Next.LATER),
        ({"in_safe_hours": False}, Next.LATER),
        ({"safe_hours": None}, Next.HUMAN),
        ({"safe_hours": ""}, Next.HUMAN),
        ({"asked_at": NOON}, Next.HUMAN),
        ({"asked_at": NOON, "wrote_at": NOON - timedelta(hours=1)}, Next.HUMAN),
        ({"asked_at": NOON, "wrote_at": NOON + timedelta(hours=1)}, Next.TEXT),
    ],
)
def test_what_a_check_leads_to(changed: dict[str, object], what: Next | None) -> None:
    assert next_check(replace(WELL, **changed)) is what  # type: ignore[arg-type]


facts = st.builds(
    Facts, agreed=st.booleans(), stopped=st.booleans(), held=st.booleans(),
    safe_hours=st.sampled_from([None, "", "morning"]), in_safe_hours=st.booleans(),
    asked_at=st.sampled_from([None, NOON]), wrote_at=st.sampled_from([None, NOON - timedelta(1), NOON + timedelta(1)]),
)  # fmt: skip


@given(facts)
def test_a_text_needs_a_yes_an_hour_of_theirs_and_no_silence_before_it(one: Facts) -> None:
    if next_check(one) is Next.TEXT:
        assert one.agreed
        assert one.safe_hours
        assert one.in_safe_hours
        assert not one.stopped
        assert not one.held
        assert one.asked_at is None or (one.wrote_at is not None and one.wrote_at >= one.asked_at)


def test_the_checks_are_next_day_a_week_a_month_and_a_quarter() -> None:
    assert [check_at(NOON, n) for n in range(5)] == [*(NOON + span for span in CHECKS), None]
    assert [span.days for span in CHECKS] == [1, 7, 30, 90]


def test_the_alarm_comes_at_24_48_72_hours_and_goes_on() -> None:
    assert [(alarm_at(NOON, n) - NOON) // timedelta(hours=1) for n in range(5)] == [24, 48, 72, 96, 120]
    assert [hears(n) for n in (0, 1, 2, 9)] == [("owner",), ("owner", "lead"), *[("owner", "lead", "on_call")] * 2]
