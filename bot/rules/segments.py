"""How many parts does a carrier cut a text into, and which characters cost the most?

GSM 03.38 and its extension table; figures from `stack.md` 3.6: 160 septets in one part, then 153 in each of several;
70 UTF-16 units in one part, then 67. An extension character is an escape and a letter, and a character above U+FFFF
is a surrogate pair: neither may straddle two parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

GSM_ONE, GSM_MANY = 160, 153
UCS2_ONE, UCS2_MANY = 70, 67

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ALPHABET = _BASIC | _EXTENSION


@dataclass(frozen=True, slots=True)
class Measured:
    """What a text costs. `units` are septets or UTF-16 units; `offenders` are the characters, once each and in
    the order met, that push it out of GSM-7."""

    encoding: Encoding
    units: int
    segments: int
    offenders: tuple[str, ...] = ()


def encoding(text: str) -> Encoding:
    """The cheapest alphabet that can carry every character of the text."""
    return "GSM-7" if _ALPHABET.issuperset(text) else "UCS-2"


def septets(text: str) -> int:
    """The length in GSM-7, an extension character counting two. ValueError if the text does not fit the alphabet."""
    if not _ALPHABET.issuperset(text):
        raise ValueError("not in the GSM-7 alphabet")
    return len(text) + sum(character in _EXTENSION for character in text)


def count_segments(text: str) -> int:
    """How many parts the carrier sends and bills. An empty text is still one message."""
    if _BASIC.issuperset(text):
        return _parts_of_singles(len(text), GSM_ONE, GSM_MANY)
    return measure(text).segments


def measure(text: str) -> Measured:
    """Everything a writer wants to know about the cost of a text, the reason for it included."""
    if _ALPHABET.issuperset(text):
        widths = [2 if character in _EXTENSION else 1 for character in text]
        return Measured("GSM-7", sum(widths), _parts(widths, GSM_ONE, GSM_MANY))
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    offenders = tuple(dict.fromkeys(character for character in text if character not in _ALPHABET))
    return Measured("UCS-2", sum(widths), _parts(widths, UCS2_ONE, UCS2_MANY), offenders)


def _parts_of_singles(units: int, one: int, many: int) -> int:
    """Parts of a text in which every character costs one unit."""
    return 1 if units <= one else -(-units // many)


def _parts(widths: list[int], one: int, many: int) -> int:
    """Parts of a text with characters one or two units wide; a wide one that does not fit moves to the next part."""
    units = sum(widths)
    if units <= one or units == len(widths):
        return _parts_of_singles(units, one, many)
    parts, used = 1, 0
    for width in widths:
        if used + width > many:
            parts, used = parts + 1, 0
        used += width
    return parts


def price_of(segments: int, price: str) -> str:
    """What so many segments cost at the price that was set (`0.0079 USD`); empty where none was: none is invented."""
    if not price:
        return ""
    amount, money = price.split(" ")
    whole = Decimal(amount) * segments
    return f"{whole:,.2f} {money}" if whole >= 1 else f"{whole.normalize():f} {money}"
