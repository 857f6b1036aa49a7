"""Where in a text do the phrases of the word lists stand?

A phrase is words in a row. `a|b` is either word, `@name` any word of that group, `#` any number, `*` up to three words
of any kind. Words that only colour a sentence ("just", "really") may stand between the words of any phrase.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import product

GAP = "*"
NUMBER = "#"
WIDEST_GAP = 3


@dataclass(slots=True)
class Node:
    """One word along some phrases: what may follow, and the phrases that end here."""

    after: dict[str, Node] = field(default_factory=dict)
    ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """Phrase number `phrase` stands at words `start` up to, not including, `end`."""

    start: int
    end: int
    phrase: int


def spread(pattern: str) -> list[str]:
    """Every plain phrase an entry with `a|b` stands for."""
    return [" ".join(choice) for choice in product(*(word.split("|") for word in pattern.split()))]


def plant(root: Node, words: Sequence[str], phrase: int) -> None:
    """Add one phrase."""
    node = root
    for word in words:
        node = node.after.setdefault(word, Node())
    if phrase not in node.ends:
        node.ends = (*node.ends, phrase)


def find(root: Node, words: Sequence[str], colour: Collection[str], ways: Sequence[Sequence[str]]) -> list[Hit]:
    """Every place where a phrase stands, in the order of the text; the shortest match from each start.
    `ways` says what each word may stand for in a phrase: itself, a group, any number."""
    found: dict[tuple[int, int], int] = {}
    last = len(words)
    first = root.after
    for start in range(last):
        if not any(way in first for way in ways[start]):
            continue
        stack = [(root, start)]
        while stack:
            node, at = stack.pop()
            for phrase in node.ends:
                known = found.get((start, phrase))
                if known is None or at < known:
                    found[start, phrase] = at
            if at >= last or not node.after:
                continue
            after = node.after
            for way in ways[at]:
                if way in after:
                    stack.append((after[way], at + 1))
            if GAP in after:
                beyond = after[GAP]
                stack.extend((beyond, to) for to in range(at, min(at + WIDEST_GAP + 1, last)))
            if node is not root and words[at] in colour and not node.ends:
                stack.append((node, at + 1))
    return [Hit(start, end, phrase) for (start, phrase), end in found.items()]
