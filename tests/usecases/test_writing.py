"""What an advocate writes: drafts that are never lost, three seconds to undo, an hour to wait for, a second press."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.rules.discreet import fingerprint
from bot.rules.writing import UNDO
from bot.store import conversations, drafts, people, promises, threads
from bot.store.audit import audit
from bot.store.db import Database, new_id
from bot.usecases import do_not_text, transfer
from bot.usecases.claim_texts import claim_texts
from bot.usecases.composing import Anyway, Asks, Queued
from bot.usecases.deliver import LEASE
from bot.usecases.finish import finish
from bot.usecases.forget import forget
from bot.usecases.keep_draft import Elsewhere, Kept, Typed, keep_draft
from bot.usecases.refusal import Refused
from bot.usecases.reply import reply
from bot.usecases.schedule import schedule
from bot.usecases.take_back import take_back
from tests.faults.desk import PERSON, Desk, check
from tests.store.clear_text import found_in_clear
from tests.usecases.line import the_line

MINUTES = timedelta(minutes=1)
EIGHT = timedelta(hours=20)  # from noon in Chicago to the next morning there


@pytest.fixture
def desk(sqlite_database: Database, clock) -> Desk:
    return Desk(the_line(sqlite_database, clock))


class Ana:
    """An advocate with one person in her hands."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.line = desk, desk.line
        self.id = desk.here("Ana")
        desk.line.text("person")
        self.talk = desk.takes(self.id).conversation_id
        self.epoch = desk.epoch(self.talk)

    @property
    def mine(self) -> dict[str, Any]:
        return {"conversation_id": self.talk, "staff_id": self.id, "epoch": self.epoch}

    def says(self, text: str, **more: Any) -> Any:
        return reply(self.line.database, self.line.services, text=text, wait=UNDO, **{**self.mine, **more})

    def schedules(self, text: str, **more: Any) -> Any:
        return schedule(self.line.database, self.line.services, text=text, **{**self.mine, **more})

    def takes_back(self, message_id: str) -> Refused | None:
        return take_back(self.line.database, self.line.services, conversation_id=self.talk, message_id=message_id,
                         staff_id=self.id)  # fmt: skip

    def types(self, text: str, *, draft: str = "d" * 32, page: str = "1" * 32, since: str = "", **more: Any) -> Any:
        typed = {**self.mine, "draft_id": draft, "page_id": page, "since": since, "text": text}
        return keep_draft(self.line.database, Typed(**{**typed, **more}))

    def draft(self) -> drafts.Draft | None:
        with self.line.database.reading() as tx:
            return drafts.open_of(tx, self.talk, self.id)

    def thread(self) -> list[tuple[str, str, str | None]]:
        with self.line.database.reading() as tx:
            texts = threads.thread(tx, self.talk)
        return [(m.body, m.status, m.reason) for m in texts if m.staff_id]

    def chose(self, hours: str) -> None:
        with self.line.database.transaction() as tx:
            person = people.find(tx, PERSON)
            assert person is not None
            people.set_safe_hours(tx, person.person_id, hours)

    def later(self, **span: float) -> None:
        self.line.clock.advance(timedelta(**span))


@pytest.fixture
def ana(desk: Desk) -> Ana:
    return Ana(desk)


# --- Undo


def test_a_text_leaves_after_three_seconds_and_not_before(ana: Ana) -> None:
    assert isinstance(ana.says("I am here."), Queued)
    assert "I am here." not in ana.line.deliver()
    ana.later(seconds=2.9)
    assert ana.line.deliver() == []
    ana.later(seconds=0.1)
    assert ana.line.deliver() == ["I am here."]


def test_what_is_taken_back_never_leaves_and_stands_in_the_draft_before_what_was_typed_since(ana: Ana) -> None:
    ana.line.deliver()
    sent = ana.says("I am here.", draft_id="a" * 32)
    ana.types("and more")
    assert ana.takes_back(sent.message_id) is None
    ana.later(minutes=1)
    assert ana.line.deliver() == []
    assert ana.thread() == [("I am here.", "refused", "taken_back")]
    draft = ana.draft()
    assert draft is not None
    assert draft.words == "I am here.\nand more"
    assert "already" in ana.takes_back(sent.message_id).reason
    assert "took this text back" in ana.says("I am here.", draft_id="a" * 32).reason
    assert isinstance(ana.says(draft.words, draft_id=draft.draft_id), Queued)
    assert ana.draft() is None


def test_who_was_answered_by_it_waits_again_with_alarm_and_promise(ana: Ana) -> None:
    with ana.line.database.transaction() as tx:
        promises.make(tx, conversation_id=ana.talk, key="H1", due_at=tx.now + timedelta(minutes=5), wait=True)
    assert ana.desk.hand_off().unanswered
    first = ana.says("one")
    assert not ana.desk.hand_off().unanswered
    ana.later(seconds=1)
    second = ana.says("two")
    assert ana.takes_back(second.message_id) is None
    assert not ana.desk.hand_off().unanswered, "the first one still answers them"
    assert ana.takes_back(first.message_id) is None
    again = ana.desk.hand_off()
    assert again.unanswered
    assert again.next_at - ana.line.clock.now() < timedelta(minutes=5)
    with ana.line.database.reading() as tx:
        assert [one.key for one in promises.standing_of(tx, ana.talk)] == ["H1"]
    check(ana.desk)


def test_only_its_writer_takes_it_back_and_only_while_nobody_has_it_in_hand(ana: Ana) -> None:
    luis = ana.desk.here("Luis")
    sent = ana.says("I am here.")
    other = take_back(ana.line.database, ana.line.services, conversation_id=ana.talk, message_id=sent.message_id,
                      staff_id=luis)  # fmt: skip
    assert isinstance(other, Refused)
    ana.later(seconds=3)
    with ana.line.database.transaction() as tx:
        assert [one.message_id for one in claim_texts(tx, ana.line.services, (9, 9, 9), LEASE)][-1] == sent.message_id
    assert "left already" in ana.takes_back(sent.message_id).reason
    assert ana.thread() == [("I am here.", "sending", None)]
    assert isinstance(ana.takes_back("0" * 32), Refused)


def test_undo_and_the_workers_claim_in_the_same_moment_agree(database: Database, clock) -> None:
    """What was taken back is never handed over, and what was handed over is never said to be back."""
    ana = Ana(Desk(the_line(database, clock)))
    ana.line.deliver()
    for n in range(12):
        sent = ana.says(f"text {n}")
        ana.later(seconds=3)
        gate = threading.Barrier(2)
        back: list[Refused | None] = []

        def undo(message_id: str = sent.message_id, gate: threading.Barrier = gate, back: list = back) -> None:
            gate.wait(10)
            back.append(ana.takes_back(message_id))

        pressing = threading.Thread(target=undo)
        pressing.start()
        gate.wait(10)
        with database.transaction() as tx:
            claimed = [one.message_id for one in claim_texts(tx, ana.line.services, (9, 9, 9), LEASE)]
        pressing.join(30)
        assert (back == [None]) != (claimed == [sent.message_id]), (n, back, claimed)
        with database.transaction() as tx:  # the post succeeded; the next one must not wait for it
            done = {"status": "sent", "lease_until": None}
            m = threads.messages
            tx.conn.execute(m.update().where(m.c.message_id == sent.message_id, m.c.status == "sending").values(**done))


# --- Drafts and presses


def test_a_draft_is_sealed_found_again_and_gone_once_it_is_sent_or_emptied(ana: Ana) -> None:
    assert isinstance(ana.types("the blue door at six"), Kept)
    assert ana.draft().words == "the blue door at six"
    assert found_in_clear(ana.line.database, ["the blue door at six"]) == []
    assert isinstance(ana.types("the blue door at seven "), Kept)
    assert ana.draft().words == "the blue door at seven "
    ana.says("the blue door at seven", draft_id="d" * 32)
    assert ana.draft() is None
    ana.types("more", draft="e" * 32)
    ana.types(" \n", draft="e" * 32)
    assert ana.draft() is None


def test_two_pages_of_one_advocate_do_not_write_over_each_other(ana: Ana) -> None:
    one, two = "1" * 32, "2" * 32
    ana.types("on the desk", page=one)
    answer = ana.types("on the phone", page=two, draft="e" * 32)
    assert answer == Elsewhere("on the desk", one)
    assert ana.draft().words == "on the desk"
    assert isinstance(ana.types("on the phone", page=two, draft="e" * 32, since=one), Kept)
    assert isinstance(ana.types("on the desk, more", page=one), Elsewhere)
    assert isinstance(ana.types("on the phone", page=one), Kept), "the same words are no quarrel"


def test_a_take_over_keeps_the_draft_of_whoever_lost_the_person(ana: Ana) -> None:
    lead = ana.desk.here("Marta", "lead")
    ana.types("half a")
    transfer.take_over(ana.line.database, ana.line.services, handoff_id=ana.desk.hand_off().handoff_id, lead_id=lead,
                       why="asked_me")  # fmt: skip
    kept = ana.types("half a thought")
    assert isinstance(kept, Kept)
    assert "Marta holds this" in kept.lost
    assert "Marta holds this" in ana.says("half a thought", draft_id="d" * 32).reason
    assert ana.draft().words == "half a thought"
    assert ana.draft().epoch == ana.epoch


@pytest.mark.parametrize("wait", [0, 60, 7200])
def test_a_press_repeated_after_a_lost_answer_is_one_text(ana: Ana, wait: int) -> None:
    ana.line.deliver()
    sent = ana.says("I am here.", draft_id="a" * 32)
    ana.later(seconds=wait)
    ana.line.deliver()
    assert ana.says(" I am here.\r\n", draft_id="a" * 32).message_id == sent.message_id
    changed = ana.says("I am here!", draft_id="a" * 32)
    assert "first press did arrive" in changed.reason
    assert len(ana.thread()) == 1
    assert "sent already" in ana.types("I am here", draft="a" * 32).reason


def test_a_page_of_one_conversation_writes_in_no_other(ana: Ana) -> None:
    ana.line.text("person", sender="+12105550177")
    other = ana.desk.takes(ana.id).conversation_id
    ana.types("for the first", draft="a" * 32)
    elsewhere = {"conversation_id": other, "epoch": ana.desk.epoch(other)}
    assert "another conversation" in ana.says("for the first", draft_id="a" * 32, **elsewhere).reason
    assert "another conversation" in ana.types("for the first", draft="a" * 32, **elsewhere).reason


def test_finishing_and_erasing_leave_no_draft(ana: Ana) -> None:
    ana.says("bye", draft_id="a" * 32)
    ana.types("half a thought")
    assert finish(ana.line.database, ana.line.services, outcome="referred", **ana.mine) is None
    assert ana.draft() is None
    ana.types("too late")
    assert forget(ana.line.database, ana.line.services, PERSON).destroyed["drafts"] == 2
    assert ana.draft() is None


# --- Their hour, and words that tell


def test_a_scheduled_text_leaves_at_their_hour_and_stands_there_in_the_thread(ana: Ana) -> None:
    ana.line.deliver()
    ana.chose("morning")
    ana.says("I read it.")
    ana.later(hours=1)
    later = ana.schedules("Good morning")
    assert isinstance(later, Queued)
    assert later.due_at == ana.line.clock.now() + EIGHT - timedelta(hours=1)
    ana.line.text("thank you")
    assert [body for body, _, _ in ana.thread()] == ["I read it.", "Good morning"]
    with ana.line.database.reading() as tx:
        assert threads.thread(tx, ana.talk)[-1].body == "Good morning"
    ana.later(hours=18.9)
    assert "Good morning" not in ana.line.deliver()
    ana.later(hours=0.1)
    assert ana.line.deliver() == ["Good morning"]
    assert ana.schedules("again").reason.startswith("There is no later hour")


def test_a_scheduled_text_is_cancelled_put_off_or_dropped_but_never_wrong(ana: Ana) -> None:
    ana.line.deliver()
    ana.chose("morning")
    ana.later(hours=1)
    first = ana.schedules("one")
    assert "waits for its hour" in finish(ana.line.database, ana.line.services, outcome="other", **ana.mine).reason
    assert ana.takes_back(first.message_id) is None
    ana.schedules("two")
    ana.chose("afternoon")
    ana.later(hours=19)
    assert ana.line.deliver() == []
    ana.later(hours=4)
    assert ana.line.deliver() == ["two"]
    ana.chose("morning")
    ana.later(hours=4)
    ana.line.text("hello?")
    ana.later(minutes=20)
    ana.schedules("three")
    ana.chose("")
    assert not ana.desk.hand_off().unanswered
    ana.later(hours=16)
    assert ana.line.deliver() == []
    assert ana.desk.hand_off().unanswered, "nothing answered them, and the ladder says so"
    assert [reason for _, _, reason in ana.thread()] == ["taken_back", None, "only_after_they_write"]


@pytest.mark.parametrize("how", ["stop", "do_not_text", "take_over", "put_back"])
def test_a_change_of_hands_or_a_stop_drops_it_at_once_and_the_desk_says_so(ana: Ana, how: str) -> None:
    ana.line.deliver()
    ana.chose("morning")
    ana.later(hours=1)
    ana.schedules("Good morning")
    where = {"database": ana.line.database, "services": ana.line.services}
    match how:
        case "stop":
            ana.line.text("STOP")
        case "do_not_text":
            do_not_text.do_not_text(ana.line.database, conversation_id=ana.talk, staff_id=ana.id)
        case "take_over":
            lead = ana.desk.here("Marta", "lead")
            transfer.take_over(handoff_id=ana.desk.hand_off().handoff_id, lead_id=lead, why="asked_me", **where)
        case "put_back":
            transfer.put_back(**where, **ana.mine)
    reason = "stopped" if how in ("stop", "do_not_text") else "stale_epoch"
    assert ana.thread() == [("Good morning", "refused", reason)]
    if how == "take_over":
        assert ana.desk.hand_off().unanswered
    ana.later(hours=19)
    assert "Good morning" not in ana.line.deliver()
    check(ana.desk)


def test_words_that_tell_need_a_reason_for_exactly_these_words(ana: Ana) -> None:
    asked = ana.says("The shelter is open")
    assert isinstance(asked, Asks)
    assert [hit.kind for hit in asked.weighed.hits] == ["shelter"]
    for anyway in (
        Anyway("", fingerprint("The shelter is open")),
        Anyway("because", fingerprint("The shelter is open")),
        Anyway("they_asked", fingerprint("The shelter")),
    ):
        assert isinstance(ana.says("The shelter is open", anyway=anyway), Asks)
    assert ana.thread() == []
    seen = Anyway("they_asked", fingerprint("The shelter is open"))
    assert isinstance(ana.says("The shelter is open", anyway=seen), Queued)
    with ana.line.database.reading() as tx:
        details = [row.detail for row in tx.conn.execute(audit.select()) if row.act == "reply_queued"]
    assert details == ["anyway they_asked"]


def test_on_a_phone_that_said_it_is_a_good_time_nothing_is_asked(ana: Ana) -> None:
    with ana.line.database.transaction() as tx:
        stored = conversations.load(tx, ana.talk)
        mind = conversations.seal_mind(tx, ana.talk, replace(stored.conversation, safe_now=True))
        tx.conn.execute(conversations.conversations.update().values(mind=mind))
    assert isinstance(ana.says("The shelter is open"), Queued)


def test_outside_their_hours_an_answer_takes_a_second_press_and_a_text_unasked_does_not_go(ana: Ana) -> None:
    ana.chose("morning")
    assert isinstance(ana.says("in their hands still", draft_id=new_id()), Queued)
    ana.line.text("are you there")
    ana.later(minutes=20)
    asked = ana.says("I am")
    assert isinstance(asked, Asks)
    assert (asked.may_go, asked.weighed.verdict.hours) == ("twice", "outside")
    assert isinstance(ana.says("I am", anyway=Anyway("urgent", fingerprint("I am"))), Queued)
    ana.later(minutes=1)
    blocked = ana.says("Still there?", anyway=Anyway("urgent", fingerprint("Still there?")))
    assert isinstance(blocked, Asks)
    assert blocked.may_go == "no"
    ana.chose("")
    assert "want to write first" in ana.says("Still there?").reason
    assert "no later hour" in ana.schedules("Still there?").reason
