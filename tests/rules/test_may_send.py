"""What may leave now, what never, and what later. One fact is changed at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.hours import place_of
from bot.rules.may_send import Allowed, Later, Refused, SendFacts, may_send, over_cap
from bot.store.messages import PRIORITY

NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)  # Monday noon in San Antonio
NIGHT = NOON + timedelta(hours=12)
TEXAS = place_of("+12105550100")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

REPLY = SendFacts(
    kind="reply", created_at=NOON, now=NOON, suppressed=False, epoch=3, current_epoch=3, held_by="bot", reviewed=True
)
ASK = replace(REPLY, kind="ask", place=TEXAS)
NOTICE = replace(REPLY, kind="notice", place=TEXAS, safe_hours="afternoon")
CAMPAIGN = replace(REPLY, kind="campaign", place=TEXAS, basis="opted_in", campaign_state="running")
CONFIRMATION = replace(REPLY, kind="confirmation", suppressed=True)


@pytest.mark.parametrize("kind", sorted(PRIORITY))
def test_after_stop_nothing_leaves_but_the_one_confirmation(kind: str) -> None:
    answer = may_send(replace(CAMPAIGN, kind=kind, safe_hours="afternoon", suppressed=True))
    assert answer == (Allowed() if kind == "confirmation" else Refused("suppressed"))


@pytest.mark.parametrize(
    ("facts", "change", "answer"),
    [
        (REPLY, {}, Allowed()),
        (REPLY, {"now": NIGHT}, Allowed()),  # an answer is not bound by hours
        (REPLY, {"reviewed": False}, Refused("unreviewed")),
        (REPLY, {"reviewed": False, "allow_unreviewed": True}, Allowed()),
        (REPLY, {"current_epoch": 4}, Refused("stale_epoch")),
        (REPLY, {"held_by": "advocate"}, Refused("held_by_advocate")),
        (REPLY, {"stopped": True}, Allowed()),  # the kill switch does not leave people without an answer
        (REPLY, {"kind": "advocate", "held_by": "advocate", "epoch": 4, "current_epoch": 5}, Allowed()),
        (REPLY, {"kind": "crisis", "held_by": "advocate", "current_epoch": 4}, Allowed()),
        (REPLY, {"doubted": True}, Allowed()),  # it answers whoever wrote
        (NOTICE, {"doubted": True}, Refused("holder_in_doubt")),
        (NOTICE, {"doubted": True, "consent": "withdrawn"}, Refused("consent_withdrawn")),
        (CONFIRMATION, {"now": NOON + 5 * MINUTE}, Allowed()),
        (CONFIRMATION, {"now": NOON + 5 * MINUTE + timedelta(seconds=1)}, Refused("confirmation_late")),
        (CONFIRMATION, {"current_epoch": 4, "held_by": "advocate"}, Allowed()),
        (CONFIRMATION, {"reviewed": False}, Refused("unreviewed")),
        (REPLY, {"now": NOON + 61 * MINUTE}, Allowed()),
        (REPLY, {"now": NOON + 61 * MINUTE, "attempts": 1}, Refused("stale")),
        (REPLY, {"now": NOON + 61 * MINUTE, "attempts": 1, "kind": "crisis"}, Allowed()),
        (ASK, {}, Allowed()),
        (ASK, {"now": NIGHT}, Refused("ask_late")),
        (ASK, {"now": NOON + timedelta(hours=5)}, Refused("ask_late")),  # five in the afternoon in San Antonio
        (ASK, {"now": NOON + timedelta(hours=5), "timezone": "America/Denver"}, Allowed()),
        (ASK, {"place": None, "now": NOON - timedelta(hours=2)}, Refused("ask_late")),  # eight on the other coast
        (ASK, {"stopped": True}, Later("kill_switch", NOON + 5 * MINUTE)),
        (ASK, {"consent": "withdrawn"}, Refused("consent_withdrawn")),
        (ASK, {"held_by": "advocate"}, Refused("held_by_advocate")),
        (NOTICE, {}, Allowed()),
        (NOTICE, {"now": NIGHT}, Later("safe_hours", NOON + DAY)),
        (NOTICE, {"safe_hours": "night"}, Later("safe_hours", NOON + timedelta(hours=6))),
        (NOTICE, {"safe_hours": None}, Refused("only_after_they_write")),
        (NOTICE, {"safe_hours": ""}, Refused("only_after_they_write")),
        (NOTICE, {"safe_hours": "", "last_inbound_at": NOON - 14 * MINUTE}, Allowed()),
        (NOTICE, {"safe_hours": "", "last_inbound_at": NOON - 15 * MINUTE}, Refused("only_after_they_write")),
        (NOTICE, {"safe_hours": None, "expected": True}, Allowed()),
        (NOTICE, {"consent": "withdrawn"}, Refused("consent_withdrawn")),
        (NOTICE, {"current_epoch": 4}, Refused("stale_epoch")),
        (NOTICE, {"stopped": True}, Later("kill_switch", NOON + 5 * MINUTE)),
        (CAMPAIGN, {}, Allowed()),
        (CAMPAIGN, {"now": NIGHT}, Later("hours", NOON + DAY - timedelta(hours=2))),
        (CAMPAIGN, {"window": (14, 16)}, Later("hours", NOON + timedelta(hours=2))),
        (CAMPAIGN, {"now": NOON + timedelta(hours=6)}, Allowed(59 * 60)),  # the carrier may not deliver it after 19:00
        (CAMPAIGN, {"place": None, "now": NOON}, Allowed()),  # 13:00 Eastern, the first minute open everywhere
        (CAMPAIGN, {"place": None, "now": NOON - MINUTE}, Later("hours", NOON)),
        (CAMPAIGN, {"basis": None}, Refused("no_basis")),
        (CAMPAIGN, {"basis": "none"}, Refused("no_basis")),
        (CAMPAIGN, {"consent": "withdrawn"}, Refused("consent_withdrawn")),
        (CAMPAIGN, {"campaign_state": "draft"}, Refused("not_approved")),
        (CAMPAIGN, {"campaign_state": None}, Refused("not_approved")),
        (CAMPAIGN, {"campaign_state": "approved"}, Refused("not_approved")),
        (CAMPAIGN, {"campaign_state": "done"}, Allowed()),
        (CAMPAIGN, {"campaign_state": "paused"}, Later("paused", NOON + 5 * MINUTE)),
        (CAMPAIGN, {"stopped": True}, Later("kill_switch", NOON + 5 * MINUTE)),
        (CAMPAIGN, {"last_inbound_at": NOON}, Refused("wrote_first")),
        (CAMPAIGN, {"last_inbound_at": NOON - DAY}, Allowed()),
        (CAMPAIGN, {"safe_hours": ""}, Refused("only_after_they_write")),
        (CAMPAIGN, {"safe_hours": "night"}, Later("hours", NOON + timedelta(hours=6))),
        (CAMPAIGN, {"safe_hours": "afternoon"}, Allowed()),
        (CAMPAIGN, {"last_unanswered_at": NOON - 179 * DAY}, Refused("cooldown")),
        (CAMPAIGN, {"last_unanswered_at": NOON - 180 * DAY, "released_before": 1}, Allowed()),
        (CAMPAIGN, {"released_before": 2}, Allowed()),
        (CAMPAIGN, {"released_before": 3}, Refused("lifetime_cap")),
        (CAMPAIGN, {"reviewed": False}, Refused("unreviewed")),
        (CAMPAIGN, {"held_by": "advocate"}, Refused("held_by_advocate")),
    ],
)
def test_one_fact_decides(facts: SendFacts, change: dict[str, object], answer: object) -> None:
    assert may_send(replace(facts, **change)) == answer


def test_a_text_that_may_never_leave_does_not_wait_for_its_hour() -> None:
    assert may_send(replace(CAMPAIGN, now=NIGHT, basis=None)) == Refused("no_basis")


def test_the_cap_is_one_unanswered_in_180_days_and_three_for_life() -> None:
    assert over_cap(NOON, released_before=1, last_unanswered_at=None) is None
    assert over_cap(NOON, released_before=1, last_unanswered_at=NOON - DAY) == "cooldown"
    assert over_cap(NOON, released_before=3, last_unanswered_at=None) == "lifetime_cap"


@given(
    kind=st.sampled_from(sorted(PRIORITY)),
    minutes=st.integers(0, 60 * 24 * 400),
    suppressed=st.booleans(),
    basis=st.sampled_from([None, "none", "opted_in", "bought", ""]),
    state=st.sampled_from([None, "draft", "approved", "running", "paused", "done"]),
    consent=st.sampled_from(["given", "withdrawn", "none"]),
    released=st.integers(0, 5),
    stopped=st.booleans(),
)
def test_whatever_the_facts_the_promises_hold(
    kind: str, minutes: int, suppressed: bool, basis: str | None, state: str | None, consent: str, released: int,
    stopped: bool,
) -> None:  # fmt: skip
    facts = replace(
        CAMPAIGN, kind=kind, now=NOON + minutes * MINUTE, suppressed=suppressed, basis=basis, campaign_state=state,
        consent=consent, released_before=released, stopped=stopped,
    )  # fmt: skip
    answer = may_send(facts)
    if isinstance(answer, Later):
        assert answer.at > facts.now
    if suppressed and kind != "confirmation":
        assert answer == Refused("suppressed")
    if kind == "campaign" and isinstance(answer, Allowed):
        assert basis == "opted_in"
        assert state in ("running", "done")
        assert consent != "withdrawn"
        assert released < 3
        assert not stopped
        local = (facts.now - timedelta(hours=5)).hour if facts.now.month < 11 else (facts.now - timedelta(hours=6)).hour
        assert 9 <= local <= 19
        assert 60 <= answer.validity_s <= 14_400
