"""How many of the people texted, and silent so far, will come to need an advocate soon? Says it with its doubt.

A list's rate is Beta-distributed, pooled over all lists, and learned from exposure: a text of two minutes ago is no
failure yet, and counting it as one would release too much, which is the classical error (`campaigns.md` 5.1). When an
answer comes follows one log-normal curve with the published figures. Learning that curve as well would gain nothing:
even to know it exactly does not (bench/README.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

HORIZON = 45.0
"""Minutes ahead: a conversation that begins now is over by then."""
KEPT_DAYS = 14
"""A text older than this brings an answer so seldom that it counts for nothing."""
HALF_LIFE_DAYS = 7.0
"""What a list taught so long ago counts half: people and words change."""
MEDIAN_MINUTES, SIGMA = 18.0, 2.3
"""Half of those who ever answer do so within 18 minutes, and some after weeks."""
PRIOR_RATE, PRIOR_WORTH = 0.04, 20.0
"""Hand-offs a text, believed before anything is known, and how many texts that belief is worth."""
DOUBT = 1.645
"""Standard deviations: in 95 of 100 cases no more come than this."""

AGES = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1440.0, 2880.0, 5760.0, 11520.0, KEPT_DAYS * 1440.0)
"""Texts are looked at together by age, in minutes; each bound closes a group, and the last ends the looking."""
_MIDDLES = tuple((low + high) / 2 for low, high in pairwise((0.0, *AGES)))
_FADED = tuple(0.5 ** (age / 1440 / HALF_LIFE_DAYS) for age in _MIDDLES)


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent to one list: texts by age (`AGES`), and how many of their people came to an advocate."""

    texts: tuple[int, ...] = (0,) * len(AGES)
    came: tuple[int, ...] = (0,) * len(AGES)


@dataclass(frozen=True, slots=True)
class Curve:
    """When answers come, of those who ever answer: log-normal, seen from the middle of each group of ages."""

    median: float
    sigma: float
    now: tuple[float, ...]
    then: tuple[float, ...]
    """A horizon later."""
    soon: float
    """Of a text released now, within the horizon."""

    @classmethod
    def of(cls, median: float, sigma: float) -> Curve:
        def by(age: float) -> float:
            return 0.5 * math.erfc(-math.log(max(age, 0.5) / median) / (sigma * math.sqrt(2)))

        now, then = tuple(map(by, _MIDDLES)), tuple(by(age + HORIZON) for age in _MIDDLES)
        return cls(median, sigma, now, then, by(HORIZON))


PUBLISHED = Curve.of(MEDIAN_MINUTES, SIGMA)


@dataclass(frozen=True, slots=True)
class Coming:
    """What one list may still bring within the horizon. `rate` and `variance` are the belief about the list; `weight`
    is its silent texts, each as the part of it that answers in that time, and `each` what one more would add."""

    rate: float
    variance: float
    weight: float = 0.0
    each: float = PUBLISHED.soon


def coming(lists: Sequence[Sent], curve: Curve = PUBLISHED) -> list[Coming]:
    """What each list may bring, in the same order. Together they are the prior of each."""
    learned = [_learned(sent, curve) for sent in lists]
    came, exposure = sum(c for c, _ in learned), sum(e for _, e in learned)
    pooled = (PRIOR_RATE * PRIOR_WORTH + came) / (PRIOR_WORTH + max(exposure, came))
    return [_coming(sent, pooled, *own, curve) for sent, own in zip(lists, learned, strict=True)]


def pooled(lists: Iterable[Coming]) -> Coming:
    """What is believed of a list of which nothing was sent yet: the mean of the others, with as much doubt as ever."""
    rates = [one.rate for one in lists]
    rate = sum(rates) / len(rates) if rates else PRIOR_RATE
    return Coming(rate, rate * (1 - rate) / (PRIOR_WORTH + 1))


NOTHING_KNOWN = pooled(())


def bounds(all_coming: Sequence[Coming]) -> tuple[float, float]:
    """The fewest and the most people who may come to need an advocate within the horizon, at `DOUBT`."""
    mean = sum(one.rate * one.weight for one in all_coming)
    doubt = DOUBT * math.sqrt(mean + sum(one.variance * one.weight**2 for one in all_coming))
    return max(0.0, mean - doubt), mean + doubt


def _learned(sent: Sent, curve: Curve) -> tuple[float, float]:
    came = sum(n * faded for n, faded in zip(sent.came, _FADED, strict=True))
    exposure = sum(n * done * faded for n, done, faded in zip(sent.texts, curve.now, _FADED, strict=True))
    return came, exposure


def _coming(sent: Sent, pooled: float, came: float, exposure: float, curve: Curve) -> Coming:
    yes = PRIOR_WORTH * pooled + came
    no = PRIOR_WORTH * (1 - pooled) + max(0.0, exposure - came)
    rate = yes / (yes + no)
    weight = sum(
        max(0, texts - answered) * (then - now) / (1 - rate * now)
        for texts, answered, now, then in zip(sent.texts, sent.came, curve.now, curve.then, strict=True)
    )
    return Coming(rate, yes * no / ((yes + no) ** 2 * (yes + no + 1)), weight, curve.soon)
