"""What can a text be read as? The closed set of intents, and the value that carries one reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Intent(StrEnum):
    """What a text asks of us. When two are in one text the one higher in this list wins."""

    SUICIDE = "suicide"
    MEDICAL = "medical"
    DANGER = "danger"
    STOP_SILENT = "stop_silent"  # "please stop texting he sees this": suppress and say nothing at all
    STOP = "stop"
    START = "start"
    WRONG_NUMBER = "wrong_number"
    MINOR = "minor"
    MAYBE_STOP = "maybe_stop"  # "para", "basta", "make it stop" without danger: never a silent opt-out
    HUMAN = "human"
    HELP = "help"
    THIRD_PARTY = "third_party"
    ERASE = "erase"
    KNOWN = "known"  # "what do you know about me": read back to them, once it is safe
    NEW_WORD = "new_word"  # wants another code word
    UNSHARE = "unshare"  # consent to share taken back (SH2)
    LATER = "later"
    BOT = "bot"
    POLICE = "police"
    WHO = "who"
    COST = "cost"
    WHERE = "where"  # "where is it", "which place": never answered by the bot
    DELETE_WHAT = "delete_what"  # asked back at C2, which advises erasing texts
    LANGUAGE = "language"  # asks for English or Spanish: see Reading.language
    OTHER_LANGUAGE = "other_language"  # writes or asks for another one: see Reading.other_language
    DISCLOSURE = "disclosure"  # control, labour, harm by a service: F1, and a person reads it
    ANSWER = "answer"  # an answer to what was asked, or to a question not yet asked: see Reading.answers
    YES = "yes"
    NO = "no"
    SKIP = "skip"
    LOST = "lost"
    THANKS = "thanks"
    HOSTILE = "hostile"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Cause:
    """Which line of which file decided: every reading can say why."""

    rule: str
    """`lexicon/en.toml:danger[12]` or `choices:urgency.2`."""
    matched: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One text, understood. `option` is the bare option number if the text was one (or the letter for M2:
    `A`, `B`, `BOTH`). `answers` holds every slot the text filled, whatever was asked."""

    intent: Intent
    option: str | None = None
    answers: Mapping[str, object] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    language: str | None = None
    """`en` or `es` when the text's own words decide it, else None: keep the thread's."""
    other_language: str | None = None
    short_time: bool = False
    """"for a min", "pero rapido": skip the preliminaries that can be skipped and offer a person."""
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Expecting:
    """What was asked, so that "2" or "the first one" can be read. `parser` is one of PARSERS; `options`
    are the values that stand for 1, 2, 3 … in the text as sent; `slot` is where an answer goes."""

    name: str
    slot: str
    parser: str
    options: tuple[str, ...] = ()


PARSERS = ("yes_no", "choice", "choices", "area", "age", "household", "letters", "word", "anything")
