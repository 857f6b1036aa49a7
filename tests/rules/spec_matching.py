"""The matcher as `domain.md` 3.3 tells it, without a thought for speed: every rule asked of every place, one by one.

What bot/rules/matching.py is held against.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.rules.facets import DOES_NOT, FACETS_OF, FITS, MAY_FIT, RULES, Candidate
from bot.rules.freshness import Freshness, freshness, p_open
from bot.rules.nearness import distance_band

Answers = Mapping[str, Any]


def listed(programs: Sequence[Candidate], answers: Answers, now: datetime) -> list[tuple[str, str, tuple[str, ...]]]:
    """Program, stock and the facets in doubt of everything that fits or may fit, best first."""
    places = [place for c in programs if (place := _place(c, answers, now)) is not None]
    seen: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for _, c, unsure in sorted(places, key=lambda place: place[0]):
        seen.setdefault(c.program_id, (c.program_id, c.stock_id, unsure))
    return list(seen.values())


def _place(c: Candidate, answers: Answers, now: datetime) -> tuple[Any, ...] | None:
    verdicts = {name: rule(c, answers) for name, rule in RULES.items()}
    if DOES_NOT in verdicts.values():
        return None
    age = None if c.observed_at is None else now - c.observed_at
    likely, state = p_open(c.life, age, c.available), freshness(c.life, age, c.available)
    if c.available <= 0 and state in (Freshness.FRESH, Freshness.AGING):
        return None
    unsure = tuple(name for name, verdict in verdicts.items() if verdict is MAY_FIT)
    musts = answers.get("musts") if isinstance(answers.get("musts"), list) else []
    needs, barriers = answers.get("need"), c.facets.get("barriers")
    prefers = answers.get("prefers") if isinstance(answers.get("prefers"), list) else []
    known = {*prefers, *(["lgbtq"] if "lgbtq" in musts else [])} & c.known_for
    order = (
        not (c.available > 0 and state is Freshness.FRESH),
        needs.index(c.need) if isinstance(needs, list) and c.need in needs else 0,
        bool(unsure),
        -sum(verdicts[must] is FITS for must in musts if must in FACETS_OF["musts"]),
        -len(known),
        len(unsure) + (len(barriers) if isinstance(barriers, list) else 1),
        -round(10 * likely),
        "intake" in unsure,
        distance_band(c.zip3s, answers.get("area")),
        zlib.crc32(f"{now:%Y-%m-%d %H}{c.program_id}".encode()),
        c.stock_id,
    )
    return order, c, unsure
