"""Which plain word hides behind letters of another alphabet, digits for letters, or words without a space between?"""

from __future__ import annotations

from collections.abc import Callable, Collection

_HOMOGLYPHS = str.maketrans(
    "авсԁеһіјѕкмпорԛтухѡґοαβεικνρτυχωгӏꞯʟɑɡıոսո",
    "abcdehijskmnopqtyxwroabeiknptuxwrlqlaginun",
)
"""Letters of Cyrillic, Greek and others that are drawn like ours."""

_DIGITS = str.maketrans("013457", "oieast")
_SHORTEST_APART = 6
_LONGEST_APART = 32
_MOST_PARTS = 5
_SMALL_PARTS = frozenset(
    "i u a im me my he is in it to no on up we us do be go at of or so if hes her him the and can get out not ive"
    " y a e o el la de me mi no se te tu un ya lo le es en al su los las con por que".split()
)
"""Short words that may be a part; every other part has four letters or more, so that chance makes no sentence."""


def homoglyphs(word: str) -> str:
    """The word in our letters, or as it is if it is not drawn wholly like one of ours."""
    plain = word.translate(_HOMOGLYPHS)
    return plain if plain.isascii() else word


def without_digits(word: str) -> str:
    """`k1ll` as it is meant."""
    return word.translate(_DIGITS)


def apart(word: str, known: Callable[[str], bool], small: Collection[str] = _SMALL_PARTS) -> tuple[str, ...]:
    """The fewest known words that, written without spaces, are this one: `leavemealone`. Nothing if there are none."""
    if not _SHORTEST_APART <= len(word) <= _LONGEST_APART:
        return ()
    best: list[tuple[str, ...] | None] = [(), *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, part = best[start], word[start:end]
            if before is None or len(before) == _MOST_PARTS or not (part in small or (len(part) > 3 and known(part))):
                continue
            now = best[end]
            if now is None or len(before) + 1 < len(now):
                best[end] = (*before, part)
    parts = best[-1] or ()
    return parts if len(parts) > 1 and any(len(part) > 3 for part in parts) else ()
