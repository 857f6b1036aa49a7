"""What is one entry of a word list, a text made ready to be read, and an entry that was found in it?"""

from __future__ import annotations

from dataclasses import dataclass

from flows.understanding.reading import Cause


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry. `name` is the section (`danger`, `answers.need.bed`); look-alikes carry `guards`, the sections
    whose hits they void."""

    name: str
    cause: Cause
    guards: str | None = None
    question: bool = False
    guarded: str = ""
    """Which look-alikes void a hit of this entry."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A text, folded. `plain` are the words as typed, `words` as sought."""

    text: str
    plain: tuple[str, ...]
    words: tuple[str, ...]
    question: bool
    ways: tuple[tuple[str, ...], ...] = ()
    """What each word may stand for in a phrase: itself, what it may also mean, its groups, any number."""
    begins: frozenset[int] = frozenset()
    """The words that begin a sentence, but for the first: no phrase and no look-alike reaches across."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that fired, and where its words stand. `whole`: it was the whole text."""

    rule: Rule
    start: int
    end: int
    whole: bool = False
