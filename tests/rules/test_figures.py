"""Can anybody be worked out of a month's numbers, and is the arithmetic right?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.rules.figures import length, month_span, months, percent, spread

CHICAGO = ZoneInfo("America/Chicago")


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
