"""Which counts are too small to be shown, and which others must go with them so that nobody works them out?

A count of one to four people may point at somebody; so does what is left when all its neighbours and their sum are
shown. So whatever adds up to a sum that is shown has no hidden part, or at least two that stand for five or more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

LEAST = 5
"""The smallest number of people that is shown; none at all is shown too."""
HIDDEN = "<5"
"""What stands in the place of a hidden count, on a page as in a file."""


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


def shown(counts: Sequence[int], total: int) -> tuple[list[int | None], int | None]:
    """Counts beside their sum, each as it may be shown; None is hidden."""
    cells: dict[int, int] = dict(enumerate(counts)) | {-1: total}
    gone = hidden(cells, [(-1, range(len(counts)))])
    return [None if at in gone else n for at, n in enumerate(counts)], None if -1 in gone else total


def _tells(whole: Key, parts: Sequence[Key], counts: Mapping[Key, int], gone: set[Key]) -> bool:
    """Whether what is hidden in this line can be worked out, or stands for fewer people than are shown."""
    away = [part for part in parts if part in gone]
    if whole in gone:
        return not away  # its parts, all shown, add up to it
    return bool(away) and (len(away) < 2 or sum(counts[part] for part in away) < LEAST)


def _next(whole: Key, parts: Sequence[Key], counts: Mapping[Key, int], gone: set[Key]) -> Key:
    """What costs least to lose: the smallest part that holds anybody; then an empty one; then the sum itself."""
    left = [part for part in parts if part not in gone]
    return min(left, key=lambda part: (counts[part] == 0, counts[part]), default=whole)
