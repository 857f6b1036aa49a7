"""What can happen to a conversation? Past tense; values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """The person texted. `gap` is true when the conversation had been silent for 15 minutes or more,
    so that only the neutral check may be said (`screen-texts.md` 2). `opt_out` is the carrier's word
    that it has already answered a keyword itself: `STOP`, `START`, `HELP` or empty. `late`: it was written
    15 minutes ago or more and reaches us only now. `overtaken`: since it was written something was said,
    or a STOP came into force, so it can be no answer to what stands now."""

    text: str
    media: int = 0
    gap: bool = False
    opt_out: str = ""
    late: bool = False
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """A campaign texted this person; `key` is the opener that was sent."""

    key: str


@dataclass(frozen=True, slots=True)
class Option:
    """One place as it may be described to a person: traits only, never a name or a place."""

    program_id: str
    traits: tuple[str, ...]
    """Keys of `[traits]` in the copy files, e.g. `own_room`, `kids_ok`, `keep_phone`, `nights_90`."""


@dataclass(frozen=True, slots=True)
class OpeningsFound:
    """The answer to FindOpenings. `undecided` names the questions (by slot) whose answer could still
    change what fits, in no order; `age_minutes` is the age of the oldest count among the told ones."""

    count: int
    age_minutes: int = 0
    options: tuple[Option, ...] = ()
    undecided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HandOffOpened:
    """The answer to HandOff: a row with an alarm now stands. `on_shift` is false when nobody is."""

    reason: str
    on_shift: bool
    advocate: str = ""
    minutes: int = 0
    when: str = ""
    """Ready words in the person's language for the next shift (`at 8 am Monday`), or empty if none is planned."""


@dataclass(frozen=True, slots=True)
class PromiseLate:
    """A promised wait will be missed: the person is told first, with the true time (H2)."""

    advocate: str
    minutes: int


@dataclass(frozen=True, slots=True)
class AdvocateClaimed:
    """An advocate holds the conversation: the bot falls silent."""


@dataclass(frozen=True, slots=True)
class AdvocateFinished:
    """The advocate is done. `outcome` is a wrap-up code; `feedback` asks E1 (only if the person agreed)."""

    outcome: str
    feedback: bool = False


@dataclass(frozen=True, slots=True)
class AdvocateLeft:
    """Whoever held the conversation is gone without finishing (their account ended): it waits in the queue again, and
    the bot may speak."""


@dataclass(frozen=True, slots=True)
class HoldAnswered:
    """A provider answered a hold: `held`, `declined` or `lapsed`, for so many `hours`; `advocate` will tell the way."""

    state: str
    hours: int = 0
    advocate: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """The day has come on which they wished for a quiet hello; `advocate` is who was there for them."""

    advocate: str


Event = (
    MessageReceived | Invited | OpeningsFound | HandOffOpened | PromiseLate | AdvocateClaimed | AdvocateFinished
    | AdvocateLeft | HoldAnswered | Hello
)  # fmt: skip
