"""May this be told to this place now? Only what the person said yes to, for that place, while their yes stands.

A release says for whom, what and until when (`domain.md` 5, E28). The open one (SH1) names no place: it asks any of
them for a spot, and does nothing else. One that names a place or an organization covers what was ticked, there and
nowhere else. What one yes does not cover another may; what none covers is told to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.rules.phrases import listed, phrases

ITEMS: Mapping[str, str] = phrases(
    {
        "party": "Who would come",
        "urgency": "How soon",
        "need": "What would help",
        "area": "About where they are",
        "age": "Their age group",
        "musts": "What a place must have",
        "language": "Their language",
        "voice": "That they talk together, with us on the line",
        "first_name": "The first name they chose",
        "number": "Their phone number",
    }
)
"""What can be told of somebody, each with a yes of its own."""
IN_SH1 = frozenset({"party", "urgency"})
"""What the person reads in SH1, word for word: who would come and how soon."""
ASK, INTRODUCE = "ask_for_spot", "introduce"
"""Why something is told: to ask for a place, or to bring two sides together."""
DAYS = (1, 3, 7, 30)
"""How long a yes may be given for: reasonably time-limited."""
_TELLS_URGENCY = ("now", "tonight", "week")


@dataclass(frozen=True, slots=True)
class Grant:
    """One yes. Without a program and an organization it is the open one."""

    release_id: str
    items: frozenset[str]
    expires_at: datetime
    revoked_at: datetime | None = None
    program_id: str | None = None
    organization_id: str | None = None

    @property
    def is_open(self) -> bool:
        return self.program_id is None and self.organization_id is None

    def stands(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def is_for(self, place: Place, purpose: str) -> bool:
        if self.is_open:
            return purpose == ASK
        return place.program_id == self.program_id or place.organization_id == self.organization_id


@dataclass(frozen=True, slots=True)
class Place:
    """To whom something would be told."""

    program_id: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class Covered:
    """Every item has a yes that stands. `by`: which release covers which."""

    by: Mapping[str, frozenset[str]]

    @property
    def items(self) -> frozenset[str]:
        return frozenset().union(*self.by.values())


@dataclass(frozen=True, slots=True)
class NotCovered:
    """These have none. `ended` is true when there was one for this place, and it was taken back or ran out."""

    missing: frozenset[str]
    ended: bool


def may_tell(grants: Iterable[Grant], place: Place, items: Collection[str], purpose: str, now: datetime,
             ) -> Covered | NotCovered:  # fmt: skip
    """Whether all of this may be told there for that purpose. Nothing asked is nothing told, and always may be."""
    meant = [grant for grant in grants if grant.is_for(place, purpose)]
    by: dict[str, frozenset[str]] = {}
    missing = frozenset(items)
    for grant in meant:
        theirs = missing & grant.items if grant.stands(now) else frozenset()
        if theirs:
            by[grant.release_id] = theirs
            missing -= theirs
    if missing:
        return NotCovered(missing, ended=any(not grant.stands(now) for grant in meant))
    return Covered(by)


def told_in_hold(answers: Mapping[str, object]) -> frozenset[str]:
    """What a request for a place tells of these answers (`Wording.who`)."""
    return IN_SH1 if answers.get("urgency") in _TELLS_URGENCY else frozenset({"party"})


def in_words(items: Collection[str]) -> str:
    """For staff, in the order of the form."""
    return listed(words.lower() for item, words in ITEMS.items() if item in items)
