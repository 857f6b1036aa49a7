"""What do the word lists say, section by section, with the comments their authors wrote beside them?

The files themselves are shown: whoever reviews them must see what stands there, in its order, and nothing else.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

FILES = {"en": "English", "es": "Spanish", "places": "Places"}
"""lexicon/<name>.toml, and what it is called."""

_KINDS = {
    "words": "Single words, anywhere in a text",
    "phrases": "Words in a row, anywhere in a text",
    "exact": "The whole text, and nothing else in it",
    "unless": "Look-alikes: where one of these stands, the words inside it do not count",
}
_HEAD = re.compile(r"(\[\[?)([^\[\]]+)\]\]?\s*(?:#\s*(.*))?$")
_RULE = re.compile(r"#\s*-{10,}$")
_TITLE = re.compile(r"#\s*-{3}\s+(.+?)\s+-{3,}$")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Entries:
    """One list of a section."""

    title: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One meaning: its name, the comments that stand with it, and its lists. `line` is where it begins."""

    name: str
    line: int
    about: str
    remarks: tuple[str, ...]
    lists: tuple[Entries, ...]

    @property
    def count(self) -> int:
        return sum(len(one.entries) for one in self.lists)


@dataclass(frozen=True, slots=True)
class Part:
    """Sections under one heading of the file, and what the heading says of them all."""

    title: str
    about: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class WordList:
    """One file: how to read it, as its own head says, and its parts."""

    head: tuple[str, ...]
    parts: tuple[Part, ...]


def word_list(text: str) -> WordList:
    """Read one file of word lists; `text` is what stands in it."""
    scan = _Scan(tomllib.loads(text))
    for number, line in enumerate(text.splitlines(), 1):
        scan.line(number, line.strip())
    scan.end()
    return WordList(tuple(scan.head), tuple(Part(title, " ".join(about), tuple(sections))
                                            for title, about, sections in scan.parts if sections))  # fmt: skip


@dataclass(slots=True)
class _Scan:
    """What was met so far, line by line."""

    document: Mapping[str, Any]
    head: list[str] = field(default_factory=list)
    parts: list[tuple[str, list[str], list[Section]]] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    """Comments that stand above the next section."""
    remarks: list[str] = field(default_factory=list)
    """Comments inside this one."""
    now: tuple[str, int, str, Mapping[str, Any]] | None = None
    arrays: Counter[str] = field(default_factory=Counter)
    in_banner: bool = False

    def line(self, number: int, said: str) -> None:
        if _RULE.match(said):
            self.in_banner = not self.in_banner
            if self.in_banner:
                self.end()
                self.parts.append(("", [], []))
        elif self.in_banner:
            self._titled(said.lstrip("# "))
        elif found := _TITLE.match(said):
            self.end()
            self.parts.append(("", [], []))
            self._titled(found[1])
        elif found := _HEAD.match(said):
            self.end()
            self._begin(found[2].strip("\"'"), number, " ".join([*self.loose, found[3] or ""]).strip(),
                        several=found[1] == "[[")  # fmt: skip
        elif said.startswith("#"):
            (self.loose if self.parts or self.now else self.head).append(said.lstrip("# "))
        elif self.now is not None and (remark := _STRING.sub("", said).partition("#")[2].strip()):
            self.remarks.append(remark)

    def end(self) -> None:
        if self.now is None:
            return
        name, line, about, table = self.now
        if not self.parts:
            self.parts.append(("", [], []))
        self.parts[-1][2].append(Section(name, line, about, tuple(self.remarks), tuple(_lists(table))))
        self.now, self.remarks = None, []

    def _titled(self, said: str) -> None:
        """The first line of a heading is its title, up to a colon; the rest says what it is about."""
        title, about, sections = self.parts[-1]
        if title:
            about.append(said)
            return
        title, _, rest = said.partition(": ")
        self.parts[-1] = (title, [rest] if rest else about, sections)

    def _begin(self, name: str, number: int, about: str, *, several: bool) -> None:
        if several:
            table = self.document[name][self.arrays[name]]
            self.arrays[name] += 1
            name = str(table.get("label", name))
        else:
            table = _table(self.document, name)
        self.now, self.loose = (name, number, about, table), []


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """`[answers.urgency]` stands inside `[answers]`."""
    table: Any = document
    for part in re.findall(r'"[^"]*"|[^.]+', name):
        table = table[part.strip('"')]
    return cast("Mapping[str, Any]", table)


def _lists(table: Mapping[str, Any]) -> Iterator[Entries]:
    for key, value in table.items():
        match value:
            case list():
                yield Entries(_KINDS.get(key, key), tuple(str(one) for one in value))
            case Mapping() if all(isinstance(one, list) for one in value.values()):
                entries = tuple(f"{kind}: {one}" for kind, some in value.items() for one in some)
                yield Entries(key, entries)
            case Mapping():
                continue  # a section of its own, with its own heading
            case _:
                yield Entries(key, (str(value),))
