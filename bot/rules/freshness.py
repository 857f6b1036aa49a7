"""How likely is it that there is room now, given what a provider last said and how long ago?

One "stale after N hours" for everything is wrong in both directions: a night shelter fills by mid-afternoon, a room in
a seven-room house stays free for days. So every stock has a `Life` of its own, learned from its counts as they prove
true or false (bot/rules/learning.py); until it has taught us anything, its kind's (`domain.md` 3.4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

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
OLDEST_FRESH = timedelta(days=14)
"""Older than this no count is told unasked, however faithful its stock has been: someone may have forgotten us."""

_TOGETHER = 3
"""More free places than this are not counted as outlasting each other: places go together, on the same cold night."""


class Freshness(StrEnum):
    """What may be done with a count: told, confirmed first, asked only, or asked if little else is left."""

    FRESH = "fresh"
    AGING = "aging"
    STALE = "stale"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Life:
    """How the counts of one stock age. A "yes" fades from 1 to `yes_floor`, half of the way in `yes_h` hours; a "full"
    rises from 0 to `full_top`, half of the way in `full_h`; of what nobody knows it is open `usual` of the time."""

    yes_h: float
    full_h: float
    yes_floor: float = 0.0
    full_top: float = EMPTY_SHARE
    usual: float = EMPTY_SHARE


@cache
def prior(kind: str) -> Life:
    """What is believed of a stock that has taught nothing yet."""
    half_life = HALF_LIVES_H.get(kind, UNKNOWN_KIND_H)
    return Life(half_life, half_life)


def still_true(life: Life, age: timedelta, available: int) -> float:
    """The chance, 0 to 1, that the answer to "is there room" has not changed since it was given."""
    hours = age.total_seconds() / 3600
    if hours <= 0.0:
        return 1.0
    if available <= 0:
        return 0.5 ** (hours / life.full_h)
    one = 0.5 ** (hours / life.yes_h)
    return one if available == 1 else 1.0 - (1.0 - one) ** (available if available < _TOGETHER else _TOGETHER)


def believed(life: Life, age: timedelta | None, available: int) -> tuple[float, Freshness]:
    """The chance, 0 to 1, that there is room now, and what may be done with the count. `age` None: nobody ever said.

    "Full" fades too: it drifts back to what is usual, so that "full" four days ago is worth an ask. The state is of a
    yes by its chance, of "full" by how likely it still is; only FRESH is told to a person without asking first."""
    if age is None:
        return life.usual, Freshness.UNKNOWN
    held = still_true(life, age, available)
    likely = life.yes_floor + (1.0 - life.yes_floor) * held if available > 0 else life.full_top * (1.0 - held)
    sure = likely if available > 0 else held
    if sure >= FRESH and age <= OLDEST_FRESH:
        return likely, Freshness.FRESH
    return likely, Freshness.AGING if sure >= AGING else Freshness.STALE


def p_open(life: Life, age: timedelta | None, available: int) -> float:
    return believed(life, age, available)[0]


def freshness(life: Life, age: timedelta | None, available: int) -> Freshness:
    return believed(life, age, available)[1]


def good_for_h(life: Life, available: int) -> int:
    """For how many hours, 1 to 99, a count told now may be told on: what the read-back promises (PU2)."""
    if available <= 0:
        return _hours(FRESH, life.full_h)
    enough = (FRESH - life.yes_floor) / (1.0 - life.yes_floor)
    if enough <= 0:
        return 99
    return _hours(1.0 - (1.0 - enough) ** (1.0 / min(available, _TOGETHER)), life.yes_h)


def _hours(until: float, half_life: float) -> int:
    return max(1, min(99, round(-math.log2(until) * half_life)))


def age_of(observed_at: datetime | None, now: datetime, resets_at: str | None = None,
           timezone: str | None = None) -> timedelta | None:  # fmt: skip
    """How old a count is. None when there is none, or when the place has opened anew since (`resets_at`, "10:00" of a
    night shelter): yesterday's beds say nothing of today's."""
    if observed_at is None:
        return None
    if resets_at and timezone and observed_at < _latest_reset(now, resets_at, timezone):
        return None
    return now - observed_at


def _latest_reset(now: datetime, resets_at: str, timezone: str) -> datetime:
    """The last time it opened; when that cannot be read, never: a slip in one program's facets stops nobody."""
    try:
        zone, at = ZoneInfo(timezone), time.fromisoformat(resets_at)
    except (KeyError, ValueError, OSError):
        return datetime.min.replace(tzinfo=now.tzinfo)
    today = now.astimezone(zone).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
