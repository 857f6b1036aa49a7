"""When a text does not arrive: what the table of codes asks for is done, once, and a person sees what a person must."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.errors import SendError
from bot.store import alerts, audit, campaigns, consent, conversations, enlist, handoffs, outcomes, people, senders
from bot.store.messages import messages, queue_text
from bot.usecases.approve_campaign import seal_of
from bot.usecases.examine import examine
from bot.usecases.react import FAILED, RETRY_IN, UNKNOWN
from bot.web.desk import words
from tests.usecases.line import PERSON, TheLine, the_line
from tests.usecases.test_deliver import message_ids, say

SECOND = "+12105550143"
OURS, OURS_TOO = "+12105550100", "+12105550101"


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def conversation_of(line: TheLine, number: str = PERSON) -> str:
    with line.database.transaction() as tx:
        person = people.find_or_add(tx, number, "en")
        found = conversations.open_of(tx, person.person_id)
        return found or conversations.start(
            tx, person_id=person.person_id, phone_key=person.phone_key, language="en", flow_version="tests"
        ).conversation_id  # fmt: skip


def campaign_text(line: TheLine, number: str = PERSON, campaign_id: str = "") -> tuple[str, str]:
    """A released text of a running campaign; the campaign's id and the text's."""
    conversation_id = conversation_of(line, number)
    with line.database.transaction() as tx:
        if not campaign_id:
            campaign_id = campaigns.add(tx, name="A list", keys=["O1"], area="", sender="Ana", window=(10, 19),
                                        provenance="opted_in", author_id="a")  # fmt: skip
            made = campaigns.get(tx, campaign_id)
            assert made is not None
            campaigns.change(tx, campaign_id, state="running", approver_id="b", launched_at=tx.now,
                             approved_hash=seal_of(tx, line.services, made))  # fmt: skip
        row = enlist.NewRecipient(2, number, tx.keys.index("phone", number), "en", "opted_in", {})
        enlist.add_recipients(tx, campaign_id, [row])
        person = people.find(tx, number)
        assert person is not None
        r = campaigns.recipients.c
        mine = (r.campaign_id == campaign_id, r.person_id == person.person_id)
        recipient_id = tx.conn.execute(select(r.recipient_id).where(*mine)).scalar_one()
        campaigns.mark_released(tx, recipient_id, 1)
        message_id = queue_text(tx, conversation_id=conversation_id, epoch=0, kind="campaign", key="O1", language="en",
                                body="Hi, this is Ana.", recipient_id=recipient_id)  # fmt: skip
    return campaign_id, message_id


def ends(line: TheLine, message_id: str, code: str, status: str = "undelivered") -> str:
    return say(line, message_id, status, code, sid=row_of(line, message_id).provider_sid)


def row_of(line: TheLine, message_id: str) -> Any:
    with line.database.reading() as tx:
        return tx.conn.execute(select(messages).where(messages.c.message_id == message_id)).one()


def reasons(line: TheLine) -> list[tuple[str, str]]:
    with line.database.reading() as tx:
        return [(one.tier, one.reason) for one in handoffs.list_open(tx)]


def state_of(line: TheLine, campaign_id: str) -> str:
    with line.database.reading() as tx:
        found = campaigns.get(tx, campaign_id)
    assert found is not None
    return found.state


@pytest.mark.parametrize(
    ("code", "line_type", "consents"),
    [("30006", "landline", "given"), ("21211", None, "given"), ("30005", None, "withdrawn"), ("30004", None, "given")],
)
def test_a_number_that_cannot_be_texted_is_learned_once_and_a_text_from_it_unlearns_it(
    line, code, line_type, consents
) -> None:
    line.text("hi")
    line.deliver()
    ends(line, message_ids(line)[0], code)
    shown = line.shows()
    assert (shown["suppressed"], shown["consent"]) == (True, consents)
    with line.database.reading() as tx:
        p, s = people.people.c, consent.suppressions.c
        assert tx.conn.execute(select(p.line_type)).scalar() == line_type
        assert tx.conn.execute(select(s.how)).scalar() == f"carrier_{code}"
    line.text("hi, its me")
    shown = line.shows()
    assert (shown["suppressed"], shown["consent"]) == (False, "given")
    assert line.deliver(), "who writes is answered"


def test_a_stop_told_by_the_carrier_is_not_unlearned(line) -> None:
    line.text("hi")
    line.deliver()
    ends(line, message_ids(line)[0], "21610")
    line.text("hi, its me")
    assert line.shows()["suppressed"]
    assert line.deliver() == []


def test_a_lost_answer_is_put_before_an_advocate_and_a_lost_opener_is_not(line) -> None:
    line.text("hi")
    (answer,) = message_ids(line)
    _, opener = campaign_text(line, SECOND)
    line.deliver()
    ends(line, answer, "30003")
    ends(line, opener, "30004")
    assert reasons(line) == [("P2", FAILED)]
    assert words.reason(FAILED) != words.plain(FAILED)
    assert words.reason(UNKNOWN) != words.plain(UNKNOWN)


def test_a_lost_text_about_danger_is_urgent(line) -> None:
    conversation_id = conversation_of(line)
    with line.database.transaction() as tx:
        queue_text(tx, conversation_id=conversation_id, epoch=0, kind="crisis", body="Call 911.", language="en")
    line.carrier.fail_next(SendError(30004, "refused", "Blocked."))
    line.deliver()
    assert reasons(line) == [("P1", FAILED)]


def test_a_phone_that_was_off_gets_a_campaigns_text_once_more_the_next_day(line) -> None:
    campaign_id, first = campaign_text(line)
    line.deliver()
    assert ends(line, first, "30003") == "undelivered"
    assert ends(line, first, "30003") == "stale"
    line.clock.advance(RETRY_IN - timedelta(minutes=1))
    assert line.deliver() == []
    line.clock.advance(timedelta(minutes=2))
    assert line.deliver() == ["Hi, this is Ana."]
    again = message_ids(line)[-1]
    assert row_of(line, again).retry_of == first
    ends(line, again, "30003")
    line.clock.advance(RETRY_IN * 2)
    assert line.deliver() == [], "twice is enough"
    assert len(message_ids(line)) == 2
    assert state_of(line, campaign_id) == "running"


def test_hours_that_ran_out_on_the_way_are_no_contact(line) -> None:
    campaign_id, first = campaign_text(line)
    line.deliver()
    ends(line, first, "30036")
    with line.database.reading() as tx:
        assert outcomes.counts(tx, campaign_id)["waiting"] == 1
        assert campaigns.histories(tx, [row[0] for row in tx.conn.execute(select(people.people.c.person_id))]) == {}


def test_what_the_carrier_objects_to_pauses_every_campaign_and_tells_an_operator(line) -> None:
    first, text = campaign_text(line)
    second, _ = campaign_text(line, SECOND)
    line.deliver()
    ends(line, text, "30034", "failed")
    assert [state_of(line, one) for one in (first, second)] == ["paused", "paused"]
    with line.database.reading() as tx:
        a = audit.audit.c
        assert set(tx.conn.execute(select(a.detail).where(a.act == "campaign_paused")).scalars()) == {"carrier_30034"}
    said = [finding for finding in examine(line.services) if finding.part == "alert"]
    assert [(finding.good, "30034" in finding.words, "[1x]" in finding.words) for finding in said] == [
        (False, True, True)
    ]
    assert OURS not in said[0].words
    with line.database.transaction() as tx:
        campaigns.change(tx, first, state="running")
    assert ends(line, text, "30034", "failed") == "stale"
    assert state_of(line, first) == "running", "an old receipt pauses nothing that a person has resumed"


def test_an_alert_is_over_after_a_day(line) -> None:
    _, text = campaign_text(line)
    line.deliver()
    ends(line, text, "30034", "failed")
    line.clock.advance(timedelta(hours=25))
    assert [finding.part for finding in examine(line.services) if finding.part == "alert"] == []


def test_a_campaign_whose_texts_are_filtered_rests_at_the_third(line) -> None:
    campaign_id, first = campaign_text(line)
    texts = [first] + [campaign_text(line, f"+121055501{n:02d}", campaign_id)[1] for n in range(4)]
    line.deliver()
    for text in texts[:2]:
        ends(line, text, "30007")
    assert state_of(line, campaign_id) == "running"
    ends(line, texts[2], "30007")
    assert state_of(line, campaign_id) == "paused"


@pytest.mark.parametrize("ours", [(OURS, OURS_TOO), (OURS,)])
def test_another_number_of_ours_takes_over_for_good_where_there_is_one(database, clock, ours) -> None:
    line = the_line(database, clock, TWILIO_FROM=",".join(ours))
    line.text("hi")
    line.carrier.fail_next(SendError(21612, "refused", "No route."))
    line.deliver()
    line.deliver()
    if len(ours) == 1:
        assert line.statuses() == [("C1", "failed", "21612")]
        return
    assert line.statuses() == [("C1", "sent", None)]
    (text,) = line.carrier.sent
    line.text("1")
    line.deliver()
    assert {one.sender for one in line.carrier.sent} == {text.sender}
    with line.database.reading() as tx:
        assert tx.conn.execute(select(people.people.c.sender)).scalar() == text.sender


def test_a_full_queue_rests_the_sender_but_never_a_text_about_danger(line) -> None:
    _, text = campaign_text(line, SECOND)
    line.deliver()
    ends(line, text, "30001", "failed")
    line.text("hi")
    assert line.deliver() == []
    line.text("he hit me")
    assert [body[:14] for body in line.deliver()] == ["If you can, ca"]
    line.clock.advance(timedelta(seconds=601))
    line.text("ok")
    assert line.deliver()


def test_a_daily_cap_rests_campaigns_until_midnight_pacific_and_nobody_else(line) -> None:
    campaign_id, text = campaign_text(line)
    line.deliver()
    ends(line, text, "30023", "failed")
    _, other = campaign_text(line, SECOND, campaign_id)
    line.text("hi", sender="+12105550144")
    assert len(line.deliver()) == 1
    assert row_of(line, other).status == "queued"
    with line.database.reading() as tx:
        until = tx.conn.execute(select(senders.senders.c.campaigns_at)).scalar()
    assert (until - line.clock.now()) == timedelta(hours=14)


def test_a_text_nobody_can_tell_of_is_put_before_a_person_and_holds_nobody_back(line, monkeypatch) -> None:
    line.text("hi")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=True)
    line.deliver()

    def away(**_: Any) -> list[Any]:
        raise SendError(503, "later", "The carrier could not answer.")

    monkeypatch.setattr(line.carrier, "look_up", away)
    line.text("1")
    for _ in range(25):
        line.clock.advance(timedelta(seconds=15))
        line.settle()
    assert reasons(line) == [("P2", UNKNOWN)]
    assert line.statuses()[0] == ("C1", "unknown", "timeout")
    assert line.deliver(), "the next text still waits for it"
    assert [f.part for f in examine(line.services) if f.part in ("unknown", "alert")] == ["alert", "unknown"]
    assert say(line, message_ids(line)[0], "delivered", sid="SMlate") == "delivered"
    assert [f.part for f in examine(line.services) if f.part == "unknown"] == []


def test_a_message_without_words_at_the_carrier_proves_nothing(line, monkeypatch) -> None:
    """Emptied by hand, or never kept there: it may be ours, so the text is not sent again."""
    line.text("hi")
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=True)
    line.deliver()
    line.carrier.redact(f"SM{1:032x}")
    for _ in range(30):
        line.clock.advance(timedelta(seconds=15))
        line.settle()
    assert line.deliver() == []
    assert line.statuses()[0][1] == "unknown"
    assert reasons(line) == [("P2", UNKNOWN)]


def test_a_receipt_takes_its_id_back_from_an_equal_text_that_was_taken_for_it(line) -> None:
    conversation_id = conversation_of(line)
    with line.database.transaction() as tx:
        ids = [queue_text(tx, conversation_id=conversation_id, epoch=0, kind="crisis", body="Call 911.", language="en")
               for _ in range(2)]  # fmt: skip
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=False)
    line.carrier.fail_next(SendError("timeout", "unknown", "No answer."), carried=True)
    line.deliver()
    line.clock.advance(timedelta(seconds=31))
    line.settle()
    carried = f"SM{1:032x}"
    assert row_of(line, ids[0]).provider_sid == carried, "the older of two equal texts is taken to have left"
    assert say(line, ids[1], "delivered", sid=carried) == "delivered"
    assert (row_of(line, ids[0]).status, row_of(line, ids[0]).provider_sid) == ("unknown", None)
    assert row_of(line, ids[1]).provider_sid == carried


def test_the_carriers_two_messages_for_one_text_are_not_mistaken_for_each_other(line) -> None:
    line.text("hi")
    line.deliver()
    (first,) = message_ids(line)
    assert say(line, first, "undelivered", "30004", sid="SMtheother") == "stale"
    assert line.statuses() == [("C1", "sent", None)]
    with line.database.reading() as tx:
        assert alerts.since(tx, tx.now - timedelta(days=1)) == []
