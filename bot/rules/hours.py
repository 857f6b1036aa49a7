"""May an unprompted text reach this number now, and if not, when? Local hours, in every zone the number may be in.

R-Q1 to R-Q5 of `campaigns.md`: 10 to 19 local unless narrowed; never beyond 8 to 20; never beyond the state's own
hours; open only when it is open in all candidate zones; nothing begins in the last ten minutes, so that a text cannot
arrive late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones

from bot.rules.state_hours import STATE_OF, window_on
from bot.rules.zip_zones import around

DEFAULT_WINDOW = (10, 19)
"""Local hours in which a campaign may text, end exclusive. It may be narrowed, never widened."""
HARD_BOUND = (8, 20)
LAST_MINUTES = timedelta(minutes=10)

_CONTIGUOUS = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
"""Where a number is taken to be that says nothing: open in all four means 13:00 to 19:00 Eastern by default."""
_MANY = 6
"""More zones than this (a toll-free number has 42) say nothing either."""
_STEP = timedelta(minutes=15)  # every zone's offset is a multiple of it, so every window opens on one
_LOOK_AHEAD = timedelta(days=8)  # the longest closure is a Sunday beside a holiday

SAFE_WINDOWS = {"morning": (8, 12), "afternoon": (12, 18), "night": (18, 21)}
"""What a person's answer to S1 means, in local hours. `night` ends at the federal 21:00."""
BY_DAY = "morning,afternoon"
"""When somebody who chose no hours may be written to unasked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number may be: IANA zones; and the states whose hours it keeps, that of its area code and those its owner
    named, as far as they are known."""

    zones: tuple[str, ...]
    states: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def place_of(number: str, zip3s: tuple[str, ...] = ()) -> Place:
    """Candidate places of an E.164 number; `zip3s` begin the ZIP codes of the area its owner named, added to the rest.

    A number moves with its owner, so all zones of its area code stay candidates beside a stated one (R-Q4).
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Place(_CONTIGUOUS)
    stated = around(zip3s)
    zones = tuple(number_zones.time_zones_for_number(parsed))
    if number_zones.UNKNOWN_TIMEZONE in zones or not zones or len(zones) > _MANY:
        zones = _CONTIGUOUS
    code = str(parsed.national_number)[:3] if parsed.country_code == 1 else ""
    states = (STATE_OF[code], *stated.states) if code in STATE_OF else stated.states
    return Place(tuple(dict.fromkeys((*zones, *stated.zones))), tuple(dict.fromkeys(states)))


def valid_window(start: int, end: int) -> bool:
    """Whether these local hours lie inside the default and leave at least an hour."""
    return DEFAULT_WINDOW[0] <= start < end <= DEFAULT_WINDOW[1]


def campaign_closes(place: Place, now: datetime, window: tuple[int, int] = DEFAULT_WINDOW) -> datetime | None:
    """When the campaign hours that hold at `now` end, in UTC; None when a text may not begin now."""
    ends = [_closes(zone, place.states, now, window) for zone in place.zones]
    return None if None in ends else min(end for end in ends if end is not None)


def next_open(place: Place, now: datetime, window: tuple[int, int] = DEFAULT_WINDOW) -> datetime | None:
    """The first moment from `now` on at which a campaign text may begin; None when there is none in eight days."""
    return _first(now, lambda moment: campaign_closes(place, moment, window) is not None)


def safe_now(place: Place, now: datetime, safe_hours: str) -> bool:
    """Whether `now` lies in the hours the person chose (`morning,night`), in every zone they may be in."""
    windows = [SAFE_WINDOWS[name] for name in safe_hours.split(",") if name in SAFE_WINDOWS]
    hours = [now.astimezone(ZoneInfo(zone)).hour for zone in place.zones]
    return bool(windows) and all(any(start <= hour < end for start, end in windows) for hour in hours)


def next_safe(place: Place, now: datetime, safe_hours: str) -> datetime | None:
    """The first moment from `now` on inside the person's own hours; None when their hours never meet in all zones."""
    return _first(now, lambda moment: safe_now(place, moment, safe_hours))


def safe_moments(place: Place, now: datetime, safe_hours: str, within: timedelta) -> list[datetime]:
    """Every full hour to come, up to so far ahead, that lies in the hours the person chose."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = (hour + timedelta(hours=n) for n in range(1, within // timedelta(hours=1) + 1))
    return [moment for moment in hours if moment <= now + within and safe_now(place, moment, safe_hours)]


def next_open_and_safe(place: Place, now: datetime, window: tuple[int, int], safe_hours: str) -> datetime | None:
    """The first moment from `now` on that is inside both the campaign's hours and the person's own."""
    return _first(
        now, lambda moment: campaign_closes(place, moment, window) is not None and safe_now(place, moment, safe_hours)
    )


def _first(now: datetime, is_open: Callable[[datetime], bool]) -> datetime | None:
    """`now` if it is open, else the first quarter of an hour that is, within eight days."""
    moment = now.astimezone(UTC)
    if is_open(moment):
        return moment
    moment -= timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    for _ in range(_LOOK_AHEAD // _STEP):
        moment += _STEP
        if is_open(moment):
            return moment
    return None


def _closes(zone: str, states: tuple[str, ...], now: datetime, window: tuple[int, int]) -> datetime | None:
    """The end of the hours open at `now` in one zone, or None."""
    local = now.astimezone(ZoneInfo(zone))
    allowed = [_state_hours(state, local.date()) for state in states]
    spans = [span for span in (window, HARD_BOUND, *allowed) if span is not None]
    start, end = max(span[0] for span in spans), min(span[1] for span in spans)
    if None in allowed or start >= end:
        return None
    # Built on the local calendar, so a day with a clock change keeps its wall-clock hours.
    opens_at = local.replace(hour=start, minute=0, second=0, microsecond=0, fold=0)
    closes_at = local.replace(hour=end, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
    is_open = opens_at.astimezone(UTC) <= now.astimezone(UTC) < closes_at - LAST_MINUTES
    return closes_at if is_open else None


def _state_hours(state: str, day: date) -> tuple[int, int] | None:
    window = window_on(state, day)
    return window.on(day, holiday=day in federal_holidays(day.year)) if window is not None else HARD_BOUND


@lru_cache(maxsize=16)
def federal_holidays(year: int) -> frozenset[date]:
    """The eleven days of 5 U.S.C. 6103(a), and the weekday on which one that falls on a weekend is kept."""
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    memorial_day = _nth(year, 6, 0, 1) - timedelta(days=7)  # May's last Monday
    moving = [_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), memorial_day, _nth(year, 9, 0, 1), _nth(year, 10, 0, 2),
              _nth(year, 11, 3, 4)]  # fmt: skip
    kept = [day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)) for day in fixed]
    return frozenset([*fixed, *moving, *kept])


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
