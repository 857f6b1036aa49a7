"""Is a place where the person wants to be: near what they named, or far from it? Offline, from three ZIP digits alone.

Confidential places have no address anywhere: what a program serves is all there is to measure from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.rules.zip3_points import POINTS

_MILES_A_DEGREE = 69.1
_NEAR_BANDS = (40, 100)
_FAR_BANDS = (150, 75, 40)
"""Miles. Far is a journey, not the next suburb: whoever is looked for is looked for there too."""


def near_zip3s(area: object) -> frozenset[str]:
    """The three-digit ZIPs that were named, to be near or far."""
    if not isinstance(area, Mapping):
        return frozenset()
    one, many = area.get("zip3"), area.get("zip3s")
    return frozenset(([one] if isinstance(one, str) else []) + (list(many) if isinstance(many, list | tuple) else []))


@dataclass(frozen=True, slots=True)
class Where:
    """What a person said of where: `near` are the ZIPs they named, to be near or `far` from."""

    near: frozenset[str]
    far: bool
    said: bool
    bands: Mapping[str, int]
    """Far only: what `_far_bands` says."""


def where(area: object) -> Where:
    near, said = near_zip3s(area), isinstance(area, Mapping)
    far = said and bool(area.get("far"))  # type: ignore[attr-defined]
    return Where(near, far, said, _far_bands(near) if far else {})


def is_where_wanted(served: frozenset[str], area: object, from_away: object) -> bool | None:
    """Whether a program that serves these ZIPs (none: everywhere) is. None: it must be asked."""
    return is_there(served, where(area), from_away)


def is_there(served: frozenset[str], wanted: Where, from_away: object) -> bool | None:
    if not served:
        return True
    if not wanted.said:
        return None
    near = wanted.near
    if not wanted.far:
        return not near.isdisjoint(served) if near else None
    if not near.isdisjoint(served) or from_away is False:
        return False
    return True if from_away is True and near else None


def distance_band(served: frozenset[str], area: object) -> int:
    """How well the distance suits, 0 best: near, the place that serves around there alone comes before one that serves
    half a state; far, the farther one. Coarse on purpose: a mile is no reason."""
    return band(served, where(area))


def band(served: frozenset[str], wanted: Where) -> int:
    if not served:
        return 2 if wanted.far else 3
    if not wanted.near:
        return 0
    return _far_band(served, wanted.bands) if wanted.far else _near_band(wanted.near, served)


@lru_cache(maxsize=65_536)
def _near_band(near: frozenset[str], served: frozenset[str]) -> int:
    apart = [miles(a, b) for a in near for b in served]
    known = [one for one in apart if one is not None]
    mean = sum(known) / len(known) if known else 0.0
    return sum(mean > band for band in _NEAR_BANDS)


def _far_band(served: frozenset[str], bands: Mapping[str, int]) -> int:
    """Whoever serves a place near theirs is as near as that place; of whom nobody knows where, as near as can be."""
    found = max(map(bands.__getitem__, served))
    return len(_FAR_BANDS) if found == _UNKNOWN else found


_UNKNOWN = -1


class _Bands(dict[str, int]):
    def __missing__(self, zip3: str) -> int:
        return _UNKNOWN


@lru_cache(maxsize=256)
def _far_bands(near: frozenset[str]) -> Mapping[str, int]:
    """The band of every ZIP area on the map as it is seen from these: a far search meets thousands of places."""
    known = [one for one in near if one in POINTS]
    return _Bands((zip3, _band_from(known, zip3)) for zip3 in POINTS) if known else _Bands()


def _band_from(near: Iterable[str], zip3: str) -> int:
    closest = min(_apart(one, zip3) for one in near)
    return sum(closest < band for band in _FAR_BANDS)


@lru_cache(maxsize=65_536)
def miles(one: str, other: str) -> float | None:
    """Between the middles of two ZIP areas, as the crow flies. None when either is not on the map."""
    return _apart(one, other) if one in POINTS and other in POINTS else None


def _apart(one: str, other: str) -> float:
    (north, east), (to_north, to_east) = POINTS[one], POINTS[other]
    across = (to_east - east) * math.cos(math.radians((north + to_north) / 2))
    return _MILES_A_DEGREE * math.hypot(to_north - north, across)
