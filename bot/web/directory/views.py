"""What do the directory's pages show of counts? Read models: how old, how likely, in words; no number of a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from bot.rules.freshness import Freshness, freshness, p_open
from bot.rules.worth_asking import worth
from bot.store.directory_board import Known
from bot.web.openings import WORDS

STATES = {
    Freshness.FRESH: ("may be told", "good"),
    Freshness.AGING: ("worth asking", "warn"),
    Freshness.STALE: ("too old to tell", "bad"),
    Freshness.UNKNOWN: ("not known", "plain"),
}
"""A state's words and the kind of badge."""
NEEDS = {"bed": "A bed", "advocacy": "An advocate", "health": "Health", "legal": "Legal help", "basics": "Food, rides",
         "other": "Other help"}  # fmt: skip
_UNITS = WORDS["en"]["units"]
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Count:
    """One stock as it stands now, in words."""

    known: Known
    unit: str
    age: str
    chance: int
    """Percent that there is room; never a certainty."""
    in_words: str
    state: Freshness
    worth: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One program of the list, and how much a call to it is worth."""

    program_id: str
    code_name: str
    kind: str
    need: str
    region: str
    counts: tuple[Count, ...]
    worth: float
    wanted: bool
    """People were looking for this lately, and nothing could be told."""

    @property
    def hours(self) -> float:
        """How old its oldest count is; without one, older than any."""
        ages = [count.known.age for count in self.counts]
        return max(age.total_seconds() / 3600 if age is not None else float("inf") for age in ages)


def shares(unmet: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
    """Each need's share of what was unmet; sums too small to be shown count for nothing."""
    totals = {need: total for need, one in unmet.items() if isinstance(total := one["total"], int)}
    whole = sum(totals.values())
    return {need: total / whole for need, total in totals.items()} if whole else {}


def asked(stocks: Iterable[Known], demand: Mapping[str, float]) -> list[Asked]:
    """Program by program, the one most worth a call first."""
    rows = []
    for _, group in groupby(stocks, key=attrgetter("program_id")):
        counts = tuple(counted(one, demand.get(one.need, 0.0)) for one in group)
        first = counts[0].known
        rows.append(
            Asked(first.program_id, first.code_name, first.kind.replace("_", " "), first.need, first.region, counts,
                  max(count.worth for count in counts), first.need in demand)
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-row.worth, -row.hours, row.code_name))


def counted(one: Known, demand: float = 0.0) -> Count:
    chance = p_open(one.life, one.age, one.available or 0)
    state = freshness(one.life, one.age, one.available or 0)
    return Count(
        known=one, unit=_UNITS.get(one.unit, one.unit.replace("_", " ")), age=ago(one.age),
        chance=min(99, max(1, round(chance * 100))),
        in_words=in_words(chance), state=state, worth=worth(chance, state, demand),
    )  # fmt: skip


def in_words(chance: float) -> str:
    """What a probability says to somebody who is tired."""
    for least, words in ((0.8, "very likely room"), (0.6, "probably room"), (0.4, "may or may not have room"),
                         (0.2, "probably full")):  # fmt: skip
        if chance >= least:
            return words
    return "very likely full"


def ago(age: timedelta | None) -> str:
    if age is None:
        return "not known now"
    minutes = max(0, age // timedelta(minutes=1))
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
