"""Is somebody brought together with a place step by step, told of each, and never left with a refusal or a number?"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from bot.rules.warm_transfer import State
from bot.store import disclosures, pages, referrals, staff, warm_transfers
from bot.store.db import Database
from bot.usecases import warm
from bot.usecases.finish import finish
from bot.usecases.refusal import Refused
from bot.usecases.suspend_program import suspend_program
from bot.usecases.sweep import sweep
from bot.usecases.warm import NO_NEXT, Done
from flows.wording import WIDEST
from tests.usecases.carrying import CEDAR, QUAIL, Case, ana_has_somebody
from tests.usecases.line import PERSON, SCRIPT


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    return ana_has_somebody(sqlite_database, clock)


def begun(case: Case, program_id: str = CEDAR) -> str:
    transfer_id = case.begin(program_id)
    assert isinstance(transfer_id, str)
    return transfer_id


def test_the_whole_way_and_what_each_side_hears(case: Case) -> None:
    one = begun(case)
    case.yes("voice", "first_name", first_name="Sol")
    assert case.do(one, "program_yes", spoke_with="the night desk") is State.AGREED
    assert case.do(one, "ask_person", say=True) is State.ASKED
    case.line.text("2")
    assert case.do(one, "person_chose", way="call") is State.READY
    assert case.do(one, "start", say=True) is State.TOGETHER
    assert case.do(one, "person_ok") is State.TOGETHER
    finishing = {"conversation_id": case.talk, "staff_id": case.ana, "outcome": "referred"}
    kept = finish(case.line.database, case.line.services, **finishing)
    assert isinstance(kept, Refused), "the owner keeps them until both say so"
    assert case.do(one, "program_ok") is State.DONE
    assert finish(case.line.database, case.line.services, **finishing) is None
    assert [key for key in case.line.said() if key.startswith("WT")] == ["WT1", "WT2"]
    with case.line.database.reading() as tx:
        assert sorted((d.how, d.told) for d in disclosures.of_conversation(tx, case.talk)) == [
            ("call", "party"), ("line", "voice"),
        ]  # fmt: skip
        assert warm_transfers.spoke_with(tx, one) == "the night desk"
        assert [step.deed for step in warm_transfers.steps_of(tx, one)][:3] == ["begin", "program_yes", "ask_person"]
        referral = referrals.open_of(tx, case.talk)
        assert referral is not None
        assert (referral.program_id, referral.intake_at) == (CEDAR, None)


def test_no_text_of_it_has_room_for_a_place_or_a_number() -> None:
    for key in ("WT1", "WT2", "WT3", "WT4"):
        assert SCRIPT.needs[key] == frozenset()
    assert "PROG" in WIDEST


def test_the_line_needs_a_yes_of_its_own(case: Case) -> None:
    one = begun(case)
    case.do(one, "program_yes")
    case.do(one, "person_chose", way="text")
    refused = case.do(one, "start", say=True)
    assert isinstance(refused, Refused)
    assert "talk together" in refused.reason
    assert "WT2" not in case.line.said()
    assert isinstance(case.yes("voice"), str)
    assert case.do(one, "start") is State.TOGETHER


@pytest.mark.parametrize(("deed", "more"), [("program_no", {"reason": "full"}), ("program_silent", {})])
def test_a_refusal_or_silence_calls_the_next_place_at_once(case: Case, deed: str, more: dict) -> None:
    one = begun(case)
    assert case.do(one, deed, say=True, **more) in (State.REFUSED, State.NO_ANSWER)
    following = case.open_transfer()
    assert following is not None
    assert (following.state, following.after_id) == ("to_call", one)
    assert following.program_id != CEDAR
    assert case.line.said()[-1] == "WT3"


def test_when_no_place_is_left_a_named_human_looks_and_the_search_goes_on(case: Case, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(warm, "openings_for", lambda *_: [])
    one = begun(case)
    assert case.do(one, "program_no", say=True) is State.REFUSED
    assert case.open_transfer() is None
    (task,) = case.tasks(NO_NEXT)
    assert (task.conversation_id, task.assigned_to) == (case.talk, case.ana)
    assert case.line.said()[-1] == "WT4"


def test_their_own_no_leaves_everything_as_it_was(case: Case) -> None:
    one = begun(case)
    case.do(one, "program_yes")
    assert case.do(one, "person_no") is State.NOT_WANTED
    assert (case.open_transfer(), case.tasks(NO_NEXT)) == (None, [])
    assert isinstance(case.begin(), str), "not now is not never"


def test_a_late_deed_calls_the_owner_then_the_leads_and_again(case: Case) -> None:
    with case.line.database.transaction() as tx:
        lead = staff.add(tx, email="marta@x.example", alias="Marta", roles=["lead"])
        for who in (case.ana, lead):
            pages.add_channel(tx, who, "sms", f"+121055501{70 + (who == lead)}")
    one = begun(case)
    for minutes, step in ((31, 1), (16, 2), (16, 3)):
        case.line.clock.advance(timedelta(minutes=minutes))
        sweep(case.line.database, case.line.services)
        late = case.open_transfer()
        assert late is not None
        assert (late.step, late.due_at is not None and late.due_at > case.line.clock.now()) == (step, True)
    with case.line.database.reading() as tx:
        keys = {row.call_key for row in tx.conn.execute(pages.pages.select()) if row.call_key.startswith("warm:")}
    assert {f"warm:{one}:0:{case.ana}", f"warm:{one}:1:{case.ana}", f"warm:{one}:1:{lead}"} <= keys
    assert f"warm:{one}:0:{lead}" not in keys


def test_a_colleague_who_takes_them_over_goes_on_where_it_stood(case: Case) -> None:
    one = begun(case)
    case.do(one, "program_yes")
    luis = case.line.somebody_on_shift("Luis")
    case.give_on(luis)
    assert isinstance(case.do(one, "ask_person"), Refused)
    luis_does = {**case.by_ana, "staff_id": luis}
    assert warm.do(case.line.database, case.line.services, **luis_does, transfer_id=one,
                   done=Done(warm.Deed("ask_person"))) is State.ASKED  # fmt: skip


def test_it_ends_with_the_yes_it_stood_on(case: Case) -> None:
    one = begun(case)
    case.do(one, "program_yes")
    case.take_back()
    assert case.open_transfer() is None
    with case.line.database.reading() as tx:
        ended = warm_transfers.get(tx, one)
    assert ended is not None
    assert (ended.state, ended.reason) == ("withdrawn", "consent")
    assert isinstance(case.do(one, "ask_person"), Refused)


def test_it_ends_with_the_place_when_that_is_suspended(case: Case) -> None:
    begun(case)
    with case.line.database.transaction() as tx:
        lead = staff.add(tx, email="marta@x.example", alias="Marta", roles=["lead"])
    assert suspend_program(case.line.database, staff_id=lead, program_id=CEDAR) == 1
    assert case.open_transfer() is None
    assert len(case.tasks("referral_of_suspended")) == 1
    assert isinstance(case.begin(), Refused)


def test_words_that_are_not_signed_off_are_not_half_said(case: Case, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    one = begun(case)
    case.do(one, "program_yes")
    monkeypatch.setattr(warm, "cleared", lambda *_: False)
    assert isinstance(case.do(one, "ask_person", say=True), Refused)
    standing = case.open_transfer()
    assert standing is not None
    assert standing.state == "agreed"
    assert case.do(one, "ask_person") is State.ASKED


def test_after_stop_nothing_is_said(case: Case) -> None:
    one = begun(case)
    case.do(one, "program_yes")
    case.line.text("STOP")
    assert isinstance(case.do(one, "ask_person", say=True), Refused)
    assert case.line.said(PERSON)[-1] == "X1"


def test_one_at_a_time_and_only_what_is_approved(case: Case) -> None:
    begun(case)
    assert isinstance(case.begin(QUAIL), Refused)
    assert isinstance(case.begin("nowhere"), Refused)


def test_of_two_who_press_at_once_one_is_told_so(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    case = ana_has_somebody(database, clock)
    one = begun(case)
    answers: list[object] = []
    gate = threading.Barrier(4)

    def press() -> None:
        gate.wait()
        answers.append(case.do(one, "program_yes"))

    presses = [threading.Thread(target=press) for _ in range(4)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join(30)
    assert sorted(type(answer) is State for answer in answers) == [False, False, False, True]
    with database.reading() as tx:
        assert len([step for step in warm_transfers.steps_of(tx, one) if step.deed == "program_yes"]) == 1
        assert len(disclosures.of_conversation(tx, case.talk)) == 1


def test_a_step_from_where_it_no_longer_stands_changes_nothing(case: Case) -> None:
    begun(case)
    stale = case.open_transfer()
    assert stale is not None
    case.do(stale.transfer_id, "program_yes")
    with case.line.database.transaction() as tx:
        assert not warm_transfers.move(tx, stale, to="refused", deed="program_no", staff_id=case.ana, due_at=None)
        assert not warm_transfers.rearm(tx, stale, tx.now + timedelta(minutes=5))
    standing = case.open_transfer()
    assert standing is not None
    assert (standing.state, standing.step) == ("agreed", 0)
