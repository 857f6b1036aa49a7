"""How hard is a text to read? Two old formulas made for prose, here a floor under twenty-word texts.

Flesch-Kincaid grade (Kincaid et al. 1975) for English and the Fernandez-Huerta ease (1959) for Spanish. Numbers are
left out of the count and end a phrase, as "1 yes 2 no" are answers to choose from and no sentence.
"""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"[.?!:;]+(?:\s|$)|(?<!\S)\d+(?!\S)")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_VOWELS_EN = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^laeiouy]e|[^aeiouytd]ed|[^aeiouysxz]es)$")
_SILENT_U = re.compile(r"([qg])u(?=[eiéí])")
_VOWELS_ES = re.compile(r"[aeoáéó](?:[iuü](?![aeoáéíóú]))?|[iuü](?:[aeoáéó])?(?:[iuü](?![aeoáéó]))?|[íú]")


def flesch_kincaid(text: str) -> float:
    """The school grade in which an English text can be read. Below 0 is easier than any grade."""
    words, sentences = _words_and_sentences(text)
    if not words:
        return 0.0
    syllables = sum(map(syllables_en, words))
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def fernandez_huerta(text: str) -> float:
    """The ease of a Spanish text: above 70 is easy, above 90 very easy."""
    words, sentences = _words_and_sentences(text)
    if not words:
        return 100.0
    syllables = sum(map(syllables_es, words))
    return 206.84 - 60.0 * syllables / len(words) - 1.02 * len(words) / sentences


def syllables_en(word: str) -> int:
    """Groups of vowels, without a silent end. A word in capitals without vowels is spelled out."""
    if word.isupper() and not _VOWELS_EN.search(word.lower()):
        return len(word)
    lower = word.lower()
    count = len(_VOWELS_EN.findall(lower)) - bool(_SILENT_END.search(lower))
    return max(count, 1)


def syllables_es(word: str) -> int:
    """Vowels and diphthongs; the u of `que`, `qui`, `gue`, `gui` is silent, and a last y sounds like i."""
    lower = _SILENT_U.sub(r"\1", word.lower())
    if lower.endswith("y"):
        lower = lower[:-1] + "i"
    return max(len(_VOWELS_ES.findall(lower)), 1)


def _words_and_sentences(text: str) -> tuple[list[str], int]:
    plain = _PLACEHOLDER.sub("Ana", text)
    phrases = [words for part in _SENTENCE_END.split(plain) if (words := _WORD.findall(part))]
    return [word for words in phrases for word in words], len(phrases)
