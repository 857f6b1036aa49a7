"""Several first texts side by side: who gets which, what voids an approval, what stops one, and a test on one's own
phone. Then the one follow-up, and openings of the kind that people may ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import SendError
from bot.store import (
    arrivals,
    campaigns,
    consent,
    directory,
    handoffs,
    openings,
    outcomes,
    pages,
    people,
    staff,
    wording_tests,
)
from bot.store.campaigns import FOLLOW_UP
from bot.usecases.arrive import place_arrivals
from bot.usecases.campaign_pace import decide
from bot.usecases.forget import forget
from bot.usecases.receive import InboundText, receive
from bot.usecases.refusal import Refused
from bot.usecases.send_test import HOURLY, send_test
from bot.usecases.text_once_more import AFTER, text_once_more
from bot.usecases.watch_wording import WAIT_DAYS, compare_wordings
from tests.campaigns.stage import AREA, Stage, Staged

MARIA, LUZ = "+12105550101", "+12105550102"
MANY = [f"+1210555{n:04d}" for n in range(100, 200)]
PHONE = "+12105559999"


def opted_in(*numbers: str, language: str = "en") -> list[str]:
    return [f"{number},{language},opted_in" for number in numbers]


def quick(stage: Stage) -> Stage:
    stage.more_advocates(5)
    stage.count(9)
    return stage


def they_answer(stage: Stage, number: str, *words: str) -> None:
    for word in words:
        stage.clock.advance(timedelta(seconds=20))
        text = InboundText(f"SM{stage.clock.now().timestamp():032.0f}"[:34], number, word, to="+12105550100")
        receive(stage.database, stage.services, text)


# Who gets which


def test_each_wording_is_read_equally_often_in_each_language(stage: Stage) -> None:
    quick(stage).run(*opted_in(*MANY[:9]), *opted_in(*MANY[10:19], language="es"), also=("O3", "O6"))
    stage.minutes(5)
    said: dict[tuple[str, str], int] = {}
    for text in stage.texts():
        said[text["language"], text["key"]] = said.get((text["language"], text["key"]), 0) + 1
    assert len(stage.texts()) == 18
    assert set(said.values()) == {3}
    assert len(said) == 6


def test_one_that_stopped_is_said_to_nobody_any_more_and_a_changed_campaign_begins_anew(small_stage: Staged) -> None:
    stage = quick(small_stage())
    campaign_id = stage.run(*opted_in(*MANY[:30]), also=("O3",))
    with stage.database.transaction() as tx:
        wording_tests.stop(tx, campaign_id, ["O1"], "opt_outs", 5, 9)
    stage.minutes(4)
    assert {text["key"] for text in stage.texts()} == {"O3"}
    assert stage.campaign(campaign_id).state == "running"  # what stopped by itself voids no approval


def test_a_wording_that_does_harm_stops_and_the_other_goes_on(stage: Stage) -> None:
    """Of sixteen, four said stop, all after the same one of two wordings: it stops, and its campaign does not."""
    campaign_id = quick(stage).run(*opted_in(*MANY[:60]), also=("O3",))
    stage.minutes(4)
    first = [text["number"] for text in stage.texts() if text["key"] == "O1"]
    for number in first[:4]:
        stage.they_stop(number)
    stage.minutes(1)
    with stage.database.reading() as tx:
        stopped = wording_tests.stops(tx, campaign_id)
    assert list(stopped) == ["O1"]
    assert stopped["O1"].code == "opt_outs"
    assert stage.campaign(campaign_id).state == "running"
    before = len([text for text in stage.texts() if text["key"] == "O1"])
    stage.clock.advance(timedelta(minutes=31))
    stage.minutes(2)
    assert len([text for text in stage.texts() if text["key"] == "O1"]) == before
    for text in stage.texts():
        if text["key"] == "O3":
            stage.they_stop(text["number"])
    stage.minutes(1)  # now the last one that was said
    assert stage.campaign(campaign_id).state == "paused"


def test_what_people_did_within_three_days_is_counted_in_the_order_in_which_they_were_texted(stage: Stage) -> None:
    campaign_id = quick(stage).run(*opted_in(*MANY[:4]), also=("O3",))
    stage.minutes(2)
    texts = stage.texts()
    assert len(texts) == 4
    began = stage.clock.now() - timedelta(days=1)
    they_answer(stage, texts[0]["number"], "1", "1")
    stage.they_stop(texts[1]["number"])
    stage.clock.advance(timedelta(days=WAIT_DAYS))
    they_answer(stage, texts[2]["number"], "1", "1")  # too late to count
    with stage.database.reading() as tx:
        found = wording_tests.answers(tx, campaign_id, began, tx.now, WAIT_DAYS)
    by_key = {text["number"]: text["key"] for text in texts}
    assert sorted(found) == sorted([
        (by_key[texts[0]["number"]], True, False), (by_key[texts[1]["number"]], False, True),
        (by_key[texts[2]["number"]], False, False), (by_key[texts[3]["number"]], False, False),
    ])  # fmt: skip


def test_the_approver_answers_for_every_wording(small_stage: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of the copy file changes after the approval: whichever of them it is, the campaign is a draft again."""
    stage = quick(small_stage())
    campaign_id = stage.run(*opted_in(MARIA), also=("O3",), follow_up=True)
    said = stage.services.script.wording.render

    def changed(key: str, language: str, fields: Any) -> str:
        return said(key, language, fields) + ("." if key == FOLLOW_UP else "")

    monkeypatch.setattr(type(stage.services.script.wording), "render",
                        lambda _self, key, language, fields: changed(key, language, fields))  # fmt: skip
    assert stage.tick() == 0
    assert stage.campaign(campaign_id).state == "draft"


# A test on one's own phone


def channel(stage: Stage, staff_id: str, number: str = PHONE, *, proven: bool = True) -> str:
    with stage.database.transaction() as tx:
        channel_id = pages.add_channel(tx, staff_id, "sms", number)
        if proven:
            mine = pages.alert_channels.update().where(pages.alert_channels.c.channel_id == channel_id)
            tx.conn.execute(mine.values(proved_at=tx.now))
    return channel_id


def try_it(stage: Stage, campaign_id: str, channel_id: str, **changes: Any) -> Refused | None:
    wanted = {"key": "O1", "language": "es", "staff_id": stage.outreach, **changes}
    return send_test(stage.database, stage.services, campaign_id=campaign_id, channel_id=channel_id, **wanted)


def test_a_test_goes_to_ones_own_proven_phone_and_is_counted(stage: Stage) -> None:
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    assert try_it(stage, campaign_id, channel(stage, stage.outreach)) is None
    sent = stage.carrier.sent
    assert [(one.to, one.body[:20]) for one in sent] == [(PHONE, "Hola, soy Ana de Map")]
    assert stage.texts() == []  # no conversation, no row of the outbox
    with stage.database.reading() as tx:
        assert wording_tests.tests_of(tx, campaign_id) == 1
        assert outcomes.counts(tx, campaign_id)["released"] == 0


def test_a_test_that_the_carrier_refuses_is_no_test(small_stage: Staged) -> None:
    stage = small_stage()

    stage.carrier.fail_next(SendError("30006", "refused", "unreachable"))
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    assert isinstance(try_it(stage, campaign_id, channel(stage, stage.outreach)), Refused)
    with stage.database.reading() as tx:
        assert wording_tests.tests_of(tx, campaign_id) == 0


def test_no_other_number_ever_gets_a_test(small_stage: Staged) -> None:
    stage = small_stage()
    campaign_id = stage.load(*opted_in(MARIA, LUZ)).campaign_id
    mine = channel(stage, stage.outreach)
    refused = [
        try_it(stage, campaign_id, channel(stage, stage.advocate, "+12105558888")),  # a colleague's
        try_it(stage, campaign_id, channel(stage, stage.outreach, "+12105557777", proven=False)),
        try_it(stage, campaign_id, MARIA),
        try_it(stage, campaign_id, ""),
        try_it(stage, campaign_id, channel(stage, stage.outreach, MARIA)),  # on a list, though it is proven
        try_it(stage, campaign_id, mine, key="O3"),  # no text of this campaign
        try_it(stage, campaign_id, mine, language="fr"),
        try_it(stage, "0" * 32, mine),
    ]
    assert all(isinstance(one, Refused) for one in refused)
    assert stage.carrier.sent == []
    for _ in range(HOURLY):
        assert try_it(stage, campaign_id, mine) is None
    assert isinstance(try_it(stage, campaign_id, mine), Refused)
    assert {one.to for one in stage.carrier.sent} == {PHONE}


def test_unsigned_words_are_not_even_tried_where_drafts_may_not_leave(small_stage: Staged) -> None:
    stage = small_stage(ALLOW_UNREVIEWED_TEXTS="0")
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    assert isinstance(try_it(stage, campaign_id, channel(stage, stage.outreach)), Refused)
    assert stage.carrier.sent == []


# The one follow-up


def test_who_answered_and_fell_silent_gets_one_gentle_text_after_a_fortnight(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:4]), follow_up=True)
    stage.minutes(2)
    talked, said_no, silent, stopped = (text["number"] for text in stage.texts())
    they_answer(stage, talked, "1", "1")  # OK to text: then nothing more
    they_answer(stage, said_no, "no")
    stage.they_stop(stopped)
    stage.clock.advance(AFTER - timedelta(hours=1))
    assert text_once_more(stage.database) == 0
    for _ in range(3):  # and never again
        stage.clock.advance(timedelta(hours=2) + timedelta(minutes=11))
        text_once_more(stage.database)
        with stage.database.transaction() as tx:
            tx.conn.execute(campaigns.recipients.update().values(ready_at=tx.now))
        _on_shift(stage)
        stage.minutes(3)
    followed = [text for text in stage.texts() if text["kind"] == "campaign" and text["key"] == FOLLOW_UP]
    assert [text["number"] for text in followed] == [talked]
    assert silent not in {text["number"] for text in followed}
    assert stage.campaign(campaign_id).state == "running"
    stage.clock.advance(timedelta(days=17))
    assert text_once_more(stage.database) == 0
    assert stage.campaign(campaign_id).state == "done"


def _on_shift(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        staff.begin_shift(tx, stage.advocate, tx.now + timedelta(hours=8))
    stage.count(9)


def test_without_it_having_been_approved_nobody_is_followed_up(small_stage: Staged) -> None:
    stage = small_stage()
    stage.run(*opted_in(MARIA))
    stage.minutes(1)
    they_answer(stage, MARIA, "1", "1")
    stage.clock.advance(AFTER + timedelta(days=1))
    assert text_once_more(stage.database) == 0


# Openings of the kind they may ask for


def test_a_bed_keeps_no_promise_to_somebody_who_may_need_a_lawyer(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:4]), area=AREA, needs=("bed", "legal"))
    assert stage.tick() == 0
    with stage.database.reading() as tx:
        held = decide(tx, stage.services, stage.campaign(campaign_id))[0]
    assert (held.code, held.sentence) == (
        "no_openings", "Not sending: no opening for legal help near San Antonio is known to be free now.",
    )  # fmt: skip
    with stage.database.transaction() as tx:
        row = {"program_id": "law", "organization_id": AREA, "code_name": "Law-1", "need": "legal",
               "kind": "outpatient",
               "status": "active", "region": AREA, "zip3": ["782"], "facets": {}, "traits": [], "confidential": True,
               "vetting": "approved"}  # fmt: skip
        tx.conn.execute(directory.programs.insert(), row)
        stock = {"stock_id": "law", "program_id": "law", "unit": "slot", "maximum": 9}
        tx.conn.execute(directory.stocks.insert(), stock)
        openings.observe(tx, stock_id="law", available=2, via="web")
    assert stage.tick() > 0
    with stage.database.reading() as tx:
        now = decide(tx, stage.services, stage.campaign(campaign_id))[0]
    assert "2 openings for legal help near San Antonio" in now.sentence


# Who came, and by which door


def test_a_doors_word_opens_its_own_text_and_is_counted_once(stage: Stage) -> None:
    they_answer(stage, MARIA, "LOCAL", "1", "1")
    they_answer(stage, LUZ, "tarjeta")
    they_answer(stage, "+12105550103", "hi", "1")
    with stage.database.reading() as tx:
        found = outcomes.by_door(tx)
    assert found["poster"] == {"came": 1, "positive": 1, "handed_off": 0, "enrolled": 0, "housed": 0}
    assert found["card"]["came"] == 1
    assert found["card"]["positive"] == 0
    assert (found["direct"]["came"], found["direct"]["positive"]) == (1, 1)
    keys = [(text["number"], text["key"], text["language"]) for text in stage.texts() if text["key"] in ("OP", "OC")]
    assert keys == [(MARIA, "OP", "en"), (LUZ, "OC", "es")]


def test_who_is_erased_stays_a_number_and_nothing_else(stage: Stage) -> None:
    they_answer(stage, MARIA, "LOCAL", "1", "1")
    forget(stage.database, stage.services, MARIA)
    with stage.database.reading() as tx:
        row = tx.conn.execute(arrivals.arrivals.select()).one()
        assert (row.conversation_id, row.recipient_id, row.door) == (None, None, "poster")
        month = stage.clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        assert row.came_at == row.engaged_at == month
        assert outcomes.by_door(tx)["poster"]["positive"] == 1


def test_everything_that_is_counted_is_counted_alike_on_both_databases(stage: Stage) -> None:
    """From texts to a bed: one of three answers, is found a place, arrives; one says that they are somebody else."""
    campaign_id = stage.run(*opted_in(*MANY[:3]))
    stage.minutes(2)
    maria, luz, _ = (text["number"] for text in stage.texts())
    with stage.database.transaction() as tx:
        tx.conn.exec_driver_sql("UPDATE messages SET status = 'delivered' WHERE kind = 'campaign'")
    they_answer(stage, maria, "1", "1", "person")
    they_answer(stage, luz, "wrong number")
    stage.clock.advance(timedelta(minutes=90))
    place_arrivals(stage.database)
    with stage.database.transaction() as tx:
        talk = tx.conn.execute(arrivals.arrivals.select()).one().conversation_id
        hold = {"hold_id": "1" * 32, "short_id": "7KQ", "stock_id": AREA, "conversation_id": talk, "state": "arrived",
                "requested_at": tx.now, "hours": 4, "staff_id": stage.advocate}  # fmt: skip
        tx.conn.execute(directory.holds.insert(), hold)
        directory.add_offers(tx, talk, {"A": (AREA, tx.now)})
        waiting = handoffs.waiting(tx)
        assert handoffs.claim(tx, waiting[0].handoff_id, stage.advocate, tx.now)
    stage.clock.advance(timedelta(hours=2))
    with stage.database.reading() as tx:
        found = outcomes.by_group(tx, [campaign_id])[campaign_id]["en", "O1"]
        assert found == {"sent": 3, "delivered": 3, "reached": 2, "replied": 2, "positive": 1, "screened": 1,
                         "handed_off": 1, "enrolled": 1, "housed": 1, "wrong_people": 1}  # fmt: skip
        assert outcomes.hours_held(tx, campaign_id) == pytest.approx(2)
        assert outcomes.shift_hours(tx, tx.now - timedelta(hours=1)) == pytest.approx(1)
        by_door = outcomes.by_door(tx)["campaign"]
        assert by_door == {"came": 2, "positive": 1, "handed_off": 1, "enrolled": 1, "housed": 1}
        began = stage.clock.now() - timedelta(days=40)
        assert arrivals.engaged_by_month(tx, began) == {("TX", f"{stage.clock.now():%Y-%m}"): 1}
        assert arrivals.engaged_since(tx, began) == 1


def texted_four_days_ago(stage: Stage, people_each: int, yes: dict[str, int], stop: dict[str, int]) -> str:
    """Two wordings, in turn; of each so many said yes, and so many said stop, a little later."""
    campaign_id = stage.run(*opted_in(MARIA), also=("O3",))
    texted_at = stage.clock.now() - timedelta(days=4)
    with stage.database.transaction() as tx:
        for n in range(2 * people_each):
            key, nth = ("O1", "O3")[n % 2], n // 2
            person = people.find_or_add(tx, f"+1512555{n:04d}", "en")
            row = {"recipient_id": f"{n:032x}", "campaign_id": campaign_id, "person_id": person.person_id, "nth": 1,
                   "basis": "opted_in", "language": "en", "state": "released", "variant": key, "step": 0,
                   "released_at": texted_at + timedelta(seconds=n), "silence_ends_at": tx.now + timedelta(days=176)}
            tx.conn.execute(campaigns.recipients.insert(), row)
            came = {"arrival_id": f"{n:032x}", "recipient_id": f"{n:032x}", "door": "campaign", "language": "en",
                    "came_at": texted_at, "engaged_at": texted_at + timedelta(hours=1)}  # fmt: skip
            if nth * yes[key] % people_each < yes[key]:
                tx.conn.execute(arrivals.arrivals.insert(), came)
            if nth * stop[key] % people_each < stop[key]:
                gone = {"phone_key": person.phone_key, "at": texted_at + timedelta(hours=2), "how": "stop"}
                tx.conn.execute(consent.suppressions.insert(), gone)
        launched = campaigns.campaigns.update().where(campaigns.campaigns.c.campaign_id == campaign_id)
        tx.conn.execute(launched.values(launched_at=texted_at))
    return campaign_id


@pytest.mark.parametrize(
    ("yes", "stop", "stopped"),
    [
        ({"O1": 90, "O3": 9}, {"O1": 0, "O3": 0}, {"O3": "better"}),
        ({"O1": 90, "O3": 9}, {"O1": 24, "O3": 0}, {"O1": "worse"}),  # answered more often, and stopped for it
        ({"O1": 30, "O3": 27}, {"O1": 6, "O3": 6}, {}),
    ],
)
def test_wordings_are_compared_for_harm_first(
    small_stage: Staged, yes: dict[str, int], stop: dict[str, int], stopped: dict[str, str]
) -> None:
    stage = small_stage()
    campaign_id = texted_four_days_ago(stage, 300, yes, stop)
    assert compare_wordings(stage.database) == len(stopped)
    assert compare_wordings(stage.database) == 0  # not again for ten minutes
    with stage.database.reading() as tx:
        assert {key: one.code for key, one in wording_tests.stops(tx, campaign_id).items()} == stopped
    assert stage.campaign(campaign_id).state == "running"
