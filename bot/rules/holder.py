"""May somebody else be holding the phone? Signs that anybody can check, and what a human said after looking. Pure.

A doubt is raised by what was written, and put to rest by a human alone: until then nothing is said that nobody has just
asked for. No profile is kept: the signs are read anew from the texts of this conversation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

FLAGS = frozenset({"third_party", "unsafe"})
"""What a turn notices and keeps."""
REASONS = frozenset({"third_party", "who", "police", "duress", "unsafe", "stop_silent"})
"""Reasons of a hand-off that say so."""
SIGNS = frozenset({"third_party", "who", "police", "stop_silent"})
"""Meanings of a text that raise it anew."""
OUTCOMES = ("them", "not_them", "unsure")
"""What a human may say after looking."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a human said last, and when."""

    outcome: str
    at: datetime


def is_doubted(flags: Collection[str], reason: str, check: Check | None, signs_at: Iterable[datetime]) -> bool:
    """`signs_at` are the moments of texts that mean one of SIGNS; those before the check are answered by it."""
    if FLAGS.isdisjoint(flags) and reason not in REASONS:
        return False
    return check is None or check.outcome != "them" or any(at > check.at for at in signs_at)
