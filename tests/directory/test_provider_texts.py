"""What is a provider's text read as, in both languages?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.provider import Counted, ProviderText, Said, masked, read_provider

COUNTS = [
    ("3", [(3, None)]),
    ("3 beds", [(3, "bed")]),
    ("3 beds.", [(3, "bed")]),
    ("three", [(3, None)]),
    ("tres", [(3, None)]),
    ("0", [(0, None)]),
    ("3!! 👍", [(3, None)]),
    ("Hi, we have 2 open today, thanks", [(2, None)]),
    ("hola, quedan 2 camas libres, gracias", [(2, "bed")]),
    ("2 left", [(2, None)]),
    ("have 2 f 1 m", [(2, "women_bed"), (1, "men_bed")]),
    ("2 mujeres y 1 hombre", [(2, "women_bed"), (1, "men_bed")]),
    ("2 women's beds", [(2, "women_bed")]),
    ("2 beds and 1 family unit", [(2, "bed"), (1, "family_unit")]),
    ("9999", [(9999, None)]),
]


@pytest.mark.parametrize(("text", "counts"), COUNTS)
def test_counts(text: str, counts: list[tuple[int, str | None]]) -> None:
    assert read_provider(text) == ProviderText(Said.COUNT, tuple(Counted(*count) for count in counts))


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        (Said.SAME, ["same", "SAME", "Igual", "no change", "sin cambios", "still the same"]),
        (Said.FULL, ["full", "Lleno", "no beds", "no beds left", "no hay", "full until fri", "lleno hasta hoy"]),
        (Said.WAIT, ["wait", "WAITLIST", "waiting list", "espera", "lista de espera"]),
        (Said.OFF, ["off", "OFF", "pausa"]),
        (Said.UNDO, ["undo", "UNDO please", "Borrar"]),
        (Said.UNCLEAR, ["", "\0", "???", "maria", "not full", "no", "-1", "2-3", "1/2", "2.5", "12345678",
                        "2 beds 3 beds", "2 and 3", "we have room", "STOP", "x" * 1600]),
    ],
)  # fmt: skip
def test_words(said: Said, texts: list[str]) -> None:
    assert {text: read_provider(text).said for text in texts} == dict.fromkeys(texts, said)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("had 3 but maria g took 1", 2),
        ("tenemos 3 pero maria tomo 1", 2),
        ("3 beds, Ana left", 3),
        ("no room for 2", 2),
        ("2 for jasmine", 2),
    ],
)
def test_a_count_beside_words_that_may_tell_of_a_person_waits_for_a_yes(text: str, left: int) -> None:
    read = read_provider(text)
    assert (read.said, read.doubtful, [c.available for c in read.counts]) == (Said.COUNT, True, [left])


@pytest.mark.parametrize(
    ("text", "said", "reason"),
    [
        ("Y 7KQ", Said.HOLD_YES, ""),
        ("yes 7kq", Said.HOLD_YES, ""),
        ("si 7kq", Said.HOLD_YES, ""),
        ("N 7KQ FULL", Said.HOLD_NO, "full"),
        ("n 7kq lleno", Said.HOLD_NO, "full"),
        ("N 7KQ FIT", Said.HOLD_NO, "fit"),
        ("N 7KQ NO VA", Said.HOLD_NO, "fit"),
        ("no 7KQ", Said.HOLD_NO, ""),
        ("CALL 7KQ", Said.HOLD_CALL, ""),
        ("IN 7KQ", Said.MOVED_IN, ""),
    ],
)
def test_answers_to_a_hold(text: str, said: Said, reason: str) -> None:
    assert read_provider(text) == ProviderText(said, hold_id="7KQ", reason=reason)


@pytest.mark.parametrize(
    ("text", "reason", "facet"),
    [
        ("N 7KQ FIT kids", "fit", "kids"),
        ("N 7KQ kids", "fit", "kids"),
        ("N 7KQ NO VA mascotas", "fit", "pet"),
        ("N 7KQ full, only men left", "full", ""),
        ("N 7KQ safety, he is here", "safety", ""),
        ("N 7KQ no staff", "staffing", ""),
        ("N 7KQ paused", "paused", ""),
        ("N 7KQ rules", "conditions", ""),
    ],
)
def test_why_a_place_says_no(text: str, reason: str, facet: str) -> None:
    read = read_provider(text)
    assert (read.said, read.reason, read.facet) == (Said.HOLD_NO, reason, facet)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("had 3 but maria g took 1", "had 3 but … … took 1"),
        ("2 for Jasmine, call 2105550142", "2 for …, … …"),
        ("tenemos 3 pero María tomó 1", "tenemos 3 pero … tomó 1"),
        ("2 beds open, thanks", "2 beds open, thanks"),
    ],
)
def test_what_may_tell_of_a_person_is_taken_out(text: str, kept: str) -> None:
    assert masked(text) == kept


@given(st.text(max_size=200))
def test_any_text_is_read_and_always_alike(text: str) -> None:
    assert read_provider(text) == read_provider(text)


@given(st.integers(0, 9999), st.sampled_from(["{}", " {} ", "{}!", "HAVE {}", "hay {}", "{} open", "{} beds"]))
def test_a_number_is_that_number_however_it_is_wrapped(n: int, wrapped: str) -> None:
    assert [c.available for c in read_provider(wrapped.format(n)).counts] == [n]
