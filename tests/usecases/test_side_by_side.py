"""Two workers and two clocks over the same rows: as on two machines, each finds the same work, and it is done once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.store import pages
from bot.usecases.deliver import deliver
from bot.usecases.sweep import sweep
from tests.usecases.line import TheLine, the_line

PEOPLE = [f"+121055501{n:02}" for n in range(12)]
ROUNDS = 4


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def test_two_workers_send_each_text_once_and_each_persons_in_their_order(line: TheLine) -> None:
    line.somebody_on_shift()
    for body in ("hi", "yea hes asleep for a min", "tonight"):
        for number in PEOPLE:
            line.text(body, sender=number)
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda _: deliver(line.database, line.services), range(2)))
    assert Counter(text.message_id for text in line.carrier.sent).most_common(1)[0][1] == 1
    for number in PEOPLE:
        written = [one["body"] for one in line.shows(number)["messages"] if one["direction"] == "out"]
        assert [text.body for text in line.carrier.sent if text.to == number] == written


def test_two_clocks_call_and_tell_each_wait_once(line: TheLine) -> None:
    staff_id = line.somebody_on_shift()
    with line.database.transaction() as tx:
        pages.add_channel(tx, staff_id, "sms", "+12105550199")
    for number in PEOPLE[:4]:
        line.text("he hit me", sender=number)
    for number in PEOPLE[4:8]:
        line.text("can i talk to a person", sender=number)
    at_first = {number: len(line.said(number)) for number in PEOPLE[:8]}
    for _ in range(ROUNDS):
        line.clock.advance(timedelta(minutes=6))
        with ThreadPoolExecutor(2) as clocks:
            list(clocks.map(lambda _: sweep(line.database, line.services), range(2)))
    p = pages.pages.c
    with line.database.reading() as tx:
        calls = Counter(map(tuple, tx.conn.execute(select(p.handoff_id, p.channel_id, p.why, p.due_at))))
    assert calls, "nobody was called"
    assert max(calls.values()) == 1
    told = {number: line.shows(number)["messages"] for number in PEOPLE[:8]}
    later = [
        (number, one["key"], one["at"])
        for number, thread in told.items()
        for one in [m for m in thread if m["direction"] == "out"][at_first[number] :]
    ]
    assert later, "nobody was told that it takes longer"
    assert len(later) == len(set(later))
