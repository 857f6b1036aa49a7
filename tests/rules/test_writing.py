"""When may an advocate's words go: at once, on a second press, later, or not at all? One table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rules.discreet import exposing
from bot.rules.hours import Place
from bot.rules.may_send import Allowed, Later, Refused, SendFacts, may_send
from bot.rules.writing import WritingFacts, weigh
from tests.conftest import NOON_IN_CHICAGO as NOON

TEXAS = Place(("America/Chicago",))
TWO = Place(("America/Chicago", "America/New_York"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHT = NOON + 10 * HOUR  # 22:00 in Chicago
MORNING = NOON + 20 * HOUR  # 8:00 the next day
HITS = exposing("the shelter")
FACTS = WritingFacts(
    now=NIGHT, safe_now=False, safe_hours="morning", place=TEXAS, last_inbound_at=NIGHT - 2 * HOUR, unanswered=False
)


@pytest.mark.parametrize(
    ("change", "may_go", "hours", "words", "later_at"),
    [
        ({"now": NOON - 2 * HOUR}, "yes", "", False, None),  # 10:00: their morning
        ({"now": NOON - 2 * HOUR, "hits": HITS}, "twice", "", True, None),
        ({"now": NOON - 2 * HOUR, "hits": HITS, "safe_now": True}, "yes", "", False, None),
        ({}, "no", "outside", False, MORNING),
        ({"safe_now": True}, "twice", "outside", False, MORNING),
        ({"unanswered": True}, "twice", "outside", False, MORNING),
        ({"hits": HITS}, "no", "outside", True, MORNING),
        ({"last_inbound_at": NIGHT - 14 * MINUTE}, "yes", "", False, None),
        ({"last_inbound_at": NIGHT - 14 * MINUTE, "hits": HITS}, "twice", "", True, None),
        ({"last_inbound_at": NIGHT - 15 * MINUTE}, "no", "outside", False, MORNING),
        ({"last_inbound_at": None}, "no", "outside", False, MORNING),
        ({"safe_hours": ""}, "no", "only_first", False, None),
        ({"safe_hours": "", "safe_now": True}, "twice", "only_first", False, None),
        ({"safe_hours": "", "unanswered": True}, "twice", "only_first", False, None),
        ({"safe_hours": "", "last_inbound_at": NIGHT}, "yes", "", False, None),
        ({"safe_hours": None}, "yes", "", False, MORNING),  # never asked: it may go, and by day is offered
        ({"safe_hours": None, "now": NOON}, "yes", "", False, None),
        ({"safe_hours": "night", "place": TWO, "now": NOON + 6 * HOUR}, "yes", "", False, None),
        ({"safe_hours": "night", "place": TWO, "now": NOON + 8 * HOUR}, "yes", "", False, None),
        ({"safe_hours": "night", "place": TWO, "now": NOON + 9 * HOUR}, "no", "outside", False, NOON + 30 * HOUR),
    ],
)
def test_who_may_be_written_to_when(change, may_go, hours, words, later_at) -> None:
    verdict = weigh(replace(FACTS, **change))
    assert (verdict.may_go, verdict.hours, verdict.words, verdict.later_at) == (may_go, hours, words, later_at)


def test_marked_words_need_their_reason_for_a_later_hour_too() -> None:
    assert weigh(FACTS).later_may_go == "yes"
    assert weigh(replace(FACTS, hits=HITS)).later_may_go == "twice"
    assert weigh(replace(FACTS, safe_hours="")).later_may_go == "no"


SCHEDULED = SendFacts(
    kind="scheduled", created_at=NIGHT, now=MORNING, suppressed=False, epoch=3, current_epoch=3, held_by="advocate",
    reviewed=True, safe_hours="morning", place=TEXAS,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, Allowed()),
        ({"now": MORNING - MINUTE}, Later("safe_hours", MORNING)),
        ({"safe_hours": "afternoon"}, Later("safe_hours", MORNING + 4 * HOUR)),
        ({"safe_hours": None}, Allowed()),
        ({"safe_hours": None, "now": MORNING - MINUTE}, Later("safe_hours", MORNING)),
        ({"safe_hours": ""}, Refused("only_after_they_write")),
        ({"safe_hours": "", "last_inbound_at": MORNING - MINUTE}, Allowed()),
        ({"safe_hours": "x"}, Refused("no_hours")),
        ({"current_epoch": 4}, Refused("stale_epoch")),
        ({"suppressed": True}, Refused("suppressed")),
        ({"now": NIGHT + 73 * HOUR}, Refused("stale")),
        ({"attempts": 2}, Allowed()),  # an hour of trying is no reason: it was written the day before
        ({"stopped": True}, Allowed()),  # the switch of the campaigns
    ],
)
def test_at_its_hour_it_is_asked_once_more(change, answer) -> None:
    assert may_send(replace(SCHEDULED, **change)) == answer
