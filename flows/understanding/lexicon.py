"""What do the word lists say, checked and made ready to be sought in a text?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flows.understanding.fold import Spelling, is_sign, nearness, words_of
from flows.understanding.gazetteer import Gazetteer
from flows.understanding.groups import MARK, expand
from flows.understanding.phrases import NUMBER, Hit, Node, find, plant, spread
from flows.understanding.reading import Cause
from flows.understanding.sections import OTHER, PHRASE_SETS, RULES, VALUE_TABLES, WORD_SETS

PLACES = "places"
_NEVER_CORRECTED_INTO = frozenset(
    ["stop", "alto", "parar", "pare", "quit", "cancel", "cancelar", "baja", "basta", "para"]
)


class _Bad(ValueError):
    def __init__(self, document: str, key: str, why: str) -> None:
        super().__init__(f"lexicon/{document}.toml:{key}: {why}")


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


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that fired, and where its words stand. `whole`: it was the whole text."""

    rule: Rule
    start: int
    end: int
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
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
    foreign_names: Mapping[tuple[str, ...], tuple[str, Cause]]
    scripts: tuple[tuple[int, int, str], ...]
    ordinals: Mapping[str, int]
    limits: Mapping[str, int]
    slots: frozenset[str]
    places: Gazetteer

    @staticmethod
    def parse(documents: Mapping[str, Mapping[str, object]]) -> Lexicon:
        """Compile parsed TOML documents, keyed `en`, `es` … and `places`.
        A bad entry is a ValueError that names the file and the key."""
        for needed in ("en", "es", PLACES):
            if needed not in documents:
                raise _Bad(needed, "", "this file is missing")
        builder = _Builder()
        languages = {name: document for name, document in documents.items() if name != PLACES}
        for name, document in languages.items():
            builder.read_spelling(name, document)
        for name, document in languages.items():
            builder.read_groups(name, document)
        for name, document in languages.items():
            builder.read_lists(name, document)
        return builder.finished(documents[PLACES])

    def hear(self, text: str) -> Heard:
        """Fold a text and settle its spelling."""
        plain = words_of(text)
        words, others = self.spelling.settle_with_others(plain)
        standing = self.standing
        ways = [standing[word] if word in standing else (word,) for word in words]
        for at, word in enumerate(words):
            if word.isdigit():
                ways[at] = (*ways[at], NUMBER)
        for at, more in others.items():
            ways[at] = (*ways[at], *(way for word in more for way in standing.get(word, (word,))))
        return Heard(text, plain, words, "?" in text, tuple(ways))

    def found(self, heard: Heard, language: str) -> list[Found]:
        """Every entry that counts: inside the text, with look-alikes taken out, and as the whole text."""
        hits = find(self.tree, heard.words, self.sets["colour.words"], heard.ways)
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


def _voids(look: Hit, hit: Hit) -> bool:
    """A look-alike voids what it touches, unless the phrase holds all of it and more words: "hit me with a belt"
    counts although "hit me with a" alone does not."""
    if look.end <= hit.start or hit.end <= look.start:
        return False
    return not (hit.start <= look.start and look.end <= hit.end and hit.end - hit.start > look.end - look.start)


def _guarded(name: str) -> str:
    """Look-alikes of a slot guard all its values, asked or not."""
    parts = name.split(".")
    if parts[0] in ("answers", "asked"):
        return f"slot.{parts[1]}"
    return parts[0]


@dataclass(slots=True)
class _Builder:
    variants: dict[str, str] = field(default_factory=dict)
    joined: dict[tuple[str, str], str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    tree: Node = field(default_factory=Node)
    whole: dict[str, dict[tuple[str, ...], tuple[Rule, ...]]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Which groups each language has."""
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sets: dict[str, set[str]] = field(default_factory=dict)
    speech: dict[str, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)
    foreign: dict[str, frozenset[str]] = field(default_factory=dict)
    foreign_names: dict[tuple[str, ...], tuple[str, Cause]] = field(default_factory=dict)
    scripts: list[tuple[int, int, str]] = field(default_factory=list)
    ordinals: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)
    vocabulary: set[str] = field(default_factory=set)

    def read_spelling(self, name: str, document: Mapping[str, object]) -> None:
        for section in ("spellings", "numbers"):
            for word, others in _table(name, document, section).items():
                for other in _strings(name, f"{section}.{word}", others):
                    self.variants["".join(words_of(other))] = word
        for word, others in _table(name, document, "joined").items():
            for other in _strings(name, f"joined.{word}", others):
                pair = words_of(other)
                if len(pair) != 2:
                    raise _Bad(name, f"joined.{word}", f"{other!r} is not two words")
                self.joined[pair[0], pair[1]] = word
        for word, others in _table(name, document, "also").items():
            for other in _strings(name, f"also.{word}", others):
                self.also[other] = (*self.also.get(other, ()), word)
                for first, second in [pair for pair in self.joined if pair[1] == word]:
                    self.joined[first, other] = self.joined[first, second]

    def read_groups(self, name: str, document: Mapping[str, object]) -> None:
        """The groups of one file. A group belongs to its language: `@he` of en.toml is not that of es.toml."""
        lists = {
            section: {key: _strings(name, f"{section}.{key}", words) for key, words in table.items()}
            for section in ("groups", "endings")
            for table in [_table(name, document, section)]
        }
        try:
            expanded = expand(lists["groups"], lists["endings"])
        except ValueError as why:
            raise _Bad(name, "groups", str(why)) from None
        self.groups[name] = list(expanded)
        for group, words in expanded.items():
            mark = f"{MARK}{name}.{group}"
            for entry in words:
                folded = self._fold(name, f"groups.{group}", entry)
                if len(folded) != 1:
                    raise _Bad(name, f"groups.{group}", f"{entry!r} is not one word")
                self.vocabulary.update(folded)
                if mark not in self.kinds.get(folded[0], ()):
                    self.kinds[folded[0]] = (*self.kinds.get(folded[0], ()), mark)

    def _standing(self) -> dict[str, tuple[str, ...]]:
        return {
            word: tuple(
                dict.fromkeys(way for one in (word, *self.also.get(word, ())) for way in (one, *self.kinds.get(one, ())))
            )
            for word in {*self.kinds, *self.also}
        }

    def read_lists(self, name: str, document: Mapping[str, object]) -> None:
        self.whole.setdefault(name, {})
        for section in document:
            table = _table(name, document, section)
            if section in RULES:
                self._rules(name, section, table)
            elif section in ("answers", "asked"):
                self._slots(name, section, table)
            elif section in VALUE_TABLES:
                for value, entries in table.items():
                    self._wholes(name, f"{section}.{value}", f"{section}.{value}", entries)
            elif section == "ordinals":
                for number, entries in table.items():
                    for entry in _strings(name, f"ordinals.{number}", entries):
                        self.ordinals.update({word: int(number) for word in words_of(entry)[:1]})
            elif section == "limits":
                self.limits.update({slot: _count(name, slot, limit) for slot, limit in table.items()})
            elif section == "other_languages":
                self._foreign(name, table)
            elif section == "scripts":
                self._scripts(name, table)
            elif section not in OTHER:
                self._sets(name, section, table)
        strong = frozenset(self.sets.pop("language.strong", ()))
        self.speech[name] = (strong, frozenset(self.sets.pop("language.words", ())) - strong)

    def _rules(self, name: str, section: str, table: Mapping[str, object]) -> None:
        for kind, entries in table.items():
            match kind:
                case "exact":
                    self._wholes(name, section, f"{section}.exact", entries)
                case "words" | "phrases":
                    self._phrases(name, section, f"{section}.{kind}", entries)
                case "unless":
                    self._phrases(name, section, f"{section}.unless", entries, guards=section)
                case _:
                    raise _Bad(name, f"{section}.{kind}", "expected words, phrases, exact or unless")

    def _slots(self, name: str, section: str, table: Mapping[str, object]) -> None:
        for slot, values in table.items():
            if not isinstance(values, Mapping):
                raise _Bad(name, f"{section}.{slot}", "expected value = [words]")
            self.slots.add(slot)
            for value, entries in values.items():
                key = f"{section}.{slot}.{value}"
                self._phrases(name, key, key, entries, guards=f"slot.{slot}" if value == "unless" else None)

    def _sets(self, name: str, section: str, table: Mapping[str, object]) -> None:
        for kind, entries in table.items():
            key = f"{section}.{kind}"
            if key in WORD_SETS:
                for entry in _strings(name, key, entries):
                    words = self._fold(name, key, entry)
                    if len(words) != 1:
                        raise _Bad(name, key, f"{entry!r} is not one word")
                    self.sets.setdefault(key, set()).update(words)
                    self.vocabulary.update(words)
            elif key in PHRASE_SETS:
                self._phrases(name, key, key, entries)
            elif kind == "unless" and section in ("age", "household", "far"):
                self._phrases(name, key, key, entries, guards=section)
            else:
                raise _Bad(name, key, "no such section")

    def _phrases(self, name: str, rule: str, key: str, entries: object, guards: str | None = None) -> None:
        for at, entry in enumerate(_strings(name, key, entries)):
            number = len(self.rules)
            self.rules.append(
                Rule(rule, Cause(f"lexicon/{name}.toml:{key}[{at}]", entry), guards, guarded=_guarded(rule))
            )
            for plain in spread(entry):
                words = self._fold(name, key, plain)
                if words[-1] == "*" or words[0] == "*":
                    raise _Bad(name, key, f"{entry!r} begins or ends with a gap")
                plant(self.tree, words, number)
                self.vocabulary.update(word for word in words if not word.startswith(MARK))

    def _wholes(self, name: str, rule: str, key: str, entries: object) -> None:
        table = self.whole[name]
        for at, entry in enumerate(_strings(name, key, entries)):
            words = self._fold(name, key, entry)
            if "*" in words:
                raise _Bad(name, key, f"{entry!r}: a whole text has no gap")
            question = entry.endswith("?") and words != ("?",)
            made = Rule(rule, Cause(f"lexicon/{name}.toml:{key}[{at}]", entry), question=question)
            table[words] = (*table.get(words, ()), made)
            self.vocabulary.update(words)

    def _fold(self, name: str, key: str, entry: str) -> tuple[str, ...]:
        words: list[str] = []
        for part in entry.split():
            if part.startswith(MARK):
                if part[1:] not in self.groups.get(name, ()):
                    raise _Bad(name, key, f"{part!r} is no group")
                part = f"{MARK}{name}.{part[1:]}"
            words.extend([part] if part in ("*", "#") or "_" in part or part[0] == MARK else words_of(part))
        if not words:
            raise _Bad(name, key, f"{entry!r} has no words")
        return Spelling(self.variants, self.joined, frozenset(words)).settle(words)

    def _foreign(self, name: str, table: Mapping[str, object]) -> None:
        for language, about in table.items():
            key = f"other_languages.{language}"
            if not isinstance(about, Mapping) or set(about) != {"names", "words"} or len(language) > 14:
                raise _Bad(name, key, "expected names and words, and a name of at most 14 characters")
            for at, entry in enumerate(_strings(name, key, about["names"])):
                cause = Cause(f"lexicon/{name}.toml:{key}[{at}]", entry)
                self.foreign_names[self._fold(name, key, entry)] = (language, cause)
            self.foreign[language] = frozenset(
                w for entry in _strings(name, key, about["words"]) for w in words_of(entry)
            )

    def _scripts(self, name: str, table: Mapping[str, object]) -> None:
        for language, ranges in table.items():
            for entry in _strings(name, f"scripts.{language}", ranges):
                low, _, high = entry.partition("-")
                try:
                    self.scripts.append((int(low, 16), int(high or low, 16), language))
                except ValueError:
                    raise _Bad(name, f"scripts.{language}", f"{entry!r} is not a range") from None

    def finished(self, places: Mapping[str, object]) -> Lexicon:
        gazetteer = Gazetteer.parse(places, Spelling(self.variants, self.joined).settle)
        known = frozenset(self.vocabulary | gazetteer.words() | set(self.variants.values()) | set(self.ordinals))
        for key in WORD_SETS:
            self.sets.setdefault(key, set())
        foreign = frozenset().union(*self.foreign.values()) if self.foreign else frozenset()
        near = nearness(known - _NEVER_CORRECTED_INTO)
        everyday = frozenset(self.sets["ordinary.words"])
        return Lexicon(
            spelling=Spelling(self.variants, self.joined, known | foreign, near, everyday),
            tree=self.tree,
            rules=tuple(self.rules),
            whole=self.whole,
            standing=self._standing(),
            sets={key: frozenset(words) for key, words in self.sets.items()},
            speech=self.speech,
            foreign=self.foreign,
            foreign_names=self.foreign_names,
            scripts=tuple(self.scripts),
            ordinals=self.ordinals,
            limits=self.limits,
            slots=frozenset(self.slots),
            places=gazetteer,
        )


def _table(name: str, document: Mapping[str, object], section: str) -> Mapping[str, object]:
    table = document.get(section, {})
    if not isinstance(table, Mapping):
        raise _Bad(name, section, "expected a section")
    return table


def _strings(name: str, key: str, entries: object) -> list[str]:
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise _Bad(name, key, "expected a list of words")
    return entries


def _count(name: str, key: str, value: object) -> int:
    if not isinstance(value, int) or value < 1:
        raise _Bad(name, f"limits.{key}", "expected a number above nought")
    return value
