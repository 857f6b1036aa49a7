"""Does the matcher keep the promises of `domain.md` 3.3: hard facets, unknown, order, and which questions are left?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.facets import Candidate, Verdict, judge
from bot.rules.freshness import prior
from bot.rules.matching import match, survey

NOW = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
FITS, MAY_FIT, DOES_NOT = Verdict.FITS, Verdict.MAY_FIT, Verdict.DOES_NOT


def program(name: str = "p", *, need: str = "bed", zip3: str = "782", available: int = 2, minutes: int | None = 30,
            kind: str = "emergency_house", **facets: object) -> Candidate:  # fmt: skip
    observed_at = None if minutes is None else NOW - timedelta(minutes=minutes)
    served = frozenset(zip3.split())
    return Candidate(name, f"{name}-stock", need, prior(kind), served, facets, (), available, observed_at)


def verdict(candidate: Candidate, **answers: object) -> Verdict:
    """The worst of the facets."""
    verdicts = [facet.verdict for facet in judge(candidate, answers)]
    return DOES_NOT if DOES_NOT in verdicts else MAY_FIT if MAY_FIT in verdicts else FITS


def facet(name: str, candidate: Candidate, **answers: object) -> Verdict | None:
    return next((f.verdict for f in judge(candidate, {"need": [candidate.need], **answers}) if f.name == name), None)


ADULTS = {"age": {"min": 18}}

TABLE: list[tuple[str, dict[str, Any], dict[str, Any], Verdict]] = [
    # facet, what the program states, what the person answered, verdict
    ("age", ADULTS, {"age": "25up"}, FITS),
    ("age", ADULTS, {"age": "under18"}, DOES_NOT),
    ("age", ADULTS, {"age": "unknown"}, MAY_FIT),
    ("age", ADULTS, {}, MAY_FIT),
    ("age", {}, {"age": "25up"}, MAY_FIT),
    ("age", {}, {"age": "under18"}, DOES_NOT),  # silent is for adults until it says otherwise
    ("age", {"age": {"max": 24}}, {"age": "under18"}, DOES_NOT),
    ("age", {"age": {"min": 12, "max": 17}}, {"age": "under18"}, FITS),
    ("age", {"age": {"min": 12, "max": 17}}, {"age": "18-24"}, DOES_NOT),
    ("age", {"age": {"min": 16, "max": 24}}, {"age": "under18"}, MAY_FIT),
    ("age", {"age": {"min": 18, "max": 24}}, {"age": "18-24"}, FITS),
    ("age", {"age": {"min": 0}}, {}, FITS),
    ("area", {}, {"area": {"zip3": "782"}}, FITS),
    ("area", {}, {"area": {"zip3": "100"}}, DOES_NOT),
    ("area", {}, {"area": {"place": "San Antonio area", "zip3s": ["780", "782"]}}, FITS),
    ("area", {}, {"area": {"place": "somewhere", "zip3s": []}}, MAY_FIT),
    ("area", {}, {"area": "skipped"}, MAY_FIT),
    ("area", {}, {"area": {"far": True, "zip3": "782"}}, DOES_NOT),
    ("area", {"from_away": True}, {"area": {"far": True, "zip3": "100"}}, FITS),
    ("area", {"from_away": False}, {"area": {"far": True, "zip3": "100"}}, DOES_NOT),
    ("area", {}, {"area": {"far": True}}, MAY_FIT),
    ("gender", {"gender": ["women"]}, {"places": ["women"]}, FITS),
    ("gender", {"gender": ["women"]}, {"places": ["men"]}, DOES_NOT),
    ("gender", {"gender": ["women"]}, {"places": ["women", "trans"]}, FITS),
    ("gender", {"gender": ["women"]}, {"places": ["trans"]}, MAY_FIT),
    ("gender", {"gender": ["women"]}, {"places": ["any"]}, MAY_FIT),
    ("gender", {"gender": ["women"]}, {"places": "skipped"}, MAY_FIT),
    ("gender", {"gender": "any"}, {"places": ["men"]}, FITS),
    ("gender", {}, {"places": ["men"]}, MAY_FIT),
    ("trans", {"trans": False}, {"places": ["trans"]}, DOES_NOT),
    ("trans", {"trans": "ask"}, {"places": ["trans"]}, MAY_FIT),
    ("trans", {"trans": True}, {"places": ["women", "trans"]}, FITS),
    ("trans", {"trans": False}, {"places": ["women"]}, FITS),
    ("kids", {"kids": False}, {"household": {"kids": 1}}, DOES_NOT),
    ("kids", {"kids": False}, {"household": {"kids": None}}, DOES_NOT),
    ("kids", {"kids": False}, {"household": {"alone": True}}, FITS),
    ("kids", {"kids": False}, {}, MAY_FIT),
    ("kids", {"kids": {"max": 2}}, {"household": {"kids": 2}}, FITS),
    ("kids", {"kids": {"max": 2}}, {"household": {"kids": 3}}, DOES_NOT),
    ("kids", {"kids": {"max": 2}}, {"household": {"kids": None}}, MAY_FIT),
    ("kids", {"kids": {"max_age": 12}}, {"household": {"kids": 1, "kid_ages": [14]}}, DOES_NOT),
    ("kids", {"kids": {"max_age": 12}}, {"household": {"kids": 1, "kid_ages": [3]}}, FITS),
    ("kids", {"kids": {"max_age": 12}}, {"household": {"kids": 1}}, MAY_FIT),
    ("kids", {"kids": {"max_age": 12}}, {"household": {"kids": 2, "kid_ages": [3]}}, MAY_FIT),
    ("kids", {"kids": {"needed": True}}, {"household": {"alone": True}}, DOES_NOT),
    ("kids", {"kids": {"needed": True}}, {"household": {"pet": True}}, MAY_FIT),
    ("kids", {}, {"household": {"kids": 1}}, MAY_FIT),
    ("pregnancy", {"pregnancy": False}, {"household": {"pregnant": True}}, DOES_NOT),
    ("pet", {"pets": False}, {"household": {"pet": True}}, DOES_NOT),
    ("pet", {"pets": "ask"}, {"household": {"pet": True}}, MAY_FIT),
    ("pet", {"pets": False}, {"household": {"alone": True}}, FITS),
    ("adult", {"adults": False}, {"household": {"adult": True}}, DOES_NOT),
    ("phone", {"phone": False}, {"musts": ["phone"]}, DOES_NOT),
    ("phone", {"phone": False}, {"musts": ["meds"]}, FITS),
    ("no_religion", {"faith": "required"}, {"musts": ["no_religion"]}, DOES_NOT),
    ("no_religion", {"faith": "optional"}, {"musts": ["no_religion"]}, FITS),
    ("no_religion", {}, {"musts": ["no_religion"]}, MAY_FIT),
    ("wheelchair", {"step_free": False}, {"musts": ["wheelchair"]}, DOES_NOT),
    ("language", {"languages": ["en"]}, {"musts": ["language"]}, MAY_FIT),
    ("language", {"languages": ["en", "es"]}, {"musts": ["language"]}, FITS),
    ("intake", {"intake_within_h": 120}, {"urgency": "tonight"}, MAY_FIT),
    ("intake", {"intake_within_h": 4}, {"urgency": "tonight"}, FITS),
]


@pytest.mark.parametrize(("name", "facets", "answers", "expected"), TABLE)
def test_facets(name: str, facets: dict[str, Any], answers: dict[str, Any], expected: Verdict) -> None:
    # Facets before the one in question must not end the judging.
    base = {"gender": "any", **({"age": {"min": 0}} if name != "age" else {})}
    candidate = program(**{**base, **facets})
    if name == "gender" and "gender" not in facets:
        candidate = replace(candidate, facets={k: v for k, v in candidate.facets.items() if k != "gender"})
    assert facet(name, candidate, **answers) is expected


def test_a_clinic_that_says_nothing_of_pets_has_no_rule_about_them() -> None:
    assert facet("pet", program(need="health", age={"min": 0}), household={"pet": True}) is FITS


# --- Properties -------------------------------------------------------------------------------------------------------

flag = st.sampled_from([True, False, "ask", None])
FACETS = st.fixed_dictionaries(
    {},
    optional={
        "age": st.sampled_from([{"min": 0}, {"min": 18}, {"min": 13, "max": 17}, {"min": 16, "max": 24}, {"max": 24}]),
        "gender": st.sampled_from(["any", ["women"], ["men"], ["women", "men"]]),
        "trans": flag,
        "kids": st.sampled_from([True, False, {"max": 2}, {"max_age": 12}, {"needed": True}, {"max": 1, "max_age": 5}]),
        "pregnancy": flag,
        "pets": flag,
        "adults": flag,
        "phone": flag,
        "faith": st.sampled_from(["none", "optional", "required"]),
        "lgbtq": flag,
        "step_free": flag,
        "meds": flag,
        "leave_freely": flag,
        "from_away": st.booleans(),
        "languages": st.sampled_from([["en"], ["en", "es"]]),
        "barriers": st.sampled_from([[], ["id"], ["id", "income"]]),
        "intake_within_h": st.sampled_from([2, 48, 240]),
    },
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "urgency": st.sampled_from(["now", "tonight", "week", "looking", "skipped"]),
        "need": st.sampled_from([["bed"], ["legal"], ["bed", "legal"], "skipped"]),
        "area": st.sampled_from(
            [{"zip3": "782"}, {"zip3": "100"}, {"far": True}, {"far": True, "zip3": "782"}, "skipped"]
        ),
        "age": st.sampled_from(["under18", "18-24", "25up", "unknown", "skipped"]),
        "household": st.one_of(
            st.just("skipped"),
            st.just({"alone": True}),
            st.fixed_dictionaries(
                {},
                optional={
                    "kids": st.sampled_from([1, 3, None]),
                    "kid_ages": st.lists(st.integers(0, 17), max_size=3),
                    "pregnant": st.just(True),
                    "pet": st.just(True),
                    "adult": st.just(True),
                },
            ),
        ),
        "places": st.sampled_from([["women"], ["men"], ["trans"], ["women", "trans"], ["any"], "skipped"]),
        "musts": st.one_of(
            st.just("skipped"),
            st.lists(
                st.sampled_from(["phone", "no_religion", "lgbtq", "wheelchair", "meds", "come_and_go", "language"]),
                unique=True,
            ),
        ),
    },
)  # fmt: skip
PROGRAMS = st.lists(
    st.tuples(FACETS, st.sampled_from(["bed", "legal"]), st.sampled_from(["782", "770 771", ""]), st.integers(0, 3),
              st.sampled_from([5, 600, 9000, None])),
    max_size=6,
).map(lambda rows: [
    program(f"p{i}", need=need, zip3=zip3, available=n, minutes=age, **facets)
    for i, (facets, need, zip3, n, age) in enumerate(rows)
])  # fmt: skip


@given(PROGRAMS, ANSWERS)
def test_no_hard_facet_is_ever_violated(programs: list[Candidate], answers: Mapping[str, Any]) -> None:
    for ranked in match(programs, answers, NOW):
        facets, household = ranked.candidate.facets, answers.get("household")
        if answers.get("age") == "under18":
            assert facets["age"]["min"] < 18
        if isinstance(household, dict):
            assert not (household.get("pet") and facets.get("pets") is False)
            assert not (household.get("adult") and facets.get("adults") is False)
            assert not (household.get("kids") and facets.get("kids") is False)
        if answers.get("places") == ["men"]:
            assert facets.get("gender") != ["women"]
        if isinstance(answers.get("need"), list):
            assert ranked.candidate.need in answers["need"]


@given(FACETS, ANSWERS)
def test_unknown_never_excludes(facets: dict[str, Any], answers: dict[str, Any]) -> None:
    assert verdict(program(**facets)) is not DOES_NOT  # nothing was answered
    silent = program(age={"min": 0})
    answers = {k: v for k, v in answers.items() if k not in ("need", "area")}
    assert verdict(silent, **answers) is not DOES_NOT  # nothing is stated


@given(FACETS, ANSWERS, ANSWERS)
def test_more_answers_never_turn_does_not_into_fits(
    facets: dict[str, Any], answers: dict[str, Any], more: dict[str, Any]
) -> None:
    candidate = program(**facets)
    if verdict(candidate, **answers) is DOES_NOT:
        assert verdict(candidate, **{**more, **answers}) is DOES_NOT


@given(FACETS, ANSWERS, st.sampled_from(["pets", "adults", "pregnancy", "phone", "kids", "gender", "step_free"]))
def test_what_a_program_leaves_unsaid_excludes_no_more_than_what_it_says(
    facets: dict[str, Any], answers: dict[str, Any], left_out: str
) -> None:
    silent = {name: value for name, value in facets.items() if name != left_out}
    if verdict(program(**facets), **answers) is not DOES_NOT:
        assert verdict(program(**silent), **answers) is not DOES_NOT


@given(PROGRAMS, ANSWERS)
def test_the_same_question_has_the_same_answer_in_any_order(programs: list[Candidate], answers: dict[str, Any]) -> None:
    assert match(programs, answers, NOW) == match(programs[::-1], answers, NOW)


@given(PROGRAMS, ANSWERS, st.sampled_from([("language", "es"), ("flags", ["danger"]), ("name", "x"), ("race", "y")]))
def test_what_is_not_a_facet_changes_nothing(
    programs: list[Candidate], answers: dict[str, Any], label: tuple[str, object]
) -> None:
    relabelled = {**answers, label[0]: label[1]}
    assert match(programs, relabelled, NOW) == match(programs, answers, NOW)
    assert survey(programs, relabelled, NOW) == survey(programs, answers, NOW)


@given(PROGRAMS, ANSWERS)
def test_removing_a_barrier_never_lowers_a_rank(programs: list[Candidate], answers: dict[str, Any]) -> None:
    barred = [c for c in programs if c.facets.get("barriers")]
    if not barred:
        return
    freed = [replace(c, facets={**c.facets, "barriers": []}) if c is barred[0] else c for c in programs]
    names = [[r.candidate.program_id for r in match(some, answers, NOW)] for some in (programs, freed)]
    if barred[0].program_id in names[0]:
        assert names[1].index(barred[0].program_id) <= names[0].index(barred[0].program_id)


@given(PROGRAMS, ANSWERS)
def test_a_question_left_out_could_not_have_changed_what_is_told(
    programs: list[Candidate], answers: dict[str, Any]
) -> None:
    """Whoever is told of three places at most has lost nothing by a question that was not asked."""

    def told(with_answers: dict[str, Any]) -> set[str]:
        return {r.candidate.program_id for r in match(programs, with_answers, NOW) if r.may_be_told}

    if "places" in answers or "places" in survey(programs, answers, NOW).undecided or len(told(answers)) > 3:
        return
    assert len({frozenset(told({**answers, "places": [p]})) for p in ("women", "men", "trans", "any")}) == 1


# --- Order and questions ----------------------------------------------------------------------------------------------

OPEN = {"gender": "any", "trans": True, "kids": True, "pregnancy": True, "pets": True, "adults": True, **ADULTS}
PERSON = {"need": ["bed"], "area": {"zip3": "782"}, "age": "25up", "urgency": "week"}


def names(*programs: Candidate, **answers: object) -> list[str]:
    return [r.candidate.program_id for r in match(programs, {**PERSON, **answers}, NOW)]


@pytest.mark.parametrize(
    ("better", "worse", "answers"),
    [
        (program("b", **OPEN), program("w", minutes=9000, **OPEN), {}),  # fresh before stale
        (program("b", **OPEN), program("w", **{**OPEN, "pets": "ask"}), {}),  # fits before may fit
        (program("b", **OPEN, barriers=[]), program("w", **OPEN, barriers=["id"]), {}),
        (program("b", **OPEN, phone=True), program("w", **OPEN), {"musts": ["phone"]}),
        (program("b", **OPEN, available=1), program("w", **OPEN, available=1, minutes=1000), {}),  # more likely open
        (program("b", **OPEN, intake_within_h=2), program("w", **OPEN, intake_within_h=99), {"urgency": "tonight"}),
        (program("b", **OPEN), program("w", zip3="", **OPEN), {}),  # near before anywhere
        (program("b", **OPEN), program("w", **OPEN, need="legal", barriers=[]), {"need": ["bed", "legal"]}),
    ],
)
def test_what_comes_first(better: Candidate, worse: Candidate, answers: dict[str, Any]) -> None:
    assert names(worse, better, **answers) == ["b", "w"]


def test_full_places_are_left_out_until_nobody_knows_any_more() -> None:
    assert names(program("full", available=0, **OPEN)) == []
    assert names(program("long_ago", available=0, minutes=60 * 24 * 6, **OPEN)) == ["long_ago"]


def test_one_program_is_listed_once_by_its_best_opening() -> None:
    women = program("p", **{**OPEN, "gender": ["women"]})
    men = replace(program("p", **{**OPEN, "gender": ["men"]}), stock_id="other")
    (ranked,) = match([women, men], {**PERSON, "places": ["men"]}, NOW)
    assert ranked.candidate.stock_id == "other"


def test_equals_take_turns_from_day_to_day() -> None:
    equals = [program(f"p{i}", **OPEN) for i in range(5)]
    never_counted = [replace(candidate, observed_at=None) for candidate in equals]
    days = [NOW + timedelta(days=day) for day in range(30)]
    assert len({match(never_counted, PERSON, day)[0].candidate.program_id for day in days}) > 2


@pytest.mark.parametrize(
    ("programs", "asked"),
    [
        ([program("a", **OPEN)], set()),
        ([program("a", **{**OPEN, "pets": False})], {"household"}),
        ([program("a", **{**OPEN, "gender": ["women"]})], {"places"}),
        ([program("a", **{**OPEN, "trans": False})], {"places"}),
        ([program("a", **{**OPEN, "phone": False})], set()),  # must-haves only when there is a choice
        ([program("a", **{**OPEN, "phone": False}), program("b", **OPEN)], {"musts"}),
        ([program("a", **{**OPEN, "pets": False}, minutes=9000)], set()),  # stale: not told, so not asked about
        # The one that differs is never among the first three, whatever is answered.
        ([*(program(x, **OPEN) for x in "abc"), program("z", **{**OPEN, "pets": False}, barriers=["x", "y"])], set()),
        ([program("a", **OPEN, need="legal")], set()),
        ([], set()),
    ],
)
def test_a_question_is_asked_only_while_it_can_change_the_first_three(
    programs: list[Candidate], asked: set[str]
) -> None:
    stated = {"phone": True, "faith": "none", "lgbtq": True, "step_free": True, "meds": True, "leave_freely": True}
    told = [replace(c, facets={**stated, **c.facets}) for c in programs]
    assert survey(told, PERSON, NOW).undecided == asked


def test_a_skipped_question_is_not_asked_again() -> None:
    told = [program("a", **{**OPEN, "pets": False})]
    assert survey(told, {**PERSON, "household": "skipped"}, NOW).undecided == frozenset()
