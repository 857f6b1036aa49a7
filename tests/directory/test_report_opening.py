"""What happens when a provider texts a count? The provider's text, what is read back, and what is open then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.adapters.clock import FakeClock
from bot.store import candidates, openings
from bot.store.db import Database
from bot.usecases.receive import Outcome
from bot.usecases.refusal import Refused
from bot.usecases.report_opening import Recorded, record_count
from bot.usecases.seed import add_demo_directory
from bot.usecases.show_conversation import show_conversation
from tests.usecases.line import PERSON, TheLine, the_line

CEDAR = "+12105550121"  # Cedar-1: rooms, 7 at most, 2 open; English
BIRCH = "+12105550122"  # Birch-1: beds, 40 at most, 9 open; Spanish
QUAIL = "+12145550122"  # Quail-3: beds for women (5 open) and for men (3 open)


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    clock.advance(timedelta(minutes=1))
    return the_line(database, clock)


def says(line: TheLine, number: str, text: str) -> str:
    """What is read back for a provider's text."""
    known = show_conversation(line.database, number)
    before = len(known["messages"]) if known else 0
    line.clock.advance(timedelta(seconds=1))
    assert line.text(text, sender=number) is Outcome.PROVIDER
    heard, said = line.shows(number)["messages"][before:]
    assert (heard["direction"], said["direction"]) == ("in", "out")
    return said["body"]


def room(line: TheLine, program_id: str) -> dict[str, int]:
    """What is open of a program, by unit, holds taken off."""
    with line.database.reading() as tx:
        found = [o for o in candidates.every(tx) if o.program_id == program_id]
    return {o.stock_id.removeprefix(f"{program_id}-"): o.available for o in found}


def test_a_provider_reports_in_english(line: TheLine) -> None:
    assert says(line, CEDAR, "3 beds") == (
        "Got it: Cedar-1 has 3 open at 12:01 pm. Good for 84 hr. If wrong, reply UNDO"
    )  # fmt: skip
    assert room(line, "demo-cedar-1") == {"room": 3}
    assert "has 3 open" in says(line, CEDAR, "SAME")
    assert "has 0 open" in says(line, CEDAR, "full until fri")
    assert room(line, "demo-cedar-1") == {"room": 0}
    assert says(line, CEDAR, "undo") == "Undone: Cedar-1 is back to 3 open"
    assert room(line, "demo-cedar-1") == {"room": 3}


def test_a_provider_reports_in_spanish(line: TheLine) -> None:
    assert says(line, BIRCH, "quedan 4 camas").startswith("Listo: Birch-1 tiene 4 libres a las 12:01 pm.")
    assert "tiene 4 libres" in says(line, BIRCH, "igual")
    assert "tiene 0 libres" in says(line, BIRCH, "LLENO")
    assert "tiene 0 libres" in says(line, BIRCH, "lista de espera")


def test_split_counts_go_to_their_stocks(line: TheLine) -> None:
    assert "Quail-3 has 3 open" in says(line, QUAIL, "have 2 f 1 m")
    assert room(line, "demo-quail-3") == {"women_bed": 2, "men_bed": 1}
    assert says(line, QUAIL, "4").startswith("I didn't get that")  # of which?
    assert "has 0 open" in says(line, QUAIL, "full")
    assert room(line, "demo-quail-3") == {"women_bed": 0, "men_bed": 0}
    says(line, QUAIL, "undo")
    assert room(line, "demo-quail-3") == {"women_bed": 2, "men_bed": 1}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("12", "That is more than Cedar-1 has: 7 at most."),
        ("9999", "That is more than Cedar-1 has: 7 at most."),
        ("-1", "I didn't get that"),
        ("2-3", "I didn't get that"),
        ("see you at the meeting", "I didn't get that"),
        ("2 f 1 m", "I didn't get that"),
        ("had 3 but maria g took 1", "Please leave out names; we don't keep them. Is 2 open right for Cedar-1?"),
        ("Y 9ZZ", "I didn't get that"),
    ],
)
def test_what_is_not_certain_is_asked_back_and_not_stored(line: TheLine, text: str, answer: str) -> None:
    assert says(line, CEDAR, text).startswith(answer)
    assert room(line, "demo-cedar-1") == {"room": 2}


def test_a_count_with_a_name_is_kept_once_it_is_confirmed(line: TheLine) -> None:
    says(line, CEDAR, "had 3 but maria g took 1")
    assert line.shows(CEDAR)["messages"][0]["body"] == "had 3 but … … took 1"
    assert "has 2 open" in says(line, CEDAR, "2")


def test_off_pauses_and_a_number_or_undo_brings_it_back(line: TheLine) -> None:
    assert says(line, CEDAR, "OFF").startswith("Got it: Cedar-1 is paused, and we send no one. To turn it on again")
    assert says(line, BIRCH, "pausa").startswith("Listo: Birch-1 queda en pausa")
    assert room(line, "demo-cedar-1") == {}
    says(line, CEDAR, "undo")
    assert room(line, "demo-cedar-1") == {"room": 2}
    says(line, CEDAR, "off")
    says(line, CEDAR, "1")
    assert room(line, "demo-cedar-1") == {"room": 1}


def test_every_count_is_appended(line: TheLine) -> None:
    for text in ("3", "4", "full", "undo"):
        says(line, CEDAR, text)
    o = openings.observations.c
    with line.database.reading() as tx:
        query = select(o.available, o.undone).where(o.stock_id == "demo-cedar-1-room").order_by(o.received_at)
        assert [tuple(row) for row in tx.conn.execute(query)] == [(2, False), (3, False), (4, False), (0, True)]


def test_full_with_a_list_is_kept_as_such(line: TheLine) -> None:
    for text, waitlist in (("wait", True), ("full", False)):
        says(line, CEDAR, text)
        with line.database.reading() as tx:
            known = openings.state(tx, "demo-cedar-1-room")
        assert known is not None
        assert (known.available, known.waitlist) == (0, waitlist)


def test_what_each_count_proves_is_learned_and_undo_unlearns_it(line: TheLine) -> None:
    def checks() -> tuple[int, int]:
        with line.database.reading() as tx:
            known = openings.state(tx, "demo-cedar-1-room")
        assert known is not None
        return known.belief.checks, known.belief.proved

    line.clock.advance(timedelta(hours=20))
    says(line, CEDAR, "1")
    assert checks() == (1, 1)
    line.clock.advance(timedelta(hours=20))
    says(line, CEDAR, "full")
    assert checks() == (2, 1)
    says(line, CEDAR, "undo")
    assert checks() == (1, 1)
    record_count(line.database, program="Cedar-1", available=0, at=line.clock.now() - timedelta(hours=30))
    assert checks() == (2, 0), "a late report takes its place in what is learned: true turns into two that were not"
    assert room(line, "demo-cedar-1") == {"room": 1}


def test_the_same_webhook_twice_counts_once(line: TheLine) -> None:
    assert line.text("3", sender=CEDAR, sid="SM" + "7" * 32) is Outcome.PROVIDER
    assert line.text("3", sender=CEDAR, sid="SM" + "7" * 32) is Outcome.DUPLICATE
    with line.database.reading() as tx:
        o = openings.observations.c
        query = select(func.count()).where(o.stock_id == "demo-cedar-1-room", o.via == "sms")
        assert tx.conn.execute(query).scalar() == 1


def test_a_stranger_counts_nothing(line: TheLine) -> None:
    assert line.text("3", sender=PERSON) is not Outcome.PROVIDER
    assert room(line, "demo-cedar-1") == {"room": 2}


@pytest.mark.parametrize("text", ["STOP", "i want to kill myself", "he has a gun", "I need to talk to a person"])
def test_a_provider_is_a_person_too(line: TheLine, text: str) -> None:
    assert line.text(text, sender=CEDAR) is not Outcome.PROVIDER
    assert room(line, "demo-cedar-1") == {"room": 2}


# --- By telephone -----------------------------------------------------------------------------------------------------

YESTERDAY = datetime(2026, 6, 14, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"program": "nowhere", "available": 1}, "There is no such program."),
        ({"program": "Cedar-1", "available": 8}, "This program has 7 at most."),
        ({"program": "Quail-3", "available": 1}, "Say which unit is meant: men_bed, women_bed."),
        ({"program": "Cedar-1", "available": 1, "at": datetime(2027, 1, 1, tzinfo=UTC)}, "The time of a count must"),
        ({"program": "Cedar-1", "available": 1, "at": datetime(2020, 1, 1, tzinfo=UTC)}, "The time of a count must"),
    ],
)
def test_a_count_that_cannot_be_is_refused(line: TheLine, given: dict, refusal: str) -> None:
    refused = record_count(line.database, **given)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(refusal)


def test_staff_put_in_what_they_heard(line: TheLine) -> None:
    assert isinstance(record_count(line.database, program="cedar-1", available=5), Recorded)
    assert room(line, "demo-cedar-1") == {"room": 5}
    record_count(line.database, program="demo-cedar-1", available=0, at=YESTERDAY)  # older than what is known
    assert room(line, "demo-cedar-1") == {"room": 5}
    record_count(line.database, program="Quail-3", available=1, unit="men_bed")
    assert room(line, "demo-quail-3") == {"women_bed": 5, "men_bed": 1}
