"""No count of one to four people is shown, and none can be worked out from what is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.small_cells import LEAST, hidden, hide

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
    assert all(n in (None, 0) or n >= LEAST for n in shown)
    assert all(n is None or n == m for n, m in zip(shown, numbers, strict=True))
    hidden = [m for n, m in zip(shown, numbers, strict=True) if n is None]
    if told.total is None or not hidden:
        return
    # What a reader knows: the hidden are at least one each, and sum up to what is missing. Each may still be large.
    missing = told.total - sum(n for n in shown if n is not None)
    assert missing == sum(hidden)
    assert missing - (len(hidden) - 1) >= LEAST
    assert len(hidden) > 1


@given(st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=3), min_size=2, max_size=3).filter(
    lambda rows: len({len(row) for row in rows}) == 1
))
def test_in_a_table_with_both_kinds_of_sums_neither_gives_one_away(rows: list[list[int]]) -> None:
    cells = {(r, c): n for r, row in enumerate(rows) for c, n in enumerate(row)}
    sums = [((r, "all"), [(r, c) for c in range(len(rows[0]))]) for r in range(len(rows))]
    sums += [(("all", c), [(r, c) for r in range(len(rows))]) for c in range(len(rows[0]))]
    every = cells | {whole: sum(cells[part] for part in parts) for whole, parts in sums}  # type: ignore[dict-item]
    gone = hidden(every, sums)  # type: ignore[arg-type]
    for whole, parts in sums:
        away = [part for part in parts if part in gone]
        assert (whole in gone) <= bool(away)
        assert whole in gone or len(away) != 1
        assert whole in gone or not away or sum(cells[part] for part in away) - (len(away) - 1) >= LEAST
