"""Which words of a text would tell a stranger with the phone in hand what its owner is looking for?

The words are data: discreet.toml beside this file, in both languages, which both are looked for in every text. Names
(the line's, the places' somebody was told of), areas and links are found without a list. Nothing is decided here: what
a hit leads to stands in rules/writing.py.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any

from flows.conversation import LANGUAGES
from flows.understanding.gazetteer import Gazetteer

NAME, AREA, LINK = "name", "area", "link"
SAYS = {NAME: "who writes, or the name of a place", AREA: "where a place is", LINK: "an address anybody can open"}
_NUMBERS = "numbers"

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_LINKS = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|org|net|gov|edu|info|ly|us|mx|app|link|co|io|me|help)\b(?:/\S*)?",
    re.IGNORECASE,
)
_ZIP = re.compile(r"\d{5}")


@dataclass(frozen=True, slots=True)
class Exposing:
    """Characters `start` to `end` of a text, and what they would tell: `kind` for a record, `says` for a reader."""

    start: int
    end: int
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Section:
    """One list of discreet.toml. A phrase is words in a row; a word that ends in * may have any ending."""

    kind: str
    says: str
    phrases: tuple[tuple[str, ...], ...]
    unless: tuple[tuple[str, ...], ...]
    reviewed: bool


@dataclass(frozen=True, slots=True)
class _Word:
    folded: str
    start: int
    end: int


def exposing(text: str, *, names: Iterable[str] = (), places: Gazetteer | None = None) -> tuple[Exposing, ...]:
    """Every hit in the order of the text; of two that overlap the longer one."""
    words = [_Word(fold(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)]
    hits = [Exposing(found.start(), found.end(), LINK, SAYS[LINK]) for found in _LINKS.finditer(text)]
    for section in SECTIONS:
        hits += _in_section(words, section)
    hits += _named(words, names)
    hits += _areas(words, places)
    return tuple(_apart(hits))


def marked(text: str, hits: Sequence[Exposing]) -> list[tuple[str, Exposing | None]]:
    """The text in pieces, each with the hit it is."""
    pieces: list[tuple[str, Exposing | None]] = []
    at = 0
    for hit in hits:
        pieces += [(text[at : hit.start], None), (text[hit.start : hit.end], hit)]
        at = hit.end
    return [piece for piece in (*pieces, (text[at:], None)) if piece[0]]


def fingerprint(text: str) -> str:
    """Changes with any letter: a second press is for the words that were pointed out, and no others."""
    return sha256(text.encode()).hexdigest()[:16]


def fold(word: str) -> str:
    """Lower case, without accents; ñ is n, as thumbs write it."""
    plain = unicodedata.normalize("NFKD", word)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def read_sections(document: Mapping[str, Any]) -> tuple[Section, ...]:
    """Raises ValueError for an entry that is no phrase, and for a section without words of one of our languages."""
    return tuple(_section(kind, table) for kind, table in document.items())


def _section(kind: str, table: Mapping[str, Any]) -> Section:
    wrong = set(table) - {"says", *LANGUAGES, _NUMBERS, "unless", "reviewed_by", "reviewed_on"}
    if wrong or not table.get("says") or not all(table.get(language) for language in LANGUAGES):
        raise ValueError(f"discreet.toml: [{kind}] needs says and a list in each of {', '.join(LANGUAGES)}")
    phrases = [_phrase(kind, entry) for name in (*LANGUAGES, _NUMBERS) for entry in table.get(name, ())]
    unless = [_phrase(kind, entry) for entry in table.get("unless", ())]
    reviewed = bool(table["reviewed_by"] and table["reviewed_on"])
    return Section(kind, table["says"], tuple(phrases), tuple(unless), reviewed)


def _phrase(kind: str, entry: str) -> tuple[str, ...]:
    words = entry.split()
    if not words or any(fold(word) != word or not _WORD.fullmatch(word.removesuffix("*")) for word in words):
        raise ValueError(f"discreet.toml: [{kind}] {entry!r} is not plain words in lower case without accents")
    return tuple(words)


def _in_section(words: Sequence[_Word], section: Section) -> Iterator[Exposing]:
    spared = [span for phrase in section.unless for span in _spans(words, phrase)]
    letters = {word.folded[:1] for word in words}
    for phrase in section.phrases:
        if phrase[0][:1] not in letters:  # most phrases, and this is asked at every pause of whoever writes
            continue
        for first, last in _spans(words, phrase):
            if not any(a <= first and last <= b for a, b in spared):
                yield Exposing(words[first].start, words[last].end, section.kind, section.says)


def _spans(words: Sequence[_Word], phrase: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first and the last word of each place where the phrase stands."""
    width = len(phrase)
    for at in range(len(words) - width + 1):
        if _is(words[at].folded, phrase[0]) and all(_is(words[at + n].folded, spot) for n, spot in enumerate(phrase)):
            yield at, at + width - 1


def _is(word: str, spot: str) -> bool:
    return word.startswith(spot[:-1]) if spot.endswith("*") else word == spot


def _named(words: Sequence[_Word], names: Iterable[str]) -> Iterator[Exposing]:
    for name in names:
        phrase = [fold(found[0]) for found in _WORD.finditer(name)]
        if phrase:
            for first, last in _spans(words, phrase):
                yield Exposing(words[first].start, words[last].end, NAME, SAYS[NAME])


def _areas(words: Sequence[_Word], places: Gazetteer | None) -> Iterator[Exposing]:
    for word in words:
        if _ZIP.fullmatch(word.folded):
            yield Exposing(word.start, word.end, AREA, SAYS[AREA])
    if places is None:
        return
    for named in places.named([word.folded for word in words]):
        first = words[named.start]
        is_a_word = named.end - named.start == 1 and len(first.folded) == 2  # "va", more often than a state
        if named.sure and not is_a_word:
            yield Exposing(first.start, words[named.end - 1].end, AREA, SAYS[AREA])


def _apart(hits: Iterable[Exposing]) -> Iterator[Exposing]:
    reach = 0
    for hit in sorted(hits, key=lambda one: (one.start, -one.end, one.kind)):
        if hit.start >= reach:
            yield hit
            reach = hit.end


SECTIONS = read_sections(tomllib.loads(files("bot.rules").joinpath("discreet.toml").read_text(encoding="utf-8")))
