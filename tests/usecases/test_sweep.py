"""When nothing happens: alarms climb for ever, late promises are told first, and Redis may have lost everything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import handoffs, heartbeats, staff
from bot.usecases import sweep as sweep_module
from bot.usecases.claim import claim
from bot.usecases.sweep import sweep
from tests.usecases.line import TheLine, the_line


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def round_after(line: TheLine, **passed: float) -> None:
    line.clock.advance(timedelta(**passed))
    sweep(line.database, line.services)


def waiting(line: TheLine) -> handoffs.Handoff:
    with line.database.reading() as tx:
        return handoffs.list_open(tx)[0]


def test_the_clock_beats(line) -> None:
    sweep(line.database, line.services)
    with line.database.reading() as tx:
        assert heartbeats.last_beat(tx, "clock") == line.clock.now()


def test_a_lost_ring_is_rung_again(line) -> None:
    line.text("hi")
    line.nudges.rings = 0  # Redis lost everything
    sweep(line.database, line.services)
    assert line.nudges.rings == 1
    line.deliver()
    sweep(line.database, line.services)
    assert line.nudges.rings == 1, "it rings for nothing"


def test_a_text_in_doubt_is_rung_for(line, monkeypatch) -> None:
    line.text("hi")
    monkeypatch.setattr("bot.usecases.deliver._post", _killed)
    with pytest.raises(KeyboardInterrupt):
        line.deliver()
    line.nudges.rings = 0
    round_after(line, seconds=31)
    assert line.nudges.rings == 1


def _killed(*_args: object) -> None:
    raise KeyboardInterrupt


def test_the_alarm_of_somebody_who_waits_comes_again_for_ever(line) -> None:
    line.somebody_on_shift()
    line.text("he hit me")
    steps = []
    for _ in range(40):
        round_after(line, minutes=6)
        handoff = waiting(line)
        assert handoff.next_at is not None
        assert handoff.next_at > line.clock.now()
        steps.append(handoff.step)
    assert steps == sorted(set(steps)), "a step was skipped or repeated"
    assert len(line.pager.pages) > len(steps), "each step calls somebody"


def test_a_late_promise_is_told_before_it_is_due(line) -> None:
    line.somebody_on_shift()
    line.text("person")
    promised = waiting(line).promised_at
    assert promised is not None
    line.clock.set(promised - timedelta(seconds=59))
    sweep(line.database, line.services)
    assert line.said()[-1] == "H2"
    renewed = waiting(line).promised_at
    assert renewed is not None
    assert renewed > promised
    sweep(line.database, line.services)
    assert line.said().count("H2") == 1


def test_when_the_shift_ends_first_the_truth_is_told(line) -> None:
    ana = line.somebody_on_shift()
    line.text("person")
    with line.database.transaction() as tx:
        staff.end_shift(tx, ana)
    round_after(line, minutes=5)
    assert line.said()[-1] == "H3N"
    assert waiting(line).promised_at is None


def test_a_promise_that_was_kept_is_not_excused(line) -> None:
    ana = line.somebody_on_shift()
    line.text("person")
    claim(line.database, line.services, handoff_id=None, staff_id=ana)
    for _ in range(5):
        round_after(line, minutes=10)
    assert "H2" not in line.said()


def test_one_part_that_fails_does_not_stop_the_others(line, monkeypatch) -> None:
    line.text("hi")
    line.nudges.rings = 0
    monkeypatch.setattr(sweep_module.hold, "lapse", _breaks)
    sweep(line.database, line.services)
    assert line.nudges.rings == 1


def _breaks(*_args: object) -> None:
    raise ZeroDivisionError
