"""Who is next, and to whom is a person offered? Pure: rows in, an order out, with the reason in its key.

Tier first, then whoever was promised a time, then whoever waits longest. A person who waits ages: after `age_minutes`
they count as one tier higher, up to P1, so that a stream of urgent people starves nobody; a P0 is always first.
Language, skills and region are asked for at first and only wished for after `relax_s` (for a P0 at once).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rules.ladder import Ladder

_NEVER = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Waits:
    """A person nobody has. `needs` are skills; empty `region` says nothing."""

    handoff_id: str
    tier: str
    opened_at: datetime
    promised_at: datetime | None = None
    language: str = "en"
    needs: frozenset[str] = frozenset()
    region: str = ""


@dataclass(frozen=True, slots=True)
class Advocate:
    """`languages`, `skills` and `regions` are None where nothing was said: then everything fits."""

    staff_id: str
    load: int
    capacity: int
    languages: frozenset[str] | None = None
    skills: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    passed: frozenset[str] = frozenset()
    """Hand-offs they declined or let pass in this climb."""


def weight(tier: str) -> int:
    """How much of a capacity one person takes."""
    return 2 if tier == "P0" else 1


def rank(waits: Waits, now: datetime, ladder: Ladder) -> int:
    tier = int(waits.tier[1])
    aged = max(timedelta(), now - waits.opened_at) // timedelta(minutes=ladder.age_minutes)
    return tier if tier == 0 else max(1, tier - aged)


def fits(waits: Waits, advocate: Advocate) -> bool:
    return (
        (advocate.languages is None or waits.language in advocate.languages)
        and (advocate.skills is None or waits.needs <= advocate.skills)
        and (advocate.regions is None or not waits.region or waits.region in advocate.regions)
    )


def is_relaxed(waits: Waits, now: datetime, ladder: Ladder) -> bool:
    return waits.tier == "P0" or now - waits.opened_at >= timedelta(seconds=ladder.relax_s)


def in_order(queue: Iterable[Waits], advocate: Advocate, now: datetime, ladder: Ladder) -> list[Waits]:
    """For "take next": everybody, whoever fits this advocate before who does not, within a rank."""

    def key(one: Waits) -> tuple[int, bool, timedelta, datetime, str]:
        promised = _NEVER if one.promised_at is None else one.promised_at - now
        return rank(one, now, ladder), not fits(one, advocate), promised, one.opened_at, one.handoff_id

    return sorted(queue, key=key)


def has_room(waits: Waits, advocate: Advocate, *, cap: int) -> bool:
    return advocate.load + weight(waits.tier) <= cap


def best_for(waits: Waits, team: Iterable[Advocate], now: datetime, ladder: Ladder) -> list[Advocate]:
    """To whom the person is offered, the best first: who fits, then who holds least. The team is whoever is here."""
    relaxed = is_relaxed(waits, now, ladder)
    able = [
        one for one in team
        if waits.handoff_id not in one.passed
        and has_room(waits, one, cap=min(one.capacity, ladder.hard_cap))
        and (relaxed or fits(waits, one))
    ]  # fmt: skip
    able.sort(key=lambda one: (not fits(waits, one), one.load, one.staff_id))
    return able[: ladder.offers_at_once if waits.tier == "P0" else 1]
