"""What do the word lists say, checked and made ready to be sought in a text?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flows.understanding.builder import BadEntry, Builder
from flows.understanding.fold import END, Spelling, is_sign, nearness, sentences_of, sounding, words_of
from flows.understanding.gazetteer import Gazetteer
from flows.understanding.phrases import NUMBER, Hit, Node, find
from flows.understanding.reading import Cause
from flows.understanding.rules import Found, Heard, Rule
from flows.understanding.sections import WORD_SETS

__all__ = ["Found", "Heard", "Lexicon", "Rule"]

PLACES = "places"
_NEVER_CORRECTED_INTO = frozenset(
    ["stop", "alto", "parar", "pare", "quit", "cancel", "cancelar", "baja", "basta", "para"]
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Lexicon:
    """The word lists of every language, compiled once; reading a text needs nothing else."""

    spelling: Spelling
    tree: Node
    rules: tuple[Rule, ...]
    whole: Mapping[str, Mapping[tuple[str, ...], tuple[Rule, ...]]]
    standing: Mapping[str, tuple[str, ...]]
    """Per word: itself, what it may also mean ("2" for "to"), and its groups as phrases name them (`@en.harm`)."""
    sets: Mapping[str, frozenset[str]]
    speech: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    """Per language: words that show it alone, and words of which two are needed."""
    foreign: Mapping[str, frozenset[str]]
    foreign_words: frozenset[str]
    """The words of all of them."""
    foreign_names: Mapping[tuple[str, ...], tuple[str, Cause]]
    scripts: tuple[tuple[int, int, str], ...]
    ordinals: Mapping[str, int]
    limits: Mapping[str, int]
    picks: Mapping[str, str]
    """Single words that name a letter wherever they stand in an answer to M2: `first` for A, `both` …"""
    shortened: frozenset[str]
    """Spellings that are shorter than the word they stand for: `u`, `2nite`, `xq`."""
    slots: frozenset[str]
    places: Gazetteer

    @staticmethod
    def parse(documents: Mapping[str, Mapping[str, object]]) -> Lexicon:
        """Compile parsed TOML documents, keyed `en`, `es` … and `places`.
        A bad entry is a ValueError that names the file and the key."""
        for needed in ("en", "es", PLACES):
            if needed not in documents:
                raise BadEntry(needed, "", "this file is missing")
        builder = Builder()
        languages = {name: document for name, document in documents.items() if name != PLACES}
        for name, document in languages.items():
            builder.read_spelling(name, document)
        for name, document in languages.items():
            builder.read_groups(name, document)
        for name, document in languages.items():
            builder.read_lists(name, document)
        return Lexicon._made(builder, documents[PLACES])

    @staticmethod
    def _made(built: Builder, places: Mapping[str, object]) -> Lexicon:
        gazetteer = Gazetteer.parse(places, Spelling(built.variants, built.joined).settle)
        known = frozenset(built.vocabulary | gazetteer.words() | set(built.variants.values()) | set(built.ordinals))
        for key in WORD_SETS:
            built.sets.setdefault(key, set())
        foreign = frozenset().union(*built.foreign.values()) if built.foreign else frozenset()
        spelt = (known | set(built.variants)) - _NEVER_CORRECTED_INTO
        spelt = {word for word in spelt if built.variants.get(word) not in _NEVER_CORRECTED_INTO}
        picks = {word: "AB"[number - 1] for word, number in built.ordinals.items() if number < 3}
        picks.update((word, "BOTH") for word in built.sets["letters.both"])
        units = built.sets["household.age_units"]  # "yo" is years old, and I in Spanish
        everyday = frozenset(built.sets["ordinary.words"])
        return Lexicon(
            spelling=Spelling(
                built.variants, built.joined, known | foreign, nearness(spelt), everyday, sounding(spelt)
            ),
            tree=built.tree,
            rules=tuple(built.rules),
            whole=built.whole,
            standing=built.standing(),
            sets={key: frozenset(words) for key, words in built.sets.items()},
            speech=built.speech,
            foreign=built.foreign,
            foreign_words=foreign,
            foreign_names=built.foreign_names,
            scripts=tuple(built.scripts),
            ordinals=built.ordinals,
            limits=built.limits,
            picks=picks,
            shortened=frozenset(
                typed
                for typed, meant in built.variants.items()
                if len(typed) < len(meant) and not meant.isdigit() and meant not in units
            ),
            slots=frozenset(built.slots),
            places=gazetteer,
        )

    def hear(self, text: str) -> Heard:
        """Fold a text and settle its spelling."""
        plain = words_of(text)
        words, others = self.spelling.settle_with_others(sentences_of(text))
        words, others, begins = _apart(words, others)
        standing = self.standing
        ways = [standing.get(word, (word,)) for word in words]
        for at, word in enumerate(words):
            if word.isdigit():
                ways[at] = (*ways[at], NUMBER)
        for at, more in others.items():
            ways[at] = (*ways[at], *(way for word in more for way in standing.get(word, (word,))))
        return Heard(text, plain, words, "?" in text, tuple(ways), begins)

    def found(self, heard: Heard, language: str) -> list[Found]:
        """Every entry that counts: inside the text, with look-alikes taken out, and as the whole text."""
        hits = find(self.tree, heard.words, self.sets["colour.words"], heard.ways, heard.begins)
        guards: dict[str, list[Hit]] = {}
        for hit in hits:
            rule = self.rules[hit.phrase]
            if rule.guards is not None:
                guards.setdefault(rule.guards, []).append(hit)
        out = []
        for hit in hits:
            rule = self.rules[hit.phrase]
            if rule.guards is not None:
                continue
            if not any(_voids(look, hit) for look in guards.get(rule.guarded, ())):
                out.append(Found(rule, hit.start, hit.end))
        out.extend(Found(rule, 0, len(heard.words), whole=True) for rule in self._as_whole(heard, language))
        return out

    def _as_whole(self, heard: Heard, language: str) -> list[Rule]:
        """Entries that are the whole text, first as it stands, then without polite words, signs and repeats.
        The thread's own language is asked first: "ya" is yes in English and unclear in Spanish."""
        order = (language, *(other for other in self.whole if other != language))
        for words in self._bared(heard.words):
            for name in order:
                rules = [r for r in self.whole.get(name, {}).get(words, ()) if heard.question or not r.question]
                if rules:
                    return rules
        return []

    def _bared(self, words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        yield words
        once = tuple(word for at, word in enumerate(words) if at == 0 or word != words[at - 1])
        if once != words:
            yield once
        spoken = tuple(word for word in once if not is_sign(word)) or once
        if spoken != once:
            yield spoken
            yield once[:1] if is_sign(once[0]) else once[-1:]
        polite = self.sets["polite.words"]
        bare = tuple(word for word in spoken if word not in polite)
        if bare and bare != spoken:
            yield bare
        if all(is_sign(word) for word in once):
            yield from ((word,) for word in once)


def _apart(
    words: tuple[str, ...], others: dict[int, tuple[str, ...]]
) -> tuple[tuple[str, ...], dict[int, tuple[str, ...]], frozenset[int]]:
    """The words without the marks between sentences, and which of them begin one."""
    if END not in words:
        return words, others, frozenset()
    kept: list[str] = []
    begins: set[int] = set()
    moved: dict[int, tuple[str, ...]] = {}
    for at, word in enumerate(words):
        if word == END:
            begins.add(len(kept))
            continue
        if at in others:
            moved[len(kept)] = others[at]
        kept.append(word)
    return tuple(kept), moved, frozenset(begins)


def _voids(look: Hit, hit: Hit) -> bool:
    """A look-alike voids what it touches, unless the phrase holds all of it and more words: "hit me with a belt"
    counts although "hit me with a" alone does not."""
    if look.end <= hit.start or hit.end <= look.start:
        return False
    return not (hit.start <= look.start and look.end <= hit.end and hit.end - hit.start > look.end - look.start)
