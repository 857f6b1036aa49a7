"""What did an examination find in one part, in words, and is it good?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The words of a bad one say what is wrong and what to do."""

    part: str
    good: bool
    words: str
