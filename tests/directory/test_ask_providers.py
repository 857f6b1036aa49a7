"""What happens when nobody has counted for a while? The texts that leave, and what they never do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from bot.adapters.clock import FakeClock
from bot.store import campaigns, conversations, directory, handoffs, openings, people
from bot.store.db import Database
from bot.store.messages import messages
from bot.usecases import ask_providers as asking
from bot.usecases.claim import Claimed, claim
from bot.usecases.finish import finish
from bot.usecases.report_opening import record_count
from bot.usecases.sweep import sweep
from tests.usecases.line import SCRIPT, TheLine, the_line

CEDAR, BIRCH, CEDAR_TOO = "+12105550121", "+12105550122", "+12105550129"
MONDAY = datetime(2026, 6, 15, 5, 0, tzinfo=UTC)  # midnight in Chicago


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    """Two emergency houses, counted at eleven on Sunday: 1 open is fresh for 21 hours. It is nine on Monday morning."""
    clock.set(MONDAY - timedelta(hours=13))
    with database.transaction() as tx:
        directory.add_organization(tx, organization_id="house", name="House", vetting="approved")
        for name, number, language in (("Cedar-1", CEDAR, "en"), ("Birch-1", BIRCH, "es")):
            directory.add_program(
                tx, program_id=name, organization_id="house", code_name=name, need="bed", kind="emergency_house",
                region="Here", zip3=[], facets={"timezone": "America/Chicago"}, traits=[], confidential=True,
                vetting="approved",
            )  # fmt: skip
            directory.add_stock(tx, stock_id=name, program_id=name, unit="bed", maximum=9)
            directory.add_reporter(tx, number=number, program_id=name, language=language)
            openings.observe(tx, stock_id=name, available=1, via="call")
    line = the_line(database, clock)
    come(line, day=0, hour=9)
    return line


def come(line: TheLine, *, day: int, hour: int, minute: int = 0) -> None:
    """It is this day (Monday is 0) and hour in Chicago now."""
    line.clock.set(MONDAY + timedelta(days=day, hours=hour, minutes=minute))


def look(line: TheLine, **passed: float) -> None:
    """One round of the clock, a while later."""
    line.clock.advance(timedelta(**passed) if passed else asking.LOOK_EVERY)
    sweep(line.database, line.services)


def asked(line: TheLine, number: str = CEDAR) -> list[str]:
    """Whatever became of it: every question that was written to this number, in any conversation."""
    m, c = messages.c, conversations.conversations.c
    with line.database.reading() as tx:
        person = people.find(tx, number)
        if person is None:
            return []
        query = select(m.status).join(conversations.conversations, c.conversation_id == m.conversation_id)
        query = query.where(c.person_id == person.person_id, m.key == "PU1").order_by(m.created_at)
        return list(tx.conn.execute(query).scalars())


def tasks(line: TheLine) -> list[tuple[str, str]]:
    with line.database.reading() as tx:
        return [(handoff.tier, handoff.reason) for handoff in handoffs.list_open(tx)]


def three_silent_days(line: TheLine) -> None:
    for day in range(3):
        come(line, day=day, hour=10)
        look(line)
        line.deliver()


def test_a_count_that_has_aged_is_asked_for_in_their_language(line: TheLine) -> None:
    look(line)
    assert sorted(line.deliver()) == [
        "Birch-1: hay 1 libres desde hace 23 h. Responde una cifra (como 3), IGUAL, LLENO, ESPERA si hay lista, "
        "OFF para pausar o AYUDA",
        "Cedar-1: last count 1 open, 23 h ago. Reply a number (like 3), SAME, FULL, WAIT for waitlist, OFF to pause, "
        "or HELP",
    ]


def test_a_fresh_count_is_not_asked_for(line: TheLine) -> None:
    record_count(line.database, program="Cedar-1", available=1)
    look(line)
    assert (len(asked(line)), len(asked(line, BIRCH))) == (0, 1)


def test_an_answer_is_taken_and_rests_the_question(line: TheLine) -> None:
    look(line)
    line.text("same", sender=CEDAR)
    assert line.said(CEDAR) == ["PU1", "PU2"]
    come(line, day=1, hour=9, minute=30)  # counted at 9:01 on Monday, so aging by now
    look(line)
    assert line.said(CEDAR) == ["PU1", "PU2", "PU1"]


def test_once_in_a_day_however_often_the_clock_looks(line: TheLine) -> None:
    for _ in range(4):
        look(line, hours=1, minutes=7)
    assert len(asked(line)) == 1
    come(line, day=1, hour=10)
    look(line, minutes=6)
    assert len(asked(line)) == 1, "a day is not over"
    look(line, minutes=1)
    assert len(asked(line)) == 2


def test_once_in_a_day_for_all_who_may_report(line: TheLine) -> None:
    with line.database.transaction() as tx:
        directory.add_reporter(tx, number=CEDAR_TOO, program_id="Cedar-1", language="en")
    for _ in range(3):
        look(line, hours=2)
    assert len(asked(line)) + len(asked(line, CEDAR_TOO)) == 1


def test_a_conversation_that_ended_is_remembered(line: TheLine) -> None:
    look(line)
    c = conversations.conversations
    with line.database.transaction() as tx:
        tx.conn.execute(c.update().values(closed_at=tx.now))
    look(line, hours=2)
    assert len(asked(line)) == 1


def test_two_clocks_at_once_ask_once(line: TheLine, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2)
    ask, due = asking._ask, asking._due

    def look_together(*given: object) -> list[str]:
        found = due(*given)  # type: ignore[arg-type]
        both.wait(timeout=20)
        return found

    def ask_together(*given: object) -> None:
        with suppress(threading.BrokenBarrierError):  # the other waits for our lock, and never comes
            meeting.wait(timeout=0.5)
        ask(*given)  # type: ignore[arg-type]

    meeting = threading.Barrier(2)
    monkeypatch.setattr(asking.heartbeats, "last_beat", lambda *_: None)
    with line.database.transaction() as tx:
        asking.heartbeats.beat(tx, "providers")
    monkeypatch.setattr(asking, "_due", look_together)
    monkeypatch.setattr(asking, "_ask", ask_together)
    clocks = [threading.Thread(target=asking.ask_providers, args=(line.database, line.services)) for _ in range(2)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join()
    assert (len(asked(line)), len(asked(line, BIRCH))) == (1, 1)


def test_a_count_that_comes_in_meanwhile_is_not_asked_for(line: TheLine, monkeypatch: pytest.MonkeyPatch) -> None:
    due = asking._due

    def then_they_text(*given: object) -> list[str]:
        found = due(*given)  # type: ignore[arg-type]
        line.text("2", sender=CEDAR)
        return found

    monkeypatch.setattr(asking, "_due", then_they_text)
    look(line)
    assert (len(asked(line)), len(asked(line, BIRCH))) == (0, 1)


def test_only_in_office_hours(line: TheLine) -> None:
    come(line, day=0, hour=8, minute=58)
    look(line)
    come(line, day=0, hour=16, minute=59)
    look(line)  # five o'clock
    assert asked(line) == []
    come(line, day=1, hour=8, minute=59)
    look(line)
    assert len(asked(line)) == 1


def test_a_question_that_did_not_leave_in_time_does_not_come_at_night(line: TheLine) -> None:
    come(line, day=0, hour=16, minute=57)
    look(line)
    assert asked(line) == ["queued"]
    come(line, day=0, hour=23)
    look(line)  # no worker was there in between
    assert asked(line) == ["refused"]
    assert line.deliver() == []


def test_what_we_held_back_ourselves_is_no_silence_of_theirs(line: TheLine) -> None:
    for day in range(5):
        come(line, day=day, hour=10)
        look(line)
        look(line, hours=1)  # nobody delivers
    assert asked(line) == ["refused"] * 5
    assert tasks(line) == []


def test_who_wants_no_texts_is_not_asked(line: TheLine) -> None:
    line.text("STOP", sender=CEDAR)
    look(line, hours=2)
    assert (len(asked(line)), len(asked(line, BIRCH))) == (0, 1)


def test_a_text_of_theirs_gives_an_hours_rest(line: TheLine) -> None:
    line.text("who has the key today", sender=CEDAR)
    look(line, minutes=59)
    assert asked(line) == []
    look(line, minutes=1)
    assert len(asked(line)) == 1


def test_a_provider_in_trouble_is_a_person_and_not_asked_about_beds(line: TheLine) -> None:
    line.text("he has a gun", sender=CEDAR)
    look(line, hours=3)
    assert asked(line) == []


@pytest.mark.parametrize("shut", ["paused", "closed", "suspended"])
def test_only_approved_active_programs(line: TheLine, shut: str) -> None:
    with line.database.transaction() as tx:
        if shut == "suspended":
            tx.conn.execute(directory.organizations.update().values(vetting=shut))
        else:
            directory.set_status(tx, "Cedar-1", shut, only_from="active")
    look(line)
    assert asked(line) == []


def test_the_kill_switch_stops_it(line: TheLine) -> None:
    with line.database.transaction() as tx:
        campaigns.set_stopped(tx, True, staff_id="someone")
    look(line)
    assert asked(line) == []


def test_words_nobody_signed_off_are_not_even_written(database: Database, line: TheLine) -> None:
    assert not SCRIPT.wording.is_reviewed("PU1", "en")
    strict = the_line(database, line.clock, ALLOW_UNREVIEWED_TEXTS="0")
    look(strict)
    assert asked(strict) == []


# --- Silence ----------------------------------------------------------------------------------------------------------


def test_after_three_silences_a_person_telephones_and_the_asking_stops(line: TheLine) -> None:
    line.somebody_on_shift()
    three_silent_days(line)
    assert (len(asked(line)), tasks(line)) == (3, [])
    for day in range(3, 8):
        come(line, day=day, hour=11)
        look(line)
        record_count(line.database, program="Birch-1", available=1)
    assert len(asked(line)) == 3
    assert tasks(line) == [("P3", "provider_silent")] * 2
    assert line.said(CEDAR) == ["PU1"] * 3, "the task is not told to the provider"


def test_a_task_that_was_closed_without_a_count_is_not_opened_again(line: TheLine) -> None:
    with line.database.transaction() as tx:
        directory.set_status(tx, "Birch-1", "closed", only_from="active")
    ana = line.somebody_on_shift()
    three_silent_days(line)
    come(line, day=3, hour=11)
    look(line)
    closed = 0
    while tasks(line):
        mine = claim(line.database, line.services, handoff_id=None, staff_id=ana)
        assert isinstance(mine, Claimed)
        over = {"conversation_id": mine.conversation_id, "staff_id": ana, "outcome": "other"}
        assert finish(line.database, line.services, **over) is None
        closed += 1
    for day in range(4, 7):
        come(line, day=day, hour=11)
        look(line)
    assert (closed, len(asked(line)), tasks(line)) == (1, 3, [])


@pytest.mark.parametrize("by", ["text", "telephone"])
def test_a_count_starts_the_asking_again(line: TheLine, by: str) -> None:
    three_silent_days(line)
    come(line, day=3, hour=11)
    look(line)
    if by == "text":
        line.text("1", sender=CEDAR)
    else:
        record_count(line.database, program="Cedar-1", available=1)
    come(line, day=5, hour=11)
    look(line)
    assert len(asked(line)) == 4
    assert tasks(line).count(("P3", "provider_silent")) == 2


def test_a_text_that_is_no_count_ends_no_silence(line: TheLine) -> None:
    for day in range(4):
        come(line, day=day, hour=10)
        look(line)
        line.deliver()
        line.text("thanks", sender=CEDAR)
    assert len(asked(line)) == 3
    assert ("P3", "provider_silent") in tasks(line)


# --- What it costs ----------------------------------------------------------------------------------------------------


def test_a_round_in_between_asks_the_database_once_and_writes_nothing(line: TheLine) -> None:
    statements: list[str] = []
    look(line)
    asking.ask_providers(line.database, line.services)
    line.clock.advance(timedelta(seconds=1))
    heard: Callable[..., None] = lambda _c, _cur, statement, *_: statements.append(statement)  # noqa: E731
    event.listen(line.database.engine, "before_cursor_execute", heard)
    asking.ask_providers(line.database, line.services)
    event.remove(line.database.engine, "before_cursor_execute", heard)
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


def test_what_is_too_much_for_one_look_is_done_in_the_next(line: TheLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_AT_ONCE", 1)
    look(line)
    assert len(asked(line) + asked(line, BIRCH)) == 1
    look(line)
    assert (len(asked(line)), len(asked(line, BIRCH))) == (1, 1)


def test_a_look_at_who_was_asked_or_given_up_on_takes_no_lock(line: TheLine, monkeypatch: pytest.MonkeyPatch) -> None:
    three_silent_days(line)
    come(line, day=3, hour=11)
    look(line)
    monkeypatch.setattr(asking, "_settle", lambda *_: pytest.fail("it took the lock for nothing"))
    assert asking.ask_providers(line.database, line.services) == 0
    look(line)
    line.clock.advance(asking.LOOK_EVERY)
    assert asking.ask_providers(line.database, line.services) == 0
