"""Are the parts of a text counted as the carrier counts them? Against a table, and a slow count done another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.segments import count_segments, encoding, measure, price_of, septets

ESCAPED = "^{}\\[~]|€\f"
PLAIN = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà"


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("é ñ ü ¿ ¡ à ù ò Ñ É", "GSM-7", 19, 1),
        ("sí", "UCS-2", 2, 1),
        ("í" * 70, "UCS-2", 70, 1),
        ("í" * 71, "UCS-2", 71, 2),
        ("í" * 134, "UCS-2", 134, 2),
        ("í" * 135, "UCS-2", 135, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("👍" * 35, "UCS-2", 70, 1),
        ("👍" * 36, "UCS-2", 72, 2),
        ("it’s", "UCS-2", 4, 1),
        ("ç", "UCS-2", 1, 1),
        ("`", "UCS-2", 1, 1),
        ("\x1b", "UCS-2", 1, 1),
        ("\ud83d", "UCS-2", 1, 1),
    ],
)
def test_the_table_of_stack_3_6(text: str, alphabet: str, units: int, segments: int) -> None:
    measured = measure(text)
    assert (measured.encoding, measured.units, measured.segments) == (alphabet, units, segments)
    assert count_segments(text) == segments
    assert encoding(text) == alphabet


def test_an_escape_pair_does_not_straddle_two_parts() -> None:
    assert count_segments("a" * 152 + "€" + "a" * 152) == 3  # 306 septets would fit two parts but for the pair
    assert count_segments("a" * 151 + "€" + "a" * 153) == 2


def test_a_surrogate_pair_does_not_straddle_two_parts() -> None:
    assert count_segments("í" * 66 + "👍" + "í" * 66) == 3  # 134 units would fit two parts but for the pair
    assert count_segments("í" * 65 + "👍" + "í" * 67) == 2


def test_the_characters_that_cost_are_named_once_in_order() -> None:
    assert measure("¿Cuál? Aquí está, sí: “más”").offenders == ("á", "í", "“", "”")
    assert measure("¿Qué tal, señor?").offenders == ()


def test_septets_are_only_for_the_gsm_alphabet() -> None:
    assert septets("a€") == 3
    with pytest.raises(ValueError, match="GSM-7"):
        septets("sí")


def _slow(text: str) -> int:
    """Another way to count: lay the units out, cut, and move a cut that falls inside a pair."""
    gsm: list[str] | None = []
    for character in text:
        if character in ESCAPED:
            gsm += ["escape", character]
        elif character in PLAIN or (" " <= character <= "z" and character != "`"):
            gsm.append(character)
        else:
            gsm = None
            break
    if gsm is not None:
        units, one, many = gsm, 160, 153
    else:
        raw = text.encode("utf-16-be", "surrogatepass")
        pairs = [raw[i : i + 2] for i in range(0, len(raw), 2)]
        units, one, many = ["escape" if 0xD8 <= pair[0] <= 0xDB else "unit" for pair in pairs], 70, 67
    if len(units) <= one:
        return 1
    parts, start = 0, 0
    while start < len(units):
        end = min(start + many, len(units))
        if end < len(units) and units[end - 1] == "escape":
            end -= 1
        parts, start = parts + 1, end
    return parts


@given(st.text(alphabet=st.sampled_from("ab zñé€^{|\\í👍🏽日’`\n"), max_size=500))
def test_hard_texts_count_the_same_done_slowly(text: str) -> None:
    assert count_segments(text) == measure(text).segments == _slow(text)


@given(st.text(alphabet=st.sampled_from("ab zñé€^{|\\\n"), min_size=140, max_size=480))
def test_gsm_texts_count_the_same_done_slowly(text: str) -> None:
    assert count_segments(text) == measure(text).segments == _slow(text)


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_at_all_is_counted(text: str) -> None:
    assert count_segments(text) == measure(text).segments >= 1


def test_a_price_is_shown_only_where_one_was_set() -> None:
    assert price_of(2, "") == ""
    assert price_of(2, "0.0083 USD") == "0.0166 USD"
    assert price_of(10, "0.01 USD") == "0.1 USD"
    assert price_of(164_000, "0.0079 USD") == "1,295.60 USD"
