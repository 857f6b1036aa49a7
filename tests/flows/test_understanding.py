"""Is every text read as the table says, whatever its case, signs and company?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.understanding import Intent, Lexicon, Reading, read
from tests.corpus.hearing import ASKED, DOCUMENTS, hear

HERE = Path(__file__).parent
RANK = list(Intent).index

LINES = [line for line in (HERE / "inbounds.txt").read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("line", LINES)
def test_inbound_is_read_as_the_table_says(line: str) -> None:
    where, text, intent, option, answers, flags = (cell.strip() for cell in line.split("|"))
    asked, _, language = where.partition(":")
    got = hear(asked, text, language or "en")
    assert got.intent == intent, got
    if option:
        assert got.option == option
    if answers:
        assert dict(got.answers) == json.loads(answers)
    if flags:
        assert set(got.flags) == set(flags.replace("-", "").split())


@pytest.mark.parametrize(
    ("text", "language", "other"),
    [
        ("si quien es", "es", None), ("who is this", "en", None), ("si", "es", None), ("ok", None, None),
        ("spanish pls", "es", None), ("no hablo ingles", "es", None), ("mwen bezwen ed tanpri", None, "Haitian Creole"),
        ("tôi cần giúp đỡ", None, "Vietnamese"), ("preciso de ajuda nao falo ingles", None, "Portuguese"),
        ("도와주세요", None, "Korean"), ("ساعدني من فضلك", None, "Arabic"), ("मेरी मदद करो", None, "Hindi"),
        ("k'iche'", None, "K'iche'"), ("tagalog", None, "Tagalog"),
    ],
)  # fmt: skip
def test_language_is_told_by_the_text_alone(text: str, language: str | None, other: str | None) -> None:
    got = hear("any", text)
    assert (got.language, got.other_language) == (language, other)


def test_short_time_is_noticed() -> None:
    assert hear("C1", "yea hes asleep for a min").short_time
    assert hear("C1", "ya pero rapido", "es").short_time
    assert not hear("C1", "yes").short_time


def test_a_street_or_more_than_three_digits_never_leaves_the_reading() -> None:
    got = hear("Q3", "4411 magnolia ave apt 9 78201-1234")
    assert not re.search("magnolia|4411|78201", repr(got))


def test_every_rule_can_say_which_line_decided() -> None:
    assert hear("any", "he hit me").causes[0].rule.startswith("lexicon/en.toml:danger.")
    assert hear("any", "me pego", "es").causes[0].rule.startswith("lexicon/es.toml:danger.")


HOSTILE = ["", "\x00", "\ud800", "a\x00b\udfff", "\u202eشكرا", "👍🏽" * 400, "a" * 1600, "stop " * 320, "# * | ?", "-",
           "9" * 1600, "²³", "١٥", "\u200b" * 50, "he " * 500, "1 " * 800, "İ", "ﷺ" * 20, "took 5 " * 200]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("asked", list(ASKED))
def test_hostile_texts_are_read(asked: str, text: str) -> None:
    assert isinstance(hear(asked, text), Reading)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.sampled_from(list(ASKED)), st.sampled_from(["en", "es"]))
def test_any_text_has_one_reading(text: str, asked: str, language: str) -> None:
    first = hear(asked, text, language)
    assert isinstance(first.intent, Intent)
    assert first == hear(asked, text, language)


WORDS = st.sampled_from(
    [
        "yes",
        "no",
        "stop",
        "he",
        "i",
        "my",
        "the",
        "is",
        "2",
        "kids",
        "near",
        "tonight",
        "want",
        "help",
        "dont",
        "boss",
        "call",
        "text",
        "gun",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=8), st.sampled_from(["he has a gun", "he hit me", "me quiere matar"]))
def test_adding_danger_never_lowers_urgency(words: list[str], danger: str) -> None:
    text = " ".join(words)
    assert RANK(hear("any", f"{text}. {danger}").intent) <= min(RANK(hear("any", text).intent), RANK(Intent.DANGER))


@pytest.mark.parametrize("text", ["stop", "yes", "who dis", "he hit me", "kms", "im 15", "no mas", "wrong number"])
@pytest.mark.parametrize(
    "change",
    [str.upper, "  {} ".format, "{}!!!".format, "{}...".format, "{} 😡".format, "{} please".format, "{}\n".format],
)
def test_dress_changes_nothing(text: str, change: object) -> None:
    assert hear("C2", change(text)).intent == hear("C2", text).intent  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "suicide"),
    [
        ("goodbye", False),
        ("im so alone", False),
        ("whats left on this earth", False),
        ("im so alone. goodbye", True),
        ("im hopeless and theres nothing left for me on this earth", True),
        ("scared to death of him", False),
    ],
)
def test_a_hint_counts_only_beside_distress(text: str, suicide: bool) -> None:
    assert ("suicide" in hear("any", text).flags) is suicide


@pytest.mark.parametrize("text", ["a purple elephant", "a big purple elephant", "a purple young elephant"])
def test_a_word_of_a_phrase_may_be_missing(text: str) -> None:
    lists = {**DOCUMENTS, "en": {**DOCUMENTS["en"], "danger": {"phrases": ["big|- purple young|old|- elephant"]}}}
    asked = {"expecting": None, "language": "en", "lexicon": Lexicon.parse(lists)}
    assert read(text, **asked).intent is Intent.DANGER
    assert read("a big elephant", **asked).intent is not Intent.DANGER


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("en", {"danger": {"phrases": [1]}}, "lexicon/en.toml:danger.phrases"),
        ("en", {"danger": {"phrases": ["..."]}}, "lexicon/en.toml:danger.phrases"),
        ("en", {"danger": {"phrases": ["a|- b|- c|- d|- e|- f"]}}, "lexicon/en.toml:danger.phrases"),
        ("en", {"danger": {"phrases": ["a -|b c"]}}, "lexicon/en.toml:danger.phrases"),
        ("en", {"danger": {"phrases": ["b|- * c"]}}, "lexicon/en.toml:danger.phrases"),
        ("es", {"nonsense": {"words": ["a"]}}, "lexicon/es.toml:nonsense.words"),
        ("en", {"stop": {"sounds": ["a"]}}, "lexicon/en.toml:stop.sounds"),
        ("places", {"place": [{"label": "Seventeen letters", "zip3": ["782"]}]}, "lexicon/places.toml:place[0].label"),
        ("places", {"place": [{"label": "X", "zip3": ["78"]}]}, "lexicon/places.toml:place[0].zip3"),
    ],
)
def test_a_bad_entry_is_named(file: str, change: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=re.escape(named)):
        Lexicon.parse({**DOCUMENTS, file: {**DOCUMENTS[file], **change}})


def test_places_cover_the_country() -> None:
    assert len(DOCUMENTS["places"]["place"]) >= 120
    assert len(DOCUMENTS["places"]["state"]) == 51
    for entry in (*DOCUMENTS["places"]["place"], *DOCUMENTS["places"]["state"]):
        name = entry["names"][0]
        got = hear("Q3", name)
        assert got.answers.get("area", {}).get("place") == entry["label"], name


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("my phone. he hit me", "danger"), ("i was dying laughing. he hit me", "danger"),
        ("text me back later. he hit me", "danger"), ("no. he hit me", "danger"), ("nobody. he hit me", "danger"),
        ("dont. i want to die", "suicide"), ("no\nquiero morir", "suicide"), ("nadie. me pego", "danger"),
        ("i cant breathe. lol", "medical"),
    ],
)  # fmt: skip
def test_a_look_alike_never_reaches_into_another_sentence(text: str, flag: str) -> None:
    assert flag in hear("any", text).flags


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("he came to my house hit. me and my son are fine", "en"), ("i want to. die hard is on tv", "en"),
        ("me quiero. matar el tiempo", "es"),
    ],
)  # fmt: skip
def test_no_phrase_reaches_across_the_end_of_a_sentence(text: str, language: str) -> None:
    assert not {"danger", "suicide", "medical"} & set(hear("any", text, language).flags)


@pytest.mark.parametrize(
    ("text", "language", "urgent", "read_by_somebody"),
    [
        ("nobody hit me", "en", False, False), ("he never hit me", "en", False, False),
        ("nadie me pega", "es", False, False), ("im not in danger", "en", False, False),
        ("he used to hit me", "en", False, True), ("im not suicidal", "en", False, True),
        ("i dont want to kill myself", "en", False, True), ("no me quiero matar", "es", False, True),
        ("my sister wants to die", "en", True, True), ("mi hermana se quiere matar", "es", True, True),
        ("i dont want to live i want to kill myself", "en", True, True),
        ("no quiero vivir quiero morir", "es", True, True),
    ],
)  # fmt: skip
def test_who_and_whether_it_is_said(text: str, language: str, urgent: bool, read_by_somebody: bool) -> None:
    """Somebody else's danger is danger; what is denied or over is not, though a person reads it."""
    got = hear("any", text, language)
    assert bool({"danger", "suicide"} & set(got.flags)) is urgent, got
    assert bool(got.flags) is read_by_somebody, got
