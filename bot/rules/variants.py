"""Which of a campaign's first texts does this person get? The one that fewest have had; a hash where several are level.

So the variants differ by one at most within each language, however the list is ordered, and the same facts always
give the same answer. Nobody can see from outside which one is next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

MOST = 4
"""Different first texts of one campaign (R-C5): a test of wording, not a way past filters."""


def choose(keys: Sequence[str], had: Mapping[str, int], seed: str) -> str:
    """One of `keys`, of which there is at least one. `had` counts those texted with each; `seed` names the person."""
    return min(keys, key=lambda key: (had.get(key, 0), hashlib.sha256(f"{seed}\n{key}".encode()).digest()))
