"""A text out: in order, once, asked again at the door, and never on a guess."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from bot.adapters.twilio import CONNECT_S, READ_S
from bot.errors import SendError
from bot.store.messages import messages, queue_text
from bot.usecases import deliver as deliver_module
from bot.usecases.claim import Claimed, claim
from bot.usecases.deliver import LEASE
from bot.usecases.receipt import receipt
from bot.usecases.reply import reply
from bot.usecases.settle import LOOK_AGAIN, LOOK_SLOWLY, MOST_ATTEMPTS, SAFE_WAIT
from tests.usecases.line import PERSON, TheLine, the_line

SECOND = "+12105550143"


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def message_ids(line: TheLine, direction: str = "out") -> list[str]:
    query = messages.select().where(messages.c.direction == direction).order_by(messages.c.created_at, messages.c.seq)
    with line.database.reading() as tx:
        return [row.message_id for row in tx.conn.execute(query)]


def test_what_is_due_leaves_once(line) -> None:
    line.text("hi")
    assert len(line.deliver()) == 1
    assert line.deliver() == []
    assert line.statuses() == [("C1", "sent", None)]
    assert line.carrier.sent[0].message_id == message_ids(line)[0]


def test_one_persons_texts_leave_in_their_order(line) -> None:
    line.somebody_on_shift()
    for text in ("hi", "yea hes asleep for a min", "tonight"):
        line.text(text)
    assert line.said() == ["C1", "Q1", "H1", "Q2"]
    assert line.deliver() == [m["body"] for m in line.shows()["messages"] if m["direction"] == "out"]


def test_a_question_that_has_not_left_is_overtaken_by_danger(line) -> None:
    line.text("hi")
    line.text("he hit me")
    assert [b[:14] for b in line.deliver()] == ["If you can, ca"]
    assert line.statuses()[0] == ("C1", "refused", "overtaken")


def test_two_workers_at_once_send_each_text_once(line) -> None:
    for n in range(12):
        line.text("hi", sender=f"+121055501{n:02d}")
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        line.deliver()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.deliver()
    assert sorted(t.to for t in line.carrier.sent) == sorted({t.to for t in line.carrier.sent})
    assert len(line.carrier.sent) == 12


def test_crisis_leaves_before_an_answer_and_an_answer_before_a_campaign(line) -> None:
    line.text("hi", sender=SECOND)
    line.text("he hit me", sender=PERSON)
    line.deliver()
    assert [t.to for t in line.carrier.sent] == [PERSON, SECOND]


def test_a_text_written_before_an_advocate_took_over_never_leaves(line) -> None:
    ana = line.somebody_on_shift()
    line.text("hi")
    line.text("person")
    assert isinstance(claim(line.database, line.services, handoff_id=None, staff_id=ana), Claimed)
    assert line.deliver() == []
    assert {status for _, status, _ in line.statuses()} == {"refused"}


def test_a_text_queued_in_the_old_epoch_is_refused_at_the_door(line) -> None:
    ana = line.somebody_on_shift()
    line.text("person")
    line.deliver()
    claim(line.database, line.services, handoff_id=None, staff_id=ana)
    conversation_id = _conversation_id(line)
    with line.database.transaction() as tx:  # as a bot's turn that raced with the claim would have left it
        queue_text(tx, conversation_id=conversation_id, epoch=0, kind="reply", body="late", language="en", key="R2")
    assert line.deliver() == []
    assert line.statuses()[-1] == ("R2", "refused", "stale_epoch")


def test_an_advocates_text_leaves(line) -> None:
    ana = line.somebody_on_shift()
    line.text("person")
    claim(line.database, line.services, handoff_id=None, staff_id=ana)
    reply(line.database, line.services, conversation_id=_conversation_id(line), staff_id=ana, epoch=1, text="I'm here.")
    assert line.deliver() == ["I'm here."]


def _conversation_id(line: TheLine) -> str:
    with line.database.reading() as tx:
        return str(tx.conn.execute(messages.select()).first().conversation_id)


def test_unreviewed_texts_are_refused_outside_simulation(database, clock) -> None:
    line = the_line(database, clock, QUIETLINE_SIMULATION="", ALLOW_UNREVIEWED_TEXTS="")
    line.text("hi")
    assert line.deliver() == []
    assert line.statuses() == [("C1", "refused", "unreviewed")]


def test_a_confirmation_older_than_five_minutes_is_dropped(line) -> None:
    line.text("STOP")
    line.clock.advance(timedelta(minutes=6))
    assert line.deliver() == []
    assert line.statuses() == [("X1", "refused", "confirmation_late")]


def test_the_carrier_says_wait(line) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError(20429, "later", "Too many at once.", retry_after_s=7))
    assert line.deliver() == []
    assert line.deliver() == []
    line.clock.advance(timedelta(seconds=6.9))
    assert line.deliver() == [], "sooner than it asked"
    line.clock.advance(timedelta(seconds=7 * 0.25 + 0.1))
    assert len(line.deliver()) == 1


def test_a_text_the_carrier_put_off_is_not_overtaken_by_the_next(line) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError(20429, "later", "Too many at once.", retry_after_s=7))
    line.deliver()
    line.text("1")
    assert line.deliver() == []
    line.clock.advance(timedelta(seconds=7 * 1.25 + 0.1))
    line.deliver()
    assert [t.body for t in line.carrier.sent] == [
        m["body"] for m in line.shows()["messages"] if m["direction"] == "out"
    ]


def test_opted_out_at_the_carrier_is_a_stop(line) -> None:
    line.text("hi")
    line.carrier.opted_out.add(PERSON)
    line.deliver()
    shown = line.shows()
    assert (shown["suppressed"], shown["consent"]) == (True, "withdrawn")
    assert line.statuses() == [("C1", "failed", "21610")]


@pytest.mark.parametrize("carried", [True, False])
def test_a_text_whose_fate_is_unknown_reaches_the_phone_exactly_once(line, carried) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError("timeout", "unknown", "The carrier did not answer."), carried=carried)
    line.deliver()
    assert line.statuses() == [("C1", "unknown", "timeout")]
    assert line.settle() == 0, "asked before the carrier's own call could have ended"
    assert line.deliver() == [], "sent again on a guess"
    line.clock.advance(LEASE + timedelta(seconds=1))
    assert line.settle() == carried, "one look at a list is no proof that a text never left"
    assert line.deliver() == []
    look_until_settled(line)
    line.deliver()
    assert len(line.carrier.sent) == 1
    assert line.statuses()[0][1] == "sent"


def look_until_settled(line: TheLine) -> None:
    """As the clock does, every few seconds, until a list that does not show the text is a proof."""
    for _ in range(int((LEASE + SAFE_WAIT + LOOK_AGAIN) / timedelta(seconds=5))):
        line.clock.advance(timedelta(seconds=5))
        line.settle()


@pytest.mark.parametrize("carried", [True, False])
def test_a_worker_that_died_between_sent_and_recorded(line, monkeypatch, carried) -> None:
    line.text("hi")
    if carried:
        monkeypatch.setattr(deliver_module, "_record", _killed)
    else:
        monkeypatch.setattr(deliver_module, "_post", _killed)
    with pytest.raises(KeyboardInterrupt):
        line.deliver()
    monkeypatch.undo()
    assert line.statuses() == [("C1", "sending", None)]
    look_until_settled(line)
    line.deliver()
    assert len(line.carrier.sent) == 1
    assert line.statuses() == [("C1", "sent", None)]


def _killed(*_args) -> None:
    raise KeyboardInterrupt


def test_a_worker_that_was_held_up_sends_nothing_after_its_time(line, monkeypatch) -> None:
    line.text("hi")
    monkeypatch.setattr(deliver_module, "LATEST_START_S", -1.0)
    assert line.deliver() == []
    assert line.statuses() == [("C1", "queued", "begun_too_late")]
    monkeypatch.undo()
    line.clock.advance(timedelta(seconds=30))
    assert len(line.deliver()) == 1


def test_a_worker_that_was_held_up_behind_its_claim_sends_nothing_after_its_time(line, monkeypatch) -> None:
    line.text("hi")
    plain, held_up_s = deliver_module.claim_texts, []

    def slow(*args):  # type: ignore[no-untyped-def]
        claimed = plain(*args)
        held_up_s.append(deliver_module.LATEST_START_S + 1)
        return claimed

    watch = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(held_up_s), sleep=time.sleep)
    monkeypatch.setattr(deliver_module, "claim_texts", slow)
    monkeypatch.setattr(deliver_module, "time", watch)
    assert line.deliver() == []
    assert line.statuses() == [("C1", "queued", "begun_too_late")]


def test_one_result_that_cannot_be_written_costs_the_others_nothing(line, monkeypatch) -> None:
    for n in range(3):
        line.text("hi", sender=f"+121055501{n:02d}")
    write = deliver_module._record

    def fails_for_one(tx, done) -> None:  # type: ignore[no-untyped-def]
        if any(item.text.to.endswith("01") for item, _ in done):
            raise OperationalError("UPDATE", {}, Exception("the row cannot be written"))
        write(tx, done)

    monkeypatch.setattr(deliver_module, "_record", fails_for_one)
    line.deliver()
    monkeypatch.undo()
    assert sorted(status for _, status, _ in line.statuses()) == ["sending", "sent", "sent"]
    line.clock.advance(LEASE + timedelta(seconds=1))
    line.settle()
    line.deliver()
    assert len(line.carrier.sent) == 3
    assert {status for _, status, _ in line.statuses()} == {"sent"}


def test_an_id_the_carrier_used_for_an_inbound_text_may_come_back_for_one_of_ours(line) -> None:
    line.text("hi", sid=f"SM{1:032x}")
    line.deliver()
    assert line.statuses() == [("C1", "sent", None)]


def test_a_call_is_over_before_anybody_takes_its_absence_for_a_proof() -> None:
    """A text that waits behind others under its lease could be looked up, not found, and sent by somebody else."""
    assert max(deliver_module.ROOM) <= deliver_module.SIDE_BY_SIDE
    longest = timedelta(seconds=deliver_module.LATEST_START_S + CONNECT_S + READ_S)
    assert longest < LEASE
    assert longest + LOOK_AGAIN < SAFE_WAIT


def test_two_equal_texts_are_settled_by_different_ids(line) -> None:
    line.text("hi")
    (first,) = line.deliver()
    line.clock.advance(timedelta(seconds=5))  # the carrier's list shows the one that is ours already as the older
    with line.database.transaction() as tx:
        queue_text(tx, conversation_id=_conversation_id(line), epoch=0, kind="advocate", body=first, language="en")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=True)
    line.deliver()
    line.clock.advance(LEASE + timedelta(seconds=1))
    assert line.settle() == 1
    line.deliver()
    assert len(line.carrier.sent) == 2
    with line.database.reading() as tx:
        ours = tx.conn.execute(messages.select().where(messages.c.direction == "out")).all()
    carriers = {m.provider_sid for m in line.carrier.look_up(to=PERSON, since=line.clock.now() - timedelta(days=1))}
    assert {row.provider_sid for row in ours} == carriers
    assert len(carriers) == 2


def test_a_text_waits_for_the_one_before_whose_fate_is_unknown_but_danger_does_not(line) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."))
    line.deliver()
    line.text("1")
    assert line.deliver() == []
    line.text("he hit me")
    assert [b[:14] for b in line.deliver()] == ["If you can, ca"]


def test_a_text_the_carrier_never_takes_is_given_to_a_human(line) -> None:
    line.text("hi")
    for _ in range(MOST_ATTEMPTS):
        line.carrier.fail_next(SendError("timeout", "unknown", "No answer."))
        line.deliver()
        look_until_settled(line)
    assert line.statuses() == [("C1", "failed", "never_taken")]
    assert line.shows()["handoff"]["reason"] == "text_failed"


def test_a_text_that_later_ones_have_passed_by_is_not_said_after_them(line) -> None:
    """Nobody could tell for five minutes, a person was told, and what came later went ahead; then it proves absent."""
    line.text("hi")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."))
    line.deliver()
    line.carrier.list_error = SendError("timeout", "later", "No answer.")
    while line.shows()["handoff"] is None:
        line.clock.advance(timedelta(seconds=30))
        line.settle()
    line.text("1")
    assert len(line.deliver()) == 1
    line.carrier.list_error = None
    for _ in range(3):
        line.clock.advance(LOOK_SLOWLY)
        line.settle()
    assert line.statuses()[0] == ("C1", "failed", "passed_by")
    assert line.deliver() == []


# --- Receipts -----------------------------------------------------------------------------------------------------


def give(line: TheLine, status: str, code: str = "", sid: str = "SMx") -> str:
    return say(line, message_ids(line)[0], status, code, sid)


def say(line: TheLine, message_id: str, status: str, code: str = "", sid: str = "SMx") -> str:
    return receipt(
        line.database, line.services, message_id=message_id, provider_sid=sid, status=status, error_code=code
    )


def test_receipts_move_only_forward(line) -> None:
    line.text("hi")
    line.deliver()
    sid = line.carrier.look_up(to=PERSON, since=line.clock.now())[0].provider_sid
    assert give(line, "delivered", sid=sid) == "delivered"
    for late in ("queued", "sent", "sending", "delivered", "undelivered"):
        assert give(line, late, sid=sid) == "stale"
    assert line.statuses()[0][1] == "delivered"


def test_a_receipt_that_beats_our_own_record_settles_the_text(line) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=True)
    line.deliver()
    assert give(line, "sent", sid="SMearly") == "sent"
    line.clock.advance(LEASE + timedelta(seconds=1))
    assert line.settle() == 0
    assert line.deliver() == []
    assert len(line.carrier.sent) == 1


def test_a_receipt_with_21610_is_a_stop(line) -> None:
    line.text("hi")
    line.deliver()
    give(line, "undelivered", "21610")
    assert line.shows()["suppressed"]


def test_a_receipt_for_nothing_of_ours_changes_nothing(line) -> None:
    line.text("hi")
    assert say(line, "nobody", "sent", sid="SM1") == "unmatched"
    assert give(line, "full_moon") == "unmatched"
    assert line.statuses()[0][1] == "queued"
