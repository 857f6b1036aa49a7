"""Exactly one of the bot or one advocate speaks: claiming, replying, finishing, noting, and being on shift."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.services import Services
from bot.store import consent, handoffs, messages, people, staff, threads
from bot.store.audit import audit
from bot.store.db import Database
from bot.usecases import do_not_text, note, shift, turn
from bot.usecases.claim import Claimed, claim
from bot.usecases.finish import finish
from bot.usecases.refusal import Refused
from bot.usecases.reply import Queued, reply
from flows.events import AdvocateClaimed, AdvocateFinished, PromiseLate
from tests.web.line import services_on, someone_waits


@pytest.fixture
def line(database: Database) -> Services:
    return services_on(database)


@pytest.fixture
def ana(database: Database) -> str:
    with database.transaction() as tx:
        return staff.add(tx, email="ana@example.org", alias="Ana", roles=("advocate",))


@pytest.fixture
def luis(database: Database) -> str:
    with database.transaction() as tx:
        return staff.add(tx, email="luis@example.org", alias="Luis", roles=("advocate",))


def waits(database: Database, n: int = 1, **how) -> tuple[str, str]:
    with database.transaction() as tx:
        return someone_waits(tx, f"+121055501{n:02}", **how)


def epoch_of(database: Database, conversation_id: str) -> int:
    with database.reading() as tx:
        stored = threads.read(tx, conversation_id)
    assert stored is not None
    return stored.epoch


def thread_of(database: Database, conversation_id: str) -> list[tuple[str, str, str | None]]:
    with database.reading() as tx:
        return [(m.body, m.status, m.reason) for m in threads.thread(tx, conversation_id)]


def test_the_most_urgent_is_taken_first_then_whoever_waits_longest(database, line, ana, luis, clock) -> None:
    _, quiet = waits(database, 1, tier="P2")
    clock.advance(timedelta(minutes=1))
    _, first_soon = waits(database, 2, tier="P1")
    clock.advance(timedelta(minutes=1))
    _, now = waits(database, 3, tier="P0", reason="danger")
    _, second_soon = waits(database, 4, tier="P1")
    taken = [claim(database, line, handoff_id=None, staff_id=who) for who in (ana, ana, luis, luis, ana)]
    assert [t.handoff_id for t in taken if isinstance(t, Claimed)] == [now, first_soon, second_soon, quiet]
    assert taken[-1] == Refused("Nobody is waiting now.")


def test_of_those_who_press_at_once_exactly_one_gets_each_person(database, line) -> None:
    ids = [waits(database, n)[1] for n in range(1, 7)]
    with database.transaction() as tx:
        team = [staff.add(tx, email=f"a{n}@example.org", alias="Ana", roles=("advocate",)) for n in range(6)]
    got: dict[str, list[str]] = {who: [] for who in team}
    gate = threading.Barrier(len(team))

    def press(who: str) -> None:
        gate.wait(10)
        while isinstance(answer := claim(database, line, handoff_id=None, staff_id=who), Claimed):
            got[who].append(answer.handoff_id)

    pressing = [threading.Thread(target=press, args=(who,)) for who in team]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join(30)
    assert sorted(handoff_id for taken in got.values() for handoff_id in taken) == sorted(ids)
    with database.reading() as tx:
        owners = {h.handoff_id: h.owner_id for h in handoffs.list_open(tx)}
    assert all(owners[handoff_id] == who for who in team for handoff_id in got[who])


def test_one_that_is_taken_says_by_whom_and_taking_ones_own_again_changes_nothing(database, line, ana, luis) -> None:
    conversation_id, handoff_id = waits(database)
    assert claim(database, line, handoff_id=handoff_id, staff_id=ana) == Claimed(handoff_id, conversation_id)
    epoch = epoch_of(database, conversation_id)
    assert claim(database, line, handoff_id=handoff_id, staff_id=ana) == Claimed(handoff_id, conversation_id)
    assert epoch_of(database, conversation_id) == epoch
    assert claim(database, line, handoff_id=handoff_id, staff_id=luis) == Refused("Ana has this person already.")


def test_a_conversation_does_not_end_while_somebody_in_it_waits(database, line, ana) -> None:
    conversation_id, handoff_id = waits(database)
    with database.transaction() as tx:
        turn.take(tx, line, conversation_id, AdvocateFinished("referred"))
    with database.reading() as tx:
        assert not threads.read(tx, conversation_id).closed
    assert claim(database, line, handoff_id=None, staff_id=ana) == Claimed(handoff_id, conversation_id)
    assert finish(database, line, conversation_id=conversation_id, staff_id=ana, outcome="referred") is None
    with database.reading() as tx:
        assert threads.read(tx, conversation_id).closed


def test_what_happens_to_a_conversation_that_is_over_changes_nothing(database, line, ana) -> None:
    conversation_id, _ = waits(database)
    claim(database, line, handoff_id=None, staff_id=ana)
    finish(database, line, conversation_id=conversation_id, staff_id=ana, outcome="referred")
    with database.transaction() as tx:
        before = threads.read(tx, conversation_id)
        turn.take(tx, line, conversation_id, AdvocateClaimed())
        turn.take(tx, line, conversation_id, PromiseLate("Ana", 5))
        assert threads.read(tx, conversation_id) == before


def test_a_claim_silences_the_bot_but_not_a_crisis_text_that_is_owed(database, line, ana) -> None:
    conversation_id, handoff_id = waits(database)
    with database.transaction() as tx:
        for kind in ("reply", "notice", "campaign", "crisis", "confirmation"):
            messages.queue_text(tx, conversation_id=conversation_id, epoch=0, kind=kind, body=kind, language="en")
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    with database.reading() as tx:
        stored = threads.read(tx, conversation_id)
    assert stored is not None
    assert stored.conversation.held_by == "advocate"
    assert stored.epoch == 1
    assert {body: status for body, status, _ in thread_of(database, conversation_id)} == {
        "reply": "refused", "notice": "refused", "campaign": "refused", "crisis": "queued", "confirmation": "queued",
    }  # fmt: skip


def test_a_reply_is_queued_for_the_owner_and_the_bell_rings(database, line, ana) -> None:
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    before = line.nudges.rings
    answer = reply(database, line, conversation_id=conversation_id, staff_id=ana, epoch=1, text=" Hi,\r\nit's Ana\x00 ")
    assert isinstance(answer, Queued)
    assert thread_of(database, conversation_id) == [("Hi,\nit's Ana", "queued", None)]
    assert line.nudges.rings == before + 1
    with database.reading() as tx:
        row = tx.conn.execute(select(messages.messages.c.kind, messages.messages.c.staff_id)).one()
    assert tuple(row) == ("advocate", ana)


def test_the_same_press_twice_is_one_text(database, line, ana) -> None:
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    say = {"conversation_id": conversation_id, "staff_id": ana, "epoch": 1, "text": "Still there?"}
    pressed = {**say, "draft_id": "a" * 32}
    assert reply(database, line, **pressed) == reply(database, line, **pressed)
    reply(database, line, **say, draft_id="b" * 32)
    assert len(thread_of(database, conversation_id)) == 2


@pytest.mark.parametrize(
    ("who", "epoch", "text", "why"),
    [
        ("ana", 0, "hello", "changed hands"),
        ("luis", 1, "hello", "Ana holds this"),
        ("ana", 1, "  \n ", "Write something"),
        ("ana", 1, "x" * 1601, "1601 characters"),
    ],
)
def test_a_reply_that_may_not_go_is_refused_with_the_reason(database, line, ana, luis, who, epoch, text, why) -> None:
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    staff_id = {"ana": ana, "luis": luis}[who]
    answer = reply(database, line, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch, text=text)
    assert isinstance(answer, Refused)
    assert why in answer.reason
    assert thread_of(database, conversation_id) == []


def test_nobody_replies_without_holding_the_conversation(database, line, ana) -> None:
    conversation_id, _ = waits(database)
    answer = reply(database, line, conversation_id=conversation_id, staff_id=ana, epoch=0, text="hello")
    assert isinstance(answer, Refused)
    assert "Take it first" in answer.reason


def test_do_not_text_is_in_force_at_once_like_stop(database, line, ana) -> None:
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    reply(database, line, conversation_id=conversation_id, staff_id=ana, epoch=1, text="on its way")
    assert do_not_text.do_not_text(database, conversation_id=conversation_id, staff_id=ana) is None
    assert do_not_text.do_not_text(database, conversation_id=conversation_id, staff_id=ana) is None
    assert thread_of(database, conversation_id) == [("on its way", "refused", "stopped")]
    answer = reply(database, line, conversation_id=conversation_id, staff_id=ana, epoch=1, text="hello")
    assert isinstance(answer, Refused)
    assert "no more texts" in answer.reason
    with database.reading() as tx:
        person = people.find(tx, "+12105550101")
        assert person is not None
        assert consent.is_suppressed(tx, person.phone_key)
        assert consent.state_of(tx, person.phone_key) == "withdrawn"


def test_finishing_closes_the_hand_off_and_gives_the_conversation_back(database, line, ana, luis) -> None:
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    end = {"conversation_id": conversation_id, "outcome": "referred"}
    assert isinstance(finish(database, line, staff_id=luis, **end), Refused)
    assert isinstance(finish(database, line, staff_id=ana, conversation_id=conversation_id, outcome="won"), Refused)
    assert finish(database, line, staff_id=ana, **end) is None
    assert isinstance(finish(database, line, staff_id=ana, **end), Refused)
    with database.reading() as tx:
        closed = handoffs.get(tx, handoff_id)
        stored = threads.read(tx, conversation_id)
    assert closed is not None
    assert (closed.state, closed.next_at, closed.outcome) == ("closed", None, "referred")
    assert stored is not None
    assert stored.conversation.held_by != "advocate"
    assert stored.epoch == 2
    late = reply(database, line, conversation_id=conversation_id, staff_id=ana, epoch=1, text="one more thing")
    assert isinstance(late, Refused)


def test_a_more_urgent_word_raises_the_hand_off_and_nothing_lowers_it(database, ana, clock) -> None:
    conversation_id, handoff_id = waits(database, tier="P2", reason="share")
    with database.transaction() as tx:
        far, near = tx.now + timedelta(hours=1), tx.now + timedelta(seconds=30)
        again = {"conversation_id": conversation_id, "promised_at": None}
        assert handoffs.open_handoff(tx, tier="P0", reason="danger", next_at=near, **again) == handoff_id
        assert handoffs.open_handoff(tx, tier="P3", reason="other", next_at=far, **again) == handoff_id
        now = handoffs.open_of(tx, conversation_id)
    assert now is not None
    assert (now.tier, now.reason, now.next_at) == ("P0", "danger", near)


def test_a_raised_hand_off_keeps_its_owner_and_its_earliest_promise(database, line, ana) -> None:
    with database.transaction() as tx:
        soon = tx.now + timedelta(minutes=5)
    conversation_id, handoff_id = waits(database, tier="P2", promised_at=soon)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    with database.transaction() as tx:
        handoffs.open_handoff(
            tx, conversation_id=conversation_id, tier="P0", reason="danger", next_at=tx.now,
            promised_at=soon + timedelta(minutes=5),
        )  # fmt: skip
        now = handoffs.open_of(tx, conversation_id)
    assert now is not None
    assert (now.owner_id, now.state, now.promised_at) == (ana, "owned", soon)


def test_the_alarm_finds_what_is_due_and_a_closed_one_never_rings(database, line, ana, clock) -> None:
    _conversation_id, handoff_id = waits(database)
    clock.advance(timedelta(minutes=2))
    with database.transaction() as tx:
        assert [h.handoff_id for h in handoffs.due(tx, tx.now)] == [handoff_id]
        handoffs.rearm(tx, handoff_id, tx.now + timedelta(minutes=1), 3)
        assert handoffs.due(tx, tx.now) == []
        assert handoffs.close(tx, handoff_id, "other", by_id="a")
        handoffs.rearm(tx, handoff_id, tx.now, 4)
    clock.advance(timedelta(hours=1))
    with database.reading() as tx:
        assert handoffs.due(tx, tx.now) == []
        assert handoffs.list_open(tx) == []


def test_who_is_on_shift_least_loaded_first(database, line, ana, luis, clock) -> None:
    until = clock.now() + timedelta(hours=4)
    assert shift.go_on(database, staff_id=ana, until=until) is None
    assert shift.go_on(database, staff_id=luis, until=until) is None
    _, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    with database.reading() as tx:
        assert [(s.alias, s.owned_count, s.ends_at) for s in staff.on_shift(tx, tx.now)] == [
            ("Luis", 0, until), ("Ana", 1, until),
        ]  # fmt: skip
    clock.advance(timedelta(hours=4))
    with database.reading() as tx:
        assert staff.on_shift(tx, tx.now) == []


def test_nobody_goes_off_shift_while_a_person_waits_for_their_answer(database, line, ana, clock) -> None:
    shift.go_on(database, staff_id=ana, until=clock.now() + timedelta(hours=4))
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    refused = shift.go_off(database, staff_id=ana)
    assert refused is not None
    assert "still hold 1 person" in refused.reason
    finish(database, line, conversation_id=conversation_id, staff_id=ana, outcome="other")
    assert shift.go_off(database, staff_id=ana) is None
    with database.reading() as tx:
        assert staff.on_shift(tx, tx.now) == []


@pytest.mark.parametrize("hours", [-1, 0, 12.1, 100])
def test_a_shift_that_makes_no_sense_is_refused(database, ana, clock, hours) -> None:
    assert isinstance(shift.go_on(database, staff_id=ana, until=clock.now() + timedelta(hours=hours)), Refused)


def test_the_next_shift_is_the_earliest_one_of_somebody_who_works_here(database, ana, luis, clock) -> None:
    with database.transaction() as tx:
        assert staff.next_shift_start(tx, tx.now) is None
        for n, (who, hours) in enumerate([(ana, 9), (luis, 5)]):
            starts_at = tx.now + timedelta(hours=hours)
            row = {
                "shift_id": f"{n}",
                "staff_id": who,
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(hours=8),
            }
            tx.conn.execute(staff.shifts.insert(), row)
        assert staff.next_shift_start(tx, tx.now) == tx.now + timedelta(hours=5)
        staff.update(tx, luis, active=False)
        assert staff.next_shift_start(tx, tx.now) == tx.now + timedelta(hours=9)


def test_a_note_is_kept_sealed_and_an_empty_one_is_not(database, ana) -> None:
    conversation_id, _ = waits(database)
    assert isinstance(note.note(database, conversation_id=conversation_id, staff_id=ana, text=" "), Refused)
    assert note.note(database, conversation_id=conversation_id, staff_id=ana, text="her sister drives") is None
    with database.reading() as tx:
        assert [n.body for n in threads.notes_of(tx, conversation_id)] == ["her sister drives"]
        sealed = tx.conn.execute(select(handoffs.notes.c.body)).scalar_one()
    assert b"sister" not in bytes(sealed)


def test_the_record_says_who_did_what_and_nothing_of_what_was_said(database, line, ana) -> None:
    conversation_id, handoff_id = waits(database)
    claim(database, line, handoff_id=handoff_id, staff_id=ana)
    reply(database, line, conversation_id=conversation_id, staff_id=ana, epoch=1, text="the blue door")
    note.note(database, conversation_id=conversation_id, staff_id=ana, text="the blue door")
    finish(database, line, conversation_id=conversation_id, staff_id=ana, outcome="held")
    with database.reading() as tx:
        rows = tx.conn.execute(select(audit).order_by(audit.c.at, audit.c.audit_id)).all()
    assert [row.act for row in rows] == ["handoff_claimed", "reply_queued", "note_added", "handoff_finished"]
    assert all(row.staff_id == ana for row in rows)
    assert "blue" not in str(rows)
