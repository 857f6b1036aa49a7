"""A planned shift begins by itself: does every way of its advocate ring, once, and on no holiday?"""

from __future__ import annotations

from datetime import timedelta

from bot.adapters.clock import FakeClock
from bot.store import handoff_offers, pages, promises, rota, staff
from bot.store.db import Database
from tests.faults.desk import Desk
from tests.usecases.line import the_line


def test_every_way_rings_once_and_whoever_answers_is_given_people(database: Database, clock: FakeClock) -> None:
    desk = Desk(the_line(database, clock))
    ana, luis, rosa = desk.colleague("Ana", sms=True), desk.colleague("Luis"), desk.colleague("Rosa")
    with database.transaction() as tx:
        for who in (ana, luis):
            staff.plan_shift(tx, who, tx.now + timedelta(hours=1), tx.now + timedelta(hours=5))
        staff.plan_shift(tx, rosa, tx.now + timedelta(hours=6), tx.now + timedelta(hours=9))
        rota.add_absence(tx, luis, tx.now, tx.now + timedelta(days=1))
    desk.sweep()
    assert desk.called() == [], "it has not begun"
    clock.advance(timedelta(hours=1))
    for _ in range(3):
        desk.sweep()
    assert [who for who, _ in desk.called("proof")] == [ana] * 3, "the desk, a text and a mail, once each"
    with database.reading() as tx:
        assert {one.kind for one in pages.channels_of(tx, [ana])} == {"desk", "sms", "email"}
    desk.round()
    desk.hears(ana)
    desk.moves(ana)
    desk.line.text("person")
    desk.round()
    with database.reading() as tx:
        assert len(handoff_offers.open_to(tx, ana)) == 1


def test_what_was_promised_for_when_somebody_is_on_gets_its_hour(sqlite_database: Database, clock: FakeClock) -> None:
    desk = Desk(the_line(sqlite_database, clock))
    ana = desk.colleague("Ana")
    desk.line.text("person")
    with sqlite_database.transaction() as tx:
        standing = promises.due(tx, tx.now + timedelta(days=2))
        assert standing
        assert all(one.soon for one in standing)
        staff.plan_shift(tx, ana, tx.now + timedelta(minutes=1), tx.now + timedelta(hours=5))
    clock.advance(timedelta(minutes=2))
    desk.sweep()
    with sqlite_database.reading() as tx:
        (promise,) = promises.due(tx, tx.now + timedelta(minutes=16))
    assert promise.due_at <= clock.now() + timedelta(minutes=15)
