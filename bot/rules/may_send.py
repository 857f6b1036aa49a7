"""May this text leave now? The one gate: asked when a text is written, and again at the moment of handing it over.

Nothing here is overruled by a role, a setting or a caller. Sources: `campaigns.md` R-S, R-Q, R-M4, R-C1 and R-N.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rules.asking import OFFICE_HOURS, in_office_hours
from bot.rules.hours import (
    BY_DAY,
    DEFAULT_WINDOW,
    Place,
    campaign_closes,
    next_open,
    next_open_and_safe,
    next_safe,
    safe_now,
)

UNPROMPTED = frozenset({"notice", "ask", "campaign"})
"""Kinds that come without the person having just written. A reply or an advocate's text answers somebody; an ask is the
question for a fresh count to somebody who reports one."""
TIMED = UNPROMPTED | {"scheduled"}
"""Kinds that keep to somebody's hours. A scheduled text was written by whoever holds the conversation, for an hour that
was safe as they then knew it."""
BOT_KINDS = frozenset({"reply", "notice", "ask", "campaign"})
"""Kinds the bot may say only while it holds the conversation. A crisis text and the confirmation of STOP are owed in
any case; an advocate's text was written by whoever held it then."""
LAWFUL_BASES = frozenset({"inbound_first", "opted_in", "partner_referral"})

CONFIRMATION_AGE = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12)
STALE = timedelta(hours=1)
"""An answer the carrier would not take for so long does not answer anything any more: an advocate looks instead."""
LONGEST_SCHEDULED = timedelta(hours=72)
"""What was written for an hour and could not leave for so long was written for another day."""
LIVE = timedelta(minutes=15)
"""So long after a person's last words they are taken to still hold the phone (`screen-texts.md` 2)."""
COOLDOWN = timedelta(days=180)
LIFETIME = 3
RECHECK = timedelta(minutes=5)
MARGIN = timedelta(minutes=1)
VALIDITY_S = 14_400
"""How long the carrier may try, in seconds; shorter where hours end sooner (R-Q5)."""


@dataclass(frozen=True, slots=True)
class SendFacts:
    """Everything the gate looks at. The first block is needed for every text; the second for what nobody asked for;
    the third for asks and the fourth for campaigns alone."""

    kind: str
    """A name of store.messages.PRIORITY: crisis, confirmation, advocate, scheduled, reply, notice, ask, campaign."""
    created_at: datetime
    """When the text was written."""
    now: datetime
    suppressed: bool
    """STOP is in force for the number."""
    epoch: int
    """The holder's epoch the text was written under (messages.epoch)."""
    current_epoch: int
    """The conversation's epoch now."""
    held_by: str
    """Who holds the conversation now: bot, advocate or nobody."""
    reviewed: bool
    """A human signed this wording off, in this language. True for words an advocate typed."""
    allow_unreviewed: bool = False
    """settings.allow_unreviewed_texts."""
    attempts: int = 0
    """How often it was tried already (messages.attempts)."""

    stopped: bool = False
    """The kill switch is on: store.campaigns.stopped(tx). It holds back every text nobody asked for."""
    consent: str = "none"
    """The last line of the consent log for the number: given, withdrawn or none."""
    safe_hours: str | None = None
    """people.safe_hours: None was never asked, "" is only after they write, else the chosen windows."""
    place: Place | None = None
    """hours.place_of(number). None counts as a number that says nothing, so pass it for notices and campaigns."""
    last_inbound_at: datetime | None = None
    """When the person last wrote, in any conversation."""
    expected: bool = False
    """The person waits for this notice, because it keeps a promise made to them (a later wait, a held place)."""
    doubted: bool = False
    """Somebody else may hold the phone: usecases.holder.in_doubt. A notice would tell them what this is."""

    timezone: str | None = None
    """The time zone of the program that is asked, where it is known."""
    office_hours: tuple[int, int] = OFFICE_HOURS
    """The local hours in which it may be asked, end exclusive."""

    basis: str | None = None
    """recipients.basis."""
    campaign_state: str | None = None
    """campaigns.state: draft, approved, running, paused or done."""
    window: tuple[int, int] = DEFAULT_WINDOW
    """The campaign's local hours, end exclusive."""
    last_unanswered_at: datetime | None = None
    """When the latest OTHER campaign text to this person was released, if they have not written since."""
    released_before: int = 0
    """How many OTHER campaign texts were ever released to this person."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may leave now. `validity_s` is the longest the carrier may hold it."""

    validity_s: int = VALIDITY_S


@dataclass(frozen=True, slots=True)
class Refused:
    """It may never leave. `reason` is a code, fit for messages.reason and a log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """It may leave, but not before `at`; ask again then."""

    reason: str
    at: datetime


Answer = Allowed | Refused | Later

NOWHERE = Place(("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"))


def may_send(facts: SendFacts) -> Answer:
    """The gate. Refusals come before delays, so that a text that may never leave does not wait for its hour."""
    reason = _always(facts)
    if reason is None and facts.kind in UNPROMPTED:
        reason = _unprompted(facts)
    if reason is None and facts.kind == "campaign":
        reason = _campaign(facts)
    if reason is not None:
        return Refused(reason)
    if facts.kind in UNPROMPTED and facts.stopped:
        return Later("kill_switch", facts.now + RECHECK)
    if facts.kind == "campaign":
        return _campaign_hours(facts)
    if facts.kind == "notice":
        return _notice_hours(facts)
    if facts.kind == "scheduled":
        return _scheduled_hours(facts)
    zones = (facts.place or NOWHERE).zones
    if facts.kind == "ask" and not in_office_hours(facts.now, facts.timezone, zones, facts.office_hours):
        return Refused("ask_late")  # it is written anew when they open, with a count that is right then
    return Allowed()


def over_cap(now: datetime, *, released_before: int, last_unanswered_at: datetime | None) -> str | None:
    """R-M4: one unanswered campaign text in 180 days, three for life. Returns the refusal's code."""
    if released_before >= LIFETIME:
        return "lifetime_cap"
    if last_unanswered_at is not None and now - last_unanswered_at < COOLDOWN:
        return "cooldown"
    return None


def _always(facts: SendFacts) -> str | None:
    if facts.kind == "confirmation" and facts.now - facts.created_at > CONFIRMATION_AGE:
        return "confirmation_late"
    if facts.suppressed and facts.kind != "confirmation":
        return "suppressed"
    if facts.attempts and facts.kind in ("reply", "advocate") and facts.now - facts.created_at > STALE:
        return "stale"
    if facts.kind == "scheduled" and facts.now - facts.created_at > LONGEST_SCHEDULED:
        return "stale"
    if facts.kind == "scheduled" and facts.doubted:
        return "holder_in_doubt"
    if not facts.reviewed and not facts.allow_unreviewed:
        return "unreviewed"
    if facts.kind in BOT_KINDS | {"scheduled"} and facts.epoch != facts.current_epoch:
        return "stale_epoch"
    if facts.kind in BOT_KINDS and facts.held_by == "advocate":
        return "held_by_advocate"
    return None


def _unprompted(facts: SendFacts) -> str | None:
    if facts.consent == "withdrawn":
        return "consent_withdrawn"
    return "holder_in_doubt" if facts.doubted else None


def _campaign(facts: SendFacts) -> str | None:
    if facts.basis not in LAWFUL_BASES:
        return "no_basis"
    if facts.campaign_state not in ("running", "paused", "done"):
        return "not_approved"
    if facts.last_inbound_at is not None and facts.last_inbound_at >= facts.created_at:
        return "wrote_first"
    if facts.safe_hours == "":
        return "only_after_they_write"
    return over_cap(facts.now, released_before=facts.released_before, last_unanswered_at=facts.last_unanswered_at)


def _campaign_hours(facts: SendFacts) -> Answer:
    if facts.campaign_state == "paused":
        return Later("paused", facts.now + RECHECK)
    place = facts.place or NOWHERE
    closes_at = campaign_closes(place, facts.now, facts.window)
    safe = facts.safe_hours is None or safe_now(place, facts.now, facts.safe_hours)
    if closes_at is not None and safe:
        return Allowed(min(VALIDITY_S, int((closes_at - MARGIN - facts.now).total_seconds())))
    at = (
        next_open(place, facts.now, facts.window)
        if facts.safe_hours is None
        else next_open_and_safe(place, facts.now, facts.window, facts.safe_hours)
    )
    return Refused("no_hours") if at is None else Later("hours", at)


def _notice_hours(facts: SendFacts) -> Answer:
    live = is_live(facts.last_inbound_at, facts.now)
    if live or (facts.expected and not facts.safe_hours):  # hours they chose stand above a promise
        return Allowed()
    if not facts.safe_hours:  # not asked, or no answer, means only after they write (`screen-texts.md` 4, S1)
        return Refused("only_after_they_write")
    return _in_hours(facts, facts.safe_hours)


def _scheduled_hours(facts: SendFacts) -> Answer:
    """They may have chosen other hours since it was written; who never chose is written to by day."""
    if is_live(facts.last_inbound_at, facts.now):
        return Allowed()
    if facts.safe_hours == "":
        return Refused("only_after_they_write")
    return _in_hours(facts, facts.safe_hours or BY_DAY)


def _in_hours(facts: SendFacts, safe_hours: str) -> Answer:
    place = facts.place or NOWHERE
    if safe_now(place, facts.now, safe_hours):
        return Allowed()
    at = next_safe(place, facts.now, safe_hours)
    return Refused("no_hours") if at is None else Later("safe_hours", at)


def is_live(last_inbound_at: datetime | None, now: datetime) -> bool:
    """Whether they wrote so lately that they still hold the phone."""
    return last_inbound_at is not None and now - last_inbound_at < LIVE
