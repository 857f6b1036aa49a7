"""How fast may this campaign go now, and what would it say? Gathers the facts; `bot.rules.governor` decides."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.rules.freshness import Freshness, freshness
from bot.rules.governor import CANARY, GovernorFacts, Pace, release_now
from bot.rules.segments import count_segments, encoding, measure
from bot.services import Services
from bot.store import campaigns, handoffs, heartbeats, pacing, staff
from bot.store.campaigns import Campaign
from bot.store.db import Tx
from bot.usecases.refusal import Refused
from bot.usecases.signed_off import wording_at_the_gate
from flows.conversation import LANGUAGES

CLOCK = "clock"
"""The name under which `worker.py clock` gives its sign of life."""
_MINUTE = timedelta(minutes=1)
_IN_HAND = timedelta(seconds=15)
"""A text that has not left so long after it was due is still in flight, and holds back the next ones."""
_FIRST_NAME = re.compile(r"(?!.{9})[^\W\d_]+([ '-][^\W\d_]+)*")
_URGENT = ("P0", "P1", "P2")


def pace(tx: Tx, services: Services, campaign: Campaign) -> Pace:
    """What the governor says of this campaign now."""
    on_shift = staff.on_shift(tx, tx.now)
    ready, later, opens_at = pacing.queue_of(tx, campaign.campaign_id)
    found = campaigns.counts(tx, campaign.campaign_id)
    return release_now(
        GovernorFacts(
            now=tx.now,
            state=campaign.state,
            approved_by_other=campaign.approver_id is not None and campaign.approver_id != campaign.author_id,
            reviewed=is_reviewed(tx, services, campaign),
            stopped=campaigns.stopped(tx),
            heartbeat_at=heartbeats.last_beat(tx, CLOCK),
            on_shift=len(on_shift),
            last_shift_ends_at=max((one.ends_at for one in on_shift), default=None),
            busy=sum(one.owned_count for one in on_shift),
            waiting=sum(1 for one in handoffs.waiting(tx) if one.tier in _URGENT),
            fresh_openings=fresh_openings(tx, campaign.area),
            in_flight=pacing.in_flight(tx, tx.now - _IN_HAND),
            released_last_minute=pacing.released_since(tx, tx.now - _MINUTE),
            released=found["released"],
            canary_released_at=pacing.nth_released_at(tx, campaign.campaign_id, CANARY),
            opt_outs=found["opted_out"],
            ready=ready,
            waiting_for_hours=later,
            next_hours_at=opens_at,
        )
    )


def fresh_openings(tx: Tx, area: str) -> int:
    """Free places in the area whose count may be told. Programs that serve from afar do not count: they are always
    there, and would let a campaign run where nobody can be given a bed. No area means anywhere."""
    counts = [one for one in pacing.last_counts(tx) if area in ("", one.region)]
    return sum(
        one.available
        for one in counts
        if freshness(one.life, tx.now - one.observed_at, one.available) is Freshness.FRESH
    )


def is_reviewed(tx: Tx, services: Services, campaign: Campaign) -> bool:
    """Whether the opener is signed off in every language of the list, or drafts may be said here."""
    wording = wording_at_the_gate(tx, services)
    return services.settings.allow_unreviewed_texts or all(
        wording.is_reviewed(campaign.key, language) for language in campaigns.languages(tx, campaign.campaign_id)
    )


def opener(services: Services, *, key: str, language: str, sender: str, area: str) -> str:
    """The words of a campaign's first text. A region's name ends in the English word "area", which no other language
    says: "Cerca de San Antonio"."""
    place = area if language == "en" else area.removesuffix(" area")
    fields = {"NAME": sender, "BRAND": services.settings.brand, "AREA": place}
    return services.script.wording.render(key, language, fields)


def unfit_words(services: Services, *, key: str, sender: str, area: str) -> Refused | None:
    """Why these words cannot be sent, if they cannot: one plain segment in each language, and nothing telling."""
    if key not in campaigns.KEYS:
        return Refused("Choose one of the three first texts.")
    if not _FIRST_NAME.fullmatch(sender):
        return Refused("The sender is a staff first name or alias of at most 8 letters.")
    if strange := measure(sender).offenders:
        return Refused(f"The sender's name must do without {' '.join(strange)}: with it every text would cost two.")
    if key == "O2" and not area:
        return Refused("This text names the area: choose one.")
    for language in LANGUAGES:
        text = opener(services, key=key, language=language, sender=sender, area=area)
        if encoding(text) != "GSM-7" or count_segments(text) > 1:
            return Refused("With this name and area the text does not fit one message. Shorten it, or drop accents.")
    return None
