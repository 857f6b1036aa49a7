"""Is every promise a row with a deadline, and is the person told before one is missed?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import handoffs, promises, staff
from bot.usecases.claim import claim
from bot.usecases.finish import finish
from bot.usecases.reply import reply
from bot.usecases.shift import go_on
from bot.usecases.sweep import sweep
from tests.usecases.line import PERSON, SCRIPT, TheLine, the_line


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def made(line: TheLine) -> list[tuple[str, str | None]]:
    return [(p["key"], p["ending"]) for p in line.shows()["promises"]]


def standing(line: TheLine) -> promises.Promise:
    with line.database.reading() as tx:
        return promises.due(tx, tx.now + timedelta(days=9))[0]


def just_before(line: TheLine) -> None:
    line.clock.set(standing(line).due_at - timedelta(seconds=59))
    sweep(line.database, line.services)


def held_by(line: TheLine, staff_id: str) -> handoffs.Handoff:
    claim(line.database, line.services, handoff_id=None, staff_id=staff_id)
    with line.database.reading() as tx:
        return handoffs.list_open(tx)[0]


def write(line: TheLine, staff_id: str, text: str = "Hi, it's Ana") -> None:
    with line.database.reading() as tx:
        owned = handoffs.owned_by(tx, staff_id)[0]
    written = reply(
        line.database, line.services, conversation_id=owned.conversation_id, staff_id=staff_id, epoch=1, text=text
    )
    assert not hasattr(written, "reason"), written


@pytest.mark.parametrize(
    ("text", "key"),
    [("person", "H1"), ("he hit me", "D1"), ("i want to kill myself", "I1"), ("i cant breathe", "I2"), ("help", "HP1")],
)
def test_a_promise_is_a_row_with_a_deadline(line, text, key) -> None:
    line.somebody_on_shift()
    line.text(text)
    promise = standing(line)
    assert (promise.key, promise.wait, promise.ending) == (key, True, None)
    assert line.clock.now() < promise.due_at <= line.clock.now() + timedelta(minutes=60)


def test_a_text_that_promises_nothing_leaves_no_row(line) -> None:
    line.text("hi")
    line.text("1")
    assert made(line) == []


def test_the_person_is_told_before_it_is_missed_and_never_twice_in_the_same_words(line) -> None:
    line.somebody_on_shift()
    line.text("person")
    just_before(line)
    assert made(line) == [("H1", "told"), ("H2", None)]
    just_before(line)
    assert made(line) == [("H1", "told"), ("H2", "told"), ("H2B", None)]
    assert [key for key in line.said() if key.startswith("H2")] == ["H2", "H2B"]


def test_into_silence_it_is_told_twice_and_then_it_is_an_alarm_for_us(line) -> None:
    line.somebody_on_shift()
    line.text("person")
    for _ in range(6):
        line.clock.advance(timedelta(minutes=11))
        sweep(line.database, line.services)
    assert line.said().count("H2") + line.said().count("H2B") == 2
    assert made(line)[-1] == ("H2B", "broken")


def test_it_is_kept_when_a_person_writes_and_not_when_they_only_take_it(line) -> None:
    ana = line.somebody_on_shift()
    line.text("person")
    held_by(line, ana)
    assert made(line) == [("H1", None)]
    write(line, ana)
    assert made(line) == [("H1", "kept")]


def test_whoever_takes_it_and_does_not_write_is_called(line) -> None:
    ana = line.somebody_on_shift()
    line.text("person")
    held_by(line, ana)
    pages = len(line.pager.pages)
    line.clock.advance(timedelta(minutes=20))
    sweep(line.database, line.services)
    assert made(line) == [("H1", "broken")]
    assert len(line.pager.pages) == pages + 1
    assert "H2" not in line.said(), "an advocate holds it: the bot is silent"


def test_quiet_that_was_asked_for_is_kept(line) -> None:
    line.somebody_on_shift()
    line.text("person")
    line.text("later")
    assert made(line) == [("H1", "let_go")]
    line.clock.advance(timedelta(minutes=30))
    sweep(line.database, line.services)
    assert line.said()[-1] == "P1"


def test_stop_lets_go_of_everything(line) -> None:
    line.somebody_on_shift()
    line.text("person")
    line.text("stop")
    assert made(line) == [("H1", "let_go")]


def test_as_soon_as_one_is_on_gets_a_time_when_one_is(line) -> None:
    line.text("person")
    assert made(line) == [("H3N", None)]
    line.clock.advance(timedelta(hours=11, minutes=59, seconds=30))
    sweep(line.database, line.services)
    assert standing(line).due_at > line.clock.now() + timedelta(hours=11), "still true, and nothing new to tell"
    with line.database.transaction() as tx:
        ana = staff.add(tx, email="ana@example.org", alias="Ana", roles=("advocate",))
    assert go_on(line.database, staff_id=ana, until=line.clock.now() + timedelta(hours=8)) is None
    assert standing(line).due_at == line.clock.now() + timedelta(minutes=15)
    just_before(line)
    assert line.said()[-1] == "H2"


def test_the_next_shift_is_promised_and_its_absence_is_told(line) -> None:
    with line.database.transaction() as tx:
        ana = staff.add(tx, email="ana@example.org", alias="Ana", roles=("advocate",))
        staff.begin_shift(tx, ana, tx.now + timedelta(hours=20))
        shifts = staff.shifts
        tx.conn.execute(shifts.update().values(starts_at=tx.now + timedelta(hours=12)))
    line.text("person")
    assert made(line) == [("H3", None)]
    with line.database.transaction() as tx:
        staff.end_shift(tx, ana)
        tx.conn.execute(shifts.delete())
    just_before(line)
    assert made(line) == [("H3", "told"), ("H3N", None)]


def test_an_erasure_is_promised_by_their_yes_and_not_kept_by_a_text(line) -> None:
    ana = line.somebody_on_shift()
    line.text("delete everything i sent")
    assert made(line) == []
    line.text("1")
    assert ("DL1", None) in made(line)
    owned = held_by(line, ana)
    write(line, ana)
    finish(line.database, line.services, conversation_id=owned.conversation_id, staff_id=ana, outcome="other")
    assert ("DL1", None) in made(line)


def test_a_promise_nobody_has_in_hand_is_put_before_somebody(line) -> None:
    ana = line.somebody_on_shift()
    line.text("delete everything i sent")
    line.text("1")
    owned = held_by(line, ana)
    finish(line.database, line.services, conversation_id=owned.conversation_id, staff_id=ana, outcome="returned")
    line.clock.advance(timedelta(hours=73))
    sweep(line.database, line.services)
    assert ("DL1", "broken") in made(line)
    assert line.shows()["handoff"]["reason"] == "promise_broken"


def test_every_text_that_names_a_wait_promises_it() -> None:
    waits = {key for key in SCRIPT.wording.keys if SCRIPT.needs[key] & {"MIN", "WHEN"}}
    assert waits <= set(SCRIPT.promises)


# --- Two words ----------------------------------------------------------------------------------------------------


def choose_words(line: TheLine) -> None:
    for text in ("hi", "1", "1", "1", "3", "1", "782", "3"):
        line.text(text)
    assert line.said()[-1] == "M0"
    for text in ("1", "4", "bluebird", "sparrow"):
        line.text(text)
    assert line.said()[-3:] == ["S4", "S5", "S4"]


def wire(line: TheLine, text: str) -> list[tuple[str, str]]:
    """What reaches the phone for this text after a gap."""
    line.clock.advance(timedelta(hours=3))
    line.text("hello")
    line.text(text)
    line.deliver()
    return [(m["key"], m["body"]) for m in line.shows()["messages"] if m["direction"] == "out"][-2:]


def test_a_wrong_word_and_the_second_word_are_the_same_on_the_wire(line) -> None:
    ana = line.somebody_on_shift()
    choose_words(line)
    other = replace(line)
    wrong = wire(line, "hummingbird")
    assert line.shows()["flags"] == ["third_party"]
    second = wire(other, "Sparrow.")
    assert wrong == second
    assert [key for key, _ in wrong] == ["S3", "G1"]
    assert (line.shows()["handoff"]["tier"], line.shows()["handoff"]["reason"]) == ("P0", "duress")
    assert "unsafe" in line.shows()["flags"]
    assert line.pager.pages[-1][1] == "P0"
    assert ana


def test_the_second_word_is_heard_in_the_next_conversation_and_while_an_advocate_holds_it(line) -> None:
    ana = line.somebody_on_shift()
    choose_words(line)
    owned = held_by(line, ana)
    line.text("sparrow")
    assert line.shows()["handoff"]["tier"] == "P0"
    said = line.said()
    finish(line.database, line.services, conversation_id=owned.conversation_id, staff_id=ana, outcome="safe_for_now")
    assert line.said() == said
    line.text("sparrow")
    assert line.shows()["state"] == "paused"
    assert (line.shows()["handoff"]["reason"], line.said()) == ("duress", ["G1"])


def test_neither_word_is_shown_anywhere(line) -> None:
    choose_words(line)
    shown = line.shows(PERSON)
    assert {"code_word", "duress_word"} & set(shown["answers"]) == set()
    line.text("what do you know about me")
    assert "bluebird" not in line.shows()["messages"][-1]["body"]
