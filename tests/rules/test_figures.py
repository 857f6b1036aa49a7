"""Can anybody be worked out of a month's numbers, and is the arithmetic right?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.figures import SMALLEST, hide, length, month_span, months, percent, spread

CHICAGO = ZoneInfo("America/Chicago")
H = None


@pytest.mark.parametrize(
    ("numbers", "shown", "total"),
    [
        ([], [], 0),
        ([0, 0], [0, 0], 0),
        ([9, 7], [9, 7], 16),
        ([3], [H], H),  # the sum is the cell
        ([2, 1], [H, H], H),
        ([0, 4], [H, H], H),  # an empty cell beside it would say where all four are
        ([0, 3, 20], [0, H, H], 23),  # one alone could be worked out
        ([3, 20, 8], [H, 20, H], 31),  # with the smallest of the others
        ([4, 4], [H, H], 8),
        ([4, 1], [H, H], H),  # 5 in two cells: one of them is 4 at the most, and nothing is left to hide
        ([1, 1, 30], [H, H, H], 32),  # two that sum up to two are both one
        ([1, 1, 1, 1, 1], [H] * 5, H),
        ([3, 4, 50], [H, H, 50], 57),
    ],
)
def test_small_cells_and_what_would_give_them_away(numbers: list[int], shown: list[int | None],
                                                   total: int | None) -> None:  # fmt: skip
    told = hide([(str(at), n) for at, n in enumerate(numbers)])
    assert [n for _, n in told.cells] == shown
    assert told.total == total


@given(st.lists(st.integers(0, 30), max_size=7))
def test_no_small_number_is_shown_or_can_be_worked_out(numbers: list[int]) -> None:
    told = hide([(str(at), n) for at, n in enumerate(numbers)])
    shown = [n for _, n in told.cells]
    assert all(n in (None, 0) or n >= SMALLEST for n in shown)
    assert all(n is None or n == m for n, m in zip(shown, numbers, strict=True))
    hidden = [m for n, m in zip(shown, numbers, strict=True) if n is None]
    if told.total is None or not hidden:
        return
    # What a reader knows: the hidden are at least one each, and sum up to what is missing. Each may still be large.
    missing = told.total - sum(n for n in shown if n is not None)
    assert missing == sum(hidden)
    assert missing - (len(hidden) - 1) >= SMALLEST
    assert len(hidden) > 1


def test_a_spread_is_of_five_or_of_nobody_and_shows_what_was() -> None:
    spans = [timedelta(seconds=n) for n in (50, 10, 40, 30, 20)]
    assert spread(spans[:4]) is None
    told = spread(spans)
    assert told is not None
    assert (told.n, told.median, told.slow) == (5, timedelta(seconds=30), timedelta(seconds=50))
    waits = spread([*spans[:4], None, None, None, None])
    assert waits is not None
    assert (waits.n, waits.median, waits.slow) == (8, timedelta(seconds=50), None), "nobody who still waits is left out"
    ten = spread([timedelta(minutes=n) for n in range(1, 11)])
    assert ten is not None
    assert (ten.median, ten.slow) == (timedelta(minutes=5), timedelta(minutes=9))


@pytest.mark.parametrize(("part", "whole", "share"), [(1, 3, 33), (0, 9, 0), (None, 9, None), (3, None, None),
                                                      (0, 0, None)])  # fmt: skip
def test_a_share_of_what_is_hidden_is_hidden(part: int | None, whole: int | None, share: int | None) -> None:
    assert percent(part, whole) == share


def test_months_go_back_a_year_and_never_overlap() -> None:
    found = months(date(2026, 3, 31))
    assert (found[0], found[1], found[-1], len(found)) == ("2026-03", "2026-02", "2025-03", 13)
    spans = [month_span(month, CHICAGO) for month in reversed(found)]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))


@pytest.mark.parametrize(("month", "hours"), [("2026-03", 31 * 24 - 1), ("2026-11", 30 * 24 + 1),
                                              ("2026-02", 28 * 24)])  # fmt: skip
def test_a_month_in_which_the_clocks_change_is_an_hour_shorter_or_longer(month: str, hours: int) -> None:
    since, until = (at.astimezone(UTC) for at in month_span(month, CHICAGO))
    assert until - since == timedelta(hours=hours)
    assert since == datetime(2026, int(month[-2:]), 1, tzinfo=CHICAGO).astimezone(UTC)


@pytest.mark.parametrize(("seconds", "words"), [(41.4, "41 s"), (99, "99 s"), (120, "2 min"), (12_000, "3 h 20 min"),
                                                (6 * 86_400, "6 days")])  # fmt: skip
def test_a_length_is_told_in_what_matters(seconds: float, words: str) -> None:
    assert length(timedelta(seconds=seconds)) == words
