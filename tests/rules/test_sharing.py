"""Is nothing told that nobody said yes to, for that place, now? Tables and properties of the one rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.sharing import (
    ASK,
    IN_SH1,
    INTRODUCE,
    ITEMS,
    Covered,
    Grant,
    NotCovered,
    Place,
    in_words,
    may_tell,
    told_in_hold,
)

NOW = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
CEDAR, QUAIL = Place("cedar", "trees"), Place("quail", "birds")
LATER, PAST = NOW + timedelta(days=3), NOW - timedelta(seconds=1)

OPEN = Grant("open", IN_SH1, LATER)
NAME = Grant("name", frozenset({"first_name", "voice"}), LATER, program_id="cedar")
ALL_TREES = Grant("trees", frozenset({"need"}), LATER, organization_id="trees")


@pytest.mark.parametrize(
    ("grants", "place", "items", "purpose", "covered"),
    [
        ([OPEN], CEDAR, IN_SH1, ASK, True),
        ([OPEN], QUAIL, {"party"}, ASK, True),
        ([OPEN], CEDAR, {"party", "need"}, ASK, False),
        ([OPEN], CEDAR, {"party"}, INTRODUCE, False),
        ([NAME], CEDAR, {"voice"}, INTRODUCE, True),
        ([NAME], CEDAR, {"first_name"}, ASK, True),
        ([NAME], QUAIL, {"voice"}, INTRODUCE, False),
        ([NAME], CEDAR, {"number"}, INTRODUCE, False),
        ([ALL_TREES], CEDAR, {"need"}, INTRODUCE, True),
        ([ALL_TREES], QUAIL, {"need"}, ASK, False),
        ([OPEN, NAME], CEDAR, {"party", "urgency", "first_name"}, ASK, True),
        ([OPEN, NAME], QUAIL, {"party", "first_name"}, ASK, False),
        ([], CEDAR, set(), INTRODUCE, True),
        ([], CEDAR, {"party"}, ASK, False),
        ([Grant("old", IN_SH1, NOW)], CEDAR, {"party"}, ASK, False),
        ([Grant("taken back", IN_SH1, LATER, revoked_at=PAST)], CEDAR, {"party"}, ASK, False),
    ],
)
def test_what_may_be_told(grants: list[Grant], place: Place, items: set[str], purpose: str, covered: bool) -> None:
    assert isinstance(may_tell(grants, place, items, purpose, NOW), Covered) is covered


def test_it_says_what_is_missing_and_whether_there_was_a_yes() -> None:
    assert may_tell([OPEN], CEDAR, {"party", "number"}, ASK, NOW) == NotCovered(frozenset({"number"}), ended=False)
    ran_out = Grant("x", frozenset({"number"}), PAST, program_id="cedar")
    assert may_tell([OPEN, ran_out], CEDAR, {"number"}, ASK, NOW) == NotCovered(frozenset({"number"}), ended=True)


def test_each_item_is_under_one_release() -> None:
    twice = [OPEN, Grant("again", IN_SH1 | {"voice"}, LATER, program_id="cedar")]
    covered = may_tell(twice, CEDAR, IN_SH1 | {"voice"}, ASK, NOW)
    assert isinstance(covered, Covered)
    assert covered.by == {"open": IN_SH1, "again": frozenset({"voice"})}
    assert covered.items == IN_SH1 | {"voice"}


places = st.sampled_from([CEDAR, QUAIL, Place("oak", "trees")])
items = st.frozensets(st.sampled_from(list(ITEMS)))
grants = st.builds(
    Grant, st.uuids().map(str), items, st.sampled_from([PAST, NOW, LATER]), st.sampled_from([None, PAST]),
    st.sampled_from([None, "cedar", "quail"]), st.sampled_from([None, "trees"]),
)  # fmt: skip


@given(st.lists(grants, max_size=5), places, items, st.sampled_from([ASK, INTRODUCE]))
def test_nothing_is_covered_but_by_a_yes_that_stands_and_is_meant_for_that_place(
    given: list[Grant], place: Place, wanted: frozenset[str], purpose: str
) -> None:
    by = {one.release_id: one for one in given}
    match may_tell(given, place, wanted, purpose, NOW):
        case Covered() as covered:
            assert covered.items == wanted
            for release_id, told in covered.by.items():
                assert by[release_id].stands(NOW)
                assert by[release_id].is_for(place, purpose)
                assert told <= by[release_id].items
        case NotCovered(missing, _):
            standing = [one for one in given if one.stands(NOW) and one.is_for(place, purpose)]
            assert missing == wanted - frozenset().union(*(one.items for one in standing))


@given(st.lists(grants, max_size=4), places, items, grants)
def test_one_more_yes_never_forbids_and_one_taken_back_never_permits(
    given: list[Grant], place: Place, wanted: frozenset[str], more: Grant
) -> None:
    if isinstance(may_tell(given, place, wanted, ASK, NOW), Covered):
        assert isinstance(may_tell([*given, more], place, wanted, ASK, NOW), Covered)


@pytest.mark.parametrize(
    ("answers", "told"),
    [({}, {"party"}), ({"urgency": "looking"}, {"party"}), ({"urgency": "tonight"}, {"party", "urgency"}),
     ({"urgency": "skipped", "age": "18-24", "area": {"zip3": "782"}}, {"party"})],
)  # fmt: skip
def test_a_request_for_a_place_tells_who_comes_and_how_soon(answers: dict[str, object], told: set[str]) -> None:
    assert told_in_hold(answers) == told


def test_staff_read_it_in_words() -> None:
    assert in_words({"urgency", "party"}) == "who would come, how soon"
