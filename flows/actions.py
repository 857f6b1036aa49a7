"""What may the engine ask the shell to make true? Imperative; values only; one exhaustive match consumes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flows.conversation import Tier


@dataclass(frozen=True, slots=True)
class Say:
    """Send the text `key` in `language`, filled with `fields`. `crisis` texts leave before all others.
    `confirmation` marks the one text that may follow STOP (47 CFR 64.1200(a)(12))."""

    key: str
    language: str
    fields: Mapping[str, str | int] = field(default_factory=dict)
    crisis: bool = False
    confirmation: bool = False


@dataclass(frozen=True, slots=True)
class FindOpenings:
    """Look for live openings that fit these answers; comes back as OpeningsFound in the same transaction."""

    answers: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class HandOff:
    """Put the person in the advocates' queue; comes back as HandOffOpened in the same transaction.
    A hand-off that is open already is raised to the more urgent tier, never lowered."""

    tier: Tier
    reason: str
    """A key of `[handoffs]` in the script: danger, suicide, medical, minor, human, unclear, no_match, share …"""


@dataclass(frozen=True, slots=True)
class TellAdvocates:
    """A silent note to the queue: someone should look, and the person is told nothing (W1, G1, silent STOP)."""

    tier: Tier
    reason: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Record that consent is withdrawn, now, in this transaction. `how` is the rule that saw it."""

    how: str


@dataclass(frozen=True, slots=True)
class Restore:
    """The person texted START: the suppression ends, with the text as its proof."""


@dataclass(frozen=True, slots=True)
class Release:
    """The person's yes to SH1: what may be told to the place, until when (hours). `given` false revokes."""

    given: bool
    hours: int = 72


@dataclass(frozen=True, slots=True)
class SafeHours:
    """When it is all right to text this person: of morning, afternoon, night; empty means only after they write."""

    windows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeWord:
    """Keep the person's code word. It is stored sealed and never said back."""

    word: str


@dataclass(frozen=True, slots=True)
class DuressWord:
    """Keep the second word, which means "I am not free to text". Stored sealed, never said back, never answered
    otherwise than a wrong code word is."""

    word: str


@dataclass(frozen=True, slots=True)
class EraseRequested:
    """The person asked that what they sent be erased: a task for a human (DL1)."""


@dataclass(frozen=True, slots=True)
class Close:
    """The conversation is over; the next text opens a new one."""


Action = (
    Say | FindOpenings | HandOff | TellAdvocates | Withdraw | Restore | Release | SafeHours | CodeWord
    | DuressWord | EraseRequested | Close
)  # fmt: skip
