"""Who can be given a person now? Presence is what was heard and typed, never that a page is open. Pure.

It only sinks by itself: a poll that stops, hands that rest, a break, an alert nobody heard. Only the person raises it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

POLLED_WITHIN = timedelta(seconds=10)
TYPED_WITHIN = timedelta(minutes=5)


class Presence(StrEnum):
    HERE = "here"
    RESTING = "resting"
    """On a break, or after heavy work."""
    AWAY = "away"
    """No page of theirs polls, or no hand has moved."""
    UNPROVEN = "unproven"
    """No alert was heard by them this shift."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Signs:
    """What we know of one advocate. `proved_at` is when they last acknowledged an alert."""

    shift_from: datetime | None
    polled_at: datetime | None
    typed_at: datetime | None
    proved_at: datetime | None
    on_break: bool = False
    rests_until: datetime | None = None


def presence(signs: Signs, now: datetime, proof_lasts: timedelta) -> Presence:
    if signs.shift_from is None:
        return Presence.OFF
    proved_at = signs.proved_at
    if proved_at is None or proved_at < signs.shift_from or now - proved_at > proof_lasts:
        return Presence.UNPROVEN
    if signs.on_break or (signs.rests_until is not None and signs.rests_until > now):
        return Presence.RESTING
    polled, typed = signs.polled_at, signs.typed_at
    if polled is None or typed is None or now - polled > POLLED_WITHIN or now - typed > TYPED_WITHIN:
        return Presence.AWAY
    return Presence.HERE
