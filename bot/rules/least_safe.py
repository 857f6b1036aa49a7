"""Who is least safe now? The order of a lead's board. Pure.

Not how long somebody waits alone: a person nobody has, one whose helper has gone silent, and one who is being answered
are three different things.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Protocol


class Standing(IntEnum):
    """From the least safe to the safest."""

    LATE = 0
    """Nobody has them, and what they were promised is over."""
    WAITING = 1
    UNSEEN = 2
    """Somebody has them, and has not seen what they wrote."""
    UNANSWERED = 3
    HELD = 4


class Open(Protocol):
    """What is asked of an open hand-off."""

    tier: str
    owner_id: str | None
    opened_at: datetime
    promised_at: datetime | None
    last_inbound_at: datetime | None
    inbound_seq: int
    seen_seq: int
    answered_seq: int


def standing(one: Open, now: datetime) -> Standing:
    if one.owner_id is None:
        return Standing.LATE if one.promised_at is not None and one.promised_at < now else Standing.WAITING
    if one.inbound_seq > one.seen_seq:
        return Standing.UNSEEN
    return Standing.UNANSWERED if one.inbound_seq > one.answered_seq else Standing.HELD


def since(one: Open, now: datetime) -> datetime:
    """Since when it stands so: in the queue, or without an answer."""
    if standing(one, now) in (Standing.UNSEEN, Standing.UNANSWERED):
        return one.last_inbound_at or one.opened_at
    return one.opened_at


def least_safe_first(rows: list[Open], now: datetime) -> list[Open]:
    """Whoever is in danger and without a human comes first, whatever else is late; then by how they stand, how urgent
    they are, and since when."""

    def order(one: Open) -> tuple[bool, Standing, str, datetime]:
        how = standing(one, now)
        return not (one.tier == "P0" and how < Standing.HELD), how, one.tier, since(one, now)

    return sorted(rows, key=order)
