"""How does the history of one stock look? Counts as steps, and beneath them the chance that there was room, as a band.

Pure: points of a drawing of fixed size. The chance is what the count of that moment would have been believed, by what
the stock has taught until today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rules.freshness import Life, age_of, p_open
from bot.store.openings import Said

WIDTH, HEIGHT = 640, 140
_TOP, _BOTTOM = 6, HEIGHT - 6
_SAMPLES = 160
_LEAST = timedelta(hours=12)
"""A chart spans at least so much: two counts a minute apart are no history."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the template writes into an SVG."""

    steps: str
    band: str
    dots: tuple[tuple[float, float], ...]
    begins: datetime
    ends: datetime
    width: int = WIDTH
    height: int = HEIGHT


def draw(said: Sequence[Said], *, maximum: int, life: Life, now: datetime, resets_at: str | None = None,
         timezone: str | None = None) -> Drawn | None:  # fmt: skip
    """Of the counts that stand, in any order; None when there is none."""
    counts = sorted((one for one in said if not one.undone), key=lambda one: (one.observed_at, one.received_at))
    if not counts:
        return None
    begins = min(counts[0].observed_at, now - _LEAST)
    span = (now - begins).total_seconds()

    def x(at: datetime) -> float:
        return round((at - begins).total_seconds() / span * WIDTH, 1)

    def y(share: float) -> float:
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)

    def level(one: Said) -> float:
        return y(min(1.0, one.available / max(1, maximum)))

    steps = [f"M{x(counts[0].observed_at)} {level(counts[0])}"]
    for one in counts[1:]:
        steps.append(f"H{x(one.observed_at)}V{level(one)}")
    steps.append(f"H{WIDTH}")

    first = x(counts[0].observed_at)
    band, standing = [f"M{first} {_BOTTOM}"], 0
    for sample in range(_SAMPLES + 1):
        at = counts[0].observed_at + (now - counts[0].observed_at) * sample / _SAMPLES
        while standing + 1 < len(counts) and counts[standing + 1].observed_at <= at:
            standing += 1
        last = counts[standing]
        chance = p_open(life, age_of(last.observed_at, at, resets_at, timezone), last.available)
        band.append(f"L{x(at)} {y(chance)}")
    band.append(f"L{WIDTH} {_BOTTOM}Z")
    dots = tuple((x(one.observed_at), level(one)) for one in counts)
    return Drawn("".join(steps), "".join(band), dots, begins, now)
