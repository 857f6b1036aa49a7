"""Which programs fit what a person has said, which may, and in what order?

Three-valued (`domain.md` 3.2, 3.3): a facet fits, may fit, or does not. What nobody said and what a program is silent
about never excludes; it is asked by a person, without the person's details. One exception, for safety: for someone
under 18 a program counts as for adults until it says otherwise (E14).

Not here on purpose: immigration, record, substances, diagnoses, income, ID. No bot asks them; a program that filters on
them lists them as `barriers` and ranks after one that does not.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.rules.freshness import Freshness, Life, freshness, p_open
from bot.rules.nearness import distance_band, is_where_wanted

Answers = Mapping[str, object]
Facets = Mapping[str, object]
_Step = tuple["Callable[[Candidate, Answers], Verdict] | None", "Mapping[Verdict, FacetVerdict]"]


class Verdict(StrEnum):
    FITS = "fits"
    MAY_FIT = "may_fit"
    DOES_NOT = "does_not"


FITS, MAY_FIT, DOES_NOT = Verdict.FITS, Verdict.MAY_FIT, Verdict.DOES_NOT

_LISTS = (list, tuple)
_TOP = 3
_OLDEST = 200
_BANDS = {"under18": (13, 17), "18-24": (18, 24), "25up": (25, _OLDEST)}
_SOON_H = {"now": 12, "tonight": 12, "week": 168}
"""Within how many hours intake must be possible to be in time."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One opening of one program, as the store knows it. `available` has active holds taken off already."""

    program_id: str
    stock_id: str
    need: str
    life: Life
    zip3s: frozenset[str]
    """Three-digit ZIPs served; empty means everywhere."""
    facets: Facets
    traits: tuple[str, ...]
    available: int
    observed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FacetVerdict:
    name: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate that fits or may fit, and why: the advocate sees every facet and the age of the fact."""

    candidate: Candidate
    doubts: int
    """How many facets may fit: each is a question to the program."""
    p_open: float
    freshness: Freshness
    age_minutes: int | None
    facets: tuple[FacetVerdict, ...]
    order: tuple[Any, ...]
    """Its place in the ranking; smaller is better."""

    @property
    def verdict(self) -> Verdict:
        return MAY_FIT if self.doubts else FITS

    @property
    def may_be_told(self) -> bool:
        """Room was counted and the count is fresh: a person may hear of it without the provider being asked first."""
        return self.candidate.available > 0 and self.freshness is Freshness.FRESH


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look at the openings says: what fits, best first, and which questions are still worth asking."""

    matches: tuple[Ranked, ...]
    undecided: frozenset[str]


def survey(programs: Sequence[Candidate], answers: Answers, now: datetime) -> Survey:
    """What fits and what is still worth asking, every candidate judged once."""
    fitting = tuple(_fitting(programs, answers, now))
    return Survey(_best(fitting), _undecided(fitting, answers))


def match(programs: Sequence[Candidate], answers: Answers, now: datetime) -> tuple[Ranked, ...]:
    """The best opening of every program that fits or may fit, best first. What is known to be full is left out."""
    return _best(_fitting(programs, answers, now))


def _best(fitting: Iterable[Ranked]) -> tuple[Ranked, ...]:
    best: dict[str, Ranked] = {}
    for ranked in sorted(fitting, key=_order):
        best.setdefault(ranked.candidate.program_id, ranked)
    return tuple(best.values())


def judge(candidate: Candidate, answers: Answers) -> tuple[FacetVerdict, ...]:
    """Every facet with its verdict, hard ones first; stops at the first that does not fit."""
    return _judge(candidate, answers, _steps(answers))


def _judge(candidate: Candidate, answers: Answers, steps: Sequence[_Step]) -> tuple[FacetVerdict, ...]:
    verdicts = []
    for rule, made in steps:
        if rule is None:
            verdicts.append(made[FITS])
            continue
        verdict = rule(candidate, answers)
        verdicts.append(made[verdict])
        if verdict is DOES_NOT:
            break
    return tuple(verdicts)


def _steps(answers: Answers) -> list[_Step]:
    """What is to be looked at of each candidate. A facet nobody's place is judged by, for these answers, fits all: most
    do, and a search judges hundreds."""
    return [(None if _is_moot(name, answers) else rule, made) for name, (rule, made) in _RULES.items()]


def _is_moot(name: str, answers: Answers) -> bool:
    if name in _FACETS_OF["musts"]:
        return name not in _chosen(answers, "musts")
    match name:
        case "pregnancy" | "pet" | "adult":
            household = answers.get("household")
            return isinstance(household, dict) and not household.get("pregnant" if name == "pregnancy" else name)
        case "trans":
            chosen = _chosen(answers, "places")
            return bool(chosen) and "trans" not in chosen
        case "intake":
            urgency = answers.get("urgency")
            return not (isinstance(urgency, str) and urgency in _SOON_H)
    return False


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
    left = [_left(told, slot, answer) for answer in POSSIBLE[slot]]
    if len({frozenset(r.candidate.program_id for r, _ in some) for some in left}) == 1:
        return False
    first = _top(left[0], slot)
    return any(_top(some, slot) != first for some in left[1:])


_Judged = tuple[Ranked, tuple[Verdict, ...]]


def _left(told: Sequence[Ranked], slot: str, answer: object) -> list[_Judged]:
    """Those that this answer would not exclude, with what it makes of the slot's facets."""
    given = {slot: answer}
    rules = [_RULES[name][0] for name in (_chosen(given, slot) if slot == "musts" else _FACETS_OF[slot])]
    judged = ((ranked, tuple(rule(ranked.candidate, given) for rule in rules)) for ranked in told)
    return [(ranked, verdicts) for ranked, verdicts in judged if DOES_NOT not in verdicts]


def _top(left: Sequence[_Judged], slot: str) -> frozenset[str]:
    """The programs that would lead if this were the answer."""
    best: list[str] = []
    if len(left) > _TOP:
        left = sorted(left, key=lambda judged: _order_with(*judged, slot))
    for ranked, _ in left:
        if ranked.candidate.program_id not in best:
            best.append(ranked.candidate.program_id)
    return frozenset(best[:_TOP])


def _order_with(ranked: Ranked, verdicts: tuple[Verdict, ...], slot: str) -> tuple[Any, ...]:
    """The candidate's place once the slot's facets have these verdicts."""
    told, need, _, met, hurdles, *rest = ranked.order
    before = sum(ranked.facets[place].verdict is MAY_FIT for place in _PLACES_OF[slot])
    after = verdicts.count(MAY_FIT)
    met -= verdicts.count(FITS) if slot == "musts" else 0
    return (told, need, ranked.doubts - before + after > 0, met, hurdles - before + after, *rest)


def _fitting(programs: Iterable[Candidate], answers: Answers, now: datetime) -> Iterator[Ranked]:
    steps = _steps(answers)
    for candidate in programs:
        facets = _judge(candidate, answers, steps)
        if facets[-1].verdict is not DOES_NOT:
            ranked = _ranked(candidate, facets, answers, now)
            if candidate.available > 0 or ranked.freshness in (Freshness.STALE, Freshness.UNKNOWN):
                yield ranked


def _ranked(c: Candidate, facets: tuple[FacetVerdict, ...], answers: Answers, now: datetime) -> Ranked:
    """`domain.md` 3.3: what may be told, the need named first, musts met, fewer barriers, more likely open, in time,
    as near or far as wanted; among equals it is another one's turn every hour."""
    age = None if c.observed_at is None else now - c.observed_at
    likely, state = p_open(c.life, age, c.available), freshness(c.life, age, c.available)
    doubts = len([f for f in facets if f.verdict is MAY_FIT])
    barriers = c.facets.get("barriers")
    order = (
        not (c.available > 0 and state is Freshness.FRESH),
        _place_among(answers.get("need"), c.need),
        doubts > 0,
        -_musts_met(c, answers),
        doubts + (len(barriers) if isinstance(barriers, _LISTS) else 1),
        -round(likely, 1),
        facets[-1].verdict is MAY_FIT,
        distance_band(c.zip3s, answers.get("area")),
        zlib.crc32(f"{now:%Y-%m-%d %H}{c.program_id}".encode()),
        c.stock_id,
    )
    minutes = None if age is None else max(0, int(age.total_seconds() // 60))
    return Ranked(c, doubts, likely, state, minutes, facets, order)


def _order(ranked: Ranked) -> tuple[Any, ...]:
    return ranked.order


def _place_among(needs: object, need: str) -> int:
    return needs.index(need) if isinstance(needs, _LISTS) and need in needs else 0


def _musts_met(c: Candidate, answers: Answers) -> int:
    musts = _chosen(answers, "musts")
    return sum(_RULES[must][0](c, answers) is FITS for must in musts if must in _RULES) if musts else 0


POSSIBLE: Mapping[str, tuple[object, ...]] = {
    "household": (
        {"alone": True}, {"kids": None}, {"kids": 4, "kid_ages": [15]}, {"pregnant": True}, {"pet": True},
        {"adult": True},
    ),
    "places": (["women"], ["men"], ["trans"], ["any"]),
    "musts": ([], ["phone"], ["no_religion"], ["lgbtq"], ["wheelchair"], ["meds"], ["come_and_go"], ["language"]),
}  # fmt: skip
"""Answers tried for each adaptive question: every single option, and the household that is hardest to place."""


# --- One rule a facet -------------------------------------------------------------------------------------------------


def _need(c: Candidate, answers: Answers) -> Verdict:
    needs = answers.get("need")
    if not isinstance(needs, _LISTS) or not needs:
        return MAY_FIT
    return FITS if c.need in needs else DOES_NOT


def _age(c: Candidate, answers: Answers) -> Verdict:
    limits = c.facets.get("age")
    stated: Facets = limits if isinstance(limits, dict) else {}
    lowest, highest = stated.get("min"), stated.get("max")
    answer = answers.get("age")
    band = _BANDS.get(answer) if isinstance(answer, str) else None
    if band is None:
        return FITS if lowest == 0 and highest is None else MAY_FIT
    if answer == "under18" and lowest is None:
        return DOES_NOT
    low, high = lowest or 0, _OLDEST if highest is None else highest
    if band[1] < low or band[0] > high:
        return DOES_NOT
    return FITS if stated and low <= band[0] and band[1] <= high else MAY_FIT


def _area(c: Candidate, answers: Answers) -> Verdict:
    """Near where they said, or far from it. A program that serves everywhere fits both."""
    match is_where_wanted(c.zip3s, answers.get("area"), c.facets.get("from_away")):
        case None:
            return MAY_FIT
        case fits:
            return FITS if fits else DOES_NOT


def _gender(c: Candidate, answers: Answers) -> Verdict:
    """Where to look, not what anyone is. A mixed place serves whoever asks; one for women or men alone fits those
    who asked for it, and may fit those who gave no direction."""
    served = c.facets.get("gender")
    if served == "any":
        return FITS
    chosen = [place for place in _chosen(answers, "places") if place != "trans"]
    if not isinstance(served, _LISTS):
        return _silent(c)
    if not chosen or "any" in chosen:
        return MAY_FIT
    return FITS if any(place in served for place in chosen) else DOES_NOT


def _trans(c: Candidate, answers: Answers) -> Verdict:
    """Welcoming only where its policy says so: yes, no, or ask."""
    chosen = _chosen(answers, "places")
    if chosen and "trans" not in chosen:
        return FITS
    return _yes_no(c, c.facets.get("trans"), True if chosen else None)


def _kids(c: Candidate, answers: Answers) -> Verdict:
    rule, household = c.facets.get("kids"), answers.get("household")
    known = isinstance(household, dict)
    coming = known and "kids" in household and household["kids"] != 0
    if isinstance(rule, dict):
        return _kids_limits(rule, household, coming) if known else MAY_FIT
    if known and not coming:
        return FITS
    return _yes_no(c, rule, True if coming else None)


def _kids_limits(rule: Mapping[str, object], household: Mapping[str, object], coming: bool) -> Verdict:
    """`max` kids, up to `max_age`; `needed` means families only."""
    if not coming:
        return FITS if not rule.get("needed") else DOES_NOT if household.get("alone") else MAY_FIT
    most, oldest = rule.get("max"), rule.get("max_age")
    count, ages = household.get("kids"), household.get("kid_ages") or ()
    if most is not None and isinstance(count, int) and count > most:
        return DOES_NOT
    if oldest is not None and any(age > oldest for age in ages):
        return DOES_NOT
    known = count if isinstance(count, int) else None
    unsure = (most is not None and known is None) or (oldest is not None and (known is None or len(ages) < known))
    return MAY_FIT if unsure else FITS


def _comes(name: str, facet: str) -> Callable[[Candidate, Answers], Verdict]:
    """A rule for one kind of company: pregnancy, pet, another adult."""

    def rule(c: Candidate, answers: Answers) -> Verdict:
        household = answers.get("household")
        if not isinstance(household, dict):
            return _yes_no(c, c.facets.get(facet), None)
        return _yes_no(c, c.facets.get(facet), True) if household.get(name) else FITS

    return rule


def _must(name: str, facet: str) -> Callable[[Candidate, Answers], Verdict]:
    """A rule for something the person must be let have; nobody else is judged by it."""

    def rule(c: Candidate, answers: Answers) -> Verdict:
        return _yes_no(c, c.facets.get(facet), True) if name in _chosen(answers, "musts") else FITS

    return rule


def _no_religion(c: Candidate, answers: Answers) -> Verdict:
    if "no_religion" not in _chosen(answers, "musts"):
        return FITS
    faith = c.facets.get("faith")
    return DOES_NOT if faith == "required" else FITS if faith in ("none", "optional") else _silent(c)


def _language(c: Candidate, answers: Answers) -> Verdict:
    """Which language "mine" is, only the thread knows: more than English, or an interpreter, is as good as it gets."""
    if "language" not in _chosen(answers, "musts"):
        return FITS
    spoken = c.facets.get("languages")
    return FITS if isinstance(spoken, _LISTS) and len(spoken) > 1 else MAY_FIT


def _intake(c: Candidate, answers: Answers) -> Verdict:
    """Whether intake is possible in time. Too late is a question for a person, never a reason to hide a place."""
    urgency = answers.get("urgency")
    within = _SOON_H.get(urgency) if isinstance(urgency, str) else None
    if within is None:
        return FITS
    hours = c.facets.get("intake_within_h")
    return FITS if isinstance(hours, int) and hours <= within else MAY_FIT


def _chosen(answers: Answers, slot: str) -> Sequence[str]:
    chosen = answers.get(slot)
    return chosen if isinstance(chosen, _LISTS) else ()


def _silent(c: Candidate) -> Verdict:
    """A place to live in that says nothing must be asked; an office, a clinic or a phone line has no such rule."""
    return MAY_FIT if c.need == "bed" else FITS


def _yes_no(c: Candidate, allowed: object, wanted: bool | None) -> Verdict:
    """`allowed` True, False or "ask"; None is silence. `wanted` None: the person has not said."""
    if allowed is True:
        return FITS
    if allowed is False:
        return DOES_NOT if wanted else MAY_FIT
    return MAY_FIT if allowed is not None else _silent(c)


_ORDERED: Mapping[str, Callable[[Candidate, Answers], Verdict]] = {
    "need": _need,
    "age": _age,
    "area": _area,
    "gender": _gender,
    "trans": _trans,
    "kids": _kids,
    "pregnancy": _comes("pregnant", "pregnancy"),
    "pet": _comes("pet", "pets"),
    "adult": _comes("adult", "adults"),
    "phone": _must("phone", "phone"),
    "no_religion": _no_religion,
    "lgbtq": _must("lgbtq", "lgbtq"),
    "wheelchair": _must("wheelchair", "step_free"),
    "meds": _must("meds", "meds"),
    "come_and_go": _must("come_and_go", "leave_freely"),
    "language": _language,
    "intake": _intake,
}
_RULES = {name: (rule, {v: FacetVerdict(name, v) for v in Verdict}) for name, rule in _ORDERED.items()}
"""Each rule with its three possible findings, made once: a match builds hundreds of them."""
_FACETS_OF = {
    "household": ("kids", "pregnancy", "pet", "adult"),
    "places": ("gender", "trans"),
    "musts": ("phone", "no_religion", "lgbtq", "wheelchair", "meds", "come_and_go", "language"),
}
"""Which facets each adaptive question decides."""
_PLACES_OF = {slot: [list(_RULES).index(name) for name in names] for slot, names in _FACETS_OF.items()}
