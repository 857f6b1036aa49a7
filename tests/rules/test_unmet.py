"""Why nothing could be told, and under what it is counted."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rules.unmet import Unmet, who_asks, why_unmet
from tests.rules.test_matching import NOW, OPEN, program

PERSON = {"need": ["bed"], "area": {"zip3": "782"}, "age": "25up"}


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ([], Unmet.NO_PROGRAM),
        ([program("a", **OPEN, zip3="100"), program("b", **OPEN, need="legal")], Unmet.NO_PROGRAM),
        ([program("a", **{**OPEN, "age": {"max": 17}})], Unmet.DOES_NOT_FIT),
        ([program("a", **OPEN, available=0), program("b", **{**OPEN, "age": {"max": 17}})], Unmet.FULL),
        ([program("a", **OPEN, minutes=9000)], Unmet.NOT_SURE),
    ],
)
def test_reasons(programs: list[Any], reason: Unmet) -> None:
    assert why_unmet(programs, PERSON, NOW) is reason


@pytest.mark.parametrize(
    ("answers", "who"),
    [
        ({"age": "under18", "places": ["men"]}, "under18"),
        ({"places": ["women", "trans"], "household": {"kids": 2}}, "trans"),
        ({"household": {"pregnant": True}, "places": ["women"]}, "family"),
        ({"places": ["men"]}, "men"),
        ({"places": "skipped"}, "other"),
    ],
)
def test_what_was_asked_for_is_the_group(answers: dict[str, Any], who: str) -> None:
    assert who_asks(answers) == who
