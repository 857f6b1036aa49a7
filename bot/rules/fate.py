"""What does the carrier's own list prove of a text whose fate is unknown? Pure; the deeds are in usecases/settle.py.

The list is every message to one number since a moment before the text was written, those taken out whose id a row of
ours has. A message with the same words is ours: it can only have come from this text or from an older one in doubt with
the same words, which has the first claim. No such message, and the text has not left, unless one of them shows no words
(emptied, or never kept there): then nobody can say whose it was, and the list proves nothing either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of the carrier's that no row of ours has."""

    provider_sid: str
    body: str


@dataclass(frozen=True, slots=True)
class Found:
    """It has left, under this id."""

    provider_sid: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The list does not have it. A proof only when it is so twice (`settle.SAFE_WAIT`)."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The list could not be had, or shows a message whose words are gone."""


Verdict = Found | Absent | CannotTell


def judge(seen: Sequence[Seen], body: str, older_siblings: int) -> Verdict:
    """`seen` is oldest first; `older_siblings` are older texts in doubt with these words for this person."""
    same = [one for one in seen if one.body == body]
    if len(same) > older_siblings:
        return Found(same[older_siblings].provider_sid)
    if any(not one.body for one in seen):
        return CannotTell()
    return Absent()
