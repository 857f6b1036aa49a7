"""How fast may texts leave by one of our numbers, which number does a person know, and how long is a retry put off?

Pure. The carrier's own queue can be neither seen nor reordered, and what lies in it cannot be taken back (R-N13): so it
is kept short here. Each sender has a rate in segments a second, as a clock that runs ahead of the wall by what was
handed over (`free_at`); a text may leave while that clock is not further ahead than its class allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from math import inf
from zoneinfo import ZoneInfo

URGENT, ANSWER, CAMPAIGN = range(3)
"""A text about danger (or the one confirmation of STOP) · what answers somebody · what nobody asked for."""

AHEAD_S = (inf, 10.0, 1.0)
"""How far each class may run a sender's clock ahead: behind a campaign an answer waits a second at the carrier and no
more, and a text about danger is handed over whatever the clock says."""
UNCONFIRMED_S = (inf, 60.0, 30.0)
"""So much of a sender's rate may lie at the carrier without a receipt that says it went on (R-N13)."""
OF_THE_DAY = (inf, 1.0, 0.8)
"""The share of a daily cap each class may use up: campaigns leave a fifth of it for answers."""
CAP_ZONE = ZoneInfo("America/Los_Angeles")
"""The caps of the network that has them end at midnight, Pacific time (30023)."""

FIRST_RETRY_S, LONGEST_RETRY_S = 5.0, 300.0
JITTER = 0.25

_BY_KIND = (  # `campaigns.md` 4.4: short code, toll-free, and a long code of a low-volume brand
    (str.isdigit, 100.0),
    (lambda sender: sender.startswith(("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")), 3.0),
    (bool, 4.0),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a sender may carry: segments a second, and segments a day. None is no limit."""

    per_s: float | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a sender has carried. `unconfirmed` are segments the carrier took and has not said to have passed on."""

    free_at: datetime | None = None
    quiet_until: datetime | None = None
    campaigns_at: datetime | None = None
    day: str = ""
    today: int = 0
    unconfirmed: int = 0


def limit_of(sender: str, rates: Mapping[str, tuple[float, int | None]], *, assumed: bool) -> Limit:
    """The limit that was set for this sender, or for all (`*`); else, if `assumed`, what its kind usually carries."""
    found = rates.get(sender) or rates.get("*")
    if found is not None:
        return Limit(*found)
    if not assumed:
        return Limit()
    return Limit(next(per_s for is_one, per_s in _BY_KIND if is_one(sender)))


def room(limit: Limit, standing: Standing, now: datetime, urgency: int) -> float:
    """How many segments of this class may leave by this sender now. While it is above zero one more text may, whatever
    its length: a long text is not held back for ever by a slow sender."""
    if urgency == URGENT:
        return inf
    if standing.quiet_until is not None and standing.quiet_until > now:
        return 0.0
    if urgency == CAMPAIGN and standing.campaigns_at is not None and standing.campaigns_at > now:
        return 0.0
    left = inf
    if limit.per_s is not None:
        ahead_s = max(0.0, (standing.free_at - now).total_seconds()) if standing.free_at else 0.0
        left = (AHEAD_S[urgency] - ahead_s) * limit.per_s
        left = min(left, UNCONFIRMED_S[urgency] * limit.per_s - standing.unconfirmed)
    if limit.per_day is not None:
        today = standing.today if standing.day == day_of(now) else 0
        left = min(left, limit.per_day * OF_THE_DAY[urgency] - today)
    return max(left, 0.0)


def handed_over(limit: Limit, standing: Standing, now: datetime, segments: int) -> Standing:
    """The sender's standing after so many segments."""
    day = day_of(now)
    free_at = standing.free_at
    if limit.per_s is not None:
        since = now if free_at is None else max(free_at, now)
        free_at = since + timedelta(seconds=segments / limit.per_s)
    today = (standing.today if standing.day == day else 0) + segments
    return replace(standing, free_at=free_at, day=day, today=today, unconfirmed=standing.unconfirmed + segments)


def day_of(now: datetime) -> str:
    return now.astimezone(CAP_ZONE).date().isoformat()


def day_ends(now: datetime) -> datetime:
    """When the daily caps begin anew."""
    local = now.astimezone(CAP_ZONE)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def retry_after_s(attempts: int, asked_s: float | None, message_id: str) -> float:
    """How long a text the carrier did not take is put off: at least as long as it asked, else doubling; and up to a
    quarter more, by the text's own id, so that those that were refused together do not come back together."""
    wait = asked_s if asked_s is not None else min(FIRST_RETRY_S * 2 ** min(max(attempts - 1, 0), 10), LONGEST_RETRY_S)
    return wait * (1 + JITTER * int(sha256(message_id.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF)


def sender_for(known: str | None, senders: Sequence[str], phone_key: str) -> str:
    """The one of our numbers this person hears from: the one they know while we have it. For somebody new the number
    with the highest random weight: one that is dropped moves only its own share of people."""
    if known in senders:
        return str(known)
    return max(senders, key=lambda sender: sha256(f"{sender} {phone_key}".encode()).digest())


def another_sender(used: str, senders: Sequence[str], phone_key: str) -> str | None:
    """For a person whom the number they know cannot reach: the next best one, if we have one."""
    others = [sender for sender in senders if sender != used]
    return sender_for(None, others, phone_key) if others else None
