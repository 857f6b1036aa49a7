"""On which line of a TOML file does each key stand? `tomllib` does not say, and a finding without a line is a search.

Reads text that `tomllib` has accepted: a key's path is written as `states.offer.rows[0].to`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_STRING = re.compile(r'''"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''')
_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_BARE = re.compile(r"[^,\]}#\n]*")


def positions(text: str) -> dict[str, int]:
    """Every key and every element of an array, with the line it begins on."""
    walk = _Walk(text)
    walk.document()
    return walk.lines


def line_of(lines: dict[str, int], key: str) -> int:
    """The line of the key, or of what it stands in; 1 when nothing of it is there."""
    while key and key not in lines:
        key = re.sub(r"(\[\d+\]|\.?[^.\[]+)$", "", key)
    return lines.get(key, 1)


@dataclass(slots=True)
class _Walk:
    text: str
    at: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    tables: Counter[str] = field(default_factory=Counter)
    starts: list[int] = field(default_factory=list)
    """Where each line begins."""

    def document(self) -> None:
        self.starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        table = ""
        self._skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _header(self) -> str:
        line, several = self._line(), self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        path = self._within(self._key())
        self.at = self.text.index("]", self.at) + (2 if several else 1)
        if several:
            path = f"{path}[{self.tables[path]}]"
            self.tables[path.rpartition("[")[0]] += 1
        self.lines.setdefault(path, line)
        return path

    def _within(self, path: str) -> str:
        """`[a.b]` after `[[a]]` is a table of the last a."""
        head, dot, rest = path.partition(".")
        return f"{head}[{self.tables[head] - 1}]{dot}{rest}" if dot and self.tables[head] else path

    def _pair(self, table: str) -> None:
        line = self._line()
        key = self._key()
        path = f"{table}.{key}" if table else key
        self.lines.setdefault(path, line)
        self.at = self.text.index("=", self.at) + 1
        self._value(path)

    def _key(self) -> str:
        parts = []
        while True:
            self._skip()
            found = _KEY.match(self.text, self.at)
            if found is None:
                raise ValueError(f"no key on line {self._line()}")
            self.at = found.end()
            parts.append(found[0].strip("\"'"))
            self._skip()
            if not self.text.startswith(".", self.at):
                return ".".join(parts)
            self.at += 1

    def _value(self, path: str) -> None:
        self._skip()
        start = self.text[self.at]
        if start == "[":
            self._list(path)
        elif start == "{":
            self._inline(path)
        else:
            found = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
            assert found is not None
            self.at = found.end()

    def _list(self, path: str) -> None:
        self.at += 1
        number = 0
        while not self._closes("]"):
            self.lines.setdefault(f"{path}[{number}]", self._line())
            self._value(f"{path}[{number}]")
            number += 1

    def _inline(self, path: str) -> None:
        self.at += 1
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, sign: str) -> bool:
        """Past commas and space; true, and beyond it, when the bracket closes here."""
        self._skip()
        while self.text[self.at] == ",":
            self.at += 1
            self._skip()
        if self.text[self.at] != sign:
            return False
        self.at += 1
        return True

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _line(self) -> int:
        return bisect_right(self.starts, self.at)
