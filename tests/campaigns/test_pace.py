"""The pace on both databases: what holds it, what it remembers, and that a pause outlives a kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.rules.governor import Pace, decide
from bot.rules.replay import facts_of
from bot.store import campaign_harm, consent, handoffs, pacing, promises, staff
from bot.usecases import campaign_pace
from bot.usecases.launch_campaign import Launched, pause_campaign, stop_all
from bot.usecases.refusal import Refused
from bot.usecases.release_recipients import release_recipients
from bot.usecases.watch_harm import watch_harm
from tests.campaigns.stage import AREA, Stage

ROOT = Path(__file__).parents[2]
MANY = [f"+1210555{n:04d}" for n in range(100, 200)]
KIM = "+12105550103"


def opted_in(*numbers: str, language: str = "en") -> list[str]:
    return [f"{number},{language},opted_in" for number in numbers]


def pace_of(stage: Stage, campaign_id: str) -> Pace:
    with stage.database.reading() as tx:
        return campaign_pace.pace(tx, stage.services, stage.campaign(campaign_id))


# It fails closed


def _shift_over(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        staff.end_shift(tx, stage.advocate)


def _clock_dead(stage: Stage) -> None:
    stage.clock.advance(timedelta(seconds=31))
    watch_harm(stage.database)


def _list_unread(stage: Stage) -> None:
    stage.clock.advance(timedelta(minutes=6))
    stage.clock_lives(list_read=False)
    watch_harm(stage.database)


def _nobody_looks_for_harm(stage: Stage) -> None:
    stage.clock.advance(timedelta(minutes=3))
    stage.clock_lives()


def _approved_long_ago(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=32))
    stage.clock_lives()
    watch_harm(stage.database)


def _counts_old(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=7))
    stage.clock_lives()
    watch_harm(stage.database)


CLOSED: dict[str, Callable[[Stage], None]] = {
    "nobody_on_shift": _shift_over,
    "clock": _clock_dead,
    "carrier_list": _list_unread,
    "harm_watch": _nobody_looks_for_harm,
    "approval_old": _approved_long_ago,
    "no_openings": _counts_old,
}


@pytest.mark.parametrize("code", list(CLOSED))
def test_what_is_not_known_to_be_good_lets_nothing_go(stage: Stage, code: str) -> None:
    with stage.database.transaction() as tx:
        staff.begin_shift(tx, stage.advocate, tx.now + timedelta(days=60))
    campaign_id = stage.run(*opted_in(*MANY[:4]), area=AREA)
    stop_all(stage.database, on=True, staff_id=stage.approver)
    stage.tick()
    stop_all(stage.database, on=False, staff_id=stage.approver)
    assert pace_of(stage, campaign_id).n > 0  # all is well
    CLOSED[code](stage)
    assert release_recipients(stage.database, stage.services) == 0
    assert pace_of(stage, campaign_id).code == code
    assert stage.texts() == []


def test_an_approval_that_is_too_old_is_given_again_by_a_second_person(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:4]))
    _approved_long_ago(stage)
    with stage.database.transaction() as tx:
        staff.begin_shift(tx, stage.advocate, tx.now + timedelta(hours=8))
    stage.count(3)
    assert pace_of(stage, campaign_id).sentence == (
        "Not sending: it was approved 32 days ago, and a list counts for 30."
    )
    assert isinstance(stage.approve(campaign_id, stage.outreach), Refused)
    assert stage.approve(campaign_id, stage.approver) is None
    assert stage.campaign(campaign_id).state == "running"
    assert stage.tick() > 0


# People first, and languages


def test_a_promise_that_is_due_holds_everything(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:4]))
    conversation_id = stage.they_write(KIM)
    with stage.database.transaction() as tx:
        promise_id = promises.make(
            tx, conversation_id=conversation_id, key="H1", due_at=tx.now + timedelta(minutes=4), wait=True
        )
    assert stage.tick() == 0
    assert pace_of(stage, campaign_id).code == "promised"
    with stage.database.transaction() as tx:
        promises.end_one(tx, promise_id, "kept")
    assert stage.tick() > 0


def test_a_language_waits_for_an_advocate_who_speaks_it(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        staff.update(tx, stage.advocate, languages="en")
    campaign_id = stage.run(*opted_in(*MANY[:2], language="es"), *opted_in(*MANY[2:4]))
    stage.minutes(4)
    assert {text["language"] for text in stage.texts()} == {"en"}
    held = pace_of(stage, campaign_id)
    assert (held.code, held.sentence) == ("nobody_speaks", "Not sending: no advocate on shift speaks the language.")
    with stage.database.transaction() as tx:
        staff.update(tx, stage.advocate, languages="en,es")
    stage.minutes(4)
    assert len(stage.texts()) == 4


def test_what_came_of_the_texts_slows_the_next_ones(stage: Stage) -> None:
    """Half of those texted came to an advocate, were helped and are gone; others are silent still."""
    stage.more_advocates()
    campaign_id = stage.run(*opted_in(*MANY[:60]))
    stage.minutes(4)
    before = pace_of(stage, campaign_id).per_hour
    for text in stage.texts()[:8]:
        stage.they_wait(text["number"])
    stage.they_are_helped()
    after = pace_of(stage, campaign_id).per_hour
    assert after < before / 2


# What was decided can be decided again


def test_every_decision_is_kept_with_all_it_rests_on_and_nothing_of_anybody(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:30]), area=AREA)
    began = stage.clock.now()
    stage.minutes(3)
    stage.they_wait(KIM)
    stage.minutes(3)
    with stage.database.reading() as tx:
        kept = pacing.decided(tx, campaign_id, began)
    assert [one.code for one in kept] == ["sending"] * 3 + ["people_waiting"]  # a change of what holds it, once
    for one in kept:
        again = decide(facts_of(one.inputs))
        assert (again.n, again.per_hour, again.code) == (one.n, one.per_hour, one.code)
        assert AREA not in str(one.inputs)
        assert "+1" not in str(one.inputs)
    stage.clock.advance(pacing.KEPT + timedelta(days=1))
    stage.tick()
    with stage.database.reading() as tx:
        assert len(pacing.decided(tx, campaign_id, began)) == 1


# Stopped by itself


def test_it_stops_by_itself_for_harm_and_only_a_person_resumes_it(stage: Stage) -> None:
    stage.more_advocates()
    campaign_id = stage.run(*opted_in(*MANY[:40]))
    stage.minutes(2)
    said = stage.texts()
    assert len(said) == 8
    for text in said[:1]:
        stage.they_stop(text["number"])
    assert stage.minutes(1) == 4  # one STOP of eight stops nothing
    for text in said[1:6]:
        stage.they_stop(text["number"])
    assert stage.minutes(3) == 0
    assert stage.campaign(campaign_id).state == "paused"
    held = pace_of(stage, campaign_id)
    assert held.code == "opt_outs"
    assert held.sentence == ("Stopped by itself: 6 of 12 people said stop, and the limit is 8 in 100.")
    assert isinstance(stage.launch(campaign_id), Launched)
    assert stage.minutes(3) > 0  # what came before the person looked does not count again
    assert stage.campaign(campaign_id).state == "running"


@pytest.mark.parametrize(
    ("reason", "code"), [("hostile", "anger"), ("minor", "minors"), ("wrong_number", "wrong_people")]
)
def test_each_sign_of_harm_is_counted(stage: Stage, reason: str, code: str) -> None:
    stage.more_advocates()
    campaign_id = stage.run(*opted_in(*MANY[:40]))
    stage.minutes(2)
    for text in stage.texts()[:6]:
        conversation_id = stage.they_write(text["number"])
        with stage.database.transaction() as tx:
            if reason == "wrong_number":
                consent.withdraw(tx, tx.keys.index("phone", text["number"]), how=reason)
            else:
                handoffs.open_handoff(tx, conversation_id=conversation_id, tier="P3", reason=reason, next_at=tx.now,
                                      promised_at=None)  # fmt: skip
    stage.minutes(1)
    with stage.database.reading() as tx:
        stop = campaign_harm.standing_stop(tx, campaign_id)
    assert stop is not None
    assert (stop.code, stop.seen, stop.out_of) == (code, 6, 8)


def test_somebody_who_waits_too_long_stops_it_but_not_over_night(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:10]))
    stage.minutes(1)
    _shift_over(stage)
    stage.they_wait(stage.texts()[0]["number"])
    stage.minutes(1)
    stage.clock.advance(timedelta(hours=3))
    stage.tick()
    assert stage.campaign(campaign_id).state == "running"  # nobody was there to answer
    with stage.database.transaction() as tx:
        staff.begin_shift(tx, stage.advocate, tx.now + timedelta(hours=8))
    stage.minutes(2)
    assert stage.campaign(campaign_id).state == "running"
    stage.clock.advance(timedelta(minutes=10))
    stage.tick()
    assert pace_of(stage, campaign_id).code == "unanswered"


def test_two_looks_at_once_stop_it_once(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:10]))
    stage.minutes(4)
    for text in stage.texts():
        stage.they_stop(text["number"])
    stage.clock.advance(timedelta(seconds=20))
    assert watch_harm(stage.database) == 1
    stage.clock.advance(timedelta(seconds=20))
    assert watch_harm(stage.database) == 0
    assert pace_of(stage, campaign_id).code == "opt_outs"


# A pause outlives a kill


CLOCK = """
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from bot.adapters.clock import FakeClock
from bot.adapters.fake_carrier import FakeCarrier
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.reconcile import reconcile
from bot.usecases.sweep import sweep
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.web.line import services_on

url, at = sys.argv[1:]
clock = FakeClock(datetime.fromisoformat(at))
database = Database(url, Keyring(TEST_KEYS, TEST_SECRET), clock)
services = replace(services_on(database), carrier=FakeCarrier(clock))
while sys.stdin.readline():
    clock.advance(timedelta(minutes=1))
    reconcile(database, services)
    sweep(database, services)
    print("swept", flush=True)
"""


def _clock_then_kill(stage: Stage, rounds: int, *, during: Callable[[], object]) -> None:
    """The clock as a process of its own, for so many minutes; then something happens, and it is killed as it sweeps."""
    url = stage.database.engine.url.render_as_string(hide_password=False)
    clock = subprocess.Popen([sys.executable, "-c", CLOCK, url, stage.clock.now().isoformat()], cwd=ROOT, text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert clock.stdin is not None
    assert clock.stdout is not None
    with clock:
        for _ in range(rounds):
            clock.stdin.write("go\n")
            clock.stdin.flush()
            assert clock.stdout.readline() == "swept\n"
            stage.clock.advance(timedelta(minutes=1))
            stage.sent()
        during()
        clock.stdin.write("go\n")
        clock.stdin.flush()
        clock.kill()


def test_a_pause_is_not_undone_by_a_clock_that_is_killed_and_starts_again(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:10]))

    def pause() -> None:
        assert pause_campaign(stage.database, campaign_id=campaign_id, staff_id=stage.outreach) is None

    _clock_then_kill(stage, 2, during=pause)
    texts = len(stage.texts())
    assert texts == 4  # it ran
    _clock_then_kill(stage, 3, during=lambda: None)
    assert stage.campaign(campaign_id).state == "paused"
    assert len(stage.texts()) == texts
    assert isinstance(stage.launch(campaign_id), Launched)
    assert stage.minutes(2) > 0
