"""What must never happen, tried with whatever facts there can be: the properties of `docs/scorecard.md`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exc

from bot.rules.hours import HARD_BOUND, place_of
from bot.rules.may_send import (
    CONFIRMATION_AGE,
    COOLDOWN,
    LAWFUL_BASES,
    LIFETIME,
    UNPROMPTED,
    Allowed,
    Refused,
    SendFacts,
    may_send,
)
from bot.store import campaigns, pages, wording_tests
from bot.store.db import Database
from bot.store.messages import PRIORITY
from bot.usecases.launch_campaign import pause_campaign
from bot.usecases.release_recipients import release_recipients
from bot.usecases.send_test import send_test
from tests.campaigns.stage import Stage, Staged

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = ("+12105550100", "+12065550100", "+13055550100", "+19075550100", "+18085550100", "+18005550100")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
AGES = st.none() | st.integers(0, 400).map(lambda days: timedelta(days=days))


@st.composite
def facts(draw: st.DrawFn, **fixed: Any) -> SendFacts:
    """Any facts at all, with some of them fixed."""
    now = draw(MOMENTS)
    ago = {name: draw(AGES) for name in ("last_inbound_at", "last_unanswered_at")}
    made = SendFacts(
        kind=draw(st.sampled_from(sorted(PRIORITY))),
        created_at=now - timedelta(seconds=draw(st.integers(0, 9_000))),
        now=now,
        suppressed=draw(st.booleans()),
        epoch=draw(st.integers(0, 2)),
        current_epoch=draw(st.integers(0, 2)),
        held_by=draw(st.sampled_from(["bot", "advocate", "nobody"])),
        reviewed=draw(st.booleans()),
        allow_unreviewed=draw(st.booleans()),
        attempts=draw(st.integers(0, 3)),
        stopped=draw(st.booleans()),
        consent=draw(st.sampled_from(["given", "withdrawn", "none"])),
        safe_hours=draw(st.sampled_from([None, "", "morning", "afternoon,night"])),
        place=place_of(draw(st.sampled_from(NUMBERS))),
        expected=draw(st.booleans()),
        basis=draw(st.sampled_from([None, "", "none", "bought", *sorted(LAWFUL_BASES)])),
        campaign_state=draw(st.sampled_from([None, "importing", "draft", "approved", "running", "paused", "done"])),
        window=draw(st.sampled_from([(10, 19), (12, 15)])),
        released_before=draw(st.integers(0, 5)),
        **{name: None if age is None else now - age for name, age in ago.items()},
    )
    return replace(made, **fixed)


@given(facts(suppressed=True))
def test_1_nothing_leaves_after_a_stop(given_facts: SendFacts) -> None:
    if given_facts.kind != "confirmation":
        assert isinstance(may_send(given_facts), Refused)


@given(facts(kind="campaign", basis="none") | facts(kind="campaign", basis=None) | facts(kind="campaign", basis="x"))
def test_3_no_basis_is_never_allowed(given_facts: SendFacts) -> None:
    assert isinstance(may_send(given_facts), Refused)


@settings(max_examples=200, deadline=None)
@given(facts(kind="campaign", basis="opted_in", campaign_state="running", suppressed=False, stopped=False, epoch=1,
             current_epoch=1, held_by="bot", reviewed=True, consent="given", last_inbound_at=None, attempts=0,
             last_unanswered_at=None, released_before=0, safe_hours=None))  # fmt: skip
def test_4_never_outside_the_hours(given_facts: SendFacts) -> None:
    """In every zone the number may be in, at this moment and until the carrier gives up."""
    answer = may_send(given_facts)
    if isinstance(answer, Allowed):
        assert given_facts.place is not None
        for zone in given_facts.place.zones:
            for moment in (given_facts.now, given_facts.now + timedelta(seconds=answer.validity_s)):
                hour = moment.astimezone(ZoneInfo(zone)).hour
                assert HARD_BOUND[0] <= hour < HARD_BOUND[1]
                assert given_facts.window[0] <= hour < given_facts.window[1]


@given(facts(kind="campaign"))
def test_7_no_follow_up_to_the_silent(given_facts: SendFacts) -> None:
    last = given_facts.last_unanswered_at
    if given_facts.released_before >= LIFETIME or (last is not None and given_facts.now - last < COOLDOWN):
        assert isinstance(may_send(given_facts), Refused)


@given(facts(kind="confirmation"))
def test_8_a_late_confirmation_is_dropped(given_facts: SendFacts) -> None:
    if given_facts.now - given_facts.created_at > CONFIRMATION_AGE:
        assert isinstance(may_send(given_facts), Refused)


@given(facts(stopped=True))
def test_the_kill_switch_holds_back_whatever_nobody_asked_for(given_facts: SendFacts) -> None:
    if given_facts.kind in UNPROMPTED:
        assert not isinstance(may_send(given_facts), Allowed)


def test_9_the_database_refuses_its_author_as_approver(stage: Stage) -> None:
    campaign_id = stage.load("+12105550101,en,opted_in").campaign_id
    for values in ({"approver_id": stage.outreach}, {"state": "approved"}, {"state": "running"}):
        with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
            campaigns.change(tx, campaign_id, **values)


def test_12_a_pause_outlives_a_restart(stage: Stage) -> None:
    """Nothing that is built anew, and no clock, resumes it."""
    campaign_id = stage.run("+12105550101,en,opted_in")
    pause_campaign(stage.database, campaign_id=campaign_id, staff_id=stage.approver)
    for _ in range(3):
        url = stage.database.engine.url.render_as_string(hide_password=False)
        fresh = Database(url, stage.database.keys, stage.clock)
        assert stage.tick(3600) == 0
        assert release_recipients(fresh, replace(stage.services, database=fresh)) == 0
        fresh.engine.dispose()
    assert stage.campaign(campaign_id).state == "paused"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.sampled_from(["mine", "unproven", "colleague", "listed", "gone", "number", ""]),
       who=st.sampled_from(["outreach", "advocate", "stranger"]), key=st.sampled_from(["O1", "O3", "O4", "H0", ""]),
       language=st.sampled_from(["en", "es", "fr"]))  # fmt: skip
def test_14_a_test_text_reaches_ones_own_proven_phone_and_nobody_else(
    trials: Trials, asked: str, who: str, key: str, language: str
) -> None:
    """Whatever is asked for, by whomever: a real contact is on a list, and no test goes there."""
    trials.stage.carrier.sent.clear()
    refused = trials.ask(asked, who, key, language)
    allowed = (asked, who, key) == ("mine", "outreach", "O1") and language in ("en", "es")
    assert (refused is None) is allowed
    assert [text.to for text in trials.stage.carrier.sent] == ([trials.PHONE] if allowed else [])


class Trials:
    """A campaign, a phone of each kind, and whoever asks."""

    PHONE, LISTED = "+12105559999", "+12105550101"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.campaign_id = stage.load(f"{self.LISTED},en,opted_in").campaign_id
        self.staff = {"outreach": stage.outreach, "advocate": stage.advocate, "stranger": "0" * 32}
        self.channels = {
            "mine": self._phone(stage.outreach, self.PHONE), "listed": self._phone(stage.outreach, self.LISTED),
            "unproven": self._phone(stage.outreach, "+12105558888", proven=False),
            "colleague": self._phone(stage.approver, "+12105557777"), "gone": "f" * 32, "number": self.LISTED, "": "",
        }  # fmt: skip

    def ask(self, asked: str, who: str, key: str, language: str) -> object:
        with self.stage.database.transaction() as tx:  # the hourly limit is another test's
            tx.conn.execute(wording_tests.test_texts.delete())
        return send_test(self.stage.database, self.stage.services, campaign_id=self.campaign_id, key=key,
                         language=language, channel_id=self.channels[asked], staff_id=self.staff[who])  # fmt: skip

    def _phone(self, staff_id: str, number: str, *, proven: bool = True) -> str:
        with self.stage.database.transaction() as tx:
            channel_id = pages.add_channel(tx, staff_id, "sms", number)
            mine = pages.alert_channels.c.channel_id == channel_id
            if proven:
                tx.conn.execute(pages.alert_channels.update().where(mine).values(proved_at=tx.now))
        return channel_id


@pytest.fixture
def trials(small_stage: Staged) -> Trials:
    return Trials(small_stage())


def test_every_test_of_the_scorecard_is_there() -> None:
    card = (ROOT / "docs" / "scorecard.md").read_text(encoding="utf-8")
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", card, re.MULTILINE)] == list(range(1, 15))
    for path, name in re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", card):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in source, f"{path} has no {name}"
