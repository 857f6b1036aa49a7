"""A text that never reached us is taken in from the carrier's own list: once, in its time, and for what it says."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from bot.errors import SendError
from bot.store import consent, handoffs, people, watermarks
from bot.store.db import Database
from bot.store.messages import messages
from bot.usecases import reconcile as reconciling
from bot.usecases import turn
from bot.usecases.forget import forget
from bot.usecases.receive import Outcome
from bot.usecases.reconcile import EVERY, LEASE, NAME, reconcile
from tests.usecases.line import PERSON, TheLine, the_line

OTHER = "+12105550143"
DOWN = SendError(20500, "later", "The carrier could not answer.", 5.0)


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    """A line that has run for an hour."""
    line = the_line(database, clock)
    for _ in range(2):
        line.clock.advance(timedelta(minutes=30))
        read(line)
    return line


def read(line: TheLine) -> int:
    return reconcile(line.database, line.services)


def later(line: TheLine, **span: float) -> int:
    """Some time passes, and the list is read again."""
    line.clock.advance(timedelta(**span))
    return read(line)


def mark(line: TheLine) -> watermarks.Watermark:
    with line.database.reading() as tx:
        found = watermarks.get(tx, NAME)
    assert found is not None
    return found


def came_in(line: TheLine) -> list[str]:
    with line.database.reading() as tx:
        rows = tx.conn.execute(
            select(messages.c.message_id, messages.c.body).where(messages.c.direction == "in").order_by(messages.c.seq)
        )
        return [tx.keys.open("messages.body", message_id, body) for message_id, body in rows]


def test_a_text_whose_webhook_was_lost_is_taken_in_once_and_answered(line) -> None:
    line.carrier.receive(PERSON, "hi", media=1)
    assert later(line, seconds=30) == 0, "it may still come by itself"
    assert later(line, minutes=2) == 1
    assert line.said() == ["C1"]
    assert [later(line, minutes=2) for _ in range(5)] == [0] * 5
    assert came_in(line) == ["hi"]
    with line.database.reading() as tx:
        row = tx.conn.execute(select(messages).where(messages.c.direction == "in")).one()
    assert (row.media, row.created_at - row.sent_at) == (1, timedelta(minutes=2, seconds=30))


def test_what_came_by_webhook_is_not_taken_again_and_neither_way_round(line) -> None:
    sid = line.carrier.receive(PERSON, "hi")
    line.text("hi", sid=sid)
    assert later(line, minutes=5) == 0
    late = line.carrier.receive(OTHER, "hello")
    assert later(line, minutes=5) == 1
    assert line.text("hello", sender=OTHER, sid=late) is Outcome.DUPLICATE
    assert len(came_in(line)) == 2


def test_a_text_just_written_is_left_to_its_own_webhook(line) -> None:
    line.clock.advance(timedelta(seconds=50))
    line.carrier.receive(PERSON, "hi")
    assert later(line, seconds=20) == 0
    assert mark(line).good_at == line.clock.now(), "it was due, and read"
    assert later(line, seconds=60) == 1


def test_a_text_that_the_list_shows_late_is_found_all_the_same(line, monkeypatch) -> None:
    line.carrier.receive(PERSON, "hi")
    monkeypatch.setattr(line.carrier, "inbound_since", lambda *_: [])
    assert [later(line, minutes=2) for _ in range(3)] == [0, 0, 0]
    monkeypatch.undo()
    assert later(line, minutes=2) == 1


def test_a_new_line_begins_at_its_own_first_moment(database, clock) -> None:
    line = the_line(database, clock)
    line.carrier.receive(PERSON, "to whoever had this number before")
    clock.advance(timedelta(hours=1))
    assert read(line) == 0
    for _ in range(40):
        assert later(line, minutes=1) == 0
    line.carrier.receive(PERSON, "hi")
    assert later(line, minutes=2) == 1


def test_after_a_long_outage_everything_is_there_in_order(line) -> None:
    for n in range(12):
        line.carrier.receive(PERSON if n % 2 else OTHER, f"text {n}")
        line.clock.advance(timedelta(hours=5))
    assert read(line) == 12
    with line.database.reading() as tx:
        sent = tx.conn.execute(
            select(messages.c.sent_at).where(messages.c.direction == "in").order_by(messages.c.message_id)
        ).scalars()
        assert list(sent) == sorted(tx.conn.execute(
            select(messages.c.sent_at).where(messages.c.direction == "in")).scalars())  # fmt: skip
    assert mark(line).good_at == line.clock.now()


def test_texts_of_one_second_keep_their_order(line) -> None:
    for word in ("one", "two", "three"):
        line.carrier.receive(PERSON, word)
    later(line, minutes=2)
    assert came_in(line) == ["one", "two", "three"]


def test_a_reading_that_died_half_way_goes_on_where_it_stood(line, monkeypatch) -> None:
    for n in range(8):
        line.carrier.receive(PERSON, f"text {n}")
        line.clock.advance(timedelta(hours=1))
    monkeypatch.setattr(reconciling, "receive", _fails_from(5))
    with pytest.raises(OperationalError):
        read(line)
    half = came_in(line)
    assert 0 < len(half) < 8
    monkeypatch.undo()
    assert read(line) == 0, "whoever died still has the lease"
    assert later(line, seconds=LEASE.total_seconds() + 1) == 8 - len(half)
    assert came_in(line) == [f"text {n}" for n in range(8)]


def _fails_from(nth: int):  # type: ignore[no-untyped-def]
    calls = []

    def receive(*args, **kwargs):  # type: ignore[no-untyped-def]
        calls.append(1)
        if len(calls) >= nth:
            raise OperationalError("SELECT", {}, Exception("the server is gone"))
        return real(*args, **kwargs)

    real = reconciling.receive
    return receive


def test_several_clocks_read_once(line) -> None:
    for n in range(6):
        line.carrier.receive(PERSON, f"text {n}")
    line.clock.advance(timedelta(minutes=5))
    together, brought = threading.Barrier(4), []

    def clock() -> None:
        together.wait()
        brought.append(read(line))

    threads = [threading.Thread(target=clock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(brought) == [0, 0, 0, 6]
    assert len(came_in(line)) == 6


def test_a_clock_that_lost_its_lease_does_not_move_the_mark(line) -> None:
    line.clock.advance(EVERY * 2)
    with line.database.transaction() as tx:
        slow = watermarks.claim(tx, NAME, LEASE)
    assert slow is not None
    line.clock.advance(LEASE * 2)
    read(line)
    stands = mark(line)
    with line.database.transaction() as tx:
        assert watermarks.move(tx, NAME, slow, at=slow.at - timedelta(days=1), lease=LEASE) is None
        watermarks.finish(tx, NAME, slow, at=slow.at - timedelta(days=1), next_at=tx.now)
        watermarks.fail(tx, NAME, slow, next_at=tx.now)
    assert mark(line) == stands


def test_while_the_carrier_does_not_answer_it_waits_longer_and_loses_nothing(line) -> None:
    line.carrier.receive(PERSON, "hi")
    line.carrier.list_error = DOWN
    waits = []
    for _ in range(6):
        line.clock.set(max(mark(line).next_at, line.clock.now() + EVERY))
        assert read(line) == 0
        waits.append((mark(line).next_at - line.clock.now()).total_seconds())
    assert waits == [60, 120, 240, 480, 600, 600]
    assert mark(line).failures == 6
    line.carrier.list_error = None
    assert later(line, minutes=10) == 1
    assert mark(line).failures == 0


def test_a_text_that_breaks_its_turn_is_kept_for_a_person_and_holds_up_nobody(line, monkeypatch) -> None:
    line.carrier.receive(PERSON, "boom")
    line.carrier.receive(OTHER, "hello")
    step = turn.step

    def breaks(conversation, event, script):  # type: ignore[no-untyped-def]
        if getattr(event, "text", "") == "boom":
            raise ZeroDivisionError
        return step(conversation, event, script)

    monkeypatch.setattr(turn, "step", breaks)
    assert later(line, minutes=5) == 2
    assert line.said(OTHER) == ["C1"]
    shown = line.shows(PERSON)
    assert (shown["messages"][0]["body"], shown["handoff"]["tier"], shown["handoff"]["reason"]) == (
        "boom", "P1", "unread",
    )  # fmt: skip
    assert line.pager.pages[-1][1] == "P1"
    assert later(line, minutes=5) == 0


# --- What an old text may still do --------------------------------------------------------------------------------


def test_an_old_answer_is_no_answer_only_the_neutral_check_is_said(line) -> None:
    for text in ("hi", "1", "1", "1"):
        line.text(text)
    line.clock.advance(timedelta(seconds=5))
    line.carrier.receive(PERSON, "tonight")
    assert later(line, hours=1) == 1
    assert line.said()[-1] == "R1"
    assert "urgency" not in line.shows()["answers"]


def test_yes_to_is_it_safe_an_hour_ago_is_asked_again(line) -> None:
    line.text("hi")
    line.clock.advance(timedelta(seconds=5))
    line.carrier.receive(PERSON, "yes")
    later(line, hours=1)
    assert line.said() == ["C1", "R1"]
    line.text("yes")
    assert line.said()[-1] == "C2"


def test_a_yes_that_was_written_before_the_question_is_no_answer_to_it(line) -> None:
    for body in ("hi", "yes", "1"):
        line.carrier.receive(PERSON, body)
    later(line, minutes=2)
    assert (line.said(), line.shows()["state"]) == (["C1"], "safe_now")
    line.text("yes")
    assert line.said()[-1] == "C2"


def test_another_machines_clock_does_not_make_a_text_old(line) -> None:
    line.text("hi")
    line.clock.advance(timedelta(seconds=-2))
    line.text("yes")
    assert line.said() == ["C1", "C2"]
    line.text("STOP")
    line.clock.advance(timedelta(seconds=-2))
    line.text("START")
    assert not line.shows()["suppressed"]


def test_several_old_texts_are_asked_about_once(line) -> None:
    for body in ("hello?", "yes", "1", "a bed tonight"):
        line.carrier.receive(PERSON, body)
        line.clock.advance(timedelta(seconds=20))
    later(line, hours=1)
    assert line.said() == ["C1"]
    assert len(came_in(line)) == 4


def test_an_old_text_behind_newer_ones_changes_nothing_and_is_shown(line) -> None:
    for text in ("hi", "1"):
        line.text(text)
    line.clock.advance(timedelta(minutes=1))
    line.carrier.receive(PERSON, "2")
    line.clock.advance(timedelta(minutes=12))
    for text in ("1", "1", "tonight"):
        line.text(text)
    before = line.shows()
    later(line, minutes=10)
    after = line.shows()
    assert (after["state"], after["answers"], line.said()[-1]) == (before["state"], before["answers"], "Q2")
    assert after["messages"][-1]["body"] == "2"


def test_danger_is_heard_however_late(line) -> None:
    for text in ("hi", "1"):
        line.text(text)
    line.clock.advance(timedelta(minutes=1))
    line.carrier.receive(PERSON, "he is going to kill me")
    line.clock.advance(timedelta(minutes=30))
    line.text("ok")
    later(line, minutes=5)
    assert line.shows()["handoff"]["tier"] == "P0"
    assert any(key.startswith("D1") for key in line.said())


@pytest.mark.parametrize(("minutes", "confirmed"), [(3, True), (60, False)])
def test_a_stop_counts_at_once_and_is_confirmed_within_five_minutes_or_never(line, minutes, confirmed) -> None:
    line.text("hi")
    line.deliver()
    line.carrier.receive(PERSON, "STOP")
    later(line, minutes=minutes)
    assert line.shows()["suppressed"]
    assert (len(line.deliver()) == 1) is confirmed
    if not confirmed:
        assert line.statuses()[-1] == ("X1", "refused", "confirmation_late")


def test_a_start_written_before_the_stop_lifts_nothing(line) -> None:
    line.text("hi")
    line.carrier.receive(PERSON, "START")
    line.clock.advance(timedelta(seconds=40))
    line.text("STOP")
    later(line, minutes=2)
    shown = line.shows()
    assert (shown["suppressed"], shown["consent"], shown["messages"][-1]["body"]) == (True, "withdrawn", "START")
    line.carrier.receive(PERSON, "START")
    later(line, minutes=3)
    assert not line.shows()["suppressed"]


def test_a_late_text_does_not_make_the_conversation_live(line) -> None:
    line.text("hi")
    line.carrier.receive(PERSON, "are you there")
    line.clock.advance(timedelta(minutes=5))
    line.text("hello")
    wrote_at = line.clock.now()
    later(line, hours=1)
    with line.database.reading() as tx:
        talk = handoffs.list_open(tx)
        person = people.find(tx, PERSON)
    assert person is not None
    assert talk == []
    from_row = select(func.max(messages.c.created_at)).where(messages.c.direction == "out")
    with line.database.reading() as tx:
        assert tx.conn.execute(from_row).scalar_one() <= wrote_at, "something was said to a text long overtaken"


# --- What was erased stays erased ---------------------------------------------------------------------------------


def test_somebody_who_was_forgotten_is_not_brought_back_by_the_carriers_list(line) -> None:
    sid = line.carrier.receive(PERSON, "hi")
    line.text("hi", sid=sid)
    line.text("STOP", sid=line.carrier.receive(PERSON, "STOP"))
    forget(line.database, line.services, PERSON)
    assert later(line, minutes=5) == 0
    with line.database.reading() as tx:
        assert people.find(tx, PERSON) is None
        assert tx.conn.execute(select(func.count()).select_from(watermarks.erased_texts)).scalar_one() == 2
        assert consent.is_suppressed(tx, tx.keys.index("phone", PERSON))
    for _ in range(3):
        assert later(line, minutes=30) == 0
    with line.database.reading() as tx:
        assert tx.conn.execute(select(func.count()).select_from(watermarks.erased_texts)).scalar_one() == 0


def test_the_database_is_never_open_while_the_carrier_answers(line, monkeypatch) -> None:
    open_now: list[str] = []
    asked: list[list[str]] = []
    begin, listing = Database.transaction, line.carrier.inbound_since

    @contextmanager
    def counted(self):  # type: ignore[no-untyped-def]
        with begin(self) as tx:
            open_now.append("tx")
            yield tx
            open_now.pop()

    monkeypatch.setattr(Database, "transaction", counted)
    monkeypatch.setattr(line.carrier, "inbound_since", lambda *a: asked.append(list(open_now)) or listing(*a))
    later(line, hours=3)
    assert len(asked) > 10
    assert not any(asked)
