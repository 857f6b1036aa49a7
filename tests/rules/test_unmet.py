"""Why nothing could be told, and whether anybody can be found in the numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.unmet import SMALLEST, Unmet, hide_small, who_asks, why_unmet
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


@given(st.lists(st.integers(0, 40), max_size=8))
def test_no_small_number_is_shown_or_can_be_worked_out(numbers: list[int]) -> None:
    cells = [(str(at), n) for at, n in enumerate(numbers)]
    shown = hide_small(cells)
    assert all(n is None or n == 0 or n >= SMALLEST for _, n in shown)
    hidden = [n for (_, n), (_, told) in zip(cells, shown, strict=True) if told is None]
    rest = [n for n in numbers if n > 0]
    assert len(hidden) != 1 or len(rest) == 1
