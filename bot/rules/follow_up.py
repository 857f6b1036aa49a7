"""When must somebody look after a referral, and who? The clock from referral to intake, and the checks after it.

Fourteen days from referral to intake, and contact lost after a few days without movement, is what this is built
against (`domain.md` 1.1, 3.11). The no-movement alarm is ours and needs nobody's yes; a text needs the person's.
Nothing here ends a follow-up: a human does, or the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

NO_MOVEMENT = timedelta(hours=24)
"""24, 48, 72 hours, and every 24 after that, for as long as nothing moves and nobody has arrived."""
CHECKS = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
LOOK_AGAIN = timedelta(hours=12)
"""While an advocate has the person, or will, no text asks how they are."""

OUTCOMES = ("arrived", "stayed", "moved_on", "lost", "asked_to_stop")
"""What can be written down, as often as it is true; the last three may also be the end."""
ENDS = ("stayed", "moved_on", "lost", "asked_to_stop")


class Next(StrEnum):
    """What a check that is due leads to."""

    TEXT = "text"
    HUMAN = "human"
    """A named human looks: the person chose no hours, or was asked once and said nothing."""
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides a check that is due."""

    agreed: bool
    """They said yes to being asked later."""
    stopped: bool
    held: bool
    """An advocate has them, or they are in the queue: somebody is, or will be, with them."""
    safe_hours: str | None
    in_safe_hours: bool
    asked_at: datetime | None
    """When they were last asked by text."""
    wrote_at: datetime | None


def next_check(facts: Facts) -> Next | None:
    """None: nothing, for they did not agree, or said STOP. One text unanswered, then silence (`domain.md` 3.11)."""
    if not facts.agreed or facts.stopped:
        return None
    if facts.held:
        return Next.LATER
    unanswered = facts.asked_at is not None and (facts.wrote_at is None or facts.wrote_at < facts.asked_at)
    if unanswered or not facts.safe_hours:
        return Next.HUMAN
    return Next.TEXT if facts.in_safe_hours else Next.LATER


def check_at(since: datetime, n: int) -> datetime | None:
    """When the n-th check (from 0) is due; None after the last."""
    return since + CHECKS[n] if n < len(CHECKS) else None


def alarm_at(moved_at: datetime, n: int) -> datetime:
    """When the n-th alarm (from 0) for no movement is due."""
    return moved_at + NO_MOVEMENT * (n + 1)


def hears(n: int) -> tuple[str, ...]:
    """Who is called at the n-th alarm: whoever has the person, then the leads with them, then on-call too."""
    return (("owner",), ("owner", "lead"))[n] if n < 2 else ("owner", "lead", "on_call")
