"""Who is asked, who accepts, who looks away, who is back: the deeds of the desk, and what each is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rules import ladder, routing
from bot.store import canaries, handoff_offers, handoffs, pages, rota, staff
from bot.usecases import answer_offer, be_present, canary, park, prove_channel, second_chair, shift, transfer
from bot.usecases.finish import finish
from bot.usecases.refusal import Refused
from bot.usecases.reply import reply
from tests.conftest import NOON_IN_CHICAGO
from tests.faults.desk import Desk, check
from tests.usecases.line import the_line


@pytest.fixture
def desk(database, clock) -> Desk:  # type: ignore[no-untyped-def]
    return Desk(the_line(database, clock))


def mine(desk: Desk, conversation_id: str, staff_id: str) -> dict[str, object]:
    return {"conversation_id": conversation_id, "staff_id": staff_id, "epoch": desk.epoch(conversation_id)}


def answered(desk: Desk, conversation_id: str, staff_id: str) -> None:
    reply(desk.line.database, desk.line.services, text="I am here", **mine(desk, conversation_id, staff_id))


def test_it_is_offered_to_who_is_here_and_fits_and_a_decline_asks_the_next(desk) -> None:
    ana, luis = desk.here("Ana"), desk.here("Luis")
    away = desk.here("Wim")
    with desk.line.database.transaction() as tx:
        staff.update(tx, luis, languages="es")
    desk.line.clock.advance(timedelta(minutes=6))  # Wim's hands have rested
    desk.moves(ana, luis)
    desk.line.text("person")
    with desk.line.database.reading() as tx:
        (offered,) = handoff_offers.open_to(tx, ana)
        assert handoff_offers.open_to(tx, luis) == handoff_offers.open_to(tx, away) == []
    assert desk.hand_off().state == "offered"
    assert isinstance(answer_offer.decline(desk.line.database, handoff_offer_id=offered.handoff_offer_id, staff_id=luis,
                                           reason="full"), Refused)  # fmt: skip
    assert answer_offer.decline(desk.line.database, handoff_offer_id=offered.handoff_offer_id, staff_id=ana,
                                reason="full") is None  # fmt: skip
    assert desk.hand_off().state == "waiting"
    check(desk)
    desk.line.clock.advance(timedelta(seconds=61))  # what was asked for is only wished for by now
    desk.moves(ana, luis)
    desk.round()
    desk.round(60)
    with desk.line.database.reading() as tx:
        assert handoff_offers.open_to(tx, ana) == [], "who declined is not asked again in this climb"


def test_a_shift_begins_with_an_alert_that_must_be_heard(desk) -> None:
    ana = desk.colleague("Ana", sms=True)
    shift.go_on(desk.line.database, staff_id=ana, until=desk.line.clock.now() + timedelta(hours=4))
    be_present.typed(desk.line.database, staff_id=ana)
    desk.line.text("person")
    assert desk.hand_off().state == "waiting", "nobody is offered to who was not heard"
    desk.round()
    code = next(call.code for call in desk.line.pager.calls if call.kind == "sms")
    number = next(call.address for call in desk.line.pager.calls if call.kind == "sms")
    assert desk.line.text(code, sender=number).value == "provider"
    assert "hand-off" not in desk.line.pager.calls[0].words
    with desk.line.database.reading() as tx:
        assert any(one.proved_at for one in pages.channels_of(tx, [ana]) if one.kind == "sms")


def test_parked_comes_back_at_its_hour_or_when_they_write(desk) -> None:
    ana = desk.here("Ana")
    desk.line.text("person")
    talk = desk.takes(ana).conversation_id
    assert isinstance(park.park(desk.line.database, **mine(desk, talk, ana)), Refused), "they wait for an answer"
    answered(desk, talk, ana)
    at = desk.line.clock.now() + timedelta(hours=2)
    assert park.park(desk.line.database, until=at, **mine(desk, talk, ana)) == at
    desk.round(3600)
    assert desk.hand_off().state == "parked"
    desk.round(3601)
    assert desk.hand_off().state == "owned"
    assert park.park(desk.line.database, next_day=True, **mine(desk, talk, ana)) > desk.line.clock.now()
    desk.line.text("are you there")
    assert (desk.hand_off().state, desk.hand_off().unseen) == ("owned", True)


def test_until_safe_is_closed_by_no_timer_and_not_by_handing_back(desk) -> None:
    ana = desk.here("Ana")
    desk.line.text("person")
    talk = desk.takes(ana).conversation_id
    answered(desk, talk, ana)
    assert park.until_safe(desk.line.database, **mine(desk, talk, ana)) is None
    for _ in range(30):
        desk.round(4 * 3600)
    assert desk.hand_off().state == "until_safe"
    check_open = {"services": desk.line.services, "database": desk.line.database, **mine(desk, talk, ana)}
    assert isinstance(finish(outcome="returned", **check_open), Refused)
    assert finish(outcome="arrived", outcome_at=desk.line.clock.now(), **check_open) is None


def test_who_writes_soon_after_the_end_is_in_the_queue_again_as_urgent_as_before(desk) -> None:
    ana = desk.here("Ana")
    desk.line.text("he hit me")
    taken = desk.takes(ana)
    finish(desk.line.database, desk.line.services, outcome="referred", **mine(desk, taken.conversation_id, ana))
    desk.line.clock.advance(timedelta(hours=3))
    desk.line.text("hello")
    again = desk.hand_off()
    assert (again.tier, again.reason, again.handoff_id != taken.handoff_id) == ("P0", "wrote_again", True)
    check(desk)
    desk.takes(ana, again.handoff_id)
    finish(desk.line.database, desk.line.services, outcome="returned", **mine(desk, again.conversation_id, ana))
    desk.line.clock.advance(timedelta(hours=30))
    desk.line.text("hello again")
    with desk.line.database.reading() as tx:
        assert handoffs.list_open(tx) == []


def test_a_lead_takes_over_and_the_other_is_told_who(desk) -> None:
    ana, lead = desk.here("Ana"), desk.here("Marta", "lead")
    desk.line.text("person")
    taken = desk.takes(ana)
    stale = mine(desk, taken.conversation_id, ana)
    take = {"database": desk.line.database, "services": desk.line.services, "handoff_id": taken.handoff_id,
            "why": "cannot_be_reached"}
    assert isinstance(transfer.take_over(lead_id=ana, **take), Refused)
    assert not isinstance(transfer.take_over(lead_id=lead, **take), Refused)
    refused = transfer.put_back(desk.line.database, desk.line.services, **stale)
    assert isinstance(refused, Refused)
    assert "Marta" in refused.reason
    assert transfer.put_back(desk.line.database, desk.line.services, **mine(desk, taken.conversation_id, lead)) is None
    assert desk.hand_off().is_free
    check(desk)


def test_a_raised_hand_calls_the_leads_and_the_first_who_comes_sits(desk) -> None:
    ana, luis = desk.here("Ana"), desk.here("Luis")
    lead = desk.colleague("Marta", "lead", sms=True)
    desk.line.text("person")
    taken = desk.takes(ana)
    hers = mine(desk, taken.conversation_id, ana)
    for _ in range(2):
        assert second_chair.ask(desk.line.database, desk.line.services, **hers) is None
    assert {who for who, _ in desk.called("second_chair")} == {lead}
    assert second_chair.sit(desk.line.database, handoff_id=taken.handoff_id, staff_id=luis) is None
    assert isinstance(second_chair.sit(desk.line.database, handoff_id=taken.handoff_id, staff_id=lead), Refused)
    assert second_chair.leave(desk.line.database, handoff_id=taken.handoff_id, staff_id=ana) is None


def test_the_canary_leaves_the_time_of_each_step(desk) -> None:
    lead = desk.colleague("Marta", "lead", sms=True)
    canary.begin(desk.line.database, desk.line.services)
    canary.follow(desk.line.database, desk.line.services)
    desk.round()
    canary.follow(desk.line.database, desk.line.services)
    desk.line.clock.advance(timedelta(seconds=41))
    desk.hears(lead)
    canary.follow(desk.line.database, desk.line.services)
    with desk.line.database.reading() as tx:
        last = canaries.latest(tx)
        assert handoffs.list_open(tx) == [], "it waits in nobody's way"
    assert last is not None
    assert None not in (last.flagged_at, last.called_at, last.heard_at)
    assert last.heard_at - last.began_at == timedelta(seconds=41)
    canary.begin(desk.line.database, desk.line.services)
    for _ in range(2):
        desk.line.clock.advance(timedelta(minutes=10))
        canary.follow(desk.line.database, desk.line.services)
    with desk.line.database.reading() as tx:
        last = canaries.latest(tx)
    assert last is not None
    assert last.failed_at


def test_a_shift_on_leave_or_on_a_holiday_does_not_count_and_who_came_by_hand_does(desk) -> None:
    ana, luis = desk.colleague("Ana"), desk.colleague("Luis")
    now = desk.line.clock.now()
    with desk.line.database.transaction() as tx:
        for who in (ana, luis):
            staff.plan_shift(tx, who, now - timedelta(hours=1), now + timedelta(hours=1))
            staff.plan_shift(tx, who, now + timedelta(hours=5), now + timedelta(hours=6))  # a split day
        assert len(staff.on_shift(tx, now)) == 2
        from_then = staff.next_shift_start(tx, now)
        rota.add_absence(tx, ana, now - timedelta(hours=2), now + timedelta(hours=2))
        assert [one.staff_id for one in staff.on_shift(tx, now)] == [luis]
        rota.add_absence(tx, None, now - timedelta(hours=2), now + timedelta(hours=2))
        assert staff.on_shift(tx, now) == []
        staff.begin_shift(tx, luis, now + timedelta(hours=2))
        assert [one.staff_id for one in staff.on_shift(tx, now)] == [luis]
    assert from_then == now + timedelta(hours=5)


@pytest.mark.parametrize(("kind", "address"), [("sms", "12"), ("email", "ana"), ("webhook", "http://example.org/x")])
def test_an_address_that_calls_nobody_is_refused(desk, kind, address) -> None:
    ana = desk.colleague("Ana")
    added = prove_channel.add(desk.line.database, staff_id=ana, kind=kind, address=address, region="US")
    assert isinstance(added, Refused)


def test_a_p0_takes_two_places_and_goes_to_who_holds_least() -> None:
    now = NOON_IN_CHICAGO
    declined = routing.Advocate("c", 0, 2, passed=frozenset("h"))
    team = [routing.Advocate("a", 1, 2), routing.Advocate("b", 0, 2), declined]
    best = routing.best_for(routing.Waits("h", "P0", now), team, now, ladder.DEFAULT)
    assert [one.staff_id for one in best] == ["b"]
