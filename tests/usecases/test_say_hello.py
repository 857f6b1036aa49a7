"""Is somebody who wished for it said hello to on the day, once, and never into anything else?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import handoffs, people, promises
from bot.usecases.claim import claim
from bot.usecases.finish import finish
from bot.usecases.say_hello import say_hello
from tests.usecases.line import PERSON, TheLine, the_line


@pytest.fixture
def line(sqlite_database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(sqlite_database, clock)


def finished(line: TheLine, **wish: object) -> str:
    """A person asked for an advocate, and Ana finished with them."""
    ana = line.somebody_on_shift()
    line.text("person")
    claim(line.database, line.services, handoff_id=None, staff_id=ana)
    with line.database.reading() as tx:
        conversation_id = handoffs.owned_by(tx, ana)[0].conversation_id
    outcome = str(wish.pop("outcome", "referred"))
    end = {"conversation_id": conversation_id, "staff_id": ana, "outcome": outcome}
    assert finish(line.database, line.services, **end, **wish) is None  # type: ignore[arg-type]
    return conversation_id


def days(line: TheLine, n: float) -> list[str]:
    line.clock.advance(timedelta(days=n))
    say_hello(line.database, line.services)
    return line.said()


def test_on_the_day_in_the_name_of_who_was_there_and_once(line) -> None:
    finished(line, hello_in_days=7)
    assert "V1" not in days(line, 6.9)
    assert days(line, 0.2).count("V1") == 1
    assert "Hi, it's Ana." in line.shows()["messages"][-1]["body"]
    assert line.shows()["state"] == "follow_up"
    assert days(line, 30).count("V1") == 1


def test_it_is_a_notice_that_keeps_to_their_hours_and_never_leaves_after_a_stop(line) -> None:
    finished(line, hello_in_days=1)
    days(line, 1)
    kinds = {row["key"]: row["status"] for row in line.shows()["messages"]}
    assert kinds["V1"] == "queued"
    line.text("STOP")
    assert {row["key"]: row["status"] for row in line.shows()["messages"]}["V1"] == "refused"


@pytest.mark.parametrize("wish", [{}, {"hello_in_days": 3}, {"hello_in_days": 7, "outcome": "wrong_person"}])
def test_without_a_wish_nothing_is_said(line, wish) -> None:
    finished(line, **wish)
    assert "V1" not in days(line, 100)


def test_an_answer_days_later_is_heard_and_help_reaches_a_person(line) -> None:
    finished(line, hello_in_days=7)
    days(line, 7)
    line.clock.advance(timedelta(days=2))
    line.text("3 not good")
    assert line.shows()["handoff"]["reason"] == "human"


def test_good_ends_it_and_the_next_text_begins_anew(line) -> None:
    finished(line, hello_in_days=7)
    days(line, 7)
    line.text("1")
    assert line.said()[-1] == "TH"
    line.text("hi")
    assert line.said()[-1] == "C1"


@pytest.mark.parametrize("meanwhile", ["hi again", "STOP"])
def test_who_wrote_meanwhile_or_said_stop_is_let_be(line, meanwhile) -> None:
    finished(line, hello_in_days=7)
    line.clock.advance(timedelta(days=1))
    line.text(meanwhile)
    assert "V1" not in days(line, 7)


def test_the_code_word_they_chose_comes_along(line) -> None:
    finished(line, hello_in_days=1)
    with line.database.transaction() as tx:
        person = people.find_or_add(tx, PERSON, "en")
        people.set_code_word(tx, person.person_id, "bluebird")
    days(line, 1)
    line.clock.advance(timedelta(hours=2))
    line.text("what is this")
    line.text("send me the address")
    assert {"M2W", "H1"}.isdisjoint(line.said()[-2:])


def test_it_is_no_wait_that_a_campaign_or_an_alarm_would_count(line) -> None:
    conversation_id = finished(line, hello_in_days=1)
    with line.database.reading() as tx:
        assert promises.due(tx, tx.now + timedelta(days=9)) == []
        assert [one.key for one in promises.standing_of(tx, conversation_id)] == ["V1"]
