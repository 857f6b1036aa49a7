"""Does nothing of a person leave without a yes of theirs that stands, and is what was told called back when it ends?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.store import audit, consent, disclosures, holds
from bot.store.db import Database
from bot.store.messages import messages
from bot.usecases import provider_texts
from bot.usecases.confirm_match import confirm_match
from bot.usecases.end_sharing import KIND
from bot.usecases.forget import forget
from bot.usecases.give_release import take_back_release
from bot.usecases.hold import Asked, ask, extend, lapse
from bot.usecases.provider_texts import ABOUT_NOBODY, Untold, text_provider
from bot.usecases.refusal import Refused
from bot.usecases.sweep import sweep
from tests.directory.test_report_opening import CEDAR as CEDARS_NUMBER
from tests.directory.test_report_opening import says
from tests.usecases.carrying import CEDAR, QUAIL, ROOM, Case, ana_has_somebody
from tests.usecases.line import PERSON, SCRIPT


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    return ana_has_somebody(sqlite_database, clock)


@pytest.fixture
def silent(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    return ana_has_somebody(sqlite_database, clock, shares=False)


def asked(case: Case) -> Asked | Refused:
    return ask(case.line.database, case.line.services, conversation_id=case.talk, stock_id=ROOM, staff_id=case.ana)


def hold_state(case: Case) -> list[tuple[str, str | None]]:
    with case.line.database.reading() as tx:
        return [(one.state, one.reason) for one in holds.of_conversation(tx, case.talk)]


def told(case: Case) -> list[tuple[str, str]]:
    with case.line.database.reading() as tx:
        return [(one.how, one.told) for one in disclosures.of_conversation(tx, case.talk)]


def to_providers(case: Case) -> list[str]:
    """What left for anybody but the person."""
    return [text.body for text in case.line.carrier.sent if text.to != PERSON]


# Every way out, walked without a yes: each is refused, and nothing is written or sent.
WAYS_OUT = {
    "a hold": asked,
    "the best at once": lambda case: confirm_match(
        case.line.database, case.line.services, conversation_id=case.talk, staff_id=case.ana
    ),
    "a call to a place": lambda case: case.begin(),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_without_a_yes_no_way_leads_out(silent: Case, way: str) -> None:
    refused = WAYS_OUT[way](silent)
    assert isinstance(refused, Refused)
    assert "has not agreed to share" in refused.reason
    silent.line.deliver()
    assert (to_providers(silent), told(silent), hold_state(silent)) == ([], [], [])


@pytest.mark.parametrize("key", [key for key in SCRIPT.wording.keys if key.startswith("PU")])
def test_no_text_to_a_provider_tells_of_anybody_but_the_question_for_a_place(case: Case, key: str) -> None:
    """The one door: whatever text is added, what it may be filled with without a yes is a list of what may."""
    fields = dict.fromkeys(SCRIPT.needs[key], "1")
    with case.line.database.transaction() as tx:
        if SCRIPT.needs[key] <= ABOUT_NOBODY:
            assert text_provider(tx, case.line.services, number=CEDARS_NUMBER, language="en", key=key, fields=fields)
            return
        assert key == "PU3"
        with pytest.raises(Untold):
            text_provider(tx, case.line.services, number=CEDARS_NUMBER, language="en", key=key, fields=fields)


def test_the_rest_of_a_holds_life_tells_nothing_more(case: Case) -> None:
    short = asked(case)
    assert isinstance(short, Asked)
    says(case.line, CEDARS_NUMBER, f"Y {short.short_id}")
    assert extend(case.line.database, case.line.services, hold_id=short.hold_id, staff_id=case.ana) is None
    case.line.clock.advance(timedelta(hours=30))
    lapse(case.line.database, case.line.services)
    assert told(case) == [("text", "party")]
    assert provider_texts.ABOUT_NOBODY.isdisjoint({"WHO", "TOLD", "AREA", "NAME", "LANG"})


def test_a_yes_by_text_is_in_force_and_its_proof_is_their_text(case: Case) -> None:
    assert case.given()[0].told == ("party", "urgency")
    case.line.text("yes tell cedar my name")
    with case.line.database.reading() as tx:
        theirs = select(messages.c.message_id).where(messages.c.direction == "in").order_by(messages.c.created_at)
        proof = tx.conn.execute(theirs).scalars().all()[-1]
    release = case.yes("first_name", first_name="Sol", message_id=proof)
    assert isinstance(release, str)
    newest = case.given()[0]
    assert (newest.way, newest.message_id, newest.noted_by, newest.first_name) == ("text", proof, None, "Sol")
    assert (newest.program_id, newest.told) == (CEDAR, ("first_name",))


@pytest.mark.parametrize(
    ("items", "more", "words"),
    [
        ((), {}, "Tick each thing"),
        (("everything",), {}, "Tick each thing"),
        (("voice",), {"days": 365}, "until when"),
        (("voice",), {"to": "nowhere"}, "for whom"),
        (("first_name",), {}, "first name"),
        (("voice",), {"first_name": "Sol"}, "first name"),
        (("voice",), {"message_id": "0" * 32}, "not one of their texts"),
    ],
)
def test_a_yes_that_is_not_clear_is_not_kept(case: Case, items: tuple, more: dict, words: str) -> None:
    refused = case.yes(*items, **more)
    assert isinstance(refused, Refused)
    assert words in refused.reason
    assert len(case.given()) == 1


def test_taken_back_before_it_left_the_question_never_leaves_and_no_place_was_told(case: Case) -> None:
    asked(case)
    case.take_back()
    case.line.deliver()
    assert to_providers(case) == []
    assert (hold_state(case), told(case), case.tasks(KIND)) == ([("withdrawn", "consent")], [], [])


def test_taken_back_after_it_left_the_place_is_let_go_and_a_human_asks_it_to_forget(case: Case) -> None:
    short = asked(case)
    assert isinstance(short, Asked)
    case.line.deliver()
    case.take_back()
    assert case.line.said(CEDARS_NUMBER)[-1] == "PU10"
    assert hold_state(case) == [("withdrawn", "consent")]
    (task,) = case.tasks(KIND)
    assert (task.program_id, task.assigned_to) == (CEDAR, case.ana)
    assert isinstance(asked(case), Refused)
    sweep(case.line.database, case.line.services)
    assert len(case.tasks(KIND)) == 1, "an end is acted on once"


def test_what_runs_out_stops_at_that_moment_and_is_followed_within_a_round(case: Case) -> None:
    asked(case)
    case.line.deliver()
    case.line.clock.advance(timedelta(hours=72))
    assert isinstance(asked(case), Refused)
    sweep(case.line.database, case.line.services)
    (task,) = case.tasks(KIND)
    assert task.program_id == CEDAR
    with case.line.database.reading() as tx:
        ended = tx.conn.execute(select(audit.audit.c.detail).where(audit.audit.c.act == "release_ended")).scalars()
        assert list(ended) == ["expired"]


def test_a_question_that_leaves_late_is_asked_once_more_whether_it_may(case: Case) -> None:
    asked(case)
    case.line.clock.advance(timedelta(hours=72))
    assert case.line.deliver() == []
    assert ("PU3", "refused", "release_ended") in case.line.statuses()


def test_a_place_that_has_them_by_then_may_go_on_knowing(case: Case) -> None:
    short = asked(case)
    assert isinstance(short, Asked)
    case.line.deliver()
    says(case.line, CEDARS_NUMBER, f"Y {short.short_id}")
    says(case.line, CEDARS_NUMBER, f"IN {short.short_id}")
    assert hold_state(case) == [("arrived", None)]
    case.line.clock.advance(timedelta(hours=72))
    sweep(case.line.database, case.line.services)
    assert case.tasks(KIND) == []


def test_a_new_yes_to_the_same_question_takes_the_place_of_the_old(case: Case) -> None:
    asked(case)
    with case.line.database.transaction() as tx:
        person_id = case.given()[0].person_id
        disclosures.carry_over(tx, person_id, consent.release(tx, person_id, items="person", hours=72))
    sweep(case.line.database, case.line.services)
    assert [one.stands(case.line.clock.now()) for one in case.given()] == [True, False]
    assert (hold_state(case), case.tasks(KIND), told(case)) == ([("asked", None)], [], [("text", "party")])
    case.line.deliver()
    case.take_back()
    assert len(case.tasks(KIND)) == 1, "what was told under the old one is called back with the new"


def test_one_yes_is_taken_back_from_the_desk_and_the_others_stand(case: Case) -> None:
    release = case.yes("voice", to=QUAIL)
    assert isinstance(release, str)
    luis = case.line.somebody_on_shift("Luis")
    refused = take_back_release(case.line.database, case.line.services, conversation_id=case.talk, staff_id=luis,
                                release_id=release)  # fmt: skip
    assert refused is None
    assert [one.stands(case.line.clock.now()) for one in case.given()] == [False, True]
    again = take_back_release(case.line.database, case.line.services, conversation_id=case.talk, staff_id=luis,
                              release_id=release)  # fmt: skip
    assert isinstance(again, Refused)


def test_who_is_erased_leaves_a_task_that_says_which_place_and_nothing_of_whom(case: Case) -> None:
    asked(case)
    case.line.deliver()
    done = forget(case.line.database, case.line.services, PERSON)
    assert {"disclosures", "releases", "holds", "referrals"} - set(done.destroyed) == {"referrals"}
    (task,) = case.tasks(KIND)
    assert (task.conversation_id, task.program_id) == (None, CEDAR)
