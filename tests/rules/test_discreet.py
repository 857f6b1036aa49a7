"""Which words of a text are pointed out on a phone that others may read? Both languages, with their endings."""

from __future__ import annotations

import tomllib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.discreet import SECTIONS, exposing, fingerprint, fold, marked, read_sections
from bot.script_files import load_script

PLACES = load_script().lexicon.places
NAMES = ("Maple Help Desk", "Casa Azul", "Harbor-2")


def found(text: str) -> list[tuple[str, str]]:
    return [(text[hit.start : hit.end], hit.kind) for hit in exposing(text, names=NAMES, places=PLACES)]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("The shelter has room", [("shelter", "shelter")]),
        ("two SHELTERS, both sheltered", [("SHELTERS", "shelter"), ("sheltered", "shelter")]),
        ("a safe-house is near", [("safe-house", "shelter")]),
        ("El refugio tiene lugar; los albergues no", [("refugio", "shelter"), ("albergues", "shelter")]),
        ("es una casa  segura", [("casa  segura", "shelter")]),
        ("I'm your advocate", [("advocate", "advocate")]),
        ("soy tu defensora", [("defensora", "advocate")]),
        ("la trabajadora social te llama", [("trabajadora social", "advocate")]),
        ("call the hotline", [("hotline", "hotline")]),
        ("call 1-888-373-7888 or 988", [("888-373-7888", "hotline"), ("988", "hotline")]),
        ("hay una línea de ayuda", [("línea de ayuda", "hotline")]),
        ("nobody traffics you: trafficking", [("trafficking", "trafficking")]),
        ("la trata; las víctimas", [("trata", "trafficking"), ("víctimas", "trafficking")]),
        ("the policeman came with the police", [("policeman", "police"), ("police", "police")]),
        ("¿quieres hablar con la policía o un abogado?", [("policía", "police"), ("abogado", "police")]),
        ("POLICI\u0301A", [("POLICI\u0301A", "police")]),
        ("see www.example.org/help now", [("www.example.org/help", "link")]),
        ("write ana@maple.example, or maple.org", [("ana@maple.example", "link"), ("maple.org", "link")]),
        ("It's near San Antonio, 78205", [("San Antonio", "area"), ("78205", "area")]),
        ("this is maple help desk", [("maple help desk", "name")]),
        ("Casa Azul has it, Harbor 2 not", [("Casa Azul", "name"), ("Harbor 2", "name")]),
        ("animal shelter; shelter in place", []),
        ("hay mucho tráfico", []),
        ("Hi, it's Ana. Is now a good time to text? 1 yes 2 not now", []),
        ("Hola, soy Ana. ¿Es buen momento para textear? 1 claro 2 ahora no", []),
        ("ok", []),
        ("", []),
    ],
)
def test_what_would_tell_a_stranger_is_found_and_nothing_else(text: str, hits: list[tuple[str, str]]) -> None:
    assert found(text) == hits


def test_the_words_are_cut_out_of_the_text_as_it_was_typed() -> None:
    text = "The Shélter,\nthe police."
    pieces = marked(text, exposing(text))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, hit in pieces if hit] == ["Shélter", "police"]


@given(st.text(st.sampled_from("shelter police www.a.org é\u0301ß\n\x00 İ78205¿🙂 san antonio"), max_size=60))
def test_any_text_is_cut_without_losing_a_sign(text: str) -> None:
    hits = exposing(text, names=NAMES, places=PLACES)
    assert "".join(piece for piece, _ in marked(text, hits)) == text
    assert all(a.end <= b.start for a, b in pairwise(hits))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.kind)
def test_every_phrase_of_the_lists_is_found_unless_its_own_look_alikes_say_no(section) -> None:
    for phrase in section.phrases:
        text = " ".join(word.removesuffix("*") for word in phrase)
        assert [hit.kind for hit in exposing(text)], f"{section.kind}: {text!r} is never found"


def test_the_ready_words_of_the_copy_files_tell_nothing() -> None:
    wording = load_script().wording
    for key in wording.keys:
        if key.startswith("RW") or key == "H0":
            for language in ("en", "es"):
                assert found(wording.text(key, language).text) == [], (key, language)


@pytest.mark.parametrize(
    "broken",
    [
        '[x]\nsays = "x"\nen = ["Shelter"]\nes = ["a"]\nreviewed_by = ""\nreviewed_on = ""',
        '[x]\nsays = "x"\nen = ["a"]\nes = []\nreviewed_by = ""\nreviewed_on = ""',
        '[x]\nsays = ""\nen = ["a"]\nes = ["b"]\nreviewed_by = ""\nreviewed_on = ""',
        '[x]\nsays = "x"\nen = ["a"]\nes = ["b"]\nde = ["c"]\nreviewed_by = ""\nreviewed_on = ""',
    ],
)
def test_a_bad_list_is_refused_with_its_section(broken: str) -> None:
    with pytest.raises(ValueError, match=r"\[x\]"):
        read_sections(tomllib.loads(broken))


def test_a_fingerprint_is_of_these_words_alone() -> None:
    assert fingerprint("a shelter") == fingerprint("a shelter") != fingerprint("a shelter.")
    assert fold("Áñ") == "an"
