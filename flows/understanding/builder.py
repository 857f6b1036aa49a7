"""How do the word lists, as parsed from TOML, become rules, phrases and sets? Every bad entry is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, product

from flows.understanding.fold import Spelling, words_of
from flows.understanding.groups import MARK, expand
from flows.understanding.phrases import GAP, NUMBER, Node, Spots, joined_spots, plant
from flows.understanding.reading import Cause
from flows.understanding.rules import Rule
from flows.understanding.sections import OTHER, PHRASE_SETS, RULES, VALUE_TABLES, WORD_SETS

MISSING = "-"
_MOST_MISSING = 4


class BadEntry(ValueError):
    def __init__(self, document: str, key: str, why: str) -> None:
        super().__init__(f"lexicon/{document}.toml:{key}: {why}")


@dataclass(slots=True)
class Builder:
    """What has been read so far, of all files."""

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
    folded: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Entries in the spelling that is sought: the same words stand in many phrases."""

    def read_spelling(self, name: str, document: Mapping[str, object]) -> None:
        for section in ("spellings", "numbers"):
            for word, others in _table(name, document, section).items():
                for other in _strings(name, f"{section}.{word}", others):
                    self.variants["".join(words_of(other))] = word
        for word, others in _table(name, document, "joined").items():
            for other in _strings(name, f"joined.{word}", others):
                pair = words_of(other)
                if len(pair) != 2:
                    raise BadEntry(name, f"joined.{word}", f"{other!r} is not two words")
                self.joined[pair[0], pair[1]] = word
        for word, others in _table(name, document, "also").items():
            for other in _strings(name, f"also.{word}", others):
                self.also[other] = (*self.also.get(other, ()), word)
                self.vocabulary.add(other)  # a spelling of its own, not a slip in another word
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
            raise BadEntry(name, "groups", str(why)) from None
        self.groups[name] = list(expanded)
        for group, words in expanded.items():
            mark = f"{MARK}{name}.{group}"
            for entry in words:
                folded = self._fold(name, f"groups.{group}", entry)
                if len(folded) != 1:
                    raise BadEntry(name, f"groups.{group}", f"{entry!r} is not one word")
                self.vocabulary.update(folded)
                if mark not in self.kinds.get(folded[0], ()):
                    self.kinds[folded[0]] = (*self.kinds.get(folded[0], ()), mark)

    def standing(self) -> dict[str, tuple[str, ...]]:
        return {
            word: tuple(
                dict.fromkeys(
                    way for one in (word, *self.also.get(word, ())) for way in (one, *self.kinds.get(one, ()))
                )
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
                    if f"{section}.{value}" in WORD_SETS:
                        self._sets(name, section, {value: entries})
                        continue
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
                    raise BadEntry(name, f"{section}.{kind}", "expected words, phrases, exact or unless")

    def _slots(self, name: str, section: str, table: Mapping[str, object]) -> None:
        for slot, values in table.items():
            if not isinstance(values, Mapping):
                raise BadEntry(name, f"{section}.{slot}", "expected value = [words]")
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
                        raise BadEntry(name, key, f"{entry!r} is not one word")
                    self.sets.setdefault(key, set()).update(words)
                    self.vocabulary.update(words)
            elif key in PHRASE_SETS:
                self._phrases(name, key, key, entries)
            elif kind == "unless" and section in ("age", "household", "far"):
                self._phrases(name, key, key, entries, guards=section)
            else:
                raise BadEntry(name, key, "no such section")

    def _phrases(self, name: str, rule: str, key: str, entries: object, guards: str | None = None) -> None:
        for at, entry in enumerate(_strings(name, key, entries)):
            number = len(self.rules)
            cause = Cause(f"lexicon/{name}.toml:{key}[{at}]", entry)
            # a look-alike of one language is none of another's
            self.rules.append(Rule(rule, cause, guards and f"{name}:{guards}", guarded=f"{name}:{_guarded(rule)}"))
            for spots in self._each_spots(name, key, entry):
                plant(self.tree, spots, number)
                self.vocabulary.update(word for choice in spots for word in choice if not word.startswith(MARK))

    def _each_spots(self, name: str, key: str, entry: str) -> list[Spots]:
        """A phrase with and without each word that may be missing: "on|- my way" is two phrases of one entry."""
        lacking = [f"|{MISSING}" in part for part in entry.split()]
        if sum(lacking) > _MOST_MISSING:
            raise BadEntry(name, key, f"{entry!r} has more than {_MOST_MISSING} words that may be missing")
        parts = [part.removesuffix(f"|{MISSING}") for part in entry.split()]
        if any(MISSING in part.split("|") and part != MISSING for part in parts):
            raise BadEntry(name, key, f"{entry!r}: `|{MISSING}` stands last in its choice")
        kept = product(*([(part,), ()] if may else [(part,)] for part, may in zip(parts, lacking, strict=True)))
        return [spots for words in kept for spots in self._spots(name, key, " ".join(chain(*words)))]

    def _spots(self, name: str, key: str, entry: str) -> list[Spots]:
        """The phrase an entry stands for, word by word, in the spelling that is sought."""
        spots: list[tuple[str, ...]] = []
        for part in entry.split():
            choices = [self._fold(name, key, word) for word in part.split("|")]
            if len(choices) == 1:
                spots.extend((word,) for word in choices[0])
            elif all(len(words) == 1 for words in choices):
                spots.append(tuple(sorted({words[0] for words in choices})))
            else:
                raise BadEntry(name, key, f"{part!r} in {entry!r}: each choice must be one word")
        if not spots or GAP in spots[0] or GAP in spots[-1]:
            raise BadEntry(name, key, f"{entry!r} begins or ends with a gap")
        return joined_spots(tuple(spots), self.joined)

    def _wholes(self, name: str, rule: str, key: str, entries: object) -> None:
        table = self.whole[name]
        for at, entry in enumerate(_strings(name, key, entries)):
            words = self._fold(name, key, entry)
            if GAP in words:
                raise BadEntry(name, key, f"{entry!r}: a whole text has no gap")
            question = entry.endswith("?") and words != ("?",)
            made = Rule(rule, Cause(f"lexicon/{name}.toml:{key}[{at}]", entry), question=question)
            table[words] = (*table.get(words, ()), made)
            self.vocabulary.update(words)

    def _fold(self, name: str, key: str, entry: str) -> tuple[str, ...]:
        if (name, entry) not in self.folded:
            self.folded[name, entry] = self._fold_anew(name, key, entry)
        return self.folded[name, entry]

    def _fold_anew(self, name: str, key: str, entry: str) -> tuple[str, ...]:
        words: list[str] = []
        for part in entry.split():
            if part.startswith(MARK):
                if part[1:] not in self.groups.get(name, ()):
                    raise BadEntry(name, key, f"{part!r} is no group")
                part = f"{MARK}{name}.{part[1:]}"
            words.extend([part] if part in (GAP, NUMBER) or "_" in part or part[0] == MARK else words_of(part))
        if not words:
            raise BadEntry(name, key, f"{entry!r} has no words")
        return Spelling(self.variants, self.joined, frozenset(words)).settle(words)

    def _foreign(self, name: str, table: Mapping[str, object]) -> None:
        for language, about in table.items():
            key = f"other_languages.{language}"
            if not isinstance(about, Mapping) or set(about) != {"names", "words"} or len(language) > 14:
                raise BadEntry(name, key, "expected names and words, and a name of at most 14 characters")
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
                    raise BadEntry(name, f"scripts.{language}", f"{entry!r} is not a range") from None


def _table(name: str, document: Mapping[str, object], section: str) -> Mapping[str, object]:
    table = document.get(section, {})
    if not isinstance(table, Mapping):
        raise BadEntry(name, section, "expected a section")
    return table


def _strings(name: str, key: str, entries: object) -> list[str]:
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise BadEntry(name, key, "expected a list of words")
    return entries


def _count(name: str, key: str, value: object) -> int:
    if not isinstance(value, int) or value < 1:
        raise BadEntry(name, f"limits.{key}", "expected a number above nought")
    return value


def _guarded(name: str) -> str:
    """Look-alikes of a slot guard all its values, asked or not."""
    parts = name.split(".")
    if parts[0] in ("answers", "asked"):
        return f"slot.{parts[1]}"
    return parts[0]
