"""Which wording does harm, and which does better than the others, so surely that it may be said at any moment?

A comparison that is looked at after every text and stops at the first good moment is wrong far more often than it says.
So each is a bet: "people answer a more often than b". It is worth 1 at the start, the nth person texted with a beside
the nth texted with b, and under any two rates of which a's is not the higher its worth is a supermartingale: it ever
reaches 1/alpha in alpha of the tests at most, however often one looks (Ville). For one pair of people it multiplies by
the likelihood of the two answers under rates (a, b) with a > b, over that under their middle for both; by the means'
inequality that is worth at most 1 on average where the true rates are equal, and less where b's is higher. The rates
that are bet on may use whatever was seen before. Several bets, from a little better to three times, are spread evenly.

Harm comes first: a wording is never kept for its answers while people say stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.rules.harm import Signals, must_stop

ALPHA = 0.05
"""In at most one test of twenty a wording is called better, or worse, that is not."""
_TIMES = (1.25, 1.5, 2.0, 3.0)
"""How many times the other's rate this one's may be."""
_PRIOR_RATE, _PRIOR_WORTH = 0.05, 20.0
_LOWEST, _HIGHEST = 0.002, 0.48
"""Bounds of the middle rate that is bet on: twice it must stay below one."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One wording. `said_yes` and `said_stop` are what each person texted with it did within the days that are waited
    for, in the order in which they were texted; who was texted later is not in it yet. `signals` counts everybody."""

    key: str
    said_yes: Sequence[bool] = ()
    said_stop: Sequence[bool] = ()
    signals: Signals = field(default_factory=Signals)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`stopped` are the wordings nobody is texted with any more. `code` is a limit of bot.rules.harm, `worse` (more
    said stop than after another wording) or `better` (the one that is left is answered more often than any of them)."""

    stopped: tuple[str, ...]
    code: str
    seen: int
    out_of: int


def verdict(arms: Sequence[Arm], alpha: float = ALPHA) -> Verdict | None:
    """What must be done with these wordings now: for harm first, and only then for benefit."""
    return _harmful(arms) or _worse(arms, alpha) or _better(arms, alpha)


def evidence(more: Sequence[bool], less: Sequence[bool]) -> float:
    """The highest worth so far of the bet that `more` is the higher rate."""
    worths = [1.0] * len(_TIMES)
    seen, yes, highest = 0, 0, 1.0
    for a, b in zip(more, less, strict=False):
        middle = (_PRIOR_RATE * _PRIOR_WORTH + yes) / (_PRIOR_WORTH + seen)
        middle = min(_HIGHEST, max(_LOWEST, middle))
        for at, times in enumerate(_TIMES):
            high = 2 * middle * times / (1 + times)
            low = 2 * middle - high
            worths[at] *= high / middle if a else (1 - high) / (1 - middle)
            worths[at] *= low / middle if b else (1 - low) / (1 - middle)
        seen, yes = seen + 2, yes + a + b
        highest = max(highest, sum(worths) / len(worths))
    return highest


def _harmful(arms: Sequence[Arm]) -> Verdict | None:
    for arm in arms:
        why = must_stop(arm.signals)
        if why is not None:
            return Verdict((arm.key,), why.code, why.seen, why.out_of)
    return None


def _worse(arms: Sequence[Arm], alpha: float) -> Verdict | None:
    """After which more people say stop than after some other. Each ordered pair is a test of its own."""
    needed = len(arms) * (len(arms) - 1) / alpha
    for arm in arms:
        for other in arms:
            behind = _rate(arm.said_stop) > _rate(other.said_stop)
            if behind and evidence(arm.said_stop, other.said_stop) >= needed:
                return Verdict((arm.key,), "worse", sum(arm.said_stop), len(arm.said_stop))
    return None


def _better(arms: Sequence[Arm], alpha: float) -> Verdict | None:
    """It must beat each of the others. To be wrong it must beat one that is as good, and there are as many wordings
    that could: so each bet is held to alpha over their number."""
    needed = len(arms) / alpha
    for arm in arms:
        others = [other for other in arms if other is not arm]
        ahead = others and all(_rate(arm.said_yes) > _rate(other.said_yes) for other in others)
        if ahead and all(evidence(arm.said_yes, other.said_yes) >= needed for other in others):
            return Verdict(tuple(other.key for other in others), "better", sum(arm.said_yes), len(arm.said_yes))
    return None


def _rate(answers: Sequence[bool]) -> float:
    """Who is not ahead now is not called so for having been: it makes no test wrong, and spares most of the work."""
    return sum(answers) / len(answers) if answers else 0.0


def words(code: str, seen: int, out_of: int, limits: Mapping[str, str]) -> str:
    """Why a wording is not said any more, to staff. `limits` are the words of each limit."""
    if code == "better":
        return "another wording is surely answered more often"
    if code == "worse":
        return f"after it people say stop more often than after another: {seen} of {out_of}"
    return f"{seen} of {out_of} people {limits.get(code, code.replace('_', ' '))}"
