"""The governor releases only what advocates and openings can serve, says why in words, and fails closed."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.forecast import AGES, Sent, coming
from bot.rules.governor import (
    APPROVAL_DAYS,
    PER_MINUTE,
    Cell,
    Desk,
    Facts,
    Gates,
    Lane,
    Pace,
    Queue,
    decide,
    left_now,
    until_words,
)
from bot.rules.replay import facts_of, kept

NOW = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

GATES = Gates(
    now=NOW, state="running", approved_by_other=True, approved_at=NOW - timedelta(days=1), reviewed=True,
    stopped=False, heartbeat_at=NOW, harm_looked_at=NOW, list_read_at=NOW,
)  # fmt: skip
DESK = Desk(minutes_left=(240.0, 360.0))
CELL = Cell(speakers=DESK, everyone=DESK, waiting=0, promised=0, unmet=0, openings=9)
QUEUE = Queue(ready=4)


def quiet(texts: int, came: int = 0, age: int = 1) -> Desk:
    """Two advocates, with so many texts in flight, a few minutes old, of which so many have brought somebody."""
    counts, arrived = [0] * len(AGES), [0] * len(AGES)
    counts[age], arrived[age] = texts, came
    return replace(DESK, coming=tuple(coming([Sent(tuple(counts), tuple(arrived))])))


def pace(gates: Gates = GATES, cell: Cell = CELL, queue: Queue = QUEUE, place: str = "Houston area") -> Pace:
    return decide(Facts(gates, (Lane("en", cell, queue),)), place=place, zone="America/Chicago")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "draft"}, "draft"),
        ({"state": "approved"}, "approved"),
        ({"state": "paused"}, "paused"),
        ({"state": "done"}, "done"),
        ({"state": "no such state"}, "no such state"),
        ({"state": "paused", "harm_code": "opt_outs", "harm": "many said stop."}, "opt_outs"),
        ({"approved_by_other": False}, "approval"),
        ({"approved_at": None}, "approval"),
        ({"approved_at": NOW - timedelta(days=APPROVAL_DAYS + 1)}, "approval_old"),
        ({"reviewed": False}, "unreviewed"),
        ({"stopped": True}, "kill_switch"),
        ({"heartbeat_at": None}, "clock"),
        ({"heartbeat_at": NOW - timedelta(seconds=31)}, "clock"),
        ({"harm_looked_at": None}, "harm_watch"),
        ({"harm_looked_at": NOW - timedelta(seconds=121)}, "harm_watch"),
        ({"list_read_at": None}, "carrier_list"),
        ({"list_read_at": NOW - timedelta(seconds=301)}, "carrier_list"),
    ],
)
def test_each_gate_holds_alone_whatever_stands_ready(change: dict[str, object], code: str) -> None:
    found = pace(replace(GATES, **change))
    assert (found.n, found.per_hour, found.code) == (0, 0, code)
    assert found.more or code in ("done", "no such state")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"heartbeat_at": NOW - timedelta(seconds=30)},
        {"harm_looked_at": NOW - timedelta(seconds=120)},
        {"list_read_at": NOW - timedelta(seconds=300)},
        {"approved_at": NOW - timedelta(days=APPROVAL_DAYS)},
    ],
)
def test_on_the_edge_it_still_goes(change: dict[str, object]) -> None:
    assert pace(replace(GATES, **change)).n == PER_MINUTE


@pytest.mark.parametrize(
    ("change", "n", "code"),
    [
        ({}, 4, "sending"),
        ({"waiting": 1}, 0, "people_waiting"),
        ({"promised": 1}, 0, "promised"),
        ({"unmet": 5}, 4, "sending"),
        ({"unmet": 6}, 0, "unmet"),
        ({"openings": 0}, 0, "no_openings"),
        ({"openings": 1}, 1, "sending"),
        ({"speakers": Desk(), "everyone": Desk()}, 0, "nobody_on_shift"),
        ({"speakers": Desk()}, 0, "nobody_speaks"),
        ({"speakers": Desk((29.0,)), "everyone": Desk((29.0,))}, 0, "shift_ends"),
        ({"speakers": Desk((29.0,))}, 0, "shift_ends"),  # the one who stays does not speak it
        ({"speakers": replace(DESK, busy=2), "everyone": replace(DESK, busy=2)}, 4, "sending"),  # exactly half
        ({"everyone": replace(DESK, busy=3)}, 0, "busy"),
        ({"speakers": replace(DESK, busy=3)}, 0, "busy"),
        ({"speakers": Desk((30.0,)), "everyone": Desk((30.0,))}, 1, "sending"),  # a shift's end shrinks what it takes
        ({"everyone": quiet(60, came=12)}, 0, "in_flight"),
        ({"coming": quiet(300, came=60).coming}, 0, "in_flight"),
        ({"everyone": quiet(400, age=12)}, 4, "sending"),  # ten days old: hardly any of them answers now
    ],
)
def test_what_is_there_to_serve_them(change: dict[str, object], n: int, code: str) -> None:
    found = pace(cell=replace(CELL, **change))
    assert (found.n, found.code) == (n, code)


@pytest.mark.parametrize(
    ("change", "n", "code"),
    [
        ({"last_minute": 3}, 1, "sending"),
        ({"last_minute": 4}, 0, "minute"),
        ({"last_ten_here": 39}, 1, "sending"),
        ({"last_hour_here": 240}, 0, "minute"),
        ({"unsent": 1}, 0, "minute"),
        ({"ready": 1}, 1, "sending"),
        ({"released": 19}, 1, "sending"),  # the first twenty, then a rest; and at each doubling
        ({"released": 20, "last_released_at": NOW - 29 * MINUTE}, 0, "canary"),
        ({"released": 20, "last_released_at": NOW - 30 * MINUTE}, 4, "sending"),
        ({"released": 38}, 2, "sending"),
        ({"released": 40, "last_released_at": NOW - 10 * MINUTE}, 0, "canary"),
        ({"released": 161, "last_released_at": NOW}, 4, "sending"),
        ({"ready": 0}, 0, "done"),
        ({"ready": 0, "waiting_for_hours": 3, "next_hours_at": NOW + 95 * MINUTE}, 0, "hours"),
    ],
)
def test_who_waits_and_who_was_just_texted(change: dict[str, object], n: int, code: str) -> None:
    found = pace(queue=replace(QUEUE, **change))
    assert (found.n, found.code) == (n, code)


def test_replies_that_came_are_learned_from_and_texts_of_a_moment_ago_are_no_failures() -> None:
    """Exposure, not counts: hundreds of silent texts a minute old must not make it believe that nobody answers."""
    young, old = quiet(200, age=0).coming[0], quiet(200, age=9).coming[0]
    assert young.rate > 4 * old.rate
    eager = quiet(200, came=60, age=9).coming[0]
    assert eager.rate > 0.25
    assert pace(cell=replace(CELL, mine=eager)).per_hour < pace(cell=replace(CELL, mine=old)).per_hour


def test_one_list_teaches_the_next() -> None:
    eager, new = Sent(came=(30,) + (0,) * 12, texts=(100,) + (0,) * 12), Sent()
    assert coming([eager, new])[1].rate > 2 * coming([new])[0].rate


SENTENCES: list[tuple[Pace, str, str]] = [
    (pace(cell=replace(CELL, openings=3)), "240 an hour: 3 openings near Houston, 2 advocates until 6 pm.",
     "Nothing: 4 a minute is the most we send."),
    (pace(cell=replace(CELL, openings=1)), "104 an hour: 1 opening near Houston, 2 advocates until 6 pm.",
     "More free places near Houston."),
    (pace(cell=replace(CELL, speakers=Desk((60.0,)), everyone=Desk((60.0,)))),
     "160 an hour: 9 openings near Houston, 1 advocate until 1 pm.", "One more advocate on shift."),
    (pace(cell=replace(CELL, everyone=quiet(60, came=12))),
     "Not sending: the texts in flight may bring 2 to 14 people in the next 45 minutes, for 9 openings near Houston, "
     "2 advocates until 6 pm.", "One more advocate on shift, or waiting until the answers have come."),
    (pace(cell=replace(CELL, waiting=1)), "Not sending: 1 person waits for an advocate already.",
     "Taking those who wait."),
    (pace(cell=replace(CELL, openings=0), place=""), "Not sending: no opening anywhere is known to be free now.",
     "A fresh count from a provider, by text or in the directory."),
    (pace(replace(GATES, approved_at=NOW - timedelta(days=34))),
     "Not sending: it was approved 34 days ago, and a list counts for 30.", "A second person approves it again."),
    (pace(replace(GATES, list_read_at=NOW - 7 * MINUTE)),
     "Not sending: the carrier's own list was not read for 7 minutes, so a STOP may have been missed.",
     "The carrier: doctor says what is wrong."),
    (pace(queue=replace(QUEUE, ready=0, waiting_for_hours=3, next_hours_at=NOW + 95 * MINUTE)),
     "Not sending: 3 numbers are outside local hours. The first opens in 1 h 35 min.", "Waiting for the hour."),
    (pace(replace(GATES, state="paused")), "Not sending: paused. It stays paused until a person resumes it.",
     "Somebody resumes it."),
]  # fmt: skip


@pytest.mark.parametrize(("found", "sentence", "more"), SENTENCES)
def test_it_says_why_in_one_sentence_and_what_would_raise_it(found: Pace, sentence: str, more: str) -> None:
    assert (found.sentence, found.more) == (sentence, more)


def test_a_language_nobody_speaks_waits_while_the_other_goes() -> None:
    lanes = (Lane("en", CELL, QUEUE), Lane("es", replace(CELL, speakers=Desk()), QUEUE))
    found = decide(Facts(GATES, lanes))
    assert found.languages == ("en",)
    assert found.sentence.endswith("Spanish waits for an advocate who speaks it.")


def test_a_slow_pace_is_spread_over_the_hour() -> None:
    assert left_now(12, Queue()) == 1
    assert left_now(12, Queue(last_minute=1, last_ten_here=1, last_hour_here=1)) == 0
    assert left_now(12, Queue(last_ten_here=2, last_hour_here=2)) == 0
    assert left_now(12, Queue(last_hour_here=11)) == 1
    assert left_now(12, Queue(last_hour_here=12)) == 0


@pytest.mark.parametrize(
    ("left", "words"),
    [((), ""), ((60.0,), " until 1 pm"), ((95.0, 20.0), " until 1:35 pm"), ((900.0,), " until 3 am tomorrow")],
)
def test_the_end_of_the_last_shift_is_said_in_the_areas_own_time(left: tuple[float, ...], words: str) -> None:
    assert until_words(NOW, left, "America/Chicago") == words


numbers = st.integers(0, 50)
moments = st.one_of(st.none(), st.integers(-120, 120).map(lambda minutes: NOW + minutes * MINUTE))
counted = st.tuples(*[numbers] * len(AGES))
lists = st.lists(st.builds(Sent, counted, counted), max_size=3).map(lambda sent: tuple(coming(sent)))
desks = st.builds(Desk, st.lists(st.floats(0, 600), max_size=4).map(tuple), st.integers(0, 6), lists)
gates = st.builds(
    Gates, now=st.just(NOW), state=st.sampled_from(["draft", "running", "running", "paused", "done"]),
    approved_by_other=st.booleans(), approved_at=moments, reviewed=st.booleans(), stopped=st.booleans(),
    heartbeat_at=moments, harm_looked_at=moments, list_read_at=moments, harm_code=st.sampled_from(["", "", "anger"]),
    harm=st.just("some answered in anger."),
)  # fmt: skip
cells = st.builds(Cell, desks, desks, st.integers(0, 1), st.integers(0, 1), st.integers(0, 9), st.integers(0, 9), lists)
queues = st.builds(Queue, **{one.name: moments if one.name.endswith("_at") else numbers for one in fields(Queue)})
facts = st.builds(Facts, st.one_of(st.just(GATES), gates), st.lists(st.builds(Lane, st.sampled_from(["en", "es"]),
                  cells, queues), max_size=2).map(tuple))  # fmt: skip


@given(facts)
def test_nothing_is_released_through_a_shut_gate(facts: Facts) -> None:
    found = decide(facts)
    assert 0 <= found.n <= PER_MINUTE
    assert found.sentence.endswith(".")
    assert bool(found.n) == bool(found.languages)
    if found.n:
        g = facts.gates
        assert g.state == "running"
        assert g.approved_by_other
        assert g.reviewed
        assert not g.stopped
        assert not g.harm_code
        may = [lane for lane in facts.lanes if lane.language in found.languages]
        assert any(
            lane.cell.openings > 0 and not lane.cell.waiting and not lane.cell.promised and lane.cell.speakers.places
            and lane.cell.everyone.busy * 2 <= lane.cell.everyone.places and lane.queue.ready >= found.n
            for lane in may
        )  # fmt: skip


@given(facts)
def test_what_is_kept_of_a_decision_decides_the_same_again(facts: Facts) -> None:
    again = decide(facts_of(json.loads(json.dumps(kept(facts)))))
    first = decide(facts)
    assert (again.n, again.per_hour, again.code) == (first.n, first.per_hour, first.code)


@given(cells, st.integers(1, 3))
def test_more_to_serve_them_with_never_slows_it(cell: Cell, more: int) -> None:
    before = pace(cell=cell).per_hour
    assert pace(cell=replace(cell, openings=cell.openings + more)).per_hour >= before
    assert pace(cell=replace(cell, waiting=0, promised=0)).per_hour >= before
