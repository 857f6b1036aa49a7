"""What does a moment say on the person's own clock? For words on a page, never for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.rules.phrases import phrase, phrases
from bot.web.tongue import day

NAMES = phrases({
    "America/New_York": "Eastern", "America/Chicago": "Central", "America/Denver": "Mountain",
    "America/Phoenix": "Arizona", "America/Los_Angeles": "Pacific", "America/Anchorage": "Alaska",
    "Pacific/Honolulu": "Hawaii", "America/Puerto_Rico": "Atlantic", "Pacific/Guam": "Guam",
})  # fmt: skip


def theirs(moment: datetime, zones: Sequence[str], now: datetime) -> str:
    """`today, 18:00 Central`; where their zone is not certain, the first and the last it may be."""
    local = sorted({moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None): zone for zone in reversed(zones)}.items())
    (first, first_zone), (last, last_zone) = local[0], local[-1]
    if first == last:
        return phrase(
            "%(day)s, %(at)s %(zone)s", day=_day(first, first_zone, now), at=f"{first:%H:%M}", zone=_name(first_zone)
        )
    return phrase(
        "%(day)s, %(at)s %(zone)s or %(earlier)s %(other)s", day=_day(last, last_zone, now), at=f"{last:%H:%M}",
        zone=_name(last_zone), earlier=f"{first:%H:%M}", other=_name(first_zone),
    )  # fmt: skip


def _day(local: datetime, zone: str, now: datetime) -> str:
    days = (local.date() - now.astimezone(ZoneInfo(zone)).date()).days
    return {0: phrase("today"), 1: phrase("tomorrow")}.get(days) or day(local, "EEEE d MMM")


def _name(zone: str) -> str:
    return NAMES.get(zone, zone.rpartition("/")[2].replace("_", " "))
