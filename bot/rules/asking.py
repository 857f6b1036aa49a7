"""May a program be asked for a fresh count now, and whom? Pure; the budget is `domain.md` 3.4.

Nagging loses a provider sooner than a stale count does: at most one question a day that they did not ask for, in
the hours it chose, and after three silences a person telephones instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.rules.freshness import Freshness, Life, freshness
from bot.rules.hours import place_of

OFFICE_HOURS = (9, 17)
"""Local hours in which a provider may be asked, end exclusive, unless it chose others."""
ONCE_IN = timedelta(hours=24)
"""For a program, not for a number: two who report for the same beds are one nuisance, not two."""
AFTER_A_TEXT = timedelta(hours=1)
"""Who has just written to us is not asked; what they wrote may be the start of an answer."""
MOST_SILENCES = 3
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest count of one stock, holds not taken off: what the provider itself said."""

    available: int
    observed_at: datetime
    life: Life


@dataclass(frozen=True, slots=True)
class Contact:
    """One number that may report for the program, and what has passed between it and us."""

    number: str
    language: str = "en"
    suppressed: bool = False
    signed_off: bool = True
    """The question's words may be sent in this language."""
    busy: bool = False
    """Waits for an advocate or talks with one: then this number's owner is a person first, and nothing else."""
    wrote_at: datetime | None = None
    asked_at: datetime | None = None
    """When the latest unprompted question to this number was written, whatever became of it."""
    silences: int = 0
    """Questions to this number since the program's last count, less those that we held back ourselves."""


@dataclass(frozen=True, slots=True)
class AskFacts:
    """Everything that is looked at, of one approved, active program."""

    now: datetime
    timezone: str | None
    """The program's own, as its facets have it."""
    standing: tuple[Standing, ...]
    """Of the stocks that were ever counted; of one that never was there is no count to remind anybody of."""
    contacts: tuple[Contact, ...]
    hours: tuple[int, int] = OFFICE_HOURS
    """Local hours, end exclusive: those it chose."""
    told: bool = False
    """The silence has been put before a person already, since the last count."""
    stopped: bool = False
    """The kill switch is on."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask at this number. `available` is the program's last count and `age` that of the oldest part of it."""

    contact: Contact
    available: int
    age: timedelta


@dataclass(frozen=True, slots=True)
class Telephone:
    """Silence for too long: a person takes over. `contact` is the one that was asked last."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class Rest:
    """Not now. `reason` is a code: stopped, fresh, hours, asked, silent, wrote or nobody (may be asked)."""

    reason: str


def decide(facts: AskFacts) -> Ask | Telephone | Rest:
    """What is due for one program at one moment."""
    if facts.stopped:
        return Rest("stopped")
    if not needs_count(facts.standing, facts.now):
        return Rest("fresh")
    if not facts.contacts:
        return Rest("nobody")
    within = [
        contact
        for contact in facts.contacts
        if in_office_hours(facts.now, facts.timezone, place_of(contact.number).zones, facts.hours)
    ]
    if not within:
        return Rest("hours")
    last = max(facts.contacts, key=lambda contact: (contact.asked_at or _NEVER, contact.number))
    if facts.now - (last.asked_at or _NEVER) < ONCE_IN:
        return Rest("asked")
    if sum(contact.silences for contact in facts.contacts) >= MOST_SILENCES:
        return Rest("silent") if facts.told or last.busy else Telephone(last)
    if any(c.wrote_at is not None and facts.now - c.wrote_at < AFTER_A_TEXT for c in facts.contacts):
        return Rest("wrote")
    free = [contact for contact in within if contact.signed_off and not (contact.suppressed or contact.busy)]
    return _ask(facts, free) if free else Rest("nobody")


def _ask(facts: AskFacts, free: list[Contact]) -> Ask:
    """Whoever wrote last is most likely to be at work; among those who never did, always the same one."""
    wrote = [contact for contact in free if contact.wrote_at is not None]
    latest = max(wrote, key=lambda contact: (contact.wrote_at, contact.number)) if wrote else free[0]
    oldest = min(standing.observed_at for standing in facts.standing)
    return Ask(latest, sum(standing.available for standing in facts.standing), facts.now - oldest)


def needs_count(standing: Iterable[Standing], now: datetime) -> bool:
    """Whether any part of a program's count may not be told to a person any more without asking first."""
    return any(freshness(s.life, now - s.observed_at, s.available) is not Freshness.FRESH for s in standing)


def in_office_hours(
    now: datetime, timezone: str | None, zones: Iterable[str], hours: tuple[int, int] = OFFICE_HOURS
) -> bool:
    """In the program's own time zone; where none is known, in every zone its number may be in."""
    own = _zone(str(timezone)) if timezone else None
    asked = (own,) if own is not None else tuple(ZoneInfo(name) for name in zones)
    first, end = hours
    return all(first <= now.astimezone(zone).hour < end for zone in asked)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    """None for a name that is no zone: a slip in one program's facets must not wake anybody, nor stop the others."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown (a KeyError), malformed, or the name of a folder
        return None
