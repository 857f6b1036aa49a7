"""Of all counts that may not be true any more, which is worth a telephone call first? Pure.

A call is worth most where nobody can say whether there is room, and where people are waiting for just that.
"""

from __future__ import annotations

from bot.rules.freshness import Freshness


def worth(chance: float, state: Freshness, demand: float) -> float:
    """0 to 2. `chance` that there is room; `demand`: the share, 0 to 1, of all unmet needs that was this one. What may
    be told as it stands needs no call."""
    if state is Freshness.FRESH:
        return 0.0
    return 4.0 * chance * (1.0 - chance) * (1.0 + demand)
