"""A text in: kept once, answered in the same transaction, STOP first, and nobody's turns mixed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.store import consent, handoffs, people
from bot.store.conversations import conversations
from bot.store.messages import messages
from bot.usecases import turn
from bot.usecases.receive import Outcome, dialable
from bot.usecases.seed import seed
from tests.usecases.line import PERSON, TheLine, the_line


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def rows(line: TheLine, table) -> int:  # type: ignore[no-untyped-def]
    with line.database.reading() as tx:
        return int(tx.conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_first_text_is_answered_in_its_own_transaction(line) -> None:
    assert line.text("hi") is Outcome.TAKEN
    shown = line.shows()
    assert [(m["direction"], m["key"], m["body"][:20]) for m in shown["messages"]] == [
        ("in", None, "hi"),
        ("out", "C1", "Thanks for writing b"),
    ]
    assert (shown["consent"], shown["suppressed"], shown["held_by"]) == ("given", False, "bot")
    assert line.nudges.rings == 1
    assert line.carrier.sent == [], "an answer left inside the turn"


def test_the_whole_way_to_a_person_over_the_seeded_directory(line) -> None:
    seed(line.database, demo=True)
    said = []
    for text in ("hola", "1", "1", "1", "esta noche", "un lugar donde dormir", "san antonio", "tengo 22"):
        line.text(text)
    for _ in range(3):  # as many of the adaptive questions as the directory needs
        if line.said()[-1] == "M1":
            break
        line.text("pasar")
    line.text("1")
    line.text("1")
    said = line.said()
    assert said[:7] == ["C1", "C2", "C3", "Q1", "Q2", "Q3", "Q5"]
    assert said[-3:] == ["M1", "SH1", "H1"]
    assert 4 <= sum(key.startswith("Q") for key in said) <= 7
    shown = line.shows()
    assert shown["language"] == "es", "their own words decided it"
    assert shown["handoff"]["tier"] == "P1"
    assert shown["answers"]["need"] == ["bed"]
    with line.database.reading() as tx:
        assert tx.conn.execute(select(func.count()).select_from(consent.releases)).scalar_one() == 1


@pytest.mark.parametrize("times", [2, 5])
def test_the_same_webhook_again_changes_nothing(line, times) -> None:
    line.text("hi", sid="SMsame")
    before = line.shows()
    for _ in range(times):
        assert line.text("hi", sid="SMsame") is Outcome.DUPLICATE
    assert line.shows() == before


def test_the_same_webhook_in_many_threads_is_one_turn(line) -> None:
    line.text("hello")
    together = threading.Barrier(6)
    outcomes = []

    def post() -> None:
        together.wait()
        outcomes.append(line.text("yes", sid="SMtwin"))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [Outcome.DUPLICATE] * 5 + [Outcome.TAKEN]
    assert line.said() == ["C1", "C2"]


def test_many_texts_of_one_new_person_at_once_are_one_person_and_one_thread(line) -> None:
    together = threading.Barrier(6)
    problems = []

    def post(n: int) -> None:
        together.wait()
        try:
            line.text(f"hello {n}")
        except Exception as error:  # whatever it is, the test shows it
            problems.append(error)

    threads = [threading.Thread(target=post, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert (rows(line, people.people), rows(line, conversations)) == (1, 1)
    with line.database.reading() as tx:
        seqs = tx.conn.execute(select(messages.c.seq).order_by(messages.c.seq)).scalars().all()
    assert list(seqs) == list(range(1, len(seqs) + 1)), "two turns wrote over each other"


def test_a_turn_that_breaks_keeps_nothing_and_rings_nobody(line, monkeypatch) -> None:
    monkeypatch.setattr(turn, "_save", _breaks)
    with pytest.raises(ZeroDivisionError):
        line.text("hi")
    assert (rows(line, people.people), rows(line, messages), line.nudges.rings) == (0, 0, 0)


def _breaks(*_args, **_kwargs) -> None:
    raise ZeroDivisionError


def test_stop_is_in_force_before_the_webhook_returns(line) -> None:
    line.text("hi")
    assert line.text("STOP") is Outcome.STOP
    shown = line.shows()
    assert (shown["consent"], shown["suppressed"], shown["state"]) == ("withdrawn", True, "stopped")
    assert line.statuses() == [("C1", "refused", "stopped"), ("X1", "queued", None)]
    assert line.deliver() == ["Done. No more texts from us. If you change your mind, text START"]
    for text in ("hi", "are you there", "STOP", "1"):
        line.text(text)
    assert line.deliver() == []


def test_only_start_lifts_a_stop(line) -> None:
    line.text("hi")
    line.text("stop")
    line.text("YES")
    assert line.shows()["suppressed"]
    line.text("START")
    shown = line.shows()
    assert (shown["consent"], shown["suppressed"]) == ("given", False)


def test_a_stopped_person_who_asks_for_help_reaches_an_advocate_and_hears_nothing(line) -> None:
    line.text("hi")
    line.text("STOP")
    line.deliver()
    line.text("he is here please help me")
    handoff = line.shows()["handoff"]
    assert (handoff["tier"], handoff["reason"]) == ("P0", "stopped_asks_help")
    assert line.pager.pages[-1][1] == "P0"
    assert line.deliver() == []


def test_a_suppression_holds_in_a_new_conversation_too(line) -> None:
    line.text("hi")
    line.text("STOP")
    with line.database.transaction() as tx:
        tx.conn.execute(conversations.update().values(closed_at=tx.now))
    line.text("hello")
    assert line.shows()["messages"][-1]["direction"] == "in"


@pytest.mark.parametrize(
    ("body", "media"),
    [("", 0), ("😀😀😀", 0), ("\u202eolleh", 0), ("a\x00b", 0), ("x" * 1600, 0), ("y" * 5000, 0), ("", 3),
     ("\ud800", 0), ("مساعدة", 0), ("'; DROP TABLE people; --", 0), ("<script>alert(1)</script>", 0)],
)  # fmt: skip
def test_whatever_is_texted_is_kept_and_answered(line, body, media) -> None:
    assert line.text(body, media=media) is Outcome.TAKEN
    shown = line.shows()
    assert len([m for m in shown["messages"] if m["direction"] == "in"]) == 1
    assert len(shown["messages"]) >= 2


@pytest.mark.parametrize("sender", ["262966", "INFO-LINE", "anonymous", "+1", "266696687"])
def test_a_sender_nobody_can_answer_is_kept_and_shown_to_a_person(line, sender) -> None:
    line.text("your code is 1234", sender=sender)
    assert line.deliver() == []
    with line.database.reading() as tx:
        assert [(h.tier, h.reason) for h in handoffs.list_open(tx)] == [("P3", "odd_sender")]


def test_a_number_that_is_written_otherwise_is_the_same_person(line) -> None:
    line.text("hi", sender="+12105550142")
    line.text("1", sender="(210) 555-0142")
    assert rows(line, people.people) == 1
    assert dialable("(210) 555-0142", "US") == PERSON


def test_a_flood_is_kept_but_only_safety_is_answered(line) -> None:
    for n in range(turn.MOST_IN_A_BURST):
        line.text(f"hello {n}")
    said = len(line.said())
    assert line.text("hello again") is Outcome.FLOODED
    assert len(line.said()) == said
    line.text("he hit me")
    assert line.said()[-1].startswith("D1")
    assert line.text("STOP") is Outcome.STOP
    line.clock.advance(timedelta(minutes=2))
    assert line.text("START") is Outcome.TAKEN


def test_after_fifteen_minutes_only_the_neutral_check_is_said(line) -> None:
    for text in ("hi", "1", "1", "1"):
        line.text(text)
    line.clock.advance(timedelta(minutes=14))
    line.text("tonight")
    assert line.said()[-1] == "Q2"
    line.clock.advance(timedelta(minutes=15))
    line.text("a bed")
    assert line.said()[-1] == "R1"
    assert "need" not in line.shows()["answers"]


def test_the_carriers_own_answer_is_not_given_twice(line) -> None:
    line.text("hi")
    line.text("STOP", opt_out="STOP")
    assert "X1" not in line.said()
    assert line.shows()["suppressed"]


def test_a_script_that_goes_round_in_circles_fails_whole(line, monkeypatch) -> None:
    monkeypatch.setattr(turn, "MOST_STEPS", 0)
    with pytest.raises(turn.TurnTooLong):
        line.text("hi")
    assert rows(line, messages) == 0


def test_safe_hours_and_code_word_are_kept_sealed(line) -> None:
    line.text("hi")
    for text in ("1", "1", "1", "tonight", "1", "782", "3", "1", "at night", "bluebird"):
        line.text(text)
    with line.database.reading() as tx:
        person = people.find(tx, PERSON)
        sealed = tx.conn.execute(select(people.people.c.code_word)).scalar_one()
    assert person is not None
    assert person.safe_hours == "night"
    assert b"bluebird" not in bytes(sealed)
    assert "code_word" not in line.shows()["answers"]
    assert replace(person) == person
