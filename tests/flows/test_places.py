"""Is every place a person may name known for certain, asked about, or left alone? In both languages, offline."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from bot.rules.nearness import miles
from bot.rules.zip3_points import POINTS
from tests.corpus.hearing import DOCUMENTS, hear

SURE = {
    "en": {
        "houston": "Houston area", "h-town": "Houston area", "H Town tx": "Houston area",
        "san antone": "San Antonio area",
        "satx": "San Antonio area", "atx": "Austin area", "atl": "Atlanta area", "the ATL": "Atlanta area",
        "phx": "Phoenix area", "chi": "Chicago area", "chitown": "Chicago area", "NOLA": "New Orleans area",
        "dfw": "Dallas Ft Worth", "rgv": "McAllen area", "vegas": "Las Vegas area", "philly": "Philadelphia",
        "nyc": "New York City", "da bronx": "Bronx area", "portland me": "Portland ME area",
        "portland or": "Portland area", "portland, maine": "Portland ME area", "columbus ga": "Columbus GA area",
        "columbus ohio": "Columbus area", "springfield il": "Springfield IL", "springfield ohio": "Springfield OH",
        "kansas city": "Kansas City area", "kc mo": "Kansas City area", "kansas city ks": "Kansas City area",
        "los angeles ca": "Los Angeles area", "L.A.": "Los Angeles area", "orange county fl": "Orlando area",
        "washington state": "Washington State",
        "washington dc": "Washington DC", "the dmv": "Washington DC", "richmond ca": "Oakland area",
        "jackson mi": "Jackson MI area", "im in chicago me and my kids": "Chicago area",
        "near dallas or anywhere safe": "Dallas area", "twin cities": "Minneapolis area", "the oc": "Orange County",
        "puerto rico": "Puerto Rico", "guam": "Guam", "usvi": "Virgin Islands", "saipan": "N Marianas",
        "american samoa": "American Samoa", "n carolina": "North Carolina", "penn": "Pennsylvania", "tx": "Texas",
        "pr": "Puerto Rico", "bangor": "Bangor area", "rapid city": "Rapid City area", "huston": "Houston area",
    },
    "es": {
        "nueva york": "New York City", "estado de nueva york": "New York State",
        "ciudad de nueva york": "New York City",
        "los ángeles california": "Los Angeles area",
        "nueva orleans": "New Orleans area", "filadelfia": "Philadelphia", "nuevo méxico": "New Mexico",
        "carolina del norte": "North Carolina", "dakota del sur": "South Dakota",
        "virginia occidental": "West Virginia",
        "luisiana": "Louisiana", "misisipi": "Mississippi", "pensilvania": "Pennsylvania", "nueva jersey": "New Jersey",
        "tejas": "Texas", "hawái": "Hawaii", "islas vírgenes": "Virgin Islands", "samoa americana": "American Samoa",
        "estoy en chicago mi hija y yo": "Chicago area", "cerca de houston": "Houston area",
        "el valle de texas": "McAllen area", "sur de florida": "South Florida", "valle central": "Central Valley",
    },
}  # fmt: skip
ASKED = {
    "springfield": "Springfield IL", "portland": "Portland area", "columbus": "Columbus area", "la": "Los Angeles area",
    "washington": "Washington DC", "the valley": "McAllen area", "el valle": "McAllen area",
    "jackson": "Jackson MS area", "richmond": "Richmond area", "arlington": "Fort Worth area", "aurora": "Denver area",
    "rochester": "Rochester area", "wilmington": "Wilmington DE", "frisco": "San Francisco",
    "carolina": "North Carolina",
    "orange county": "Orange County", "charleston": "Charleston area", "glendale": "Phoenix area",
    "sa": "San Antonio area",
}  # fmt: skip
"""Names of several places: the larger is guessed, and said back as a question."""
NOWHERE = ("somewhere safe", "mi casa", "with my sister", "at work", "ok", "me", "hi", "as soon as possible")


def area(text: str, language: str = "en") -> dict[str, Any]:
    return dict(hear("Q3", text, language).answers)


@pytest.mark.parametrize("language", ["en", "es"])
def test_names_that_are_one_place(language: str) -> None:
    for text, label in SURE[language].items():
        assert area(text, language).get("area", {}).get("place") == label, text


@pytest.mark.parametrize("language", ["en", "es"])
def test_names_of_several_places_are_asked_and_not_guessed(language: str) -> None:
    for text, label in ASKED.items():
        said = area(text, language)
        assert said.get("area_guess", {}).get("place") == label, text
        assert "area" not in said, text


def test_a_state_settles_which_of_them_is_meant() -> None:
    for text in ("portland tn", "columbus ms", "springfield tn", "aurora mn"):
        assert area(text)["area"]["place"] in ("Tennessee", "Mississippi", "Minnesota"), text


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_names_no_place_is_none(language: str) -> None:
    for text in NOWHERE:
        assert not {"area", "area_guess"} & set(area(text, language)), text


def test_digits_and_far_in_both_languages() -> None:
    assert area("78205")["area"] == {"zip3": "782"}
    assert area("782")["area"] == {"zip3": "782"}
    assert area("far from 782")["area"] == {"zip3": "782", "far": True}
    assert area("lejos de houston", "es")["area"]["far"] is True
    assert area("lejos", "es")["area"] == {"far": True}
    assert area("far away")["area"] == {"far": True}


REGIONS = ("New England", "Northern Calif.", "South Texas", "West Texas", "Central Valley", "Navajo Nation")
EVERY = [(kind, one) for kind in ("place", "state", "territory") for one in DOCUMENTS["places"][kind]]


def zip3s(entry: dict[str, Any]) -> list[str]:
    runs = [str(run).partition("-") for run in entry["zip3"]]
    return [f"{n:03}" for first, _, last in runs for n in range(int(first), int(last or first) + 1)]


def test_every_zip_area_on_the_map_lies_in_one_state_or_territory() -> None:
    of: dict[str, list[str]] = {}
    for kind, entry in EVERY:
        for one in zip3s(entry) if kind != "place" else ():
            of.setdefault(one, []).append(entry["label"])
    shared = {one: names for one, names in of.items() if len(names) > 1}
    assert shared == {"967": ["Hawaii", "American Samoa"], "969": ["Guam", "N Marianas"]}
    assert set(POINTS) - set(of) == {"569"}  # the government's own
    letters = [entry["abbr"] for kind, entry in EVERY if "abbr" in entry]
    assert len(set(letters)) == len(letters) == 51 + 4


def test_a_place_is_in_one_piece() -> None:
    """A digit that slipped stands hundreds of miles away."""
    for kind, entry in EVERY:
        if kind != "place" or entry["label"] in REGIONS:
            continue
        known = [one for one in zip3s(entry) if one in POINTS]
        assert known, entry["label"]
        for one, other in combinations(known, 2):
            assert miles(one, other) < 160, (entry["label"], one, other)  # type: ignore[operator]


def test_no_name_is_certain_of_two_places() -> None:
    seen: dict[str, str] = {}
    for _, entry in EVERY:
        for name in entry["names"]:
            assert seen.setdefault(name, entry["label"]) == entry["label"], name
    labels = [entry["label"] for kind, entry in EVERY if kind == "place"]
    assert len(labels) == len(set(labels))


def test_every_name_is_heard_in_either_language_and_read_with_its_state() -> None:
    for _, entry in EVERY:
        for name in entry["names"]:
            for language in ("en", "es"):
                said = area(name, language)
                assert said.get("area", {}).get("place") == entry["label"], (name, language, said)


def test_no_place_is_heard_in_a_text_about_danger() -> None:
    """A name that is one slip from a word of fear must not take its place."""
    for text, flag in (("he hurts me", "danger"), ("he hurst me", "danger"), ("i wanna die", "suicide"),
                       ("me quiere matar", "danger")):  # fmt: skip
        assert flag in hear("Q3", text).flags, text


def test_the_largest_cities_of_every_state_are_found_near_where_they_are() -> None:
    """Four hundred and more, as somebody would name them: "Glendale, AZ"."""
    of = {entry["abbr"]: entry for kind, entry in EVERY if kind == "state"}
    asked, coarse = 0, []
    for line in (Path(__file__).parent / "largest_cities.txt").read_text(encoding="utf-8").splitlines():
        letters, _, names = line.partition(":")
        for name in names.split(","):
            found = area(f"{name}, {letters.upper()}").get("area", {})
            assert set(found.get("zip3s", ())) & set(zip3s(of[letters])), (name, letters, found)
            coarse += [name] if found["place"] == of[letters]["label"] else []
            asked += 1
    assert asked > 450
    assert coarse == ["Rock Hill"], "of these only the state is known"


def test_a_town_nobody_listed_is_its_state() -> None:
    assert area("nowhereville ca")["area"]["place"] == "California"
    for text in ("idk nm", "somewhere safe tn", "help me", "anytown or"):
        assert "area" not in area(text), text
