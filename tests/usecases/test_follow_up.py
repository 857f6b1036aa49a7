"""Is somebody who was referred looked after until a human says how it ended, and asked only as they agreed?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.rules.follow_up import CHECKS
from bot.store import pages, people, promises, referrals, staff
from bot.store.db import Database
from bot.store.referrals import Referral
from bot.usecases import follow_up
from bot.usecases.finish import finish
from bot.usecases.hold import Asked, ask
from bot.usecases.look_after import KIND, look_after
from bot.usecases.refusal import Refused
from bot.usecases.sweep import sweep
from tests.directory.test_report_opening import CEDAR as CEDARS_NUMBER
from tests.directory.test_report_opening import says
from tests.usecases.carrying import CEDAR, ROOM, Case, ana_has_somebody
from tests.usecases.line import PERSON

TEN_IN_CHICAGO = datetime(2026, 6, 15, 15, 0, tzinfo=UTC)


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    clock.set(TEN_IN_CHICAGO)
    return ana_has_somebody(sqlite_database, clock)


def referral(case: Case) -> Referral:
    with case.line.database.reading() as tx:
        found = referrals.latest_of(tx, case.talk)
    assert found is not None
    return found


def happened(case: Case) -> list[str]:
    with case.line.database.reading() as tx:
        return [one.what for one in referrals.events_of(tx, referral(case).referral_id)]


def begun(case: Case, **_more: object) -> None:
    answer = follow_up.begin(case.line.database, conversation_id=case.talk, staff_id=case.ana, program_id=CEDAR)
    assert isinstance(answer, str)


def ended_by_ana(case: Case, **more: int) -> None:
    finished = finish(case.line.database, case.line.services, conversation_id=case.talk, staff_id=case.ana,
                      outcome="referred", **more)  # fmt: skip
    assert finished is None


def outcome(case: Case, what: str, **more: object) -> Refused | None:
    return follow_up.outcome(case.line.database, conversation_id=case.talk, staff_id=case.ana, what=what, **more)  # type: ignore[arg-type]


def after(case: Case, **passed: float) -> None:
    case.line.clock.advance(timedelta(**passed))
    look_after(case.line.database, case.line.services)


def calls_of(case: Case) -> list[tuple[int, str]]:
    """Of each alarm for no movement: which it was, and whom it called."""
    with case.line.database.reading() as tx:
        keys = [row.call_key for row in tx.conn.execute(pages.pages.select()) if row.call_key.startswith("still:")]
    return sorted((int(key.split(":")[3]), key.split(":")[4]) for key in keys)


def agreed(case: Case, hours: str = "morning") -> None:
    with case.line.database.transaction() as tx:
        person = people.find(tx, PERSON)
        assert person is not None
        people.set_safe_hours(tx, person.person_id, hours)
    assert follow_up.agree(case.line.database, conversation_id=case.talk, staff_id=case.ana, agreed=True) is None


@pytest.mark.parametrize("asked", [True, False])
def test_who_is_asked_how_they_are_gets_no_hello_besides(case: Case, asked: bool) -> None:
    begun(case)
    if asked:
        agreed(case)
    ended_by_ana(case, hello_in_days=1)
    with case.line.database.reading() as tx:
        hellos = [one for one in promises.all_of(tx, case.talk) if one.key == promises.HELLO]
    assert bool(hellos) is not asked


def test_a_held_place_begins_it_and_the_places_word_is_the_intake(case: Case) -> None:
    held = ask(case.line.database, case.line.services, conversation_id=case.talk, stock_id=ROOM, staff_id=case.ana)
    assert isinstance(held, Asked)
    says(case.line, CEDARS_NUMBER, f"Y {held.short_id}")
    assert (referral(case).program_id, referral(case).intake_at) == (CEDAR, None)
    case.line.clock.advance(timedelta(hours=3))
    says(case.line, CEDARS_NUMBER, f"IN {held.short_id}")
    done = referral(case)
    assert done.intake_at is not None
    assert (done.intake_at - done.referred_at) // timedelta(minutes=1) == 180
    assert (happened(case), done.alarm_at) == (["referred", "arrived"], None)


def test_nothing_moves_for_24_48_72_hours_the_owner_then_the_leads_then_on_call(case: Case) -> None:
    with case.line.database.transaction() as tx:
        lead = staff.add(tx, email="marta@x.example", alias="Marta", roles=["lead"])
        for n, who in enumerate((case.ana, lead)):
            pages.add_channel(tx, who, "sms", f"+1210555017{n}")
    begun(case)
    after(case, hours=23)
    assert calls_of(case) == []
    after(case, hours=2)
    assert calls_of(case) == [(0, case.ana)]
    after(case, hours=24)
    assert calls_of(case) == sorted([(0, case.ana), (1, case.ana), (1, lead)])
    case.line.clock.advance(timedelta(hours=24))
    sweep(case.line.database, case.line.services)  # as the clock does it
    assert (2, lead) in calls_of(case)
    assert referral(case).alarm == 3
    after(case, minutes=1)
    assert referral(case).alarm == 3, "an alarm comes once, and a day later again"


def test_what_moves_turns_the_clock_back(case: Case) -> None:
    begun(case)
    case.line.clock.advance(timedelta(hours=20))
    case.line.text("i packed")
    after(case, hours=5)
    assert referral(case).alarm == 0
    case.line.clock.advance(timedelta(hours=10))
    assert follow_up.moved(case.line.database, conversation_id=case.talk, staff_id=case.ana) is None
    after(case, hours=20)
    assert (referral(case).alarm, happened(case)) == (0, ["referred", "moved"])
    after(case, hours=5)
    assert referral(case).alarm == 1


def test_when_nobody_has_them_any_more_somebody_does_again(case: Case) -> None:
    begun(case)
    ended_by_ana(case)
    after(case, hours=25)
    shown = case.line.shows()
    assert (shown["handoff"]["reason"], shown["handoff"]["tier"]) == ("no_movement", "P2")
    assert case.line.said() == [], "the person is told nothing"


def test_who_agreed_is_asked_in_their_hours_and_once_into_silence(case: Case) -> None:
    begun(case)
    agreed(case)
    outcome(case, "arrived")
    ended_by_ana(case)
    after(case, hours=30)  # four in the afternoon: their hours are the morning
    assert case.line.said() == []
    after(case, hours=17)
    assert case.line.said() == ["V1"]
    assert "Ana" in case.line.deliver()[0]
    assert referral(case).check_n == 1
    after(case, days=7)
    assert (case.line.said(), len(case.tasks(KIND))) == (["V1"], 1)
    assert "silent" in happened(case)
    for _ in range(3):
        after(case, days=CHECKS[3].days)
    assert referral(case).ended_at is None, "no clock ends it"
    assert "to_end" in happened(case)


@pytest.mark.parametrize("why", ["not agreed", "no hours", "stop"])
def test_nobody_else_is_asked_by_text(case: Case, why: str) -> None:
    begun(case)
    if why != "not agreed":
        agreed(case, "" if why == "no hours" else "morning")
    outcome(case, "arrived")
    ended_by_ana(case)
    if why == "stop":
        case.line.text("STOP")
    for _ in range(4):
        after(case, days=8)
    assert "V1" not in case.line.said()
    assert bool(case.tasks(KIND)) is (why == "no hours")


def test_stop_ends_it_for_who_has_arrived_and_keeps_an_eye_on_who_has_not(case: Case) -> None:
    begun(case)
    agreed(case)
    case.line.text("STOP")
    assert (referral(case).agreed, referral(case).ended_at) == (False, None)
    assert referral(case).alarm_at is not None
    assert outcome(case, "arrived") is None
    assert outcome(case, "asked_to_stop") is None
    assert (referral(case).ended_by, referral(case).outcome) == ("person", "asked_to_stop")


def test_outcomes_are_written_down_with_their_times_and_a_human_ends_it(case: Case) -> None:
    begun(case)
    case.line.clock.advance(timedelta(days=2))
    at = case.line.clock.now() - timedelta(hours=30)
    assert isinstance(outcome(case, "arrived", ends=True), Refused)
    assert outcome(case, "arrived", at=at) is None
    assert referral(case).intake_at == at
    assert isinstance(outcome(case, "stayed", at=case.line.clock.now() + timedelta(hours=1)), Refused)
    assert isinstance(outcome(case, "vanished"), Refused)
    assert outcome(case, "stayed", ends=True) is None
    assert (referral(case).outcome, referral(case).ended_by) == ("stayed", case.ana)
    assert isinstance(outcome(case, "moved_on"), Refused)
    assert happened(case) == ["referred", "arrived", "stayed"]


def test_a_colleague_who_does_not_have_them_changes_nothing(case: Case) -> None:
    begun(case)
    luis = case.line.somebody_on_shift("Luis")
    refused = follow_up.moved(case.line.database, conversation_id=case.talk, staff_id=luis)
    assert isinstance(refused, Refused)
    assert "Ana" in refused.reason


def test_a_text_they_answer_is_a_movement_and_the_next_check_asks_again(case: Case) -> None:
    begun(case)
    agreed(case)
    outcome(case, "arrived")
    ended_by_ana(case)
    after(case, hours=25)
    assert case.line.said() == ["V1"]
    case.line.text("1")
    after(case, days=7)
    assert [key for key, _, _ in case.line.statuses()].count("V1") == 2
    with case.line.database.reading() as tx:
        assert promises.standing_of(tx, case.talk) == []


@pytest.mark.parametrize(
    ("how", "open_still", "arrived"),
    [("referred", True, False), ("held", True, False), ("arrived", True, True), ("lost_contact", False, False)],
)
def test_how_an_advocate_finishes_says_where_they_are(case: Case, how: str, open_still: bool, arrived: bool) -> None:
    if how == "lost_contact":
        begun(case)
    finished = finish(case.line.database, case.line.services, conversation_id=case.talk, staff_id=case.ana, outcome=how)
    assert finished is None
    one = referral(case)
    assert (one.ended_at is None, one.intake_at is not None) == (open_still, arrived)


@pytest.mark.parametrize("how", ["safe_for_now", "other", "returned"])
def test_who_was_not_referred_is_not_followed(case: Case, how: str) -> None:
    finish(case.line.database, case.line.services, conversation_id=case.talk, staff_id=case.ana, outcome=how)
    with case.line.database.reading() as tx:
        assert referrals.latest_of(tx, case.talk) is None
