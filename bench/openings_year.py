"""Is p_open worth what it says? A year of providers whose truth is known, and the best stale-after-N-hours rule beside.

    python -m bench.openings_year

Pure and seeded. Every stock lives its own life: places free themselves and are taken one by one, at its own pace;
sometimes all go on one cold night; a night shelter opens anew each morning and is gone by the afternoon. Its provider
counts when it counts, now and then wrongly. At moments nobody chose, people ask; what is believed then is compared with
what was true. The rule is given everything it could wish: the N that is best in hindsight, and the share that really
was open in each of its four cells.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.rules.freshness import HALF_LIVES_H, Freshness, freshness, p_open
from bot.rules.learning import Belief, Check, learn, life_of

YEAR_H = 365 * 24.0
_OPENS = 10.0
"""The hour at which a night shelter opens anew."""
KINDS = ("night_shelter", "hotel", "emergency_house", "emergency_house", "transitional", "outpatient")


@dataclass(frozen=True, slots=True)
class Asked:
    """One moment at which somebody asked: what was last said and when, what we believed, and what was so."""

    said: int
    age_h: float
    believed: float
    state: Freshness
    is_open: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """Smaller is better in all of them. `calibration` is the mean distance, over ten bands of the chance told, between
    what was told and what came true."""

    brier: float
    log: float
    calibration: float


@dataclass(frozen=True, slots=True)
class History:
    """How many places were free, from each moment on."""

    at: tuple[float, ...]
    free: tuple[int, ...]

    def when(self, hour: float) -> int:
        return self.free[bisect_right(self.at, hour) - 1]


def year(seed: int, stocks: int, hours: float = YEAR_H) -> list[Asked]:
    """Everything that was asked of `stocks` stocks."""
    dice = random.Random(seed)
    return [one for n in range(stocks) for one in _of_one(dice, KINDS[n % len(KINDS)], hours)]


def _of_one(dice: random.Random, kind: str, hours: float) -> Iterator[Asked]:
    truth = _shelter(dice, hours) if kind == "night_shelter" else _house(dice, kind, hours)
    pace = dice.choice((8.0, 24.0, 24.0, 48.0, 96.0))
    counts = _moments(dice, pace, hours, first=0.0)
    asks = _moments(dice, 40.0, hours, first=24.0)
    belief, last = Belief(), None
    life = life_of(belief, kind)
    for hour, is_count in sorted([(h, True) for h in counts] + [(h, False) for h in asks]):
        free = truth.when(hour)
        if not is_count and last is not None:
            age = _age(kind, last[0], hour)
            state = freshness(life, age, last[1])
            yield Asked(last[1], hour - last[0], p_open(life, age, last[1]), state, free > 0)
        if is_count:
            said = free if dice.random() > 0.03 else dice.randint(0, 3)
            if last is not None:
                belief = learn(belief, kind, Check(last[1], _age(kind, last[0], hour), said))
                life = life_of(belief, kind)
            last = (hour, said)


def _age(kind: str, counted: float, now: float) -> timedelta | None:
    if kind == "night_shelter" and counted < math.floor((now - _OPENS) / 24) * 24 + _OPENS:
        return None
    return timedelta(hours=now - counted)


def _moments(dice: random.Random, pace: float, hours: float, first: float) -> list[float]:
    made, hour = [], first
    while (hour := hour + dice.expovariate(1 / pace)) < hours:
        made.append(hour)
    return made


def _house(dice: random.Random, kind: str, hours: float) -> History:
    """Places that free themselves and are taken one by one. How long, and how full it usually is, is its own."""
    places = dice.choice((1, 3, 7, 7, 12))
    relax = math.log(2) / (HALF_LIVES_H[kind] * dice.lognormvariate(0.0, 0.7))
    share = 1 - (1 - dice.betavariate(1.5, 1.5)) ** (1 / places)  # of the time each place is free
    free, hour, at, counts = int(places * share), 0.0, [0.0], [int(places * share)]
    while hour < hours:
        frees, takes, cold = (places - free) * relax * share, free * relax * (1 - share), 1 / (24 * 25)
        hour += dice.expovariate(frees + takes + cold)
        lot = dice.random() * (frees + takes + cold)
        free = free + 1 if lot < frees else free - 1 if lot < frees + takes else 0
        at.append(hour)
        counts.append(free)
    return History(tuple(at), tuple(counts))


def _shelter(dice: random.Random, hours: float) -> History:
    """Everything is free at opening, and goes within hours: on a bad day at once."""
    places, pace = dice.choice((10, 20, 40)), dice.uniform(2.0, 7.0)
    at, counts = [0.0], [0]
    for day in range(math.ceil(hours / 24)):
        free, hour = places, day * 24 + _OPENS
        lasts = pace * dice.lognormvariate(0.0, 0.4)
        while free >= 0 and hour < day * 24 + _OPENS + 23:
            at.append(hour)
            counts.append(free)
            hour += dice.expovariate(places / lasts)
            free -= 1
    return History(tuple(at), tuple(counts))


def scores(chances: Sequence[float], truths: Sequence[bool]) -> Scores:
    bands: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    brier = log = 0.0
    for chance, true in zip(chances, truths, strict=True):
        bands[min(9, int(chance * 10))].append((chance, true))
        brier += (chance - true) ** 2
        log -= math.log(max(chance if true else 1 - chance, 1e-3))
    off = sum(abs(sum(c for c, _ in band) - sum(t for _, t in band)) for band in bands)
    return Scores(brier / len(truths), log / len(truths), off / len(truths))


def best_rule(asked: Sequence[Asked]) -> tuple[int, Scores]:
    """The global stale-after-N-hours rule with the smallest Brier score on this very data, and its scores."""
    tried = ((hours, _rule(asked, hours)) for hours in (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 168, 336))
    return min(tried, key=lambda one: one[1].brier)


def _rule(asked: Sequence[Asked], hours: int) -> Scores:
    cells: dict[tuple[bool, bool], list[bool]] = {}
    for one in asked:
        cells.setdefault((one.said > 0, one.age_h <= hours), []).append(one.is_open)
    shares = {cell: sum(truths) / len(truths) for cell, truths in cells.items()}
    chances = [shares[one.said > 0, one.age_h <= hours] for one in asked]
    return scores(chances, [one.is_open for one in asked])


def learned(asked: Sequence[Asked]) -> Scores:
    return scores([one.believed for one in asked], [one.is_open for one in asked])


def true_when_told(asked: Sequence[Asked]) -> float:
    """Of the counts that would have been told without asking: how many were so."""
    told = [one.is_open for one in asked if one.said > 0 and one.state is Freshness.FRESH]
    return sum(told) / len(told)


def main() -> None:
    print("| year | asked | p_open: Brier / log / calibration | best N-hour rule: Brier / log | told and true |")
    print("|---|---|---|---|---|")
    for seed in (1, 2, 3):
        asked = year(seed, stocks=240)
        ours, (hours, rule) = learned(asked), best_rule(asked)
        print(f"| {seed} | {len(asked)} | {ours.brier:.3f} / {ours.log:.3f} / {ours.calibration * 100:.1f} points "
              f"| N = {hours}: {rule.brier:.3f} / {rule.log:.3f} | {true_when_told(asked) * 100:.0f} % |")  # fmt: skip


if __name__ == "__main__":
    main()
