"""Which counts are too small to be shown, and which others must go with them so that nobody works them out?

A count of one to four people may point at somebody; so does what is left when all its neighbours and their sum are
shown. So whatever adds up to a sum that is shown has no hidden part, or at least two, and together so many that the
largest any of them can be is no small number (`_safe`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

LEAST = 5
"""The smallest number of people that is shown; none at all is shown too."""
HIDDEN = "<5"
"""What stands in the place of a hidden count, on a page as in a file."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Counts and their sum; None is hidden."""

    cells: tuple[tuple[str, int | None], ...]
    total: int | None

    def of(self, name: str) -> int | None:
        return dict(self.cells)[name]


def hidden(counts: Mapping[Key, int], sums: Iterable[tuple[Key, Sequence[Key]]]) -> frozenset[Key]:
    """The cells not to be shown. `sums` says which of them add up to which: (the sum, its parts)."""
    gone = {key for key, n in counts.items() if 0 < n < LEAST}
    lines = [(whole, [part for part in parts if part in counts]) for whole, parts in sums if whole in counts]
    more = True
    while more:
        more = False
        for whole, parts in lines:
            if parts and _tells(whole, parts, counts, gone):
                gone.add(_next(whole, parts, counts, gone))
                more = True
    return frozenset(gone)


def hide(cells: Sequence[tuple[str, int]], smallest: int = LEAST) -> Breakdown:
    """The counts of one breakdown whose sum is shown too.

    What is hidden must be at least two cells, and together so many that the largest any of them can be, with one in
    each of the others, is no small number: two hidden cells that sum up to two would both be one.
    """
    total = sum(n for _, n in cells)
    if 0 < total < smallest:
        return Breakdown(tuple((name, None) for name, _ in cells), None)  # which cell is empty would tell as much
    hidden = {at for at, (_, n) in enumerate(cells) if 0 < n < smallest}
    left = sorted((n, at) for at, (_, n) in enumerate(cells) if n >= smallest)
    while hidden and not _safe([cells[at][1] for at in hidden], smallest):
        if not left:
            return Breakdown(_without(cells, hidden), None)
        hidden.add(left.pop(0)[1])
    return Breakdown(_without(cells, hidden), total)


def _safe(hidden: Sequence[int], smallest: int) -> bool:
    return len(hidden) > 1 and sum(hidden) - (len(hidden) - 1) >= smallest


def _without(cells: Sequence[tuple[str, int]], hidden: set[int]) -> tuple[tuple[str, int | None], ...]:
    return tuple((name, None if at in hidden else n) for at, (name, n) in enumerate(cells))


def _tells(whole: Key, parts: Sequence[Key], counts: Mapping[Key, int], gone: set[Key]) -> bool:
    """Whether what is hidden in this line can be worked out, or stands for fewer people than are shown."""
    away = [part for part in parts if part in gone]
    if whole in gone:
        return not away  # its parts, all shown, add up to it
    return bool(away) and not _safe([counts[part] for part in away], LEAST)


def _next(whole: Key, parts: Sequence[Key], counts: Mapping[Key, int], gone: set[Key]) -> Key:
    """What costs least to lose: the smallest part that holds anybody; then an empty one; then the sum itself."""
    left = [part for part in parts if part not in gone]
    return min(left, key=lambda part: (counts[part] == 0, counts[part]), default=whole)
