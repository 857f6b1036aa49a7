"""What lies at the carrier is emptied: when a text has ended, whatever died meanwhile, and until it is done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import SendError
from bot.store import redactions
from bot.store.messages import messages
from bot.usecases.examine import examine
from bot.usecases.forget import forget
from bot.usecases.receipt import EMPTIED_AFTER
from bot.usecases.redact import INBOUND_AFTER, MOST_ATTEMPTS, redact
from bot.usecases.sweep import sweep
from tests.usecases.line import PERSON, TheLine, the_line
from tests.usecases.test_deliver import message_ids, say
from tests.usecases.test_react import row_of


@pytest.fixture
def line(database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(database, clock)


def delivered(line: TheLine) -> None:
    line.text("hi", sid=line.carrier.receive(PERSON, "hi"))
    line.deliver()
    for message_id in message_ids(line):
        say(line, message_id, "delivered", sid=row_of(line, message_id).provider_sid)


def bodies(line: TheLine) -> list[str]:
    since = line.clock.now() - timedelta(days=9)
    return [m.body for m in (*line.carrier.look_up(to=PERSON, since=since), *line.carrier.inbound_since(since))]


def states(line: TheLine) -> dict[str, int]:
    with line.database.reading() as tx:
        return redactions.counts(tx)


def test_both_directions_are_emptied_once_and_the_row_says_so(line) -> None:
    delivered(line)
    assert redact(line.database, line.services) == 0, "the carrier is still at work on it"
    line.clock.advance(EMPTIED_AFTER)
    assert redact(line.database, line.services) == 1
    line.clock.advance(INBOUND_AFTER)
    assert redact(line.database, line.services) == 1
    assert bodies(line) == ["", ""]
    assert redact(line.database, line.services) == 0
    assert states(line) == {"done": 2}
    with line.database.reading() as tx:
        assert all(row.redacted_at for row in tx.conn.execute(messages.select()))


def test_the_clock_rings_for_it(line) -> None:
    delivered(line)
    line.nudges.rings = 0
    sweep(line.database, line.services)
    assert line.nudges.rings == 0
    line.clock.advance(EMPTIED_AFTER)
    sweep(line.database, line.services)
    assert line.nudges.rings == 1
    redact(line.database, line.services)
    line.clock.advance(INBOUND_AFTER)
    sweep(line.database, line.services)
    assert line.nudges.rings == 2
    redact(line.database, line.services)
    sweep(line.database, line.services)
    assert line.nudges.rings == 2, "it rings for nothing"


def test_a_text_that_waits_goes_first(line) -> None:
    delivered(line)
    line.clock.advance(EMPTIED_AFTER)
    line.text("1")
    assert redact(line.database, line.services) == 0
    line.deliver()
    assert redact(line.database, line.services) == 1


def test_it_is_tried_again_and_given_up_aloud(line, monkeypatch) -> None:
    delivered(line)

    def busy(_sid: str) -> None:
        raise SendError(20009, "later", "Still at work.")

    monkeypatch.setattr(line.carrier, "redact", busy)
    for _ in range(MOST_ATTEMPTS + 2):
        line.clock.advance(timedelta(hours=6))
        redact(line.database, line.services)
    assert states(line) == {"given_up": 2}
    assert [finding.good for finding in examine(line.services) if finding.part == "redaction"] == [False]


def test_a_process_that_died_over_it_leaves_it_due(line, monkeypatch) -> None:
    delivered(line)
    line.clock.advance(EMPTIED_AFTER)
    monkeypatch.setattr(redactions, "done", _killed)
    with pytest.raises(KeyboardInterrupt):
        redact(line.database, line.services)
    monkeypatch.undo()
    assert redact(line.database, line.services) == 0, "it is under the dead one's lease"
    line.clock.advance(timedelta(minutes=1))
    assert redact(line.database, line.services) == 1


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_an_erasure_could_not_empty_is_emptied_later(line, monkeypatch) -> None:
    line.text("hi", sid=line.carrier.receive(PERSON, "hi"))
    line.deliver()

    def busy(_sid: str) -> None:
        raise SendError(20009, "later", "Still at work.")

    monkeypatch.setattr(line.carrier, "redact", busy)
    assert len(forget(line.database, line.services, PERSON).left_at_carrier) == 2
    monkeypatch.undo()
    line.clock.advance(EMPTIED_AFTER)
    assert redact(line.database, line.services) == 2
    assert bodies(line) == ["", ""]


def test_an_account_that_keeps_no_words_needs_none_of_it(database, clock) -> None:
    line = the_line(database, clock, TWILIO_RETENTION="content")
    delivered(line)
    line.clock.advance(timedelta(hours=1))
    assert redact(line.database, line.services) == 0
    assert states(line) == {}
