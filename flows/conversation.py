"""What is a conversation, at one moment, and what is one turn of it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.actions import Action

LANGUAGES = ("en", "es")


class Holder(StrEnum):
    """Who may speak to the person now. While an advocate holds the conversation the bot is silent."""

    BOT = "bot"
    ADVOCATE = "advocate"
    NOBODY = "nobody"


class Flag(StrEnum):
    """What was noticed in a person's words. A flag steers texts and the queue; it never labels anyone."""

    DANGER = "danger"
    SUICIDE = "suicide"
    MEDICAL = "medical"
    MINOR = "minor"
    THIRD_PARTY = "third_party"
    LABOUR = "labour"
    CONTROL = "control"
    HUMAN = "human"
    UNSAFE = "unsafe"
    UNCLEAR = "unclear"


class Tier(StrEnum):
    """How soon a human must answer; lower is sooner (`domain.md` 3.10, `advocate-inbox.md` 5.3)."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread with a person: everything the engine may know, and nothing it may not.

    `state` is a state's name in the script, never an index. `answers` maps a slot to a JSON value.
    `turn` counts applied events and makes timers stale. `last_key` is the text said last, so that the
    same text is never said twice running. `misses` counts misunderstandings in a row.
    """

    state: str = "idle"
    turn: int = 0
    language: str = "en"
    held_by: Holder = Holder.BOT
    """While an advocate holds the conversation the bot says nothing but what STOP requires."""
    answers: Mapping[str, object] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    misses: int = 0
    last_key: str | None = None
    marks: tuple[str, ...] = ()
    """What has been done already and need not be done again: `limits`, `who`, `outreach` …"""
    found: Mapping[str, object] = field(default_factory=dict)
    """The places last told of, as M2 may describe them: count, age, traits; never a name."""
    resume: str | None = None
    """The state to go back to after an interlude (a gap, a doubt whether STOP was meant)."""
    safe_now: bool = False
    """The person has said in this stretch that it is all right to text (C1 or R1 = yes)."""
    asked: str | None = None
    """What this state's numbered answers stood for when its text was sent, so that a script that changed is noticed."""
    hand: tuple[str, ...] = ()
    """How they typed their last few longer texts, in classes that hold no word of them (flows/hand.py)."""
    suppressed: bool = False
    """STOP is in force: nothing may leave for this number but the one confirmation."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One application of an event: the conversation after it, and what must now be made true, in order."""

    conversation: Conversation
    actions: tuple[Action, ...] = ()
    rows: tuple[str, ...] = ()
    """The file and key of every row that was taken, in order: why it went so."""
