"""How likely is it that what a provider last said is still so?

One "stale after N hours" for everything is wrong in both directions: a night shelter fills by mid-afternoon, a room in
a seven-room house stays free for days. So every kind of program has its own half-life (`domain.md` 3.4). These are
priors, to be replaced by what each stock teaches.
"""

from __future__ import annotations

import math
from datetime import timedelta
from enum import StrEnum

HALF_LIVES_H = {
    "night_shelter": 3.0,  # a city pool opens at 10:00 and is gone by mid-afternoon
    "hotel": 12.0,
    "emergency_house": 66.0,  # a vacancy in a 7-room house lasts 4.0 days on average: 4.0 x ln 2 = 66 h
    "transitional": 120.0,
    "apartment": 120.0,
    "outpatient": 168.0,
    "remote": 168.0,
}
"""Hours after which the only free place is as likely taken as not, by program kind."""

UNKNOWN_KIND_H = 24.0
"""For a kind nobody has given a half-life: short, so that it is asked rather than told."""

EMPTY_SHARE = 0.48
"""Chance that a small house has any room at a moment nobody knows about (`domain.md` 3.4)."""

FRESH = 0.8
AGING = 0.5

_TOGETHER = 3
"""More free places than this are not counted as outlasting each other: places go together, on the same cold night."""


class Freshness(StrEnum):
    """What may be done with a count: told, confirmed first, asked only, or asked if little else is left."""

    FRESH = "fresh"
    AGING = "aging"
    STALE = "stale"
    UNKNOWN = "unknown"


def still_true(kind: str, age: timedelta, available: int) -> float:
    """The chance, 0 to 1, that the answer to "is there room" has not changed since it was given."""
    half_lives = max(age.total_seconds(), 0.0) / 3600 / HALF_LIVES_H.get(kind, UNKNOWN_KIND_H)
    one = 0.5**half_lives
    if available <= 1:
        return one
    return 1.0 - (1.0 - one) ** min(available, _TOGETHER)


def p_open(kind: str, age: timedelta | None, available: int) -> float:
    """The chance, 0 to 1, that there is room now. `age` None means nobody ever said. "Full" fades too: it drifts
    back to what is usual, so that "full" four days ago is worth an ask."""
    if age is None:
        return EMPTY_SHARE
    held = still_true(kind, age, available)
    return held if available > 0 else EMPTY_SHARE * (1.0 - held)


def freshness(kind: str, age: timedelta | None, available: int) -> Freshness:
    """The state of a count. Only FRESH is told to a person without asking first."""
    if age is None:
        return Freshness.UNKNOWN
    held = still_true(kind, age, available)
    if held >= FRESH:
        return Freshness.FRESH
    return Freshness.AGING if held >= AGING else Freshness.STALE


def good_for_h(kind: str, available: int) -> int:
    """For how many hours, 1 to 99, a count told now may be told on: what the read-back promises (PU2)."""
    each = FRESH if available <= 1 else 1.0 - (1.0 - FRESH) ** (1.0 / min(available, _TOGETHER))
    hours = -math.log2(each) * HALF_LIVES_H.get(kind, UNKNOWN_KIND_H)
    return max(1, min(99, round(hours)))
