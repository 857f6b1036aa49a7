"""Which of the options that were offered did the text choose?"""

from __future__ import annotations

from collections.abc import Sequence

from flows.understanding.fold import is_sign
from flows.understanding.lexicon import Found, Heard, Lexicon
from flows.understanding.reading import Expecting

LETTERS = ("A", "B", "BOTH", "NO")


def numbered(heard: Heard, expecting: Expecting, lexicon: Lexicon) -> list[str] | None:
    """The options chosen by bare numbers, in order; [] if the text is numbers that name none; None if it is not
    a bare number. "15" is 1 and 5 when several may be chosen and there is no fifteenth."""
    numbers = bare_numbers(heard, lexicon)
    if numbers is None:
        return None
    several = expecting.parser in ("choices", "household")
    chosen: list[str] = []
    for number in numbers:
        parts = [number] if len(number) == 1 or not several or "0" in number else list(number)
        for part in parts:
            if not 0 < int(part) <= len(expecting.options):
                return []
            chosen.append(expecting.options[int(part) - 1])
    chosen = list(dict.fromkeys(chosen))
    if len(chosen) > 1 and not several:
        return []
    return chosen[: lexicon.limits.get(expecting.slot)]


_SAID_AS = {"not_now": "later", "person": "human"}


def repeated(heard: Heard, expecting: Expecting, lexicon: Lexicon) -> str | None:
    """The option of a text that gives its number and its words: "3 not good", "2 not now"."""
    number, *words = heard.words or ("",)
    if not (words and len(number) == 1 and number.isdigit() and 0 < int(number) <= len(expecting.options)):
        return None
    chosen = expecting.options[int(number) - 1]
    names = {rule.name for whole in lexicon.whole.values() for rule in whole.get(tuple(words), ())}
    return chosen if names & {f"options.{chosen}", chosen, _SAID_AS.get(chosen, chosen)} else None


def bare_numbers(heard: Heard, lexicon: Lexicon) -> list[str] | None:
    """The numbers of a text that is nothing but numbers, ordinals and the words that stand around them."""
    numbers = [word for word in heard.words if word.isdigit()]
    loose = lexicon.sets["bare.words"]
    ordinals = [str(lexicon.ordinals[word]) for word in heard.words if word in lexicon.ordinals]
    for word in heard.words:
        if not (word.isdigit() or word in lexicon.ordinals or word in loose or is_sign(word) or word in "?-$"):
            return None
    if ordinals:
        return ordinals  # "the 1st 1": the number word only stands for "one of them"
    return [number.lstrip("0") or "0" for number in numbers if len(number) <= 7] or None


def worded(found: Sequence[Found], expecting: Expecting) -> str | None:
    """The option whose words (`[options]`) are the whole text, if this question has it."""
    named = {one.rule.name.removeprefix("options.") for one in found if one.rule.name.startswith("options.")}
    return next((value for value in expecting.options if value in named), None)


_SHORT = 7
"""In a text of so few words the words of an option count although others stand around them."""
_DENIED = frozenset(
    "no not never nothing hardly barely dont cant isnt aint wont nada nadie ni sin nunca neither none".split()
)


def among(heard: Heard, expecting: Expecting, lexicon: Lexicon) -> str | None:
    """The option whose words stand in a short text among others: "can u find me another place"; the longest wins, and a
    text with a no in it is left alone."""
    words = heard.words
    if not 1 < len(words) <= _SHORT or not _DENIED.isdisjoint(words):
        return None
    for size in range(len(words) - 1, 0, -1):
        said = {
            value
            for at in range(len(words) - size + 1)
            for whole in lexicon.whole.values()
            for rule in whole.get(words[at : at + size], ())
            for value in (rule.name.removeprefix("options."),)
            if value in expecting.options and rule.name.startswith("options.")
        }
        if said:
            return said.pop() if len(said) == 1 else None
    return None


def letter(heard: Heard, found: Sequence[Found], lexicon: Lexicon) -> str | None:
    """A, B, BOTH or NO: the whole text, or in a short one the one that is named ("the 2nd sounds better")."""
    plain = "".join(heard.plain).upper()
    if plain in ("A", "B"):
        return plain
    named = {one.rule.name.removeprefix("letters.") for one in found if one.rule.name.startswith("letters.")}
    whole = next((value for value in LETTERS if value in named), None)
    if whole is not None or len(heard.words) > _SHORT or not _DENIED.isdisjoint(heard.words):
        return whole
    chosen = {value for word in heard.words if (value := lexicon.picks.get(word))}
    return chosen.pop() if len(chosen) == 1 else None
