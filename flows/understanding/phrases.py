"""Where in a text do the phrases of the word lists stand?

A phrase is words in a row. `a|b` is either word, `a|-` the word or nothing, `@name` any word of that group, `#` any
number, `*` up to three words of any kind. Words that only colour a sentence ("just", "really") may stand between the
words of any phrase. A phrase stands in one sentence: it never reaches across its end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

GAP = "*"
NUMBER = "#"
WIDEST_GAP = 3

Spots = tuple[tuple[str, ...], ...]
"""A phrase: for each word of it, what may stand there."""


@dataclass(slots=True, repr=False)
class Node:
    """One word along some phrases: what may follow, and the phrases that end here."""

    after: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    ends: tuple[int, ...] = ()
    choices: dict[tuple[str, ...], Node] = field(default_factory=dict)
    """Where each choice of words leads; needed only while phrases are planted."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Phrase number `phrase` stands at words `start` up to, not including, `end`."""

    start: int
    end: int
    phrase: int


def joined_spots(spots: Spots, joined: Mapping[tuple[str, str], str]) -> list[Spots]:
    """The phrase, and the phrase with each two words that are sought as one ("he is" as "hes") made one."""
    every = [spots]
    for at in range(len(spots) - 1):
        ones = {joined[a, b] for a in spots[at] for b in spots[at + 1] if (a, b) in joined}
        if ones:
            shorter = (*spots[:at], tuple(sorted(ones)), *spots[at + 2 :])
            every.extend(one for one in joined_spots(shorter, joined) if one not in every)
    return every


def plant(root: Node, spots: Spots, phrase: int) -> None:
    """Add one phrase. Words that may stand in the same spot lead to one node, so that nothing is multiplied out."""
    node = root
    for choice in spots:
        following = node.choices.get(choice)
        if following is None:
            following = node.choices[choice] = Node()
            for word in choice:
                node.after[word] = (*node.after.get(word, ()), following)
        node = following
    if phrase not in node.ends:
        node.ends = (*node.ends, phrase)


def find(
    root: Node,
    words: Sequence[str],
    colour: Collection[str],
    ways: Sequence[Sequence[str]],
    begins: Collection[int] = (),
) -> list[Hit]:
    """Every place where a phrase stands, in the order of the text; the shortest match from each start.
    `ways` says what each word may stand for in a phrase: itself, a group, any number; `begins` are the words that
    begin a sentence."""
    found: dict[tuple[int, int], int] = {}
    last = len(words)
    first = root.after
    for start in range(last):
        stack = [(node, start + 1) for way in ways[start] if way in first for node in first[way]]
        while stack:
            node, at = stack.pop()
            ends, after = node.ends, node.after
            for phrase in ends:
                known = found.get((start, phrase))
                if known is None or at < known:
                    found[start, phrase] = at
            if at >= last or not after or at in begins:
                continue
            for way in ways[at]:
                if way in after:
                    stack.extend([(following, at + 1) for following in after[way]])
            if GAP in after:
                for beyond in after[GAP]:
                    for to in range(at, min(at + WIDEST_GAP + 1, last)):
                        if to in begins:
                            break
                        stack.append((beyond, to))
            if not ends and words[at] in colour:
                stack.append((node, at + 1))
    return [Hit(start, end, phrase) for (start, phrase), end in found.items()]
