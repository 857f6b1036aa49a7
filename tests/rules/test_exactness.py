"""Is what is fast also true? The matcher beside its specification, statement by statement and place by place."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.continuum import SPECIALISATIONS
from bot.rules.criteria import Facets, merged, project
from bot.rules.facets import DOES_NOT, FITS, MAY_FIT, RULES, Candidate
from bot.rules.matching import match, near_misses, survey
from tests.rules import spec_matching as spec
from tests.rules.test_matching import ANSWERS, FACETS, NOW, PROGRAMS, facet, program, verdict

LINES = st.dictionaries(
    st.sampled_from(["age", "gender", "trans", "kids", "pets", "adults", "phone", "faith", "step_free"]),
    st.tuples(st.sampled_from(["hard", "soft", "ask_human"]), st.sampled_from(["law", "policy", "choice"])),
    max_size=5,
)
TAGS = st.frozensets(st.sampled_from(SPECIALISATIONS[:4]), max_size=3)


def firm(c: Candidate, lines: dict[str, tuple[str, str]]) -> Candidate:
    """The same place, with its criteria as hard as these lines say."""
    stated = [(name, value, *lines.get(name, ("hard", "policy"))) for name, value in c.facets.items()]
    return replace(c, facets=Facets(project(stated)))


@given(PROGRAMS, ANSWERS, LINES, st.lists(TAGS, min_size=6, max_size=6), TAGS)
def test_the_matcher_is_its_specification(
    programs: list[Candidate], answers: dict[str, Any], lines: dict[str, tuple[str, str]], tags: list[frozenset[str]],
    preferred: frozenset[str],
) -> None:  # fmt: skip
    """Nothing that fits is lost, nothing that does not is listed, and all of it stands in the one order."""
    known = [replace(firm(c, lines), known_for=those) for c, those in zip(programs, tags, strict=False)]
    asked = {**answers, "prefers": sorted(preferred)} if preferred else answers
    found = match(known, asked, NOW)
    assert [(r.candidate.program_id, r.candidate.stock_id, r.unsure) for r in found] == spec.listed(known, asked, NOW)
    assert survey(known, asked, NOW).matches == found


@given(FACETS, ANSWERS, LINES, st.sampled_from(["bed", "legal"]))
def test_a_statement_worked_out_once_says_the_same_as_its_rules(
    facets: dict[str, Any], answers: dict[str, Any], lines: dict[str, tuple[str, str]], need: str
) -> None:
    c = firm(program(need=need, **facets), lines)
    for _ in range(2):  # worked out, and then remembered
        found = match([c], answers, NOW)
        verdicts = {name: rule(c, answers) for name, rule in RULES.items()}
        assert bool(found) is (DOES_NOT not in verdicts.values())
        if found:
            assert {f.name: f.verdict for f in found[0].facets} == verdicts


@given(FACETS, ANSWERS, LINES)
def test_a_softer_line_excludes_nobody_more(
    facets: dict[str, Any], answers: dict[str, Any], lines: dict[str, tuple[str, str]]
) -> None:
    hard, soft = program(**facets), firm(program(**facets), lines)
    if verdict(hard, **answers) is not DOES_NOT:
        assert verdict(soft, **answers) is verdict(hard, **answers)
    if answers.get("age") == "under18" and facet("age", hard, **answers) is DOES_NOT:
        assert facet("age", soft, **answers) is DOES_NOT  # E14: no line about an age is soft for somebody under 18


def test_a_line_that_is_not_hard_may_fit_and_is_asked() -> None:
    answers = {"household": {"pet": True}}
    base = program(**{"age": {"min": 0}, "gender": "any", "pets": False})
    assert facet("pet", firm(base, {}), **answers) is DOES_NOT
    assert facet("pet", firm(base, {"pets": ("soft", "policy")}), **answers) is MAY_FIT
    assert facet("pet", firm(base, {"pets": ("ask_human", "law")}), **answers) is MAY_FIT
    assert facet("pet", firm(replace(base, facets={**base.facets, "pets": True}), {"pets": ("soft", "law")}),
                 **answers) is FITS  # fmt: skip


def test_a_stocks_own_line_stands_before_its_programs() -> None:
    house = project([("pets", False, "soft", "policy"), ("kids", False, "hard", "law")])
    room = project([("pets", False, "hard", "law")])
    both = merged(house, room, "women_bed")
    assert (both.get("soft"), both["law"], both["gender"]) == (None, ["kids", "pets"], ["women"])
    assert merged(house, {})["soft"] == ["pets"]


# --- What may be asked about ------------------------------------------------------------------------------------------

OPEN = {"age": {"min": 18}, "gender": "any", "trans": True, "kids": True, "pregnancy": True, "adults": True}
WITH_A_DOG = {"need": ["bed"], "area": {"zip3": "782"}, "age": "25up", "household": {"pet": True}}


@pytest.mark.parametrize(
    ("place", "listed"),
    [
        (program(**OPEN, pets=False), True),
        (firm(program(**OPEN, pets=False), {"pets": ("hard", "law")}), False),
        (firm(program(**OPEN, pets=False), {"pets": ("hard", "funder")}), True),
        (program(**{**OPEN, "adults": False, "pets": False}), True),
        (program(**{**OPEN, "gender": ["men"], "pets": False}), False),  # two things keep it out
        (program(**OPEN, pets=True), False),  # it fits
        (program(**OPEN, pets=False, need="legal"), False),
        (program(**OPEN, pets=False, zip3="100"), False),
        (program(**OPEN, pets=False, available=0), False),  # known to be full
    ],
)
def test_one_thing_that_is_no_law_may_be_asked_about(place: Candidate, listed: bool) -> None:
    answers = {**WITH_A_DOG, "places": ["women"]}
    found = near_misses([place], answers, NOW, most=5)
    assert bool(found) is listed
    assert all(miss.facet == "pet" for miss in found)


def test_nobody_is_asked_to_take_somebody_under_18_among_adults() -> None:
    assert near_misses([program(**OPEN)], {"need": ["bed"], "age": "under18"}, NOW, most=5) == ()
    assert near_misses([program(**OPEN)], {"need": ["bed"], "age": "25up"}, NOW, most=5) == ()


@given(PROGRAMS, ANSWERS)
def test_a_near_miss_is_never_a_match(programs: list[Candidate], answers: dict[str, Any]) -> None:
    missed = {(m.candidate.program_id, m.candidate.stock_id) for m in near_misses(programs, answers, NOW, most=9)}
    assert missed.isdisjoint((r.candidate.program_id, r.candidate.stock_id) for r in match(programs, answers, NOW))


# --- What a person prefers --------------------------------------------------------------------------------------------


def test_who_knows_a_group_well_comes_first_for_whoever_said_so_and_for_nobody_else() -> None:
    plain, knowing = program("a", **OPEN, lgbtq=True), program("b", **OPEN, lgbtq=True, barriers=["id"])
    knowing = replace(knowing, known_for=frozenset({"lgbtq", "native"}))

    def order(**answers: Any) -> list[str]:
        return [r.candidate.program_id for r in match([plain, knowing], {"need": ["bed"], **answers}, NOW)]

    assert order() == ["a", "b"]
    assert order(places=["trans"], household={"kids": 2}) == ["a", "b"]  # nothing is taken for a preference
    assert order(prefers=["native"]) == ["b", "a"]
    assert order(musts=["lgbtq"]) == ["b", "a"]
    assert order(prefers=["deaf"]) == ["a", "b"]


@given(PROGRAMS, ANSWERS, TAGS)
def test_a_preference_excludes_nobody(programs: list[Candidate], answers: dict[str, Any], tags: frozenset[str]) -> None:
    with_wish = match(programs, {**answers, "prefers": sorted(tags)}, NOW)
    without = match(programs, answers, NOW)
    assert {r.candidate.program_id for r in with_wish} == {r.candidate.program_id for r in without}


# --- In a blink -------------------------------------------------------------------------------------------------------


def test_ten_thousand_places_are_judged_in_a_bounded_time() -> None:
    """Generous by a factor of ten, in the processor's own time: it must never be quadratic."""
    statement = Facets(OPEN)
    places = [replace(program(f"p{n}", pets=n % 3 > 0), facets=statement) for n in range(10_000)]
    match(places[:10], WITH_A_DOG, NOW)
    began = time.process_time()
    assert len(match(places, WITH_A_DOG, NOW)) == 10_000
    assert time.process_time() - began < 2.0
