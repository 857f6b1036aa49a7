"""Which language is a text in: one of ours, one of others, or not to be told?"""

from __future__ import annotations

from collections.abc import Set

from flows.understanding.fold import is_sign
from flows.understanding.lexicon import Heard, Lexicon
from flows.understanding.reading import Cause

_ENOUGH = 2


def own_language(heard: Heard, lexicon: Lexicon) -> str | None:
    """`en` or `es` when the text's own words decide: one telling word or two common ones, and more than the other's."""
    words = set(heard.words) | set(heard.plain)
    scores = {
        name: _ENOUGH * len(words & strong) + len(words & common) for name, (strong, common) in lexicon.speech.items()
    }
    best = max(scores, key=lambda name: scores[name])
    others = max(score for name, score in scores.items() if name != best)
    return best if scores[best] >= _ENOUGH and scores[best] > others else None


def other_language(heard: Heard, lexicon: Lexicon) -> tuple[str, Cause] | None:
    """A language we do not have, by its name, its writing or its words; with the line that said so."""
    spoken = tuple(w for w in heard.words if w not in lexicon.sets["polite.words"] and not is_sign(w)) or heard.words
    for words in (heard.words, spoken):
        named = lexicon.foreign_names.get(words)
        if named is not None:
            return named
    if not heard.text.isascii():
        script = _script(heard.text, lexicon)
        if script is not None:
            return script, Cause(f"lexicon/en.toml:scripts.{script}")
        marked = sum(char in _VIETNAMESE for char in heard.text.casefold())
        if marked >= _ENOUGH:
            return "Vietnamese", Cause("lexicon/en.toml:vietnamese_letters")
    return _by_words(heard, lexicon)


# Letters only Vietnamese writes: the lists are folded of their accents, so these must be seen before folding.
_VIETNAMESE = frozenset("ơưđạảấầẩậắằặẹẻếềểệịỉọỏốồổộớờởợụủứừửựỳỷ")


def _script(text: str, lexicon: Lexicon) -> str | None:
    """The first listed script of which the text has two letters, or which is all the letters it has."""
    counts: dict[str, int] = {}
    letters = 0
    for char in text:
        if not char.isalpha():
            continue
        letters += 1
        point = ord(char)
        if point > 0x36F:
            for low, high, name in lexicon.scripts:
                if low <= point <= high:
                    counts[name] = counts.get(name, 0) + 1
                    break
    if not counts or 2 * sum(counts.values()) < letters:
        return None
    return next(name for _, _, name in lexicon.scripts if name in counts)


def _by_words(heard: Heard, lexicon: Lexicon) -> tuple[str, Cause] | None:
    words: Set[str] = lexicon.foreign_words.intersection(heard.plain)
    if len(words) < _ENOUGH:
        return None
    best, most = "", 1
    for name, listed in lexicon.foreign.items():
        score = len(words & listed)
        if score > most:
            best, most = name, score
    if not best:
        return None
    words = set(heard.plain)
    ours = max(len(words & strong) * 2 + len(words & common) for strong, common in lexicon.speech.values())
    return (best, Cause(f"lexicon/en.toml:other_languages.{best}.words")) if most * 2 > ours else None


_FEWEST_STRANGE = 4
_STRANGE_OF_ALL = 0.75


def strange(heard: Heard, lexicon: Lexicon) -> Cause | None:
    """Letters or words of none of the languages we know by name; with what said so. Only for a text that says nothing
    else to us: a slip of the thumb is no language."""
    letters = [char for word in heard.plain for char in word if char.isalpha()]
    foreign = sum(not char.isascii() for char in letters)
    if foreign >= _ENOUGH and 2 * foreign > len(letters):
        return Cause("speech:letters of no listed language")
    words = [word for word in heard.words if word.isalpha()]
    unknown = sum(word not in lexicon.spelling.vocabulary for word in words)
    if unknown >= _FEWEST_STRANGE and unknown >= _STRANGE_OF_ALL * len(words):
        return Cause("speech:words of no listed language")
    return None
