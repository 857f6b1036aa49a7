"""No count of one to four people is shown, and none can be worked out from what is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.small_cells import LEAST, hidden, shown

COUNTS = st.lists(st.integers(0, 12) | st.integers(0, 400), min_size=1, max_size=6)


def test_a_small_count_takes_its_smallest_neighbour_with_it() -> None:
    assert shown([3, 20, 9, 40], 72) == ([None, 20, None, 40], 72)


def test_two_that_are_small_together_take_a_third() -> None:
    """Two people and one: the sum less the others would say "three"."""
    assert shown([2, 1, 30, 50], 83) == ([None, None, None, 50], 83)


def test_where_nobody_else_is_left_the_sum_goes() -> None:
    assert shown([3], 3) == ([None], None)
    assert shown([4, 0], 4) == ([None, 0], None) or shown([4, 0], 4) == ([None, None], None)


def test_nobody_at_all_and_five_are_shown() -> None:
    assert shown([0, 5, 7], 12) == ([0, 5, 7], 12)


@given(COUNTS)
def test_no_line_gives_a_small_group_away(counts: list[int]) -> None:
    cells, total = shown(counts, sum(counts))
    assert all(n is None or n == 0 or n >= LEAST for n in (*cells, total))
    away = [n for n, cell in zip(counts, cells, strict=True) if cell is None]
    if total is None:
        assert away
    elif away:
        assert len(away) > 1
        assert sum(away) >= LEAST


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
        assert whole in gone or not away or sum(cells[part] for part in away) >= LEAST
