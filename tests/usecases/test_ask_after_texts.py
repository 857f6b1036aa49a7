"""Is a text asked after whose receipt was lost, at the right times, by one of several, and never for ever?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.errors import SendError
from bot.store.db import Database
from bot.store.messages import messages
from bot.store.redactions import redactions
from bot.usecases.ask_after_texts import ASKED_AFTER, GIVEN_UP_AFTER, ask_after_texts
from bot.usecases.receipt import EMPTIED_AFTER, receipt
from tests.usecases.line import TheLine, the_line


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    return the_line(database, clock)


def sent(line: TheLine) -> str:
    """A text the carrier took; its id there."""
    line.text("hi")
    line.deliver()
    with line.database.reading() as tx:
        return str(tx.conn.execute(select(messages.c.provider_sid).where(messages.c.direction == "out")).scalar_one())


def asks(line: TheLine, after: timedelta = timedelta(0)) -> int:
    line.clock.advance(after)
    return ask_after_texts(line.database, line.services)


def emptied(line: TheLine) -> list[str]:
    with line.database.reading() as tx:
        return list(tx.conn.execute(select(redactions.c.provider_sid).where(redactions.c.direction == "out")).scalars())


def test_a_lost_receipt_is_fetched_and_does_all_that_a_receipt_does(line: TheLine) -> None:
    sid = sent(line)
    line.carrier.becomes(sid, "undelivered", "21610")
    assert asks(line, ASKED_AFTER[0] - timedelta(seconds=1)) == 0
    assert asks(line, timedelta(seconds=1)) == 1
    assert line.statuses()[0] == ("C1", "undelivered", "21610")
    assert line.shows()["suppressed"], "the code means STOP, whoever brought it"
    assert emptied(line) == [sid]


def test_what_has_ended_is_not_asked_for(line: TheLine) -> None:
    sid = sent(line)
    with line.database.reading() as tx:
        message_id = tx.conn.execute(select(messages.c.message_id).where(messages.c.direction == "out")).scalar_one()
    receipt(line.database, line.services, message_id=message_id, provider_sid=sid, status="delivered", error_code="")
    line.carrier.list_error = SendError("500", "later", "It would answer this to anybody who asked.")
    assert asks(line, ASKED_AFTER[0]) == 0


def test_a_text_nobody_ever_tells_of_is_asked_for_a_few_times_and_then_emptied(line: TheLine) -> None:
    sid = sent(line)
    line.carrier.becomes(sid, "sent")
    asked = []
    plain = line.carrier.fetch
    line.carrier.fetch = lambda sid: asked.append(line.clock.now()) or plain(sid)  # type: ignore[method-assign]
    began = line.clock.now()
    for _ in range(30 * 12):
        assert asks(line, timedelta(minutes=5)) <= 1
    assert [at - began for at in asked] == list(ASKED_AFTER)
    assert line.statuses()[0][1] == "sent"
    assert emptied(line) == [sid]
    assert EMPTIED_AFTER < GIVEN_UP_AFTER


def test_a_carrier_that_does_not_answer_is_asked_again_later(line: TheLine) -> None:
    sid = sent(line)
    line.carrier.becomes(sid, "delivered")
    line.carrier.list_error = SendError("timeout", "later", "No answer.")
    assert asks(line, ASKED_AFTER[0]) == 0
    line.carrier.list_error = None
    assert asks(line) == 0, "not at once"
    assert asks(line, ASKED_AFTER[1]) == 1
    assert line.statuses()[0][1] == "delivered"
