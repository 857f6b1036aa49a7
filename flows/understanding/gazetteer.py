"""Which places can a person name, and the first three ZIP digits near each?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flows.understanding.fold import words_of
from flows.understanding.phrases import Node, find, plant
from flows.understanding.reading import Cause

_RUN = re.compile(r"(\d{3})(?:-(\d{3}))?")
_LABEL = re.compile(r"[A-Za-z0-9 .]{1,16}")
_SHORTEST_TOGETHER = 7
_ALSO_WORDS = frozenset(["in", "or", "me", "ok", "hi", "oh", "pa", "ma", "id", "la", "de", "al", "co", "mo", "vi"])
"""State letters that are words too: alone they name no state."""
_IN_A_SENTENCE = _ALSO_WORDS | {"mi", "va", "ne", "as"}
"""Letters that may go on with the sentence: "chicago me and my kids", "a houston va mi prima"."""

_SHORT_FOR_A_WORD = frozenset(["nm", "nd", "tn", "ms", "ct", "sd", "pr", "wa"])
"""Never mind, and, tonight, miss, court: at the end of a sentence they may be no state."""


@dataclass(frozen=True, slots=True)
class Place:
    """A city, a metro area or a state. `label` fits {AREA}: at most 16 GSM-7 characters."""

    label: str
    zip3s: tuple[str, ...]
    state: bool
    cause: Cause


@dataclass(frozen=True, slots=True)
class Named:
    """A place named in a text at words `start` to `end`; `sure` is false if the name could mean another place."""

    place: Place
    start: int
    end: int
    sure: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Gazetteer:
    """The places, findable by any of their names."""

    tree: Node
    entries: tuple[tuple[Place, bool], ...]
    letters: Mapping[str, Place]
    vocabulary: frozenset[str]

    @staticmethod
    def parse(document: Mapping[str, object], settle: Callable[[Iterable[str]], tuple[str, ...]]) -> Gazetteer:
        """Compile places.toml; a bad entry is a ValueError naming it."""
        tree = Node()
        entries: list[tuple[Place, bool]] = []
        letters: dict[str, Place] = {}
        words: set[str] = set()
        for kind in ("place", "state", "territory"):
            tables = document.get(kind, [] if kind == "territory" else None)
            if not isinstance(tables, list):
                raise ValueError(f"lexicon/places.toml:{kind}: expected a list of [[{kind}]]")
            for at, table in enumerate(tables):
                place = _place(kind, at, table)
                for names, sure in ((table.get("names", []), True), (table.get("maybe", []), False)):
                    entries.append((place, sure))
                    for name in names:
                        folded = settle(words_of(name))
                        plant(tree, tuple((word,) for word in folded), len(entries) - 1)
                        words.update(folded)
                        together = "".join(folded)
                        if len(folded) > 1 and len(together) >= _SHORTEST_TOGETHER and together.isalpha():
                            plant(tree, ((together,),), len(entries) - 1)  # "sanantonio"
                            words.add(together)
                if "abbr" in table:
                    letters[str(table["abbr"])] = place
        return Gazetteer(tree, tuple(entries), letters, frozenset(words))

    def words(self) -> frozenset[str]:
        """Every word of every name."""
        return self.vocabulary

    def named(self, words: Sequence[str]) -> list[Named]:
        """The places named, longest name first from each point, in the order of the text."""
        out: list[Named] = []
        hits = find(self.tree, words, (), [(word,) for word in words])
        taken = 0
        for hit in sorted(hits, key=lambda h: (h.start, -h.end, not self.entries[h.phrase][1])):
            place, sure = self.entries[hit.phrase]
            if hit.start >= taken:
                out.append(Named(place, hit.start, hit.end, sure))
                taken = hit.end
        if not out and len(words) == 1 and words[0] in self.letters and words[0] not in _ALSO_WORDS:
            out.append(Named(self.letters[words[0]], 0, 1, True))
        return out

    def at_end(self, words: Sequence[str]) -> Named | None:
        """The state whose two letters end what was said: "anytown tx". Not those that are a word, or short for one."""
        word = words[-1] if len(words) > 1 else ""
        state = None if word in _IN_A_SENTENCE or word in _SHORT_FOR_A_WORD else self.letters.get(word)
        return None if state is None else Named(state, len(words) - 1, len(words), True)

    def after(self, words: Sequence[str], at: int, place: Place) -> Place | None:
        """The state whose two letters stand at `at`, behind the name of `place`: "jackson ms". Letters that are a word
        as well count at the end of what was said, or where the place lies in that state."""
        state = self.letters.get(words[at]) if at < len(words) else None
        if state is None or words[at] not in _IN_A_SENTENCE or at + 1 == len(words):
            return state
        return None if set(state.zip3s).isdisjoint(place.zip3s) else state


def _place(kind: str, at: int, table: object) -> Place:
    where = f"lexicon/places.toml:{kind}[{at}]"
    if not isinstance(table, Mapping) or not set(table) <= {"label", "zip3", "names", "maybe", "abbr"}:
        raise ValueError(f"{where}: expected label, zip3, names, maybe, abbr")
    label = table.get("label")
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        raise ValueError(f"{where}.label: at most 16 plain characters")
    for key in ("names", "maybe"):
        if not isinstance(table.get(key, []), list) or not all(words_of(str(name)) for name in table.get(key, [])):
            raise ValueError(f"{where}.{key}: expected names")
    runs = table.get("zip3")
    zip3s: list[str] = []
    for run in runs if isinstance(runs, list) else [""]:
        parts = _RUN.fullmatch(str(run))
        if parts is None:
            raise ValueError(f"{where}.zip3: {run!r} is not three digits or a run of them")
        zip3s.extend(f"{number:03}" for number in range(int(parts[1]), int(parts[2] or parts[1]) + 1))
    return Place(label, tuple(zip3s), kind != "place", Cause(where, label))
