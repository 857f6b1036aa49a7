"""What does a program's statement come to for every answer there can be? Worked out once of each statement.

Every facet but where and what (ZIP areas, need) has a handful of answers that differ for it: an age band, a pet that
comes or does not. The rules of bot/rules/facets.py are asked for each of them when a statement is first met; a search
is then two bit-wise ands a place. What cannot be foreseen (three children of 3, 5 and 15) is asked of the rule itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.rules.criteria import Facets
from bot.rules.facets import (
    DOES_NOT,
    FACETS_OF,
    LISTS,
    MAY_FIT,
    RULES,
    SOON_H,
    Answers,
    Candidate,
    Document,
    said_of,
)
from bot.rules.freshness import prior

_COMES = {"pregnancy": "pregnant", "pet": "pet", "adult": "adult"}
_CLASSES: Mapping[str, tuple[Answers, ...]] = {
    "age": ({}, {"age": "under18"}, {"age": "18-24"}, {"age": "25up"}),
    "gender": ({}, {"places": ["women"]}, {"places": ["men"]}, {"places": ["women", "men"]}),
    "trans": ({}, {"places": ["trans"]}, {"places": ["any"]}),
    "kids": ({}, {"household": {"alone": True}}, {"household": {"pet": True}}, {"household": {"kids": 1}}),
    **{name: ({}, {"household": {who: True}}, {"household": {}}) for name, who in _COMES.items()},
    **{name: ({}, {"musts": [name]}) for name in FACETS_OF["musts"]},
    "intake": ({}, {"urgency": "tonight"}, {"urgency": "week"}),
}
"""Of each facet one example of every kind of answer that makes a difference to it."""
_WIDTH = 4
_PLACE = {name: at * _WIDTH for at, name in enumerate(_CLASSES)}
"""The first bit of each facet: one for each of its kinds of answer."""
_AGES = {"under18": 1, "18-24": 2, "25up": 3}
_GENDERS = {frozenset({"women"}): 1, frozenset({"men"}): 2, frozenset({"women", "men"}): 3}
_KIDS_COME = 3


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A bit for each kind of answer: those that do not fit, those that may, and those the rule itself must be asked."""

    no: int
    may: int
    unforeseen: int
    barriers: int
    from_away: object
    """Whether it takes people from elsewhere, as it is stated."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One person's answers: their bits, and the facets for which there is none."""

    bits: int
    unforeseen: tuple[str, ...]


def outcomes(c: Candidate) -> Outcomes:
    """What this candidate's statement comes to; kept with the statement, and with the candidate."""
    if c.known is None:
        object.__setattr__(c, "known", _of(c.facets, c.need == "bed"))
    return c.known  # type: ignore[no-any-return]


def _of(facets: Document, home: bool) -> Outcomes:
    if not isinstance(facets, Facets):
        return _worked_out(facets, home)
    if home not in facets.memo:
        facets.memo[home] = _worked_out(facets, home)
    return facets.memo[home]  # type: ignore[no-any-return]


def asked(answers: Answers, names: Iterable[str] = tuple(_CLASSES)) -> Asked:
    """The answers as bits, of these facets."""
    bits, unforeseen = 0, []
    for name in names:
        kind = _kind(name, answers)
        if kind is None:
            unforeseen.append(name)
        else:
            bits |= 1 << (_PLACE[name] + kind)
    return Asked(bits, tuple(unforeseen))


def doubts(c: Candidate, answers: Answers, person: Asked, known: Outcomes) -> int | None:
    """The bits of the facets that may fit; None when one of them does not. `known` is what the candidate states."""
    if known.no & person.bits:
        return None
    may = known.may & person.bits
    if person.unforeseen or known.unforeseen & person.bits:
        for name in (*person.unforeseen, *names_of(known.unforeseen & person.bits)):
            match RULES[name](c, answers):
                case verdict if verdict is DOES_NOT:
                    return None
                case verdict if verdict is MAY_FIT:
                    may |= 1 << _PLACE[name]
    return may


def bits_of(name: str) -> int:
    """All bits of one facet."""
    return ((1 << _WIDTH) - 1) << _PLACE[name]


@lru_cache(maxsize=4096)
def names_of(bits: int) -> tuple[str, ...]:
    """Which facets have a bit here."""
    return tuple(name for name in _CLASSES if bits & bits_of(name))




def _worked_out(facets: Document, home: bool) -> Outcomes:
    c = _probe(facets, home)
    no = may = 0
    for name, examples in _CLASSES.items():
        for kind, example in enumerate(examples):
            verdict = RULES[name](c, example)
            no |= (verdict is DOES_NOT) << (_PLACE[name] + kind)
            may |= (verdict is MAY_FIT) << (_PLACE[name] + kind)
    unforeseen = 0
    if isinstance(facets.get("kids"), dict):
        unforeseen = 1 << (_PLACE["kids"] + _KIDS_COME)
        no, may = no & ~unforeseen, may & ~unforeseen
    barriers = facets.get("barriers")
    return Outcomes(no, may, unforeseen, len(barriers) if isinstance(barriers, LISTS) else 1, facets.get("from_away"))


def _probe(facets: Document, home: bool) -> Candidate:
    """No facet's rule but where and what looks at anything else of a candidate."""
    return Candidate("", "", "bed" if home else "other", prior(""), frozenset(), facets, (), 0, None)


def _kind(name: str, answers: Answers) -> int | None:
    """Which of its kinds of answer this is; None for one of no kind."""
    match name:
        case "age":
            said = answers.get("age")
            return _AGES.get(said, 0) if isinstance(said, str) else 0
        case "gender":
            places = frozenset(place for place in said_of(answers, "places") if place != "trans")
            return 0 if not places or "any" in places else _GENDERS.get(places)
        case "trans":
            places = frozenset(said_of(answers, "places"))
            return 0 if not places else 1 if "trans" in places else 2
        case "kids":
            return _kids(answers.get("household"))
        case "pregnancy" | "pet" | "adult":
            household = answers.get("household")
            return 0 if not isinstance(household, dict) else 1 if household.get(_COMES[name]) else 2
        case "intake":
            urgency = answers.get("urgency")
            within = SOON_H.get(urgency) if isinstance(urgency, str) else None
            return 0 if within is None else 1 if within == SOON_H["tonight"] else 2
    return int(name in said_of(answers, "musts"))


def _kids(household: Any) -> int:
    if not isinstance(household, dict):
        return 0
    if "kids" in household and household["kids"] != 0:
        return _KIDS_COME
    return 1 if household.get("alone") else 2
