"""What is open now that fits this person, and may be told without asking the provider first?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rules.facets import Candidate
from bot.rules.matching import NearMiss, Ranked, match, near_misses, preferred_of, survey
from bot.rules.nearness import near_zip3s
from bot.store import candidates, directory, directory_criteria, openings
from bot.store.candidates import Where
from bot.store.db import Database, Tx
from flows.events import OpeningsFound, Option

LABELS = ("A", "B")
ENOUGH = 5
"""Below so many matches an advocate sees near misses as well."""
NEAR_MISSES = 5
_HARBOUR = ("hotel", "apartment", "own_room", "shared_room")
_TELLING = {
    "phone": "keep_phone",
    "no_religion": "no_religion",
    "lgbtq": "lgbtq_ok",
    "wheelchair": "step_free",
    "meds": "meds_ok",
    "come_and_go": "come_and_go",
    "language": "spanish_staff",
    "kids": "kids_ok",
    "pet": "pets_ok",
    "trans": "trans_welcome",
    "women": "women_only",
    "men": "men_only",
    "tonight": "tonight",
    "now": "tonight",
}
"""What somebody asked for, and the trait that answers it."""


def find(tx: Tx, answers: Mapping[str, object]) -> OpeningsFound:
    """The count of programs with fresh room, holds taken off; the best two, by their traits alone; and which questions
    could still change what fits. One statement."""
    return found_in(openings_for(tx, answers), answers, tx.now)


def found_in(given: Sequence[Candidate], answers: Mapping[str, object], now: datetime) -> OpeningsFound:
    """The same, of candidates that have been read already."""
    seen = survey(given, answers, now)
    told = [ranked for ranked in seen.matches if ranked.may_be_told]
    return OpeningsFound(
        count=len(told),
        age_minutes=max((ranked.age_minutes or 0 for ranked in told), default=0),
        options=tuple(_option(ranked, answers) for ranked in told[: len(LABELS)]),
        undecided=seen.undecided,
    )


@dataclass(frozen=True, slots=True)
class Searched:
    """What fits or may fit, told or not, with every facet's verdict; and, where that is little, what one thing keeps
    out that a person may ask about."""

    matches: tuple[Ranked, ...]
    near_misses: tuple[NearMiss, ...] = ()


def search(database: Database, answers: Mapping[str, object]) -> tuple[Ranked, ...]:
    """Everything that fits or may fit, best first: what machines and askers look through."""
    with database.reading() as tx:
        return match(openings_for(tx, answers), answers, tx.now)


def look_around(database: Database, answers: Mapping[str, object]) -> Searched:
    """The same for an advocate."""
    with database.reading() as tx:
        given = openings_for(tx, answers)
        found = match(given, answers, tx.now)
        if len(found) >= ENOUGH:
            return Searched(found)
        return Searched(found, near_misses(given, answers, tx.now, most=NEAR_MISSES))


def openings_for(tx: Tx, answers: Mapping[str, object]) -> list[Candidate]:
    """What the matcher is given: the bot and whoever searches ask here. What the database leaves out (another need,
    another area) could not fit, and it leaves out nothing else."""
    needs, area = answers.get("need"), answers.get("area")
    far = isinstance(area, dict) and bool(area.get("far"))
    preferred = preferred_of(answers)
    return candidates.every(
        tx, needs=needs if isinstance(needs, list | tuple) else (), zip3s=near_zip3s(area),
        where=Where.FAR if far else Where.NEAR,
        known_for=directory_criteria.known_for(tx, preferred) if preferred else {},
    )  # fmt: skip


def record_offers(tx: Tx, conversation_id: str, found: OpeningsFound) -> None:
    """Keep what the person was told, so that "A" still means the same place when they answer."""
    counted = openings.counted_at(tx, (option.program_id for option in found.options))
    told = {
        label: (option.program_id, counted[option.program_id])
        for label, option in zip(LABELS, found.options, strict=False)
        if option.program_id in counted
    }
    directory.add_offers(tx, conversation_id, told)


def _option(ranked: Ranked, answers: Mapping[str, object]) -> Option:
    """What this person asked about comes first: there is room for three or four traits in a text."""
    traits = ranked.candidate.traits
    asked = [_TELLING[word] for word in _asked(answers) if word in _TELLING]
    order = {trait: place for place, trait in enumerate((*_HARBOUR, *asked))}
    return Option(ranked.candidate.program_id, _sorted(traits, order))


def _sorted(traits: Sequence[str], order: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(traits, key=lambda trait: order.get(trait, len(order))))


def _asked(answers: Mapping[str, object]) -> Iterable[str]:
    for slot in ("household", "places", "musts"):
        value = answers.get(slot)
        if isinstance(value, dict | list | tuple):
            yield from value
    yield str(answers.get("urgency", ""))
