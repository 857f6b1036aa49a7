"""When must somebody look at a hand-off, and what wait may be promised? Pure; the numbers are `advocate-inbox.md` 5.3.

The alarm of an open hand-off never rests: after the last step it comes again, for ever, until a human acts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

_STEPS_S = {
    "P0": (30, 30, 60, 120, 240, 300),
    "P1": (45, 60, 75, 120, 240, 300),
    "P2": (60, 120, 180, 300, 600),
    "P3": (600, 1800, 3600),
}
"""Seconds from each step to the next, while nobody has claimed it; the last repeats."""

_OWNER_SILENT_S = {"P0": 60, "P1": 120, "P2": 300, "P3": 600}
"""Seconds after which an owned hand-off is looked at again."""

_ANSWER_MINUTES = {"P0": 2, "P1": 5, "P2": 10, "P3": 20}
"""What a free advocate is promised to need, by tier."""

_PER_PERSON_AHEAD_MINUTES = 5
LONGEST_PROMISE_MINUTES = 60
WARN_BEFORE = timedelta(seconds=60)
"""A promise that will be missed is told so this long before it is due."""


def next_alarm(tier: str, step: int, now: datetime) -> datetime:
    """When the waiting hand-off must be looked at after `step`."""
    steps = _STEPS_S[tier]
    return now + timedelta(seconds=steps[min(step, len(steps) - 1)])


def owner_alarm(tier: str, now: datetime) -> datetime:
    return now + timedelta(seconds=_OWNER_SILENT_S[tier])


def promised_minutes(tier: str, *, ahead: int, advocates: int) -> int:
    """A wait that can be kept: the tier's own, and the people ahead shared among the advocates on shift."""
    shared = -(-ahead * _PER_PERSON_AHEAD_MINUTES // max(advocates, 1))
    return min(_ANSWER_MINUTES[tier] + shared, LONGEST_PROMISE_MINUTES)
