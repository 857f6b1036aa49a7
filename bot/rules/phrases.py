"""How does a sentence of ours reach its reader in the reader's language, when whoever says it knows nobody's? It is
English, and remembers how it was put together.

A `Phrase` is a plain English string to everybody who compares, logs or prints it. The pages (bot/web/tongue.py) ask it
for its pattern and say that in the language of whoever reads. Words of a person are never a phrase: they are a value
in one, and stay as they were said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Table = TypeVar("Table")
SHAPES: dict[str, Callable[[str], str]] = {
    "lower": str.lower, "capitalize": str.capitalize, "begun": lambda text: text[:1].upper() + text[1:],
}  # fmt: skip


class Phrase(str):
    """English, with the pattern it was made of. `shape` is done to it last, in whatever language."""

    __slots__ = ("many", "n", "pattern", "shape", "values")

    pattern: str
    values: dict[str, Any]
    many: str
    n: int
    shape: str

    def lower(self) -> Phrase:
        return _shaped(self, "lower")

    def capitalize(self) -> Phrase:
        return _shaped(self, "capitalize")

    def begun(self) -> Phrase:
        """With a capital, and the rest as it is."""
        return _shaped(self, "begun")


def _make(text: str, pattern: str, values: dict[str, Any], many: str = "", n: int = 0, shape: str = "") -> Phrase:
    made = Phrase(text)
    made.pattern, made.values, made.many, made.n, made.shape = pattern, values, many, n, shape
    return made


def _shaped(one: Phrase, shape: str) -> Phrase:
    return _make(SHAPES[shape](str(one)), one.pattern, one.values, one.many, one.n, shape)


def phrase(pattern: str, **values: Any) -> Phrase:
    """One sentence, or a part that stands alone: `phrase("%(who)s has them", who=alias)`."""
    return _make(pattern % values if values else pattern, pattern, values)


def counted(one: str, many: str, n: int, **values: Any) -> Phrase:
    """A sentence that differs by a number, which it may name as `%(n)s`."""
    values = {"n": n, **values}
    return _make((one if n == 1 else many) % values, one, values, many, n)


def phrases(table: Table) -> Table:
    """A table of words: every value of it is a phrase. Keys are codes, and stay."""
    made: Any = table
    match table:
        case str():
            made = phrase(table)
        case dict():
            made = {key: phrases(value) for key, value in table.items()}
        case tuple():
            made = tuple(phrases(value) for value in table)
    return made


def listed(parts: Iterable[str], between: str = ", ") -> Phrase:
    """Several, one behind the other, each still in the language of whoever reads; so is what stands `between` them."""
    named = {f"p{i}": part for i, part in enumerate(parts)}
    pattern = "%(between)s".join(f"%({name})s" for name in named)
    return _make(pattern % {**named, "between": between}, pattern, {**named, "between": between})
