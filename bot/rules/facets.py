"""Does what one program states fit what a person has said, may it, or not? One rule a facet (`domain.md` 3.2).

What nobody said and what a program is silent about never excludes; it is asked by a person, without the person's
details. One exception, for safety: for someone under 18 a program counts as for adults until it says otherwise (E14).
A criterion that is no hard line makes no "does not fit", only "may" (bot/rules/criteria.py).

Not here on purpose: immigration, record, substances, diagnoses, income, ID. No bot asks them; a program that filters on
them lists them as `barriers` and ranks after one that does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.rules.criteria import LAW, SOFT
from bot.rules.freshness import Life
from bot.rules.nearness import is_where_wanted

Answers = Mapping[str, object]
Document = Mapping[str, object]
Rule = Callable[["Candidate", Answers], "Verdict"]


class Verdict(StrEnum):
    FITS = "fits"
    MAY_FIT = "may_fit"
    DOES_NOT = "does_not"


FITS, MAY_FIT, DOES_NOT = Verdict.FITS, Verdict.MAY_FIT, Verdict.DOES_NOT
LISTS = (list, tuple)
_OLDEST = 200
BANDS = {"under18": (13, 17), "18-24": (18, 24), "25up": (25, _OLDEST)}
SOON_H = {"now": 12, "tonight": 12, "week": 168}
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
    facets: Document
    traits: tuple[str, ...]
    available: int
    observed_at: datetime | None
    known_for: frozenset[str] = frozenset()
    """Groups that somebody saw it knows well: only a preference that was stated looks at them."""
    known: Any = field(default=None, compare=False, repr=False)
    """Where bot/rules/outcomes.py keeps what `facets` come to: one that is remembered is judged by every search."""


@dataclass(frozen=True, slots=True)
class FacetVerdict:
    name: str
    verdict: Verdict


def judge(candidate: Candidate, answers: Answers) -> tuple[FacetVerdict, ...]:
    """Every facet with its verdict, hard ones first; stops at the first that does not fit."""
    verdicts = []
    for name, rule in RULES.items():
        verdicts.append(FacetVerdict(name, rule(candidate, answers)))
        if verdicts[-1].verdict is DOES_NOT:
            break
    return tuple(verdicts)


def in_the_way(candidate: Candidate, answers: Answers) -> tuple[str, ...]:
    """Every facet that does not fit."""
    return tuple(name for name, rule in RULES.items() if rule(candidate, answers) is DOES_NOT)


def may_be_bent(candidate: Candidate, name: str, answers: Answers) -> bool:
    """Whether the program may be asked for once to do it differently: it stated this, and it is no law. For somebody
    under 18 nobody is asked to bend an age."""
    facet = FACET_OF.get(name)
    if facet is None or facet not in candidate.facets or (name == "age" and answers.get("age") == "under18"):
        return False
    laws = candidate.facets.get(LAW, ())
    return not (isinstance(laws, LISTS) and facet in laws)


def said_of(answers: Answers, slot: str) -> Sequence[str]:
    words = answers.get(slot)
    return words if isinstance(words, LISTS) else ()


# --- One rule a facet -------------------------------------------------------------------------------------------------


def _need(c: Candidate, answers: Answers) -> Verdict:
    needs = answers.get("need")
    if not isinstance(needs, LISTS) or not needs:
        return MAY_FIT
    return FITS if c.need in needs else DOES_NOT


def _age(c: Candidate, answers: Answers) -> Verdict:
    limits = c.facets.get("age")
    stated: Document = limits if isinstance(limits, dict) else {}
    lowest, highest = stated.get("min"), stated.get("max")
    answer = answers.get("age")
    band = BANDS.get(answer) if isinstance(answer, str) else None
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
    chosen = [place for place in said_of(answers, "places") if place != "trans"]
    if not isinstance(served, LISTS):
        return _silent(c)
    if not chosen or "any" in chosen:
        return MAY_FIT
    return FITS if any(place in served for place in chosen) else DOES_NOT


def _trans(c: Candidate, answers: Answers) -> Verdict:
    """Welcoming only where its policy says so: yes, no, or ask."""
    chosen = said_of(answers, "places")
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
        return _yes_no(c, c.facets.get(facet), True) if name in said_of(answers, "musts") else FITS

    return rule


def _no_religion(c: Candidate, answers: Answers) -> Verdict:
    if "no_religion" not in said_of(answers, "musts"):
        return FITS
    faith = c.facets.get("faith")
    return DOES_NOT if faith == "required" else FITS if faith in ("none", "optional") else _silent(c)


def _language(c: Candidate, answers: Answers) -> Verdict:
    """Which language "mine" is, only the thread knows: more than English, or an interpreter, is as good as it gets."""
    if "language" not in said_of(answers, "musts"):
        return FITS
    spoken = c.facets.get("languages")
    return FITS if isinstance(spoken, LISTS) and len(spoken) > 1 else MAY_FIT


def _intake(c: Candidate, answers: Answers) -> Verdict:
    """Whether intake is possible in time. Too late is a question for a person, never a reason to hide a place."""
    urgency = answers.get("urgency")
    within = SOON_H.get(urgency) if isinstance(urgency, str) else None
    if within is None:
        return FITS
    hours = c.facets.get("intake_within_h")
    return FITS if isinstance(hours, int) and hours <= within else MAY_FIT


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


def _unless_soft(name: str, facet: str, rule: Rule) -> Rule:
    """What is no hard line does not exclude. For somebody under 18 an age is always one."""

    def softened(c: Candidate, answers: Answers) -> Verdict:
        verdict = rule(c, answers)
        if verdict is DOES_NOT:
            soft = c.facets.get(SOFT, ())
            if isinstance(soft, LISTS) and facet in soft and not (name == "age" and answers.get("age") == "under18"):
                return MAY_FIT
        return verdict

    return softened


FACET_OF: Mapping[str, str] = {
    "age": "age", "gender": "gender", "trans": "trans", "kids": "kids", "pregnancy": "pregnancy", "pet": "pets",
    "adult": "adults", "phone": "phone", "no_religion": "faith", "lgbtq": "lgbtq", "wheelchair": "step_free",
    "meds": "meds", "come_and_go": "leave_freely", "language": "languages", "intake": "intake_within_h",
}  # fmt: skip
"""Each rule, and the facet of the directory it looks at; `need` and `area` are no criteria."""
_PLAIN: Mapping[str, Rule] = {
    "need": _need,
    "area": _area,
    "age": _age,
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
RULES: Mapping[str, Rule] = {
    name: _unless_soft(name, FACET_OF[name], rule) if name in FACET_OF else rule for name, rule in _PLAIN.items()
}
FACETS_OF = {
    "household": ("kids", "pregnancy", "pet", "adult"),
    "places": ("gender", "trans"),
    "musts": ("phone", "no_religion", "lgbtq", "wheelchair", "meds", "come_and_go", "language"),
}
"""Which facets each adaptive question decides."""
