"""Many texts at once: who goes first, who waits for whom, and how fast each number of ours may carry them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bot import jobs
from bot.errors import SendError
from bot.ports import OutboundText
from bot.store import people, senders
from bot.store.messages import PRIORITY, messages, queue_text
from bot.usecases import deliver as deliver_module
from bot.usecases.deliver import ROOM, SIDE_BY_SIDE
from bot.usecases.sweep import sweep
from tests.usecases.line import PERSON, TheLine, the_line
from tests.usecases.test_deliver import message_ids, say
from tests.usecases.test_react import OURS, OURS_TOO, SECOND, campaign_text, conversation_of, row_of


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def queue(line: TheLine, number: str, kind: str, body: str) -> str:
    conversation_id = conversation_of(line, number)
    with line.database.transaction() as tx:
        return queue_text(tx, conversation_id=conversation_id, epoch=0, kind=kind, body=body, language="en")


class Gate:
    """A carrier that holds the texts it is told to, until they may pass."""

    def __init__(self, line: TheLine, monkeypatch: pytest.MonkeyPatch, held: str) -> None:
        self.open = threading.Event()
        self.came: list[str] = []
        self.arrived = threading.Condition()
        send = line.carrier.send

        def hold(text: OutboundText) -> str:
            with self.arrived:
                self.came.append(text.body)
                self.arrived.notify_all()
            if held in text.body:
                assert self.open.wait(20)
            return send(text)

        monkeypatch.setattr(line.carrier, "send", hold)

    def wait_for(self, body: str) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: body in self.came, timeout=20), f"{body} never left"


@pytest.fixture
def delivering(line: TheLine):  # type: ignore[no-untyped-def]
    """Starts a delivery beside the test, and waits for its end."""
    started: list[threading.Thread] = []

    def start() -> threading.Thread:
        started.append(threading.Thread(target=line.deliver))
        started[-1].start()
        return started[-1]

    yield start
    for thread in started:
        thread.join(20)
        assert not thread.is_alive()


def test_a_slow_call_holds_up_nobody_else(line, monkeypatch, delivering) -> None:
    gate = Gate(line, monkeypatch, "slow")
    queue(line, PERSON, "advocate", "slow")
    try:
        delivering()
        gate.wait_for("slow")
        queue(line, SECOND, "advocate", "quick")  # written while the other call hangs
        gate.wait_for("quick")
    finally:
        gate.open.set()


def test_a_window_full_of_campaigns_has_room_for_answers_and_danger(line, monkeypatch, delivering) -> None:
    monkeypatch.setattr(deliver_module, "ROOM", (4, 3, 2))
    monkeypatch.setattr(deliver_module._Window, "__init__", _small_window)
    gate = Gate(line, monkeypatch, "Ana")
    campaign_id = ""
    for n in range(4):
        campaign_id, _ = campaign_text(line, f"+121055501{n:02d}", campaign_id)
    try:
        delivering()
        gate.wait_for("Hi, this is Ana.")
        queue(line, SECOND, "advocate", "an answer")
        gate.wait_for("an answer")
        queue(line, PERSON, "crisis", "danger")
        gate.wait_for("danger")
        assert gate.came.count("Hi, this is Ana.") == 2
    finally:
        gate.open.set()


def _small_window(self: Any) -> None:
    self.under_way, self.campaigns, self.taken = {}, 2, 0


def test_room_is_kept_free_for_those_who_come_first() -> None:
    assert SIDE_BY_SIDE >= ROOM[0] > ROOM[1] > ROOM[2] > 0
    assert PRIORITY["crisis"] < PRIORITY["confirmation"] < PRIORITY["reply"] < PRIORITY["ask"] < PRIORITY["campaign"]


def test_a_look_up_that_hangs_holds_up_no_text(line, monkeypatch) -> None:
    """Both are one job's work: the settling goes on beside the delivery."""
    queue(line, SECOND, "advocate", "lost")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."))
    line.deliver()
    line.clock.advance(timedelta(seconds=31))
    gate = Gate(line, monkeypatch, "nothing")
    hangs = threading.Event()

    def look_up(**_: Any) -> list[Any]:
        hangs.set()
        gate.wait_for("meanwhile")
        return []

    monkeypatch.setattr(line.carrier, "look_up", look_up)
    jobs.install(line.services)
    job = threading.Thread(target=jobs.deliver)
    job.start()
    assert hangs.wait(20)
    queue(line, PERSON, "advocate", "meanwhile")
    job.join(20)
    assert not job.is_alive()
    assert gate.came == ["meanwhile"]


def test_many_are_written_in_few_transactions(line) -> None:
    for n in range(40):
        queue(line, f"+121055501{n:02d}", "advocate", f"text {n}")
    commits: list[int] = []
    event.listen(line.database.engine, "commit", lambda _: commits.append(1))
    assert len(line.deliver()) == 40
    assert {status for _, status, _ in line.statuses()} == {"sent"}
    assert len(commits) < 20


def test_a_text_waits_for_one_the_carrier_put_off(line) -> None:
    queue(line, PERSON, "advocate", "one")
    line.carrier.fail_next(SendError(20429, "later", "Too many.", retry_after_s=60))
    line.deliver()
    queue(line, PERSON, "advocate", "two")
    queue(line, PERSON, "crisis", "danger")
    line.clock.advance(timedelta(seconds=1))
    assert line.deliver() == ["danger"], "danger waits for nothing that was put off"
    line.clock.advance(timedelta(seconds=80))
    assert line.deliver() == ["one", "two"]


def test_danger_waits_five_seconds_for_a_text_on_its_way_and_no_longer(line, monkeypatch) -> None:
    queue(line, PERSON, "campaign", "an opener")
    first = message_ids(line)[0]
    with line.database.transaction() as tx:  # as a process that died over it has left it
        values = {"status": "sending", "lease_until": tx.now + timedelta(seconds=30), "begun_at": tx.now, "attempts": 1}
        tx.conn.execute(messages.update().where(messages.c.message_id == first).values(**values))
    queue(line, PERSON, "crisis", "danger")
    assert line.deliver() == []
    line.clock.advance(timedelta(seconds=5))
    assert line.deliver() == ["danger"]


def test_a_campaign_leaves_at_its_senders_rate_and_answers_pass_it(database, clock) -> None:
    line = the_line(database, clock, SENDER_RATES="*=2")
    campaign_id = ""
    for n in range(6):
        campaign_id, _ = campaign_text(line, f"+121055501{n:02d}", campaign_id)
    assert len(line.deliver()) == 2
    assert line.deliver() == []
    queue(line, PERSON, "advocate", "an answer")
    assert line.deliver() == ["an answer"]
    line.nudges.rings = 0
    sweep(line.database, line.services)
    assert line.nudges.rings == 0, "nothing may leave now, and nobody is rung for it"
    line.clock.advance(timedelta(seconds=2))
    assert len(line.deliver()) == 2
    line.clock.advance(timedelta(seconds=1))
    assert len(line.deliver()) == 2


def test_no_more_than_a_minute_of_the_rate_lies_at_the_carrier_unconfirmed(database, clock) -> None:
    line = the_line(database, clock, SENDER_RATES="*=0.1")
    for n in range(8):
        queue(line, f"+121055501{n:02d}", "advocate", f"text {n}")
    sent = 0
    for _ in range(12):
        sent += len(line.deliver())
        line.clock.advance(timedelta(seconds=10))
    assert sent == 6
    queue(line, PERSON, "crisis", "danger")
    assert line.deliver() == ["danger"]
    at_carrier = [one for one in message_ids(line) if row_of(line, one).status == "sent"]
    for message_id in at_carrier[:4]:
        say(line, message_id, "sent", sid=row_of(line, message_id).provider_sid)
    line.clock.advance(timedelta(seconds=10))
    assert len(line.deliver()) == 1, "what was passed on makes room"


def test_what_is_left_of_a_daily_cap_is_for_answers(database, clock) -> None:
    line = the_line(database, clock, SENDER_RATES=f"{OURS}=1000/5")
    campaign_id = ""
    for n in range(6):
        campaign_id, _ = campaign_text(line, f"+121055501{n:02d}", campaign_id)
        queue(line, f"+121055502{n:02d}", "advocate", "an answer") if n == 5 else None
    assert line.deliver().count("Hi, this is Ana.") == 3
    queue(line, PERSON, "advocate", "another answer")
    assert line.deliver() == ["another answer"]
    queue(line, SECOND, "advocate", "one too many")
    assert line.deliver() == []
    queue(line, SECOND, "crisis", "danger")
    assert line.deliver() == ["danger"]
    line.clock.advance(timedelta(hours=14))
    assert "one too many" in line.deliver()


def test_a_person_hears_from_the_number_they_know_when_another_is_added(database, clock) -> None:
    line = the_line(database, clock, TWILIO_FROM=OURS)
    numbers = [f"+121055501{n:02d}" for n in range(8)]
    for number in numbers:
        queue(line, number, "advocate", "one")
    line.deliver()
    more = the_line(database, clock, TWILIO_FROM=f"{OURS},{OURS_TOO}")
    more.carrier._ids = line.carrier._ids
    for number in [*numbers, *(f"+121055502{n:02d}" for n in range(12))]:
        queue(more, number, "advocate", "two")
    more.deliver()
    by = {text.to: text.sender for text in more.carrier.sent}
    assert {by[number] for number in numbers} == {OURS}
    assert set(by.values()) == {OURS, OURS_TOO}, "somebody new may meet either"
    with database.reading() as tx:
        known = tx.conn.execute(select(people.people.c.sender)).scalars().all()
    assert sorted(known) == sorted(by.values())


def test_a_person_is_answered_from_the_number_they_first_texted(database, clock) -> None:
    line = the_line(database, clock, TWILIO_FROM=f"{OURS},{OURS_TOO}")
    numbers = [f"+121055501{n:02d}" for n in range(8)]
    for n, number in enumerate(numbers):
        line.text("hi", sender=number, to=(OURS, OURS_TOO)[n % 2])
    line.deliver()
    line.text("1", sender=numbers[0], to=OURS_TOO)
    line.text("hi", sender="+12105550199", to="+12105550177")  # no number of ours: one is chosen
    line.deliver()
    by = {(text.to, text.sender) for text in line.carrier.sent if text.to in numbers}
    assert by == {(number, (OURS, OURS_TOO)[n % 2]) for n, number in enumerate(numbers)}
    assert {text.sender for text in line.carrier.sent} == {OURS, OURS_TOO}


def test_too_many_at_once_rests_the_sender_and_narrows_the_window(line) -> None:
    for n in range(3):
        queue(line, f"+121055501{n:02d}", "advocate", "an answer")
    line.carrier.fail_next(SendError(20429, "later", "Too many.", retry_after_s=30))
    line.deliver()
    queue(line, PERSON, "advocate", "a later answer")
    line.clock.advance(timedelta(seconds=29))
    assert line.deliver() == []
    with line.database.reading() as tx:
        assert tx.conn.execute(select(senders.senders.c.quiet_until)).scalar() > line.clock.now()
    line.clock.advance(timedelta(seconds=10))
    assert set(line.deliver()) == {"an answer", "a later answer"}
    window = deliver_module._Window()
    before = window.campaigns
    window.learn([(None, SendError(20429, "later", "Too many."))])  # type: ignore[list-item]
    assert window.campaigns == before // 2
    window.learn([(None, "SM1")] * 16)  # type: ignore[list-item]
    assert window.campaigns == before // 2 + 2


def test_an_answer_that_could_not_leave_for_an_hour_is_not_sent_any_more(line) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError("unreachable", "later", "Nobody there."))
    line.deliver()
    line.clock.advance(timedelta(hours=1, seconds=1))
    assert line.deliver() == []
    assert line.statuses() == [("C1", "refused", "stale")]


def test_a_fault_of_ours_on_the_way_out_is_a_doubt_and_costs_the_others_nothing(line, monkeypatch) -> None:
    send = line.carrier.send

    def breaks(text: OutboundText) -> str:
        if text.body == "broken":
            raise ZeroDivisionError
        return send(text)

    monkeypatch.setattr(line.carrier, "send", breaks)
    queue(line, PERSON, "advocate", "broken")
    queue(line, SECOND, "advocate", "whole")
    assert line.deliver() == ["whole"]
    assert sorted(status for _, status, _ in line.statuses()) == ["sent", "unknown"]
