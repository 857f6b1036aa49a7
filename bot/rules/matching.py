"""Which programs fit what a person has said, which may, and in what order?

Three-valued (`domain.md` 3.3): a facet fits, may fit, or does not; one that does not leaves the place out, and nothing
else does. Every place that is given is judged: what fits is never lost for want of looking. What each facet asks is in
bot/rules/facets.py; how ten thousand are judged in a blink, in bot/rules/outcomes.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from bot.rules.continuum import SPECIALISATIONS
from bot.rules.facets import (
    FACETS_OF,
    FITS,
    LISTS,
    MAY_FIT,
    RULES,
    Answers,
    Candidate,
    FacetVerdict,
    Verdict,
    in_the_way,
    may_be_bent,
    said_of,
)
from bot.rules.freshness import Freshness, believed
from bot.rules.nearness import Where, band, is_there, where
from bot.rules.outcomes import Asked, asked, bits_of, doubts, names_of, outcomes

_TOP = 3
_PREFERRED_BY = {"lgbtq": "lgbtq"}
"""Must-haves that say as well whom a place should know. Nothing else about a person is taken for a preference."""


class Ranked(NamedTuple):
    """A candidate that fits or may fit, and why: the advocate sees every facet and the age of the fact. The best sorts
    first."""

    rank: bytes
    """Its place in the ranking, a byte for each reason, the weightiest first; smaller is better."""
    turn: int
    """Among equals: who comes first this hour."""
    stock_id: str
    """And then: nobody's place is left to chance."""
    candidate: Candidate
    unsure: tuple[str, ...]
    """The facets that may fit: each is a question to the program."""
    p_open: float
    freshness: Freshness
    age: timedelta | None

    @property
    def age_minutes(self) -> int | None:
        return None if self.age is None else max(0, int(self.age.total_seconds() // 60))

    @property
    def verdict(self) -> Verdict:
        return MAY_FIT if self.unsure else FITS

    @property
    def facets(self) -> tuple[FacetVerdict, ...]:
        return tuple(FacetVerdict(name, MAY_FIT if name in self.unsure else FITS) for name in RULES)

    @property
    def may_be_told(self) -> bool:
        """Room was counted and the count is fresh: a person may hear of it without the provider being asked first."""
        return self.candidate.available > 0 and self.freshness is Freshness.FRESH


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A candidate that does not fit for one reason alone, which is no law: it may be asked to make an exception."""

    candidate: Candidate
    facet: str
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look at the openings says: what fits, best first, and which questions are still worth asking."""

    matches: tuple[Ranked, ...]
    undecided: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Search:
    """One person's answers, made ready once for every candidate."""

    named: Mapping[str, int]
    """The needs, and which was named first."""
    where: Where
    person: Asked
    preferred: frozenset[str]
    now: datetime
    turn: int
    """What decides among equals: another one's turn every hour."""


def survey(programs: Iterable[Candidate], answers: Answers, now: datetime) -> Survey:
    """What fits and what is still worth asking, every candidate judged once."""
    fitting = tuple(_fitting(programs, answers, now))
    return Survey(_best(fitting), _undecided(fitting, answers))


def match(programs: Iterable[Candidate], answers: Answers, now: datetime) -> tuple[Ranked, ...]:
    """The best opening of every program that fits or may fit, best first. What is known to be full is left out."""
    return _best(_fitting(programs, answers, now))


def near_misses(programs: Iterable[Candidate], answers: Answers, now: datetime, *, most: int) -> tuple[NearMiss, ...]:
    """The best of those that one thing keeps out which is no law and which they stated themselves: for a person to ask
    about, when little else is left (`domain.md` 3.2: a policy can be asked about, a law cannot)."""
    found: dict[str, tuple[tuple[float, str, str], NearMiss]] = {}
    for c in programs:
        wrong = in_the_way(c, answers)
        if len(wrong) != 1 or not may_be_bent(c, wrong[0], answers):
            continue
        age = None if c.observed_at is None else now - c.observed_at
        likely, state = believed(c.life, age, c.available)
        if c.available > 0 or state in _OLD:
            order = (-round(likely, 1), c.program_id, c.stock_id)
            miss = NearMiss(c, wrong[0], state)
            if c.program_id not in found or order < found[c.program_id][0]:
                found[c.program_id] = (order, miss)
    return tuple(miss for _, miss in sorted(found.values(), key=lambda one: one[0])[:most])


def _best(fitting: Iterable[Ranked]) -> tuple[Ranked, ...]:
    best: dict[str, Ranked] = {}
    for ranked in sorted(fitting):
        best.setdefault(ranked.candidate.program_id, ranked)
    return tuple(best.values())


_OLD = (Freshness.STALE, Freshness.UNKNOWN)
_FRESH = Freshness.FRESH
_MUSTS = sum(bits_of(name) for name in FACETS_OF["musts"])
_INTAKE = bits_of("intake")
_MOST_HURDLES = 200
"""More of them are not told apart."""


def _fitting(programs: Iterable[Candidate], answers: Answers, now: datetime) -> Iterator[Ranked]:
    search = _made_ready(answers, now)
    named, wanted, person = search.named, search.where, search.person
    for c in programs:
        known = c.known or outcomes(c)
        if known.no & person.bits or (named and c.need not in named):
            continue
        there = is_there(c.zip3s, wanted, known.from_away)
        if there is False:
            continue
        unforeseen = person.unforeseen or known.unforeseen & person.bits
        may = doubts(c, answers, person, known) if unforeseen else known.may & person.bits
        if may is not None:
            age = None if c.observed_at is None else now - c.observed_at
            likely, state = believed(c.life, age, c.available)
            if c.available > 0 or state in _OLD:
                yield _ranked(c, search, may, there, known.barriers, likely, state, age)


def _made_ready(answers: Answers, now: datetime) -> _Search:
    needs = answers.get("need")
    named = {need: at for at, need in enumerate(dict.fromkeys(needs))} if isinstance(needs, LISTS) else {}
    return _Search(named, where(answers.get("area")), asked(answers), preferred_of(answers), now,
                   zlib.crc32(f"{now:%Y-%m-%d %H}".encode()))  # fmt: skip


def preferred_of(answers: Answers) -> frozenset[str]:
    """The groups a person said a place should know well, in so many words or by a must-have."""
    stated = {_PREFERRED_BY[must] for must in said_of(answers, "musts") if must in _PREFERRED_BY}
    return frozenset(tag for tag in said_of(answers, "prefers") if tag in SPECIALISATIONS) | stated


def _ranked(c: Candidate, search: _Search, may: int, there: bool | None, barriers: int, likely: float,
            state: Freshness, age: timedelta | None) -> Ranked:  # fmt: skip
    """`domain.md` 3.3: what may be told, the need named first, musts met, what they prefer, fewer barriers, more likely
    open, in time, as near or far as wanted; among equals it is another one's turn every hour."""
    named, preferred = search.named, search.preferred
    unsure = _unsure(may, not named, there is None)
    hurdles = len(unsure)
    rank = bytes((
        not (c.available > 0 and state is _FRESH),
        named[c.need] if named else 0,
        hurdles > 0,
        (may & _MUSTS).bit_count(),
        len(preferred) - len(preferred & c.known_for) if preferred else 0,
        min(_MOST_HURDLES, hurdles + barriers),
        10 - round(10 * likely),
        bool(may & _INTAKE),
        band(c.zip3s, search.where),
    ))  # fmt: skip
    turn = zlib.crc32(c.program_id.encode(), search.turn)
    return Ranked(rank, turn, c.stock_id, c, unsure, likely, state, age)


@lru_cache(maxsize=4096)
def _unsure(may: int, need: bool, area: bool) -> tuple[str, ...]:
    return (*(["need"] if need else []), *(["area"] if area else []), *names_of(may))


# --- Which questions are still worth asking --------------------------------------------------------------------------

POSSIBLE: Mapping[str, tuple[object, ...]] = {
    "household": (
        {"alone": True}, {"kids": None}, {"kids": 4, "kid_ages": [15]}, {"pregnant": True}, {"pet": True},
        {"adult": True},
    ),
    "places": (["women"], ["men"], ["trans"], ["any"]),
    "musts": ([], ["phone"], ["no_religion"], ["lgbtq"], ["wheelchair"], ["meds"], ["come_and_go"], ["language"]),
}  # fmt: skip
"""Answers tried for each adaptive question: every single option, and the household that is hardest to place."""
_TRIED = {
    slot: [({slot: answer}, asked({slot: answer}, FACETS_OF[slot])) for answer in answers]
    for slot, answers in POSSIBLE.items()
}
_Judged = tuple[Ranked, int]


def _undecided(fitting: Iterable[Ranked], answers: Answers) -> frozenset[str]:
    """The slots among household, places and musts still worth asking (`domain.md` 2.2): two possible answers leave
    different sets of the openings that may be told, and they change the top three. A slot that was skipped is not
    asked again."""
    told = [ranked for ranked in fitting if ranked.may_be_told]
    several = len({ranked.candidate.program_id for ranked in told}) > 1
    open_slots = [slot for slot in POSSIBLE if slot not in answers and (several or slot != "musts")]
    return frozenset(slot for slot in open_slots if _decides(told, slot))


def _decides(told: Sequence[Ranked], slot: str) -> bool:
    """Only what this slot touches is judged again: the other verdicts cannot change with its answer."""
    left = [_left(told, *tried) for tried in _TRIED[slot]]
    if len({frozenset(r.candidate.program_id for r, _ in some) for some in left}) == 1:
        return False
    first = _top(left[0], slot)
    return any(_top(some, slot) != first for some in left[1:])


def _left(told: Sequence[Ranked], given: Answers, tried: Asked) -> list[_Judged]:
    """Those that this answer would not exclude, with what it makes of the slot's facets."""
    judged = ((ranked, doubts(ranked.candidate, given, tried, outcomes(ranked.candidate))) for ranked in told)
    return [(ranked, may) for ranked, may in judged if may is not None]


def _top(left: Sequence[_Judged], slot: str) -> frozenset[str]:
    """The programs that would lead if this were the answer."""
    best: list[str] = []
    if len(left) > _TOP:
        left = sorted(left, key=lambda judged: _order_with(*judged, slot))
    for ranked, _ in left:
        if ranked.candidate.program_id not in best:
            best.append(ranked.candidate.program_id)
        if len(best) == _TOP:
            break
    return frozenset(best)


def _order_with(ranked: Ranked, may: int, slot: str) -> tuple[bytes, int, str]:
    """The candidate's place once the slot's facets are these."""
    told, need, _, unmet, known, hurdles, *rest = ranked.rank
    change = may.bit_count() - sum(name in ranked.unsure for name in FACETS_OF[slot])
    unmet += may.bit_count() if slot == "musts" else 0
    rank = bytes((told, need, len(ranked.unsure) + change > 0, unmet, known, hurdles + change, *rest))
    return rank, ranked.turn, ranked.candidate.stock_id
