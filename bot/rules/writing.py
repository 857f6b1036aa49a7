"""May these words of an advocate go to this person now, only on a second press, or not before a later hour?

Pure. For a quarter of an hour after they wrote it is known who holds the phone (`rules/may_send.LIVE`). Beyond that
their own hours stand; and on a phone whose owner has not said that now is good ("ask first") nothing leaves outside of
them, unless it answers them. Sources: `advocate-inbox.md` 6.2, `screen-texts.md` 2 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.rules.discreet import Exposing
from bot.rules.hours import BY_DAY, Place, next_safe, safe_now
from bot.rules.may_send import NOWHERE, is_live
from bot.rules.phrases import phrases

UNDO = timedelta(seconds=3)
"""So long a text that was sent can still be taken back."""
WHY_ANYWAY = phrases(
    {
        "they_asked": "They asked, and know these words already",
        "said_ok": "They told me that they are alone and it is a good time",
        "urgent": "Waiting would put them in more danger",
        "means_other": "The words mean something harmless here",
    }
)
"""Why a text leaves all the same: words of a list, for the record holds no story."""

MayGo = Literal["yes", "twice", "no"]


@dataclass(frozen=True, slots=True)
class WritingFacts:
    """What is known of the person, and of the words."""

    now: datetime
    safe_now: bool
    """They said in this stretch that it is a good time to text (flows.Conversation.safe_now)."""
    safe_hours: str | None
    """people.safe_hours: None was never asked, "" is only after they write, else the chosen windows."""
    place: Place | None
    last_inbound_at: datetime | None
    unanswered: bool
    """They wrote, and nobody has answered yet."""
    hits: Sequence[Exposing] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`may_go` now: at once, on a second press with a reason, or not at all. `hours` says why it is not the time
    (`outside` their hours, `only_first` when they want to write first), `words` that some would tell. `later_at` is
    their next safe hour, offered whenever now is not one; `later_may_go` how it is for a text that leaves then."""

    may_go: MayGo
    hours: Literal["", "outside", "only_first"]
    words: bool
    later_at: datetime | None

    @property
    def later_may_go(self) -> MayGo:
        if self.later_at is None:
            return "no"
        return "twice" if self.words else "yes"


def weigh(facts: WritingFacts) -> Verdict:
    """The whole decision."""
    discreet = not facts.safe_now
    words = discreet and bool(facts.hits)
    live = is_live(facts.last_inbound_at, facts.now)
    hours: Literal["", "outside", "only_first"] = "" if live else _hours(facts)
    may_go: MayGo = "twice" if words or hours else "yes"
    if hours and discreet and not facts.unanswered:
        may_go = "no"
    return Verdict(may_go, hours, words, None if live else _later(facts))


def _hours(facts: WritingFacts) -> Literal["", "outside", "only_first"]:
    if facts.safe_hours is None:
        return ""
    if not facts.safe_hours:
        return "only_first"
    return "" if safe_now(facts.place or NOWHERE, facts.now, facts.safe_hours) else "outside"


def _later(facts: WritingFacts) -> datetime | None:
    """The next hour of theirs, if now is none; who was never asked is written to by day."""
    if facts.safe_hours == "":
        return None
    place, hours = facts.place or NOWHERE, facts.safe_hours or BY_DAY
    return None if safe_now(place, facts.now, hours) else next_safe(place, facts.now, hours)
