"""How old is the person who writes? Never a child they speak of, a size, a number of weeks or minutes."""

from __future__ import annotations

from collections.abc import Sequence

from flows.understanding.lexicon import Found, Heard, Lexicon

YOUNGEST_TOLD = 10
ADULT = 18
OLDER = 25
_BANDS = frozenset({"age.under18", "age.adult_young", "age.adult", "age.unknown"})


def band(years: int) -> str:
    """The age band the places use."""
    if years < ADULT:
        return "under18"
    return "18-24" if years < OLDER else "25up"


def age_of(heard: Heard, found: Sequence[Found], asked: bool, lexicon: Lexicon) -> str | None:
    """The band, `unknown` ("old enough"), or None when the text tells no age. A number under 18 wins."""
    words = heard.words
    spoken = {at for one in found if one.rule.name in _BANDS for at in range(one.start, one.end)}  # "less than 18"
    told = {
        band(years)
        for at in range(len(words))
        if at not in spoken and (years := _years(words, at, asked, found, lexicon)) is not None
    }
    for value in ("under18", "18-24", "25up"):
        if value in told:
            return value
    names = {one.rule.name for one in found}
    if "age.under18" in names:
        return "under18"
    if asked:
        for name, value in (("age.adult_young", "18-24"), ("age.adult", "25up"), ("age.unknown", "unknown")):
            if name in names:
                return value
    return None


def _years(words: Sequence[str], at: int, asked: bool, found: Sequence[Found], lexicon: Lexicon) -> int | None:
    word = words[at]
    sets = lexicon.sets
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if len(word) == 3 and (word[:2] + word[2]).isalnum():
        return _lettered(word, before, after, sets["household.kid_words"])
    if not word.isdigit() or len(word) != 2 or int(word) < YOUNGEST_TOLD:
        return None
    if after in sets["age.not_age_after"] or _of_a_child(words, at, lexicon):
        return None
    almost = any(one.rule.name == "age.almost" and one.end == at for one in found)
    own = before in sets["age.before"] or (after in sets["age.after"] and before != "a")
    dated = any(word in sets["age.months"] for word in words[at + 1 : at + 4])  # "18 in march" is 17 today
    if not (almost or own) and (not asked or before in sets["age.not_age_before"]):
        return None
    return int(word) - 1 if almost or dated else int(word)


def _lettered(word: str, before: str, after: str, kid_words: frozenset[str]) -> int | None:
    """`16f`, `f16`: an age and a letter, as in adverts and games."""
    digits = word[:2] if word[2] in "fm" else word[1:] if word[0] in "fm" else ""
    if digits.isdigit() and int(digits) >= YOUNGEST_TOLD and before not in kid_words:
        return int(digits)
    return None


def _of_a_child(words: Sequence[str], at: int, lexicon: Lexicon) -> bool:
    """True for "my son is 15", "my 15 year old", "2 kids 3 n 15", "shes 15", "mi perro tiene 15"."""
    others, own = lexicon.sets["age.of_another"], lexicon.sets["household.own_words"]
    kid_words = lexicon.sets["household.kid_words"]
    if at and words[at - 1] in ("my", "mi", "a", "her", "his", "our"):
        return True
    for back in range(at - 1, max(-1, at - 7), -1):
        if words[back] in own:
            return False
        if words[back] in kid_words or words[back] in others:
            return True
    return False
