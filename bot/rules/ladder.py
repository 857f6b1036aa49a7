"""When must somebody look at a hand-off, who is called, and what wait may be promised? Pure; the numbers are data.

`bot/ladder.toml` holds them (`advocate-inbox.md` 5.3), within bounds that stand here: a file that would leave a person
without an alarm is refused whole, with every reason. The alarm of an open hand-off never rests: after the last step
it comes again, for ever, until a human acts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any

TIERS = ("P0", "P1", "P2", "P3")
WAITING_ACTS = frozenset({"offer", "ring", "lead", "on_call", "second", "director"})
SILENT_ACTS = frozenset({"owner", "lead", "on_call", "second", "director", "ring", "offer_all"})
BEYOND_THE_SHIFT = frozenset({"lead", "on_call", "second", "director"})
"""Acts that reach somebody when nobody is on shift."""

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "capacity": (1, 4), "hard_cap": (1, 8), "offers_at_once": (1, 10), "age_minutes": (1, 120), "relax_s": (0, 600),
    "decompress_minutes": (0, 120), "reopen_hours": (1, 168), "proof_minutes": (30, 1440), "next_channel_s": (5, 120),
}  # fmt: skip
_TIER_BOUNDS: Mapping[str, tuple[int, int]] = {"offer_s": (10, 180), "repeat_s": (30, 3600)}
_FIRST_BY_S = {"P0": 0, "P1": 60, "P2": 300, "P3": 900}
"""By when the first step comes at the latest."""
_BEYOND_BY_S = {"P0": 120, "P1": 300, "P2": 600, "P3": 3600}
"""By when a step reaches beyond the shift: nobody waits behind an empty desk."""

_ANSWER_MINUTES = {"P0": 2, "P1": 5, "P2": 10, "P3": 20}
"""What a free advocate is promised to need, by tier."""

_PER_PERSON_AHEAD_MINUTES = 5
LONGEST_PROMISE_MINUTES = 60
WARN_BEFORE = timedelta(seconds=60)
"""A promise that will be missed is told so this long before it is due."""
LOOK_AGAIN = timedelta(minutes=30)
"""An owned hand-off without anything unanswered is looked at this often; so is one that is open until they are safe."""


class LadderRefused(ValueError):
    """The file would leave somebody without an alarm, or is none. The message has one reason a line."""


@dataclass(frozen=True, slots=True)
class Step:
    after_s: int
    do: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rungs:
    """One tier: what happens while nobody has them, and while their owner is silent."""

    offer_s: int
    repeat_s: int
    waiting: tuple[Step, ...]
    silent: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    capacity: int
    hard_cap: int
    offers_at_once: int
    age_minutes: int
    relax_s: int
    decompress_minutes: int
    reopen_hours: int
    proof_minutes: int
    next_channel_s: int
    tiers: Mapping[str, Rungs]

    def acts(self, tier: str, step: int, *, owned: bool) -> tuple[str, ...]:
        """What is done at this step; after the last, the last."""
        steps = self._steps(tier, owned)
        return steps[min(step, len(steps) - 1)].do

    def due_at(self, tier: str, step: int, climb_at: datetime, *, owned: bool = False) -> datetime:
        """When this step comes, counted from where the climb began: a late one does not make the next late."""
        steps = self._steps(tier, owned)
        beyond = max(0, step - (len(steps) - 1))
        return climb_at + timedelta(seconds=steps[step - beyond].after_s + beyond * self.tiers[tier].repeat_s)

    def offer_lasts(self, tier: str) -> timedelta:
        return timedelta(seconds=self.tiers[tier].offer_s)

    def _steps(self, tier: str, owned: bool) -> tuple[Step, ...]:
        return self.tiers[tier].silent if owned else self.tiers[tier].waiting


def promised_minutes(tier: str, *, ahead: int, advocates: int) -> int:
    """A wait that can be kept: the tier's own, and the people ahead shared among the advocates on shift."""
    shared = -(-ahead * _PER_PERSON_AHEAD_MINUTES // max(advocates, 1))
    return min(_ANSWER_MINUTES[tier] + shared, LONGEST_PROMISE_MINUTES)


def parse(text: str) -> Ladder:
    """The file's text as a ladder. Raises LadderRefused with everything that is wrong with it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LadderRefused(f"not TOML: {error}") from None
    faults = [*_unknown("", raw, {*_BOUNDS, *TIERS}), *_outside("", raw, _BOUNDS)]
    for tier in TIERS:
        table = raw.get(tier)
        faults += _tier_faults(tier, table) if isinstance(table, dict) else [f"{tier}: missing"]
    if not faults and raw["hard_cap"] < raw["capacity"]:
        faults = ["hard_cap: less than capacity"]
    if faults:
        raise LadderRefused("\n".join(faults))
    return Ladder(**{name: raw[name] for name in _BOUNDS}, tiers={tier: _rungs(raw[tier]) for tier in TIERS})


def _rungs(table: Mapping[str, Any]) -> Rungs:
    steps = {name: tuple(Step(one["after_s"], tuple(one["do"])) for one in table[name]) for name in _ACTS}
    return Rungs(table["offer_s"], table["repeat_s"], **steps)


_ACTS = {"waiting": WAITING_ACTS, "silent": SILENT_ACTS}


def _tier_faults(tier: str, table: Mapping[str, Any]) -> list[str]:
    faults = [*_unknown(f"{tier}.", table, {*_TIER_BOUNDS, *_ACTS}), *_outside(f"{tier}.", table, _TIER_BOUNDS)]
    for name, acts in _ACTS.items():
        found = list(_step_faults(f"{tier}.{name}", table.get(name), acts))
        faults += found
        if not found:
            faults += _late_faults(tier, name, table[name])
    return faults


def _unknown(where: str, table: Mapping[str, Any], known: set[str]) -> list[str]:
    return [f"{where}{name}: not a setting of the ladder" for name in table if name not in known]


def _outside(where: str, table: Mapping[str, Any], bounds: Mapping[str, tuple[int, int]]) -> list[str]:
    return [
        f"{where}{name}: must be a whole number from {low} to {high}"
        for name, (low, high) in bounds.items()
        if type(table.get(name)) is not int or not low <= table[name] <= high
    ]


def _step_faults(where: str, steps: object, acts: frozenset[str]) -> Iterator[str]:
    if not isinstance(steps, list) or not steps:
        yield f"{where}: a ladder without a step calls nobody"
        return
    for n, step in enumerate(steps):
        if not isinstance(step, dict) or set(step) != {"after_s", "do"} or type(step["after_s"]) is not int:
            yield f"{where}[{n}]: a step is {{ after_s = seconds, do = [...] }}"
            return
        if not isinstance(step["do"], list) or not step["do"] or not acts.issuperset(map(str, step["do"])):
            yield f"{where}[{n}]: do must name one or more of {', '.join(sorted(acts))}"
    times = [step["after_s"] for step in steps]
    if times[0] < 0 or any(later <= earlier for earlier, later in pairwise(times)):
        yield f"{where}: each step comes later than the one before"


def _late_faults(tier: str, name: str, steps: list[dict[str, Any]]) -> Iterator[str]:
    if name == "waiting" and steps[0]["after_s"] > _FIRST_BY_S[tier]:
        yield f"{tier}.waiting: the first step comes within {_FIRST_BY_S[tier]} s"
    if name == "silent" and not 5 <= steps[0]["after_s"] <= 900:
        yield f"{tier}.silent: the first step comes after 5 to 900 s"
    beyond = [step["after_s"] for step in steps if BEYOND_THE_SHIFT.intersection(step["do"])]
    if not beyond or (name == "waiting" and beyond[0] > _BEYOND_BY_S[tier]):
        yield f"{tier}.{name}: within {_BEYOND_BY_S[tier]} s a step must reach a lead, on-call or the director"
    elif not BEYOND_THE_SHIFT.intersection(steps[-1]["do"]):
        yield f"{tier}.{name}: the last step, which repeats, must reach a lead, on-call or the director"


DEFAULT = parse(files("bot").joinpath("ladder.toml").read_text(encoding="utf-8"))
"""The file is part of the rule, as the states' hours are: read once, when the rule is."""
