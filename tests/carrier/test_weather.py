"""Does the carrier's bad luck come by its seed, is each kind of it drawn, and does the simulator obey it?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.adapters.twilio import TwilioCarrier
from bot.errors import SendError
from bot.simulator.control import Control
from bot.simulator.faults import AFTER, BEFORE, Faults, ReceiptLuck, WebhookLuck
from tests.carrier.line import ANA, BEA, Line, inbound, receipt, settle, text_to

SUBJECTS = [f"{ANA} {n}" for n in range(400)]


def test_the_same_seed_is_the_same_weather_whatever_was_asked_before() -> None:
    one, same, other = Faults(seed=1, odds=0.5), Faults(seed=1, odds=0.5), Faults(seed=2, odds=0.5)
    drawn = {subject: one.on_request(subject) for subject in SUBJECTS}
    assert drawn == {subject: same.on_request(subject) for subject in reversed(SUBJECTS)} | drawn
    assert [same.on_request(s) for s in SUBJECTS] != [other.on_request(s) for s in SUBJECTS]


def test_without_odds_nothing_befalls_anybody() -> None:
    calm = Faults(seed=7)
    assert {calm.on_request(s) for s in SUBJECTS} == {""}
    assert {calm.on_webhook(s) for s in SUBJECTS} == {WebhookLuck()}
    assert {calm.on_receipts(s) for s in SUBJECTS} == {ReceiptLuck()}


def test_every_kind_of_bad_luck_is_drawn() -> None:
    storm = Faults(seed=7, odds=0.9)
    assert {storm.on_request(s) for s in SUBJECTS} == {"", *BEFORE, *AFTER}
    webhooks, receipts = [storm.on_webhook(s) for s in SUBJECTS], [storm.on_receipts(s) for s in SUBJECTS]
    assert any(w.copies for w in webhooks)
    assert any(w.delay_s for w in webhooks)
    assert any(w.dropped for w in webhooks)
    assert any(r.copies for r in receipts)
    for kind in ("reordered", "early", "dropped"):
        assert any(getattr(r, kind) for r in receipts), kind
    assert {storm.retry_after(s) for s in SUBJECTS} == set(range(1, 10))


def test_a_storm_is_obeyed_request_by_request(twilio: TwilioCarrier, control: Control) -> None:
    since, storm = datetime.now(UTC), Faults(seed=3, odds=0.9)
    control.faults(seed=3, odds=0.9)
    expected = {"answer_429": "20429", "answer_500": "500", "hang_up": "connection", "accept_then_500": "500",
                "accept_then_hang_up": "connection", "accept_then_wrong_json": "undecodable"}  # fmt: skip
    kept = []
    for n in range(1, 13):
        befell = storm.on_request(f"{BEA} {n}")
        if befell in expected:
            with pytest.raises(SendError) as caught:
                twilio.send(text_to(BEA, f"text {n}"))
            assert caught.value.code == expected[befell]
        else:
            twilio.send(text_to(BEA, f"text {n}"))
        if befell not in BEFORE:
            kept.append(f"text {n}")
    control.faults()
    assert [m.body for m in reversed(twilio.look_up(to=BEA, since=since))] == kept


def test_the_list_fails_as_often_as_a_request(twilio: TwilioCarrier, control: Control) -> None:
    control.faults(seed=3, odds=0.5)
    since, storm = datetime.now(UTC), Faults(seed=3, odds=0.5)
    fails = [storm.on_list(f"list {ANA} {n}") for n in range(1, 11)]
    assert set(fails) == {True, False}
    for failing in fails:
        if failing:
            with pytest.raises(SendError, match="500"):
                twilio.look_up(to=ANA, since=since)
        else:
            assert twilio.look_up(to=ANA, since=since) == []


def test_an_early_receipt_comes_before_the_answer(line: Line, twilio: TwilioCarrier, control: Control) -> None:
    control.faults(early_receipts=True, accept_then_hang_up=1)
    with pytest.raises(SendError):
        twilio.send(text_to(ANA))
    assert [call.form["MessageStatus"] for call in line.calls if receipt(call)][:1] == ["sent"]
    settle(control)
    assert [call.form["MessageStatus"] for call in line.calls] == ["sent", "delivered"]


def test_a_dropped_webhook_leaves_the_text_in_the_list_alone(
    line: Line, twilio: TwilioCarrier, control: Control
) -> None:
    since = datetime.now(UTC)
    control.faults(drop_inbound=True)
    sid = control.text(ANA, "", "hi")
    settle(control)
    assert not any(inbound(call) for call in line.calls)
    assert [m.provider_sid for m in twilio.inbound_since(since)] == [sid]
    assert control.thread(ANA)[0]["webhook"] == "failed"
