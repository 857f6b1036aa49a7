"""How many campaign texts may be released now, and why? Back-pressure: only what advocates and openings can serve.

`campaigns.md` 5.1: four a minute, only while nobody waits and at most half of the advocates' places are busy, answers
more people in time than any fixed rate. It fails closed: what is not known to be good counts as bad (R-N10).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PER_MINUTE = 4
PLACES_PER_ADVOCATE = 2
"""Conversations one advocate holds at a time (`domain.md` 3.8)."""
CANARY = 20
CANARY_REST = timedelta(minutes=30)
"""After the first 20 the campaign rests, so that what they bring is seen before more go out."""
MAX_OPT_OUT_SHARE = 0.08
MIN_OPT_OUTS = 3  # one or two people's STOP is no share of anything yet
HEARTBEAT_AGE = timedelta(seconds=30)
SHIFT_TAIL = timedelta(minutes=30)
"""Nothing is released so shortly before the last advocate's shift ends: the replies would find nobody."""


@dataclass(frozen=True, slots=True)
class GovernorFacts:
    """What one decision for one campaign rests on. Counts are taken in the transaction that decides."""

    now: datetime
    state: str
    """campaigns.state."""
    approved_by_other: bool
    """Approved, by somebody who did not make the campaign."""
    reviewed: bool
    """Every language of the opener is signed off, or unreviewed texts are allowed here."""
    stopped: bool
    """The kill switch is on."""
    heartbeat_at: datetime | None
    """The clock's last sign of life before this moment; None if it never gave one."""
    on_shift: int
    """Advocates on shift now."""
    last_shift_ends_at: datetime | None
    busy: int
    """Hand-offs these advocates own."""
    waiting: int
    """Hand-offs of tiers P0 to P2 that nobody has taken."""
    fresh_openings: int
    """Openings in the area whose count is fresh enough to be told."""
    in_flight: int
    """Campaign texts released, of any campaign, that have not yet left for the carrier."""
    released_last_minute: int
    """Of any campaign."""
    released: int
    """Of this campaign, ever."""
    canary_released_at: datetime | None
    """When this campaign's 20th text was released."""
    opt_outs: int
    """People this campaign texted whose number is suppressed now."""
    ready: int
    """Recipients waiting whose local hours are open."""
    waiting_for_hours: int
    next_hours_at: datetime | None
    """When the first of those becomes ready."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`n` texts may be released now. `code` names the gate that holds it, or is `sending` or `done`; `sentence` says
    it to a coordinator in words."""

    n: int
    code: str
    sentence: str


def release_now(facts: GovernorFacts) -> Pace:
    """The first shut gate holds; with all open, what is left of this minute's four, of the places and of the canary."""
    held = _shut_gate(facts) or _harm(facts) or _capacity(facts) or _nobody_ready(facts)
    if held is not None:
        return Pace(0, *held)
    rest_until = _canary_rest(facts)
    if rest_until is not None:
        return Pace(0, "canary", f"Resting after the first {CANARY} texts, to see what they bring: more in "
                                 f"{_minutes(rest_until - facts.now)}.")  # fmt: skip
    left = PER_MINUTE - facts.released_last_minute - facts.in_flight
    canary_left = CANARY - facts.released if facts.released < CANARY else PER_MINUTE
    n = max(0, min(left, canary_left, facts.ready))
    if n == 0:
        return Pace(
            0, "minute", f"Waiting: {PER_MINUTE} texts a minute are the most, and the last ones have just gone out."
        )
    return Pace(n, "sending", _sending(n, facts))


def _shut_gate(facts: GovernorFacts) -> tuple[str, str] | None:
    if facts.state != "running":
        words = {
            "draft": "Not sending: a second person has not approved it yet.",
            "approved": "Not sending: approved, and waiting to be launched.",
            "paused": "Not sending: paused. It stays paused until a person resumes it.",
            "done": "Done: nobody on this list is left to text.",
        }
        return facts.state, words.get(facts.state, "Not sending.")
    if not facts.approved_by_other:
        return "approval", "Not sending: a second person has not approved it."
    if facts.stopped:
        return "kill_switch", "Not sending: all campaigns are stopped."
    if not facts.reviewed:
        return "unreviewed", "Not sending: this wording is not signed off in every language of the list."
    if facts.heartbeat_at is None or facts.now - facts.heartbeat_at > HEARTBEAT_AGE:
        return "clock", "Not sending: the clock gives no sign of life, so nothing could be taken back in time."
    return None


def _harm(facts: GovernorFacts) -> tuple[str, str] | None:
    if facts.opt_outs < MIN_OPT_OUTS or facts.opt_outs <= MAX_OPT_OUT_SHARE * facts.released:
        return None
    share = f"{facts.opt_outs} of {facts.released} people texted said stop"
    return "opt_outs", f"Stopped: {share}, which is more than 8 in 100."


def _capacity(facts: GovernorFacts) -> tuple[str, str] | None:
    if facts.on_shift == 0 or facts.last_shift_ends_at is None:
        return "nobody_on_shift", "Not sending: no advocate is on shift to answer the replies."
    if facts.last_shift_ends_at - facts.now < SHIFT_TAIL:
        return "shift_ends", "Not sending: the last shift ends within 30 minutes, and replies would find nobody."
    if facts.waiting > 0:
        return "people_waiting", f"Not sending: {_people(facts.waiting)} for an advocate already."
    places = facts.on_shift * PLACES_PER_ADVOCATE
    if facts.busy * 2 > places:
        return "busy", f"Not sending: {facts.busy} of {places} places with advocates are taken, more than half."
    if facts.fresh_openings <= 0:
        return "no_openings", "Not sending: no opening in this area is known to be free now."
    return None


def _nobody_ready(facts: GovernorFacts) -> tuple[str, str] | None:
    if facts.ready > 0:
        return None
    if facts.waiting_for_hours == 0:
        return "done", "Done: nobody on this list is left to text."
    soon = "" if facts.next_hours_at is None else f" The first opens in {_minutes(facts.next_hours_at - facts.now)}."
    verb = "number is" if facts.waiting_for_hours == 1 else "numbers are"
    return "hours", f"Not sending: {facts.waiting_for_hours} {verb} outside local hours.{soon}"


def _canary_rest(facts: GovernorFacts) -> datetime | None:
    if facts.released < CANARY or facts.canary_released_at is None:
        return None
    until = facts.canary_released_at + CANARY_REST
    return until if until > facts.now else None


def _sending(n: int, facts: GovernorFacts) -> str:
    advocates = "1 advocate" if facts.on_shift == 1 else f"{facts.on_shift} advocates"
    openings = "1 opening" if facts.fresh_openings == 1 else f"{facts.fresh_openings} openings"
    places = facts.on_shift * PLACES_PER_ADVOCATE
    return (
        f"Sending {n} now: {advocates} on shift, {facts.busy} of {places} places taken, nobody waiting, "
        f"{openings} free. At most {PER_MINUTE} a minute."
    )


def _people(n: int) -> str:
    return "1 person waits" if n == 1 else f"{n} people wait"


def _minutes(span: timedelta) -> str:
    minutes = max(1, -(-int(span.total_seconds()) // 60))
    if minutes < 90:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60:02d} min"
