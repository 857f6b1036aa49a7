"""What has a stock taught about how long its counts stay true? Each new count proves the one before it true or false.

Bayes on a small grid: every pair of a half-life (around the kind's own) and a share that is usual in the long run has
a weight, and whatever a later count says of an earlier one moves the weights. Old lessons fade, so that a house that
changed is learned anew. Pure; the weights are kept beside the stock and move in the observation's own transaction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.rules.freshness import EMPTY_SHARE, Life, prior, still_true

_STEPS = tuple(1.6**k for k in range(-6, 7))
"""Half-lives tried, as multiples of the kind's own: from a sixteenth to sixteen times."""
_SPREAD = 0.9
"""How far, in e-folds, a stock's half-life may be expected to lie from its kind's."""
_YES_FLOORS = ((0.0, 0.6), (0.15, 0.14), (0.3, 0.1), (0.5, 0.08), (0.7, 0.05), (0.9, 0.03))
_FULL_TOPS = ((0.05, 0.08), (0.15, 0.16), (0.3, 0.22), (0.48, 0.26), (0.65, 0.18), (0.85, 0.1))
"""Long-run shares tried, with the weight of each before anything is known."""
_KEPT = 0.985
"""What is left of a lesson after each new one: about the last seventy count."""
_USUAL_WEIGHT = 4.0
_PRIOR_WEIGHT = 3.0
"""So many telling checks weigh as much as the kind does."""
_TOO_SOON = timedelta(minutes=10)
"""A count that follows so soon corrects the one before it, and proves nothing of it."""
_SURE = 1e-3
"""Nothing is impossible: providers mistype."""


@dataclass(frozen=True, slots=True)
class Belief:
    """The weights (logarithms, row by row: half-life, then share) for a yes and for a full, and how often there was
    room at all. Empty: nothing has been learned."""

    yes: tuple[float, ...] = ()
    full: tuple[float, ...] = ()
    yes_weight: float = 0.0
    full_weight: float = 0.0
    """How much has been learned of each: a count that is proved true at once says little of how long it would last."""
    open_share: float = EMPTY_SHARE
    seen: float = 0.0
    checks: int = 0
    """How many counts have been proved true or false, and"""
    proved: int = 0
    """how many of them proved true: what a provider sees of its own record."""


@dataclass(frozen=True, slots=True)
class Check:
    """An earlier count and what a later one said. `age` None: nothing may be learned of the earlier one (it was
    counted before the place opened anew), but there was room or there was not."""

    said: int
    age: timedelta | None
    found: int


def learn(belief: Belief, kind: str, check: Check) -> Belief:
    """The belief after one more check."""
    if check.age is not None and check.age < _TOO_SOON:
        return belief
    is_open = check.found > 0
    seen = belief.seen * _KEPT + 1.0
    weight = _USUAL_WEIGHT + belief.seen * _KEPT
    share = (belief.open_share * weight + is_open) / (weight + 1.0)
    after = replace(belief, open_share=share, seen=seen)
    if check.age is None:
        return after
    true = is_open == (check.said > 0)
    after = replace(after, checks=belief.checks + 1, proved=belief.proved + true)
    told = min(1.0, check.age.total_seconds() / 3600 / prior(kind).yes_h)
    if check.said > 0:
        moved = _moved(belief.yes, _YES, kind, check, is_open)
        return replace(after, yes=moved, yes_weight=belief.yes_weight * _KEPT + told)
    moved = _moved(belief.full, _FULL, kind, check, is_open)
    return replace(after, full=moved, full_weight=belief.full_weight * _KEPT + told)


def life_of(belief: Belief, kind: str) -> Life:
    """What to believe of the stock now: the kind's, until there are lessons of its own."""
    base = prior(kind)
    yes_h, yes_floor = _mean(belief.yes, _YES, belief.yes_weight, base.yes_h, base.yes_floor)
    full_h, full_top = _mean(belief.full, _FULL, belief.full_weight, base.full_h, base.full_top)
    return Life(yes_h, full_h, yes_floor, full_top, belief.open_share)


@dataclass(frozen=True, slots=True)
class _Side:
    """The grid for one kind of answer."""

    shares: tuple[tuple[float, float], ...]
    is_yes: bool
    start: tuple[float, ...]
    logs: tuple[float, ...]


def _side(shares: tuple[tuple[float, float], ...], *, is_yes: bool) -> _Side:
    start = tuple(
        -0.5 * (math.log(step) / _SPREAD) ** 2 + math.log(weight) for step in _STEPS for _, weight in shares
    )
    return _Side(shares, is_yes, start, tuple(math.log(step) for step in _STEPS for _ in shares))


_YES, _FULL = _side(_YES_FLOORS, is_yes=True), _side(_FULL_TOPS, is_yes=False)


def _moved(weights: Sequence[float], side: _Side, kind: str, check: Check, is_open: bool) -> tuple[float, ...]:
    base = prior(kind)
    assert check.age is not None
    before = iter(zip(weights or side.start, side.start, strict=True))
    moved = []
    for step in _STEPS:
        held = still_true(Life(base.yes_h * step, base.full_h * step), check.age, check.said)
        for share, _ in side.shares:
            chance = share + (1.0 - share) * held if side.is_yes else share * (1.0 - held)
            chance = min(max(chance, _SURE), 1.0 - _SURE)
            weight, start = next(before)
            moved.append(_KEPT * weight + (1.0 - _KEPT) * start + math.log(chance if is_open else 1.0 - chance))
    most = max(moved)
    return tuple(round(weight - most, 3) for weight in moved)


def _mean(weights: Sequence[float], side: _Side, learned: float, half_life_h: float,
          share: float) -> tuple[float, float]:  # fmt: skip
    """The half-life (in the middle of its logarithm) and the share that the weights point to, as far from the kind's
    own as what was learned allows."""
    if not weights:
        return half_life_h, share
    plain = [math.exp(weight) for weight in weights]
    total = sum(plain)
    step = sum(w * log for w, log in zip(plain, side.logs, strict=True)) / total
    usual = sum(w * share for w, (share, _) in zip(plain, side.shares * len(_STEPS), strict=True)) / total
    trust = learned / (learned + _PRIOR_WEIGHT)
    return half_life_h * math.exp(trust * step), share + trust * (usual - share)
