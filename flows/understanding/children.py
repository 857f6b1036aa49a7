"""How many children, and how old? A number is a count, an age, or something else: told by the words beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.understanding.lexicon import Found

MOST_COUNTED = 12
OLDEST_CHILD = 17
_AND = frozenset({"and", "n", "y"})
_POSSESSIVE = frozenset({"my", "mi", "mis", "our", "the", "los", "las"})
_AROUND_AN_AGE = frozenset({"old", "im", "tengo", "de", "a"})
_DESCRIBING = frozenset({"baby", "bebe", "newborn", "toddler", "chiquito", "chiquita", "pequeno", "pequena", "par"})
_SPANS = frozenset({"for", "last", "past", "in", "hace", "desde", "por"})
"""Before a number of years or months: how long, not how old."""


@dataclass(slots=True)
class Children:
    """The children one text tells of. `words` as sought; `hits` the phrases about children, `expecting` those about a
    pregnancy: "6 months pregnant" is no baby of six months."""

    words: Sequence[str]
    hits: Sequence[Found]
    expecting: Sequence[Found]
    sets: Mapping[str, frozenset[str]]
    used: set[int] = field(default_factory=set)
    """Numbers whose meaning is known."""
    ages: list[int] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether it is about children at all: "22 years old" is the writer's own age."""
        awaited = self._awaited()
        return any(
            spot & self.used or not (self._is_only_an_age(hit) or spot & awaited)
            for hit in self.hits
            for spot in [set(range(hit.start, hit.end))]
        )

    def has_aged(self, one: Found) -> bool:
        """Whether what looked like a pregnancy ("9 months") was the age of a child."""
        return self._is_only_an_age(one) and bool(set(range(one.start, one.end)) & self.used)

    def told(self) -> tuple[int | None, list[int]]:
        """How many (None when that was not told), and their ages, the youngest first; months count as nought."""
        counts = [self._at(spot) for spot in self._spots()]
        for at in self._aged():
            if at not in self.used:  # "my 3 year old": the child is named by the age alone
                counts.append(1)
                self._take(at)
        self._told_apart()
        count = None if None in counts else _sum([one for one in counts if one])
        if self.ages and (count is None or count < len(self.ages)):
            count = len(self.ages)
        return count, sorted(self.ages)

    def _spots(self) -> list[int]:
        kids = self.sets["household.kid_words"]
        awaited = self._awaited()
        spots = {
            at
            for hit in self.hits
            for at in range(hit.start, hit.end)
            if (self.words[at] in kids and at not in awaited) or self._is_one_of_an_age(at)
        }
        # "my baby girl", "niño chiquito": one child
        return sorted(at for at in spots if not (at + 1 in spots and self._is_one(at)))

    def _is_one(self, at: int) -> bool:
        """Two words for the same child, side by side."""
        return not _DESCRIBING.isdisjoint(self.words[at : at + 2])

    def _at(self, spot: int) -> int | None:
        """How many children the word at `spot` stands for; the ages beside it are taken."""
        before = self._ages_before(spot)
        if before:
            for at in before:
                self._take(at)
            return len(before)
        number = self._count_before(spot)
        if number is not None:
            self.used.add(number)
        self._ages_after(spot)
        if number is not None:
            return int(self.words[number])
        word = self.words[spot]
        if word in self.sets["household.two_kids"]:
            return 2
        return 1 if word in self.sets["household.one_kid"] else None

    def _ages_before(self, spot: int) -> list[int]:
        """ "5 year old daughter", "3 and 5 year old boys": ages with their unit, right before the word."""
        at = spot - 1
        while at >= 0 and (self._is_unit(at) or self.words[at] == "old"):
            at -= 1
        if at == spot - 1 or at < 0 or not self._may_be_age(at) or self._is_own(at):
            return []
        found = [at]
        while at >= 2 and self.words[at - 1] in _AND and self._may_be_age(at - 2) and at - 2 not in self.used:
            at -= 2
            found.append(at)
        return found

    def _count_before(self, spot: int) -> int | None:
        for back in (spot - 1, spot - 2):
            if back < 0 or self.words[back] in _AND or self.words[back] in _POSSESSIVE or self._is_unit(back):
                return None
            word = self.words[back]
            if word.isdigit() and len(word) < 3 and 1 <= int(word) <= MOST_COUNTED and back not in self.used:
                return back
        return None

    def _ages_after(self, spot: int) -> None:
        """The numbers that follow: "2 kids 3 n 5", "my son is 15", "daughter 12 son 8"."""
        links, own = self.sets["household.list_words"], self.sets["household.own_words"]
        for at in range(spot + 1, len(self.words)):
            word = self.words[at]
            if word in own:
                return
            if self._may_be_age(at) and at not in self.used and not self._counts_what_follows(at):
                self._take(at)  # "2 kids 3 n 5", but not the 1 of "1 kid 1 cat"
            elif word.isdigit() or word not in links:
                return

    def _counts_what_follows(self, at: int) -> bool:
        """ "2 kids 1 boy 1 girl": a number before children counts them, but for an age before a single child."""
        following = self._word(at + 1)
        if following not in self.sets["household.kid_words"]:
            known = following in self.sets["household.list_words"] or following in self.sets["household.own_words"]
            return following.isalpha() and not known and not self._is_unit(at + 1)
        return self.words[at] == "1" or following not in self.sets["household.one_kid"]

    def _aged(self) -> list[int]:
        """Numbers with a unit of age that are not the writer's own, and of no pregnancy."""
        awaited = self._awaited()
        return [
            at
            for at in range(len(self.words))
            if self._may_be_age(at) and self._is_unit(at + 1) and not self._is_own(at) and at not in awaited
            and self._word(at - 1) not in _SPANS and self._word(at + 2) != "ago"
        ]  # fmt: skip

    def _told_apart(self) -> None:
        """ "they are 3 and 5, my kids": numbers that follow a word for an age, wherever they stand."""
        links = self.sets["household.list_words"]
        if self.ages:
            return
        for at in range(1, len(self.words)):
            if self._may_be_age(at) and at not in self.used and self.words[at - 1] in links and not self._is_own(at):
                following = self._word(at + 1)
                if following == "" or following in links or following in ("my", "mi", "mis"):
                    self._take(at)

    def _awaited(self) -> set[int]:
        """The words about a pregnancy: "having a baby in march" is no child yet."""
        return {at for one in self.expecting if not self._is_only_an_age(one) for at in range(one.start, one.end)}

    def _is_one_of_an_age(self, at: int) -> bool:
        """ "una de 3 y otro de 5"."""
        return self.words[at] == "1" and self._word(at + 1) == "de" and self._may_be_age(at + 2)

    def _is_only_an_age(self, hit: Found) -> bool:
        """A number and its unit, with nothing that names anybody."""
        words = self.words[hit.start : hit.end]
        units = self.sets["household.age_units"] | self.sets["household.month_units"] | _AROUND_AN_AGE
        return any(word.isdigit() for word in words) and all(word.isdigit() or word in units for word in words)

    def _take(self, at: int) -> None:
        self.used.add(at)
        self.ages.append(0 if self._word(at + 1) in self.sets["household.month_units"] else int(self.words[at]))

    def _may_be_age(self, at: int) -> bool:
        word = self._word(at)
        return word.isdigit() and len(word) < 3 and int(word) <= OLDEST_CHILD

    def _is_unit(self, at: int) -> bool:
        word = self._word(at)
        return word in self.sets["household.age_units"] or word in self.sets["household.month_units"]

    def _is_own(self, at: int) -> bool:
        return self._word(at - 1) in self.sets["household.own_words"]

    def _word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""


def _sum(counts: Sequence[int]) -> int | None:
    """ "2 kids, 1 boy 1 girl" are two: what comes after the first says who they are."""
    if len(counts) > 1 and counts[0] > 1 and counts[0] == sum(counts[1:]):
        return counts[0]
    return sum(counts) or None
