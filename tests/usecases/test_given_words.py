"""Is a colleague's promise a row with a deadline and an owner, through every change of hands, until it is done?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import pages, people, promise_board, promises, staff
from bot.store.db import Database
from bot.store.promises import Promise
from bot.usecases.finish import finish
from bot.usecases.give_word import Word, give_word, keep_word, let_go
from bot.usecases.refusal import Refused
from bot.usecases.reply import Queued, reply
from bot.usecases.sweep import sweep
from tests.usecases.carrying import Case, ana_has_somebody
from tests.usecases.line import PERSON

SOON = Word("I call the house again", 30)


@pytest.fixture
def case(sqlite_database: Database, clock) -> Case:  # type: ignore[no-untyped-def]
    return ana_has_somebody(sqlite_database, clock)


def ledger(case: Case) -> list[Promise]:
    with case.line.database.reading() as tx:
        return [one for one in promises.all_of(tx, case.talk) if one.staff_id]


def promised(case: Case, word: Word = SOON) -> str:
    answer = give_word(case.line.database, **case.by_ana, word=word)
    assert isinstance(answer, str)
    return answer


def after(case: Case, **passed: float) -> None:
    case.line.clock.advance(timedelta(**passed))
    sweep(case.line.database, case.line.services)


def called(case: Case, occasion: str) -> set[str]:
    with case.line.database.reading() as tx:
        keys = [row.call_key for row in tx.conn.execute(pages.pages.select())]
    return {key.rsplit(":", 1)[1] for key in keys if key.startswith(occasion)}


def test_it_goes_with_the_text_and_no_later_text_keeps_it(case: Case) -> None:
    with case.line.database.transaction() as tx:
        person = people.find(tx, PERSON)
        assert person is not None
        people.set_safe_hours(tx, person.person_id, "morning,afternoon")
    sent = reply(case.line.database, case.line.services, **case.by_ana, text="I'll call them again", word=SOON)
    assert isinstance(sent, Queued)
    (one,) = ledger(case)
    assert (one.key, one.ending, one.staff_id, one.safe_hours) == ("said", None, case.ana, "morning,afternoon")
    assert one.due_at == case.line.clock.now() + timedelta(minutes=30)
    reply(case.line.database, case.line.services, **case.by_ana, text="still here")
    assert ledger(case)[0].ending is None
    with case.line.database.reading() as tx:
        assert promises.what_of(tx, one.promise_id) == "I call the house again"


@pytest.mark.parametrize("word", [Word("x" * 161, 30), Word("I call", 7), Word("  ", 30)])
def test_a_promise_without_words_or_a_time_sends_nothing(case: Case, word: Word) -> None:
    refused = reply(case.line.database, case.line.services, **case.by_ana, text="I'll call", word=word)
    assert isinstance(refused, Refused)
    assert (ledger(case), case.line.deliver()) == ([], [])


def test_near_its_owner_hears_missed_the_leads_too_and_it_stays_until_it_is_done(case: Case) -> None:
    with case.line.database.transaction() as tx:
        lead = staff.add(tx, email="marta@x.example", alias="Marta", roles=["lead"])
        for n, who in enumerate((case.ana, lead)):
            pages.add_channel(tx, who, "sms", f"+1210555017{n}")
    promise_id = promised(case)
    after(case, minutes=21)
    assert called(case, f"near:{promise_id}") == {case.ana}
    after(case, minutes=10)
    assert called(case, f"word:{promise_id}") == {case.ana, lead}
    assert ledger(case)[0].is_missed
    with case.line.database.reading() as tx:
        assert [one.promise.promise_id for one in promise_board.to_do(tx, case.ana, 9)[0]] == [promise_id]
        assert promises.counts(tx, tx.now - timedelta(days=1)) == {("colleague", "broken"): 1}
    assert keep_word(case.line.database, promise_id=promise_id, staff_id=case.ana) is None
    (one,) = ledger(case)
    assert (one.ending, one.is_open, one.made_good_at) == ("broken", False, case.line.clock.now())


def test_it_outlives_the_hand_off_and_somebody_has_the_person_again(case: Case) -> None:
    promised(case)
    finish(case.line.database, case.line.services, conversation_id=case.talk, staff_id=case.ana, outcome="referred")
    assert ledger(case)[0].ending is None
    after(case, minutes=31)
    assert case.line.shows()["handoff"]["reason"] == "promise_broken"


def test_whoever_has_the_person_owns_it(case: Case) -> None:
    first, second = promised(case), promised(case, Word("I ask about the dog", 60))
    luis, rosa = case.line.somebody_on_shift("Luis"), case.line.somebody_on_shift("Rosa")
    assert isinstance(keep_word(case.line.database, promise_id=first, staff_id=luis), Refused)
    case.give_on(luis)
    assert keep_word(case.line.database, promise_id=first, staff_id=luis) is None
    assert isinstance(let_go(case.line.database, promise_id=second, staff_id=rosa), Refused)
    assert let_go(case.line.database, promise_id=second, staff_id=case.ana) is None
    assert [one.ending for one in ledger(case)] == ["kept", "let_go"]
    assert isinstance(keep_word(case.line.database, promise_id=first, staff_id=luis), Refused)


def test_a_stop_lets_our_texts_promises_go_and_not_what_a_colleague_will_do(case: Case) -> None:
    promised(case)
    case.line.text("STOP")
    assert ledger(case)[0].ending is None
    after(case, minutes=31)
    assert ledger(case)[0].ending == "broken"
