"""What are the words of a text, whatever its case, accents, signs, spacing, shorthand and slips of the thumb?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA

from flows.understanding.lookalike import apart, homoglyphs, without_digits

LONGEST = 10_000
"""Characters that are read. A text message is at most 1,600; the bound keeps hostile input cheap."""

_APOSTROPHES = str.maketrans(dict.fromkeys("'`\u2018\u2019\u02bc\u00b4\u2032", ""))
END = "\x01"
"""Stands in the words of a text where a sentence ends; see `sentences_of`."""

_ASCII_WORD = re.compile(r"[a-z0-9]+|\$|\x01")
_ANY_WORD = re.compile(r"[^\W_]+|\$|[\x00]\S|\x01")
_SENTENCE_END = re.compile(r"(?<=[^\W_]{2})\s*(?:\.(?=\s)|[!?;\n])[.!?;\s]*(?=\S)")
"""A mark after a word: "…" and "..." are breath, not an end, and "s. t. o. p." are letters."""
_COUNT_THEN_WORD = re.compile(r"(\d+)([a-z]{2,})")
_BETWEEN = re.compile(r"(\d)[ny](\d)")
_ORDINAL = re.compile(r"\d*(1st|2nd|3rd|\dth)")
_RUN = re.compile(r"(.)\1+")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_SHORTEST_CORRECTED = 4
_LONGEST_CORRECTED = 24
_TENS = frozenset(str(ten) for ten in range(20, 100, 10))
_UNITS = frozenset("123456789")


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """One character as it counts for matching: a letter or digit itself, a sign as a word of its own, else a gap."""
    category = unicodedata.category(char)
    if category[0] == "M" or category in ("Cf", "Sk"):  # accents, joiners, skin tones: nothing at all
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category[0] == "L":
        return char
    if category == "So" and char not in "\u2640\u2642":  # the gender halves of joined signs say nothing
        return f" \x00{char} "
    return " "


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char if " " < char < "\x7f" or char == END else _plain(char) for char in decomposed)


def words_of(text: str) -> tuple[str, ...]:
    """The words as typed: folded case and accents, no punctuation, each emoji a word. Any string is accepted."""
    return _words(text[:LONGEST].replace(END, " "))


def sentences_of(text: str) -> tuple[str, ...]:
    """The same words, with END wherever one sentence ends and another begins."""
    return _words(_SENTENCE_END.sub(f" {END} ", text[:LONGEST].replace(END, " ")))


def _words(text: str) -> tuple[str, ...]:
    text = text.translate(_APOSTROPHES)
    if "#" in text:
        text = re.sub(r"#(?!\s*\d)", " number ", text)
    if "<3" in text:
        text = text.replace("<3", " \u2764 ")
    if "w/" in text:
        text = text.replace("w/o", "without ").replace("w/", "with ")
    if text.isascii():
        words = tuple(_ASCII_WORD.findall(text.lower()))
    else:
        words = tuple(word.lstrip("\x00") for word in _ANY_WORD.findall(_without_accents(text)))
    if words:
        return words
    marks = text.strip()
    if "?" in marks:
        return ("?",)
    return ("-",) if marks and not marks.strip("-") else ()


def is_sign(word: str) -> bool:
    """True for an emoji or another sign that stands as a word of its own."""
    return len(word) == 1 and not word.isalnum() and word not in "?-$"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Spelling:
    """Brings the ways people type a word to one: shorthand (`2nite`), two words to one (`he is` to `hes`),
    number words to digits, letters typed apart or too often, and one slip in a word of four letters or more."""

    variants: Mapping[str, str]
    joined: Mapping[tuple[str, str], str]
    vocabulary: frozenset[str] = frozenset()
    near: Mapping[str, tuple[str, ...]] | None = None
    everyday: frozenset[str] = frozenset()
    sounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def settle(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words in the one spelling in which phrases are kept and sought."""
        return self.settle_with_others(words)[0]

    def settle_with_others(self, words: Iterable[str]) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]]]:
        """And, by place, the other known words that one slip may have made of what was typed."""
        settled: list[str] = []
        others: dict[int, tuple[str, ...]] = {}
        tens = 0
        for word in self._together(tuple(words)):
            known = self.variants.get(word)
            if known is not None:
                if tens and known in _UNITS:
                    # "twenty two", "treinta y cinco": one number
                    del settled[-1 if settled[-1] != "y" else -2 :]
                    known = str(tens + int(known))
                settled.append(known)
                tens = int(known) if known in _TENS else 0
                continue
            tens = tens if word == "y" else 0
            if word in self.vocabulary:
                settled.append(word)
                continue
            meant, also = self._unknown(word)
            if also:
                others[len(settled)] = also
            settled.extend(meant)
        return self._joined(settled, others)

    def _together(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """`s t o p` is one word, if there is such a word."""
        if sum(len(word) == 1 for word in words) < 3:
            return words
        out: list[str] = []
        run: list[str] = []
        for word in (*words, ""):
            if len(word) == 1 and word.isalpha():
                run.append(word)
                continue
            together = "".join(run)
            out.extend([together] if len(run) > 2 and self._known(together) else run)
            run = []
            out.append(word)
        return tuple(out[:-1])

    def _known(self, word: str) -> bool:
        return word in self.vocabulary or word in self.variants

    def _unknown(self, word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a word we do not know stands for, and what else it may."""
        if word.isdigit():
            return (word,), ()
        if "0" <= word[0] <= "9":
            counted = _COUNT_THEN_WORD.fullmatch(word)
            if counted and not _ORDINAL.fullmatch(word):
                return (counted[1], self.variants.get(counted[2], counted[2])), ()
            between = _BETWEEN.fullmatch(word)
            if between:
                return (between[1], "and", between[2]), ()
            return (word,), ()
        if not word.isascii():
            word = homoglyphs(word)
            if not word.isascii():
                return (word,), ()
            if self._known(word):
                return self._spelled((word,)), ()
        if not word.isalpha():
            spelled = without_digits(word)
            return self._spelled((spelled,)) if self._known(spelled) else (word,), ()
        if _LONG_RUN.search(word):
            for shorter in (_LONG_RUN.sub(r"\1\1", word), _LONG_RUN.sub(r"\1", word), _RUN.sub(r"\1", word)):
                if self._known(shorter):
                    return self._spelled((shorter,)), ()
            word = _LONG_RUN.sub(r"\1", word)
        base = diminished(word, self._known)
        if base:
            return self._spelled((base,)), ()
        once = _RUN.sub(r"\1", word)
        if len(word) <= _SHORTEST_CORRECTED and self._known(once):
            return self._spelled((once,)), ()
        if self.near is None:
            return (word,), ()
        near = self._corrected(word)
        if near:
            return (near[0],), near[1:]
        return self._spelled(apart(word, self._known)) or (word,), ()

    def _spelled(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.variants.get(word, word) for word in words)

    def _corrected(self, word: str) -> tuple[str, ...]:
        """The known words that sound alike, then those a single slip away, words of meaning before everyday ones.
        The first letter must agree, or be swapped with the second: `bills` is never `pills`."""
        if self.near is None or not _SHORTEST_CORRECTED <= len(word) <= _LONGEST_CORRECTED:
            return ()
        found: set[str] = set()
        for cut in (word, *shortened(word)):
            for known in self.near.get(cut, ()):
                alike = known[0] == word[0] or known[:2] == word[1::-1]
                if alike and known not in found and OSA.distance(word, known, score_cutoff=1) <= 1:
                    found.add(known)
        alike = self.sounds.get(sounded(word), ())
        heard = {self.variants.get(one, one) for one in alike}
        meant = heard | {self.variants.get(one, one) for one in found}
        return tuple(sorted(meant, key=lambda w: (w not in heard, w in self.everyday, w)))

    def _joined(
        self, words: list[str], others: dict[int, tuple[str, ...]]
    ) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]]]:
        if not any(pair in self.joined for pair in pairwise(words)):
            return tuple(words), others
        out: list[str] = []
        moved: dict[int, tuple[str, ...]] = {}
        for at, word in enumerate(words):
            one = self.joined.get((out[-1], word)) if out else None
            if one is None:
                if at in others:
                    moved[len(out)] = others[at]
                out.append(word)
            else:
                out[-1] = one
        return tuple(out), moved


_DIMINUTIVE = re.compile(r"(\w{2,}?)(?:c|)it([oa]s?)")
_BEFORE_IT = (("qu", "c"), ("gu", "g"), ("c", "z"))


def diminished(word: str, known: Callable[[str], bool]) -> str:
    """The known word of which this is a Spanish diminutive (`chamaquito` of `chamaco`), or nothing."""
    found = _DIMINUTIVE.fullmatch(word)
    if found is None:
        return ""
    stem, ending = found[1], found[2]
    stems = [stem, *(stem.removesuffix(old) + new for old, new in _BEFORE_IT if stem.endswith(old))]
    bases = [one + ending for one in stems] + [one + ("e" + ending[1:]) for one in stems] + stems
    return next((base for base in bases if len(base) > 3 and known(base)), "")


_SOUNDS = (("qu", "k"), ("ce", "se"), ("ci", "si"), ("ge", "je"), ("gi", "ji"), ("ll", "y"), ("rr", "r"), ("c", "k"),
           ("z", "s"), ("v", "b"), ("h", ""), ("nb", "mb"), ("np", "mp"), ("eo", "io"), ("ea", "ia"),
           ("w", "u"))  # fmt: skip


def sounded(word: str) -> str:
    """The word as Spanish sounds: `bibir` and `vivir`, `anbulansia` and `ambulancia`, `golpio` and `golpeo`, `encerrao`
    and `encerrado` are one."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    return f"{word[:-1]}do" if word.endswith("ao") else word


def sounding(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """An index from a sound to the known words that have it."""
    index: dict[str, set[str]] = {}
    for word in words:
        if len(word) >= _SHORTEST_CORRECTED and word.isalpha() and word.isascii():
            index.setdefault(sounded(word), set()).add(word)
    return {sound: tuple(sorted(known)) for sound, known in index.items()}


def shortened(word: str) -> tuple[str, ...]:
    """The word with each letter left out in turn."""
    return tuple(word[:at] + word[at + 1 :] for at in range(len(word)))


def nearness(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """An index from a word, and from it with a letter left out, to the known words it may stand for."""
    index: dict[str, set[str]] = {}
    for word in words:
        if len(word) >= _SHORTEST_CORRECTED and word.isalpha():
            for cut in (word, *shortened(word)):
                index.setdefault(cut, set()).add(word)
    return {cut: tuple(sorted(known)) for cut, known in index.items()}
