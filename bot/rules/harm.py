"""Does a campaign do harm, so surely that it must stop by itself? Counts of what came back, against a limit each.

One STOP of three proves nothing, and waiting for a fixed number of texts would let a bad list run on. So each limit is
a test that may be looked at after every text: a bet that the true rate is above the limit, worth 1 at the start, that
under any rate at or below the limit reaches `SURE` in at most one campaign of twenty, however often one looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

SURE = 20.0
_BETS = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
"""How many times the limit the rate may be; the bet is spread over these."""
_LONGEST_BET = 0.95
LONGEST_UNANSWERED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Signals:
    """What came back since a campaign was launched, or since a person resumed it after such a stop."""

    texted: int = 0
    settled: int = 0
    """Texts whose fate the carrier has told: delivered or not."""
    opt_outs: int = 0
    anger: int = 0
    wrong_people: int = 0
    minors: int = 0
    filtered: int = 0
    undelivered: int = 0
    unanswered_for: timedelta = timedelta()
    """The longest that somebody who came waits beyond what they were promised, while advocates are on shift."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why it stops: `seen` of `out_of`, as `code` counts them. Fit for a log, and kept as it is."""

    code: str
    seen: int
    out_of: int


@dataclass(frozen=True, slots=True)
class Limit:
    share: float
    words: str


LIMITS: Mapping[str, Limit] = {
    "minors": Limit(0.005, "are minors"),
    "anger": Limit(0.03, "answered in anger"),
    "wrong_people": Limit(0.10, "were not the person the list means"),
    "opt_outs": Limit(0.08, "said stop"),
    "filtered": Limit(0.02, "had their text filtered by the carrier"),
    "undelivered": Limit(0.30, "were never reached"),
}
"""The gravest first."""


def must_stop(signals: Signals) -> Stop | None:
    """The first limit that is surely passed."""
    minutes, most = (int(span.total_seconds() // 60) for span in (signals.unanswered_for, LONGEST_UNANSWERED))
    if signals.unanswered_for > LONGEST_UNANSWERED:
        return Stop("unanswered", minutes, most)
    for code, limit in LIMITS.items():
        out_of = signals.settled if code in ("filtered", "undelivered") else signals.texted
        seen = getattr(signals, code)
        if surely_above(limit.share, seen, out_of):
            return Stop(code, seen, out_of)
    return None


def words(stop: Stop) -> str:
    """Why it stopped, to staff."""
    if stop.code == "unanswered":
        return f"somebody who answered has waited {stop.seen} minutes longer than promised."
    limit = LIMITS[stop.code]
    return f"{stop.seen} of {stop.out_of} people {limit.words}, and the limit is {100 * limit.share:g} in 100."


def surely_above(limit: float, seen: int, out_of: int) -> bool:
    """Whether the bet that the rate is above the limit has won."""
    if seen == 0 or seen > out_of:
        return seen > out_of
    return _worth(limit, seen, out_of) >= SURE


def _worth(limit: float, seen: int, out_of: int) -> float:
    """The mean of the likelihood ratios of the bets against the limit itself. Each is a martingale at the limit and a
    supermartingale below it, and so is their mean (Ville's inequality gives the one in twenty)."""
    total = 0.0
    for times in _BETS:
        rate = min(_LONGEST_BET, times * limit)
        total += (rate / limit) ** seen * ((1 - rate) / (1 - limit)) ** (out_of - seen)
    return total / len(_BETS)

