"""From launch to the outbox: who is texted, when, and who never is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import exc

from bot.rules.may_send import RECHECK
from bot.store import campaigns, conversations, enlist, people, staff
from bot.store.db import Tx
from bot.usecases.claim_texts import claim_texts
from bot.usecases.launch_campaign import Launched, pause_campaign, stop_all
from bot.usecases.refusal import Refused
from bot.usecases.release_recipients import release_recipients
from bot.usecases.watch_harm import watch_harm
from flows.actions import Say
from flows.conversation import Holder
from flows.engine import step
from flows.events import MessageReceived
from tests.campaigns.stage import AREA, Stage, Staged

MARIA, LUZ, KIM, DAN = (f"+1210555010{n}" for n in range(1, 5))
HONOLULU = "+18085550101"
MANY = [f"+1210555{n:04d}" for n in range(100, 200)]


def opted_in(*numbers: str, language: str = "en") -> list[str]:
    return [f"{number},{language},opted_in" for number in numbers]


# The text itself


def test_the_text_is_the_one_approved_in_the_language_of_the_row(stage: Stage) -> None:
    stage.run(f"{MARIA},en,opted_in", f"{LUZ},es,inbound_first", key="O2", sender="Olga", area=AREA)
    assert stage.tick() == 2
    by_number = {text["number"]: text for text in stage.texts()}
    maria, luz = by_number[MARIA], by_number[LUZ]
    assert maria["body"] == (
        "Hi, it's Olga at Maple Help Desk. Free clinic visits and other help near San Antonio area. No ID needed. "
        "Want info? Reply 1. STOP ends texts."
    )
    assert luz["body"].startswith("Hola, soy Olga de Maple Help Desk. Cerca de San Antonio hay")
    assert {text["kind"] for text in (maria, luz)} == {"campaign"}
    assert (maria["key"], maria["language"], luz["language"]) == ("O2", "en", "es")
    assert maria["state"] == "invited"
    assert luz["due_at"] == stage.clock.now()


def test_one_text_a_person_however_often_the_clock_asks(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(MARIA))
    for _ in range(5):
        stage.minutes(1)
    assert len(stage.texts()) == 1
    assert stage.campaign(campaign_id).state == "done"
    assert stage.tick() == 0


def test_who_chose_a_code_word_before_is_asked_for_it_when_a_campaign_begins(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        person = people.find_or_add(tx, MARIA, "en")
        people.set_code_word(tx, person.person_id, "bluebird")
        people.set_duress_word(tx, person.person_id, "sparrow")
    stage.run(*opted_in(MARIA, LUZ))
    assert stage.tick() == 2
    with stage.database.transaction() as tx:
        answers = {}
        for number in (MARIA, LUZ):
            conversation_id = conversations.open_of(tx, people.find_or_add(tx, number, "en").person_id)
            stored = conversations.load(tx, conversation_id or "")
            assert stored is not None
            answers[number] = dict(stored.conversation.answers)
            said = step(stored.conversation, MessageReceived("1"), stage.services.script).actions
            assert [one.key for one in said if isinstance(one, Say)] == ["S3" if number == MARIA else "C1"]
    assert answers == {MARIA: {"code_word": "bluebird", "duress_word": "sparrow"}, LUZ: {}}


def newcomer(tx: Tx, number: str, basis: str) -> enlist.NewRecipient:
    return enlist.NewRecipient(2, number, tx.keys.index("phone", number), "en", basis, {})


def test_the_same_person_twice_in_one_campaign_is_refused_by_the_database(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(MARIA))
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
        enlist.add_recipients(tx, campaign_id, [newcomer(tx, MARIA, "opted_in")])


def test_a_fourth_text_in_a_lifetime_is_refused_by_the_database(stage: Stage) -> None:
    stage.run(*opted_in(MARIA))
    with stage.database.transaction() as tx:
        recipient = campaigns.unplanned(tx, campaigns.running_ids(tx)[0], 1)[0]
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
        campaigns.mark_released(tx, recipient.recipient_id, nth=4)


def test_a_second_text_into_180_days_of_silence_is_refused_by_the_database(stage: Stage) -> None:
    """R-M4, whatever the gate was asked: an answer ends the silence, or the days do."""
    first, *later = (stage.load(*opted_in(MARIA)).campaign_id for _ in range(3))
    with stage.database.transaction() as tx:
        ids = [campaigns.unplanned(tx, one, 1)[0].recipient_id for one in (first, *later)]
        campaigns.mark_released(tx, ids[0], nth=1)
    stage.clock.advance(timedelta(days=179))
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
        campaigns.mark_released(tx, ids[1], nth=2)
    stage.clock.advance(timedelta(days=1))
    with stage.database.transaction() as tx:
        campaigns.mark_released(tx, ids[1], nth=2)
    stage.they_write(MARIA)
    stage.clock.advance(timedelta(days=1))
    with stage.database.transaction() as tx:
        campaigns.mark_released(tx, ids[2], nth=3)
    table = campaigns.recipients
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:  # a silence cannot be ended by hand
        tx.conn.execute(table.update().where(table.c.recipient_id == ids[2]).values(silence_over_at=tx.now))


def test_a_basis_that_is_none_is_refused_by_the_database(stage: Stage) -> None:
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
        enlist.add_recipients(tx, campaign_id, [newcomer(tx, LUZ, "none")])


# Two people


def test_the_author_cannot_approve_and_nobody_can_launch_before(stage: Stage) -> None:
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    assert stage.launch(campaign_id) == Refused("A second person must approve it first.")
    assert stage.approve(campaign_id, stage.outreach) == Refused("A second person must approve it: you made it.")
    no_approver = Refused("Only an approver, a lead or an admin may approve a campaign.")
    assert stage.approve(campaign_id, stage.advocate) == no_approver
    assert stage.approve(campaign_id, "f" * 32) == no_approver
    assert stage.tick() == 0
    assert stage.approve(campaign_id, stage.approver) is None
    assert stage.approve(campaign_id, stage.approver) == Refused("It has been approved already.")
    assert stage.tick() == 0
    assert stage.texts() == []


@pytest.mark.parametrize("change", [{"approver": "author"}, {"approver": None}])
def test_the_database_knows_the_rule_of_two_as_well(stage: Stage, change: dict[str, str | None]) -> None:
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    approver_id = stage.outreach if change["approver"] == "author" else None
    with pytest.raises(exc.IntegrityError), stage.database.transaction() as tx:
        campaigns.change(tx, campaign_id, state="running", approver_id=approver_id)


def test_a_list_without_anybody_is_not_approved(small_stage: Staged) -> None:
    stage = small_stage()
    campaign_id = stage.load(f"{MARIA},en,none").campaign_id
    refused = stage.approve(campaign_id, stage.approver)
    assert refused == Refused("Nobody on this list can be texted, so there is nothing to approve.")


def test_drafts_of_texts_are_not_approved_where_only_reviewed_ones_may_leave(small_stage: Staged) -> None:
    stage = small_stage(ALLOW_UNREVIEWED_TEXTS="0")
    campaign_id = stage.load(*opted_in(MARIA)).campaign_id
    refused = stage.approve(campaign_id, stage.approver)
    assert refused == Refused("These words are not signed off in every language of the list.")


def test_what_is_not_there_is_refused(small_stage: Staged) -> None:
    stage = small_stage()
    nobody = Refused("There is no such campaign.")
    assert stage.approve("0" * 32, stage.approver) == nobody
    assert stage.launch("0" * 32) == nobody
    assert pause_campaign(stage.database, campaign_id="0" * 32, staff_id=stage.outreach) == nobody


# Pace


def test_four_a_minute_over_all_campaigns(stage: Stage) -> None:
    stage.more_advocates()
    stage.run(*opted_in(*MANY[:10]))
    stage.run(*opted_in(*MANY[10:20]))
    assert stage.tick() == 4
    stage.sent()
    assert [stage.tick() for _ in range(58)] == [0] * 58
    assert stage.tick(2) == 4


def test_one_campaign_gets_what_another_left_of_the_minute(stage: Stage) -> None:
    stage.more_advocates()
    stage.run(*opted_in(*MANY[:3]))
    stage.run(*opted_in(*MANY[10:20]))
    assert stage.tick() == 4
    assert len(stage.texts()) == 4


def test_what_has_not_left_for_the_carrier_holds_back_more(stage: Stage) -> None:
    stage.more_advocates()
    stage.run(*opted_in(*MANY[:10]))
    assert stage.tick() == 4
    assert stage.tick(61) == 0
    stage.sent()
    assert stage.tick() == 4


def test_the_first_twenty_then_a_rest(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:40]))
    stage.minutes(10)
    assert stage.counts(campaign_id)["released"] == 20
    stage.minutes(24)
    assert stage.counts(campaign_id)["released"] == 20
    stage.count(3)
    stage.minutes(6)
    assert stage.counts(campaign_id)["released"] > 20


def stop_everything(stage: Stage, on: bool = True) -> None:
    stop_all(stage.database, on=on, staff_id=stage.approver)


GATES = {
    "Not sending: 1 person waits for an advocate already.": (lambda s: s.they_wait(KIM), lambda s: s.they_are_helped()),
    "Not sending: no opening near San Antonio is known to be free now.": (lambda s: s.count(0), lambda s: s.count(1)),
    "Not sending: no advocate is on shift to answer the replies.": (lambda s: end_shift(s), lambda s: begin_shift(s)),
    "Not sending: all campaigns are stopped.": (stop_everything, lambda s: stop_everything(s, on=False)),
}


@pytest.mark.parametrize("sentence", list(GATES))
def test_a_shut_gate_holds_it_at_zero_and_says_so(stage: Stage, sentence: str) -> None:
    shut, open_again = GATES[sentence]
    campaign_id = stage.load(*opted_in(MARIA), area=AREA).campaign_id
    stage.approve(campaign_id, stage.approver)
    stage.tick()
    shut(stage)
    launched = stage.launch(campaign_id)  # launching is not refused: the governor holds it
    assert isinstance(launched, Launched)
    assert launched.pace.sentence == sentence
    assert stage.tick() == 0
    open_again(stage)
    assert stage.tick() == 1


def test_openings_elsewhere_do_not_count_nor_do_old_ones(stage: Stage) -> None:
    stage.open_bed(5, region="Dallas area")
    stage.count(0)
    stage.run(*opted_in(MARIA), area=AREA)
    assert stage.tick() == 0
    stage.count(3)
    with stage.database.transaction() as tx:
        staff.begin_shift(tx, stage.advocate, tx.now + timedelta(days=30))
    stage.clock.advance(timedelta(days=14))
    assert stage.tick() == 0
    stage.count(3)
    assert stage.tick() == 1


def test_a_clock_that_stopped_releases_nothing(stage: Stage) -> None:
    stage.run(*opted_in(MARIA))
    assert release_recipients(stage.database, stage.services) == 0  # no heartbeat yet: fail closed
    stage.tick()
    assert len(stage.texts()) == 1


def test_the_rest_of_the_sweep_cannot_be_late(stage: Stage) -> None:
    stage.run(*opted_in(MARIA))
    stage.clock_lives()
    watch_harm(stage.database)
    stage.clock.advance(timedelta(seconds=31))
    assert release_recipients(stage.database, stage.services) == 0


# Hours


def test_a_number_waits_for_its_own_morning(stage: Stage) -> None:
    stage.clock.set(datetime(2026, 6, 15, 17, 0, tzinfo=UTC))  # noon in San Antonio, 7 in the morning in Honolulu
    campaign_id = stage.run(*opted_in(MARIA, HONOLULU))
    assert stage.tick() == 1
    assert [text["number"] for text in stage.texts()] == [MARIA]
    assert stage.campaign(campaign_id).state == "running"
    stage.sent()
    stage.clock.set(datetime(2026, 6, 15, 19, 59, 58, tzinfo=UTC))
    assert stage.tick() == 0
    assert stage.tick() == 1
    assert stage.texts()[-1]["number"] == HONOLULU


def test_who_was_ready_too_late_in_the_day_waits_for_the_next(stage: Stage) -> None:
    begin_shift(stage, hours=48)
    stage.count(0)
    stage.run(*opted_in(MARIA), area=AREA)
    stage.tick()
    stage.clock.set(datetime(2026, 6, 16, 3, 0, tzinfo=UTC))  # ten in the evening
    stage.count(3)
    assert stage.tick() == 0
    stage.clock.set(datetime(2026, 6, 16, 15, 0, tzinfo=UTC))
    stage.count(3)
    assert stage.tick() == 1


# People


def test_stop_before_their_turn(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(MARIA, LUZ))
    stage.they_stop(MARIA)
    assert stage.tick() == 1
    assert stage.refusals(campaign_id) == {"suppressed": 1}


def test_who_is_talking_with_us_is_not_spoken_to_by_a_campaign(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(MARIA, LUZ))
    stage.they_write(MARIA)
    conversation_id = stage.they_write(LUZ)
    with stage.database.transaction() as tx:
        table = conversations.conversations
        held = {"held_by": Holder.ADVOCATE.value, "last_inbound_at": tx.now - timedelta(days=60)}
        tx.conn.execute(table.update().where(table.c.conversation_id == conversation_id).values(**held))
    assert stage.tick() == 0
    assert stage.refusals(campaign_id) == {"in_conversation": 2}


def test_someone_on_two_lists_gets_one_text(stage: Stage) -> None:
    first, second = (stage.load(*opted_in(MARIA)).campaign_id for _ in range(2))
    for campaign_id in (first, second):
        stage.approve(campaign_id, stage.approver)
        stage.launch(campaign_id)
    assert stage.load(*opted_in(MARIA)).report["duplicates"] == 1  # who waits already is not put on a third
    assert stage.tick() == 1
    assert stage.refusals(second) == {"cooldown": 1}
    assert len(stage.texts()) == 1


def test_who_wants_texts_only_after_they_write_gets_none(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(MARIA))
    set_safe_hours(stage, MARIA, "")
    assert stage.tick() == 0
    assert stage.refusals(campaign_id) == {"only_after_they_write": 1}


def test_the_area_they_named_counts_beside_their_number(stage: Stage) -> None:
    """A San Antonio number whose owner wrote from Honolulu: 7 in the morning there is no time for a text."""
    conversation_id = stage.they_write(MARIA)
    with stage.database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        assert stored is not None
        mind = replace(stored.conversation, answers={"area": {"zip3": "968"}})
        sealed = conversations.seal_mind(tx, conversation_id, mind)
        tx.conn.execute(conversations.conversations.update().values(mind=sealed, closed_at=tx.now))
    stage.run(f"{MARIA},en,opted_in", f"{LUZ},en,opted_in")
    assert stage.tick() == 1
    assert [text["number"] for text in stage.texts()] == [LUZ]
    stage.sent()
    stage.clock.set(datetime(2026, 6, 15, 20, 0, tzinfo=UTC))  # 10 in Honolulu
    assert stage.minutes(2) == 1
    assert [text["number"] for text in stage.texts()] == [LUZ, MARIA]


def test_the_hours_a_person_chose_are_waited_for(stage: Stage) -> None:
    stage.run(*opted_in(MARIA))
    set_safe_hours(stage, MARIA, "night")
    begin_shift(stage, hours=20)
    assert stage.tick() == 0
    stage.clock.set(datetime(2026, 6, 15, 23, 0, tzinfo=UTC))  # 18:00 in San Antonio
    stage.count(3)
    assert stage.tick() == 1


# Pause


def test_a_pause_stays_a_pause(stage: Stage) -> None:
    campaign_id = stage.run(*opted_in(*MANY[:10]))
    stage.minutes(1)
    assert pause_campaign(stage.database, campaign_id=campaign_id, staff_id=stage.outreach) is None
    stage.database.engine.dispose()  # a deploy
    assert stage.minutes(5) == 0
    assert stage.campaign(campaign_id).state == "paused"
    again = pause_campaign(stage.database, campaign_id=campaign_id, staff_id=stage.outreach)
    assert again == Refused("It is paused already.")
    assert isinstance(stage.launch(campaign_id), Launched)
    assert stage.minutes(1) == 2


def test_a_crash_between_two_releases_loses_and_doubles_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.more_advocates()
    stage.run(*opted_in(*MANY[:6]))
    marked = campaigns.mark_released
    calls: list[str] = []

    def dies_at_the_third(tx, recipient_id, nth, **more) -> None:  # type: ignore[no-untyped-def]
        calls.append(recipient_id)
        if len(calls) == 3:
            raise RuntimeError("the machine stopped here")
        marked(tx, recipient_id, nth, **more)

    monkeypatch.setattr(campaigns, "mark_released", dies_at_the_third)
    with pytest.raises(RuntimeError):
        stage.tick()
    assert len(stage.texts()) == 2
    stage.minutes(3)
    numbers = [text["number"] for text in stage.texts()]
    assert len(numbers) == 6
    assert len(set(numbers)) == 6


def test_each_release_rings_the_bell_after_its_commit(stage: Stage) -> None:
    stage.run(*opted_in(MARIA, LUZ))
    before = stage.services.nudges.rings  # type: ignore[attr-defined]
    stage.tick()
    assert stage.services.nudges.rings - before == 2  # type: ignore[attr-defined]


def begin_shift(stage: Stage, hours: int = 8) -> None:
    with stage.database.transaction() as tx:
        staff.begin_shift(tx, stage.advocate, tx.now + timedelta(hours=hours))


def end_shift(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        staff.end_shift(tx, stage.advocate)


def set_safe_hours(stage: Stage, number: str, windows: str) -> None:
    with stage.database.transaction() as tx:
        person = people.find(tx, number)
        assert person is not None
        people.set_safe_hours(tx, person.person_id, windows)


def test_two_clocks_do_not_give_the_same_place_away_twice(stage: Stage) -> None:
    stage.more_advocates()
    stage.run(*opted_in(*MANY[:10]))
    stage.clock_lives()
    watch_harm(stage.database)
    with ThreadPoolExecutor(4) as clocks:
        released = list(clocks.map(lambda _: release_recipients(stage.database, stage.services), range(4)))
    assert sum(released) == 4
    numbers = [text["number"] for text in stage.texts()]
    assert len(numbers) == len(set(numbers)) == 4


@pytest.mark.parametrize("how", ["pause", "stop all"])
def test_what_is_queued_is_asked_about_again_at_the_moment_it_leaves(stage: Stage, how: str) -> None:
    """Stopped between its release and its sending: it waits; and it leaves when a person lets it go on."""
    campaign_id = stage.run(*opted_in(MARIA, LUZ))
    assert stage.tick() == 2
    if how == "pause":
        assert pause_campaign(stage.database, campaign_id=campaign_id, staff_id=stage.outreach) is None
    else:
        stop_all(stage.database, on=True, staff_id=stage.outreach)
    assert _claimed(stage) == 0
    assert {text["status"] for text in stage.texts()} == {"queued"}
    if how == "pause":
        assert isinstance(stage.launch(campaign_id), Launched)
    else:
        stop_all(stage.database, on=False, staff_id=stage.approver)
    stage.clock.advance(RECHECK)
    assert _claimed(stage) == 2


def _claimed(stage: Stage) -> int:
    with stage.database.transaction() as tx:
        return len(claim_texts(tx, stage.services, (9, 9, 9), timedelta(minutes=1)))
