"""What came of it: stages, rates that say what they divide by, months beside those of a year before."""

from __future__ import annotations

from datetime import date

import pytest

from bot.rules.funnel import (
    engages,
    funnel,
    last_months,
    rates,
    safe_counts,
    same_months,
    tables,
    year_before,
)

COUNTS = {"sent": 400, "delivered": 380, "reached": 370, "replied": 60, "positive": 38, "screened": 20,
          "handed_off": 12, "enrolled": 8, "housed": 3, "opted_out": 9}  # fmt: skip


def test_the_funnel_says_what_share_came_and_what_was_lost_on_the_way() -> None:
    steps = {one.key: one for one in funnel(safe_counts(COUNTS))}
    assert steps["sent"].share == 100
    assert steps["sent"].lost is None
    assert steps["positive"].share == pytest.approx(9.5)
    assert steps["positive"].lost == pytest.approx(100 * 22 / 60)
    assert (steps["housed"].n, steps["housed"].share, steps["housed"].lost) == (None, None, None)


def test_the_three_rates_divide_by_what_they_name() -> None:
    found = rates(safe_counts(COUNTS))
    assert found == {"positive_delivered": pytest.approx(10), "positive_reached": pytest.approx(3800 / 370),
                     "enrolled_sent": pytest.approx(2)}  # fmt: skip
    assert rates(safe_counts({"positive": 3, "delivered": 300})) == dict.fromkeys(found)
    assert rates({}) == dict.fromkeys(found)


def test_two_tables_of_the_same_people_hide_for_each_other() -> None:
    """Three people in one area: not to be had from the sum, and not from the languages that add up to it."""
    found = {
        "area": {"Houston": {"sent": 3}, "Dallas": {"sent": 50}},
        "language": {"English": {"sent": 30}, "Spanish": {"sent": 23}},
    }
    shown, total = tables(found, {"sent": 53})
    assert total["sent"] == 53
    assert [one.counts["sent"] for one in shown["area"]] == [None, None]
    assert [one.counts["sent"] for one in shown["language"]] == [30, 23]
    alone, total = tables({"area": {"Houston": {"sent": 3}}, "language": {"English": {"sent": 3}}}, {"sent": 3})
    assert total["sent"] is None
    assert alone["area"][0].counts["sent"] is alone["language"][0].counts["sent"] is None


@pytest.mark.parametrize(
    ("before", "after", "reasons", "engaged"),
    [
        (False, True, [], True),  # all right to text
        (True, True, [], False),  # said before
        (False, False, ["human"], True),
        (False, False, ["danger"], True),
        (False, False, ["unclear"], False),
        (False, False, [], False),
    ],
)
def test_who_says_yes_or_asks_for_somebody_talks_with_us(
    before: bool, after: bool, reasons: list[str], engaged: bool
) -> None:
    assert engages(before, after, reasons) is engaged


def test_a_month_stands_beside_the_same_month_of_the_year_before() -> None:
    found = {("TX", "2026-11"): 30, ("TX", "2025-11"): 20, ("OK", "2026-11"): 2, ("NM", "2026-11"): 9}
    rows = {(one.state, one.month): one for one in same_months(found, ["2026-10", "2026-11"])}
    assert (rows["TX", "2026-11"].now, rows["TX", "2026-11"].before, rows["TX", "2026-11"].change) == (30, 20, 50)
    assert rows["OK", "2026-11"].now is None
    assert rows["NM", "2026-11"].now is None  # or Oklahoma's two were the sum less the others
    assert rows["all", "2026-11"].now == 41
    assert ("TX", "2026-10") not in rows


def test_months_are_counted_back_over_the_turn_of_the_year() -> None:
    assert last_months(date(2026, 2, 28), 4) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert year_before("2026-02") == "2025-02"
