"""Does anything count but what was stated? Turn everything round alike, and the answer must turn round with it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.facets import Candidate
from bot.rules.matching import match, survey
from bot.rules.nearness import distance_band
from tests.rules.test_matching import ANSWERS, NOW, PROGRAMS, program

_MIRROR = {"women": "men", "men": "women"}


def ranking(programs: list[Candidate], answers: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [(r.candidate.program_id, r.verdict.value, r.p_open) for r in match(programs, answers, NOW)]


def mirrored(words: Any) -> Any:
    return [_MIRROR.get(word, word) for word in words] if isinstance(words, list) else words


@given(PROGRAMS, ANSWERS)
def test_women_and_men_are_treated_alike(programs: list[Candidate], answers: dict[str, Any]) -> None:
    """E35: where every place for women were one for men, and whoever asked for women asked for men."""
    others = [
        replace(c, facets={**c.facets, "gender": mirrored(c.facets["gender"])}) if "gender" in c.facets else c
        for c in programs
    ]
    asked = {**answers, "places": mirrored(answers["places"])} if "places" in answers else answers
    assert ranking(others, asked) == ranking(programs, answers)


@given(PROGRAMS, ANSWERS)
def test_one_part_of_the_country_is_treated_as_another(programs: list[Candidate], answers: dict[str, Any]) -> None:
    """E35: everything moved to where nothing is known of the ground (no distance to measure), in both directions."""
    move = {"782": "000", "100": "001", "770": "002", "771": "003"}
    flat = [replace(c, zip3s=frozenset(move[z] for z in c.zip3s)) for c in programs]
    area = answers.get("area")
    asked = {**answers, "area": {**area, "zip3": move[area["zip3"]]}} if _has_zip(area) else answers
    moved = {"000": "001", "001": "000", "002": "003", "003": "002"}
    swapped = [replace(c, zip3s=frozenset(moved[z] for z in c.zip3s)) for c in flat]
    again = {**asked, "area": {**asked["area"], "zip3": moved[asked["area"]["zip3"]]}} if _has_zip(area) else asked
    assert ranking(swapped, again) == ranking(flat, asked)


def _has_zip(area: Any) -> bool:
    return isinstance(area, dict) and "zip3" in area


@given(
    PROGRAMS,
    ANSWERS,
    st.dictionaries(
        st.sampled_from(["flags", "consent", "release", "share", "income", "immigration", "record", "readiness",
                         "compliance", "language", "spoken", "name"]),
        st.one_of(st.booleans(), st.text("ab ñ", max_size=8), st.lists(st.text("ab ñ", max_size=5), max_size=3)),
    ),
)  # fmt: skip
def test_nothing_else_that_is_known_of_a_person_changes_anything(
    programs: list[Candidate], answers: dict[str, Any], known: dict[str, Any]
) -> None:
    """E24 flags, E25 readiness, E29 a refusal to share, and the language of the thread."""
    assert ranking(programs, {**answers, **known}) == ranking(programs, answers)
    assert survey(programs, {**answers, **known}, NOW) == survey(programs, answers, NOW)


def test_a_candidate_holds_nothing_of_a_person() -> None:
    assert {field.name for field in fields(Candidate)} == {
        "program_id", "stock_id", "need", "life", "zip3s", "facets", "traits", "available", "observed_at",
        "known_for", "known",
    }  # fmt: skip


@given(PROGRAMS, ANSWERS, st.integers(1, 6))
def test_one_kid_more_opens_no_door(programs: list[Candidate], answers: dict[str, Any], kids: int) -> None:
    """E35: whoever takes more children takes fewer, unless it is for families alone."""
    few, more = ({**answers, "household": {"kids": n}} for n in (kids, kids + 1))
    assert {one[0] for one in ranking(programs, more)} <= {one[0] for one in ranking(programs, few)}


@given(PROGRAMS, ANSWERS)
def test_a_younger_count_never_lowers_a_rank(programs: list[Candidate], answers: dict[str, Any]) -> None:
    counted = [c for c in programs if c.observed_at is not None and c.available > 0]
    if not counted:
        return
    fresher = [replace(c, observed_at=NOW) if c is counted[0] else c for c in programs]
    before, after = ([one[0] for one in ranking(some, answers)] for some in (programs, fresher))
    if counted[0].program_id in before:
        assert after.index(counted[0].program_id) <= before.index(counted[0].program_id)


def test_among_equals_it_is_anothers_turn_every_hour_and_everyones_within_a_week() -> None:
    equals = [program(f"p{n}", minutes=None) for n in range(5)]
    hours = [NOW + timedelta(hours=n) for n in range(24 * 7)]
    first = [match(equals, {}, hour)[0].candidate.program_id for hour in hours]
    assert all(15 < first.count(f"p{n}") < 60 for n in range(5))


def test_far_is_judged_by_the_closest_point_a_place_serves() -> None:
    far = {"zip3": "782", "far": True}
    assert distance_band(frozenset({"900", "781"}), far) == distance_band(frozenset({"781"}), far)
