"""Is it still the same person who types? Compares a text with the last few of the same thread, by habits alone.

Nothing of what was said is kept: of each longer text five small classes (which of our languages, whether it is in
capitals, how sentences end, whether words are shortened, how long they are). A habit is what nearly all of the kept
texts have in common. Somebody else may have the phone when several habits break in one text, the spelling or the
language among them (`domain.md` 2.3); one alone never counts: people change their language, shout and hurry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from flows.understanding.fold import is_sign, words_of

KEPT = 6
"""So many of the latest longer texts are compared with."""
FEWEST_KEPT = 3
"""Before there are so many, nothing is a habit."""
FEWEST_WORDS = 4
"""A shorter text shows no habit: an answer is often a word or a number."""
MOST_EXCEPTIONS = 1
"""A habit may have been broken this often, once four texts or more are known."""
CHANGES = 3
"""So many habits must break at once."""
LANGUAGE, CASE, MARKS, SPELLING, LENGTH = range(5)
_TELLING = frozenset({LANGUAGE, SPELLING})
_UNTOLD = "-"
_CAPITALS, _REPEATED = "U", "r"
_OF_FEELING = frozenset({_UNTOLD, _CAPITALS, _REPEATED})
"""Whoever is upset shouts and repeats signs: to begin to is no change of hand."""
_SHORT_WORDS, _LONG_WORDS = 3.7, 4.6


def hand_of(text: str, language: str | None, shortened: Collection[str]) -> str | None:
    """The five classes of one text, a letter each; None if it is too short to show any. `shortened` are the spellings
    the word lists know for other words (`u`, `2nite`, `xq`)."""
    words = [word for word in words_of(text) if not word.isdigit() and not is_sign(word)]
    letters = [char for char in text if char.isalpha()]
    if len(words) < FEWEST_WORDS or not letters:
        return None
    return "".join((_language(language), _case(letters, text), _marks(text), _spelling(words, shortened),
                    _length(words)))  # fmt: skip


def remember(kept: Sequence[str], hand: str) -> tuple[str, ...]:
    """The kept texts with this one, the oldest forgotten."""
    return (*kept, hand)[-KEPT:]


def changed(kept: Sequence[str], hand: str) -> tuple[int, ...]:
    """The habits this text breaks, if they are enough to ask who has the phone; else nothing."""
    if len(kept) < FEWEST_KEPT:
        return ()
    broken = tuple(at for at in range(len(hand)) if _breaks(Counter(one[at] for one in kept), hand[at], len(kept)))
    if LANGUAGE in broken:
        broken = tuple(at for at in broken if at not in (SPELLING, LENGTH))  # they differ between the two anyway
    return broken if len(broken) >= CHANGES and not _TELLING.isdisjoint(broken) else ()


def _breaks(seen: Counter[str], now: str, of: int) -> bool:
    habit, times = seen.most_common(1)[0]
    exceptions = MOST_EXCEPTIONS if of > FEWEST_KEPT else 0
    return now not in _OF_FEELING and habit != _UNTOLD and times >= of - exceptions and now not in seen


def _language(language: str | None) -> str:
    return {"en": "e", "es": "s"}.get(language or "", _UNTOLD)


def _case(letters: Sequence[str], text: str) -> str:
    """All capitals, none at all, or capitals where they belong."""
    upper = sum(char.isupper() for char in letters)
    if 2 * upper > len(letters):
        return _CAPITALS
    return "l" if upper == 0 else "c"


def _marks(text: str) -> str:
    """Full sentences with their stops, signs repeated, or nothing at all."""
    if any(twice in text for twice in ("!!", "??", "...", "…")):
        return _REPEATED
    if text.rstrip().endswith((".", "!", "?")) or ". " in text or ", " in text:
        return "m"
    return "n"


def _spelling(words: Sequence[str], shortened: Collection[str]) -> str:
    return "s" if any(word in shortened for word in words) else "w"


def _length(words: Sequence[str]) -> str:
    mean = sum(map(len, words)) / len(words)
    if mean < _SHORT_WORDS:
        return "1"
    return "3" if mean >= _LONG_WORDS else "2"
