"""How fast may this campaign go now, and what would it say? Gathers the facts; `bot.rules.governor` decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.rules import forecast, governor, harm
from bot.rules.forecast import Coming, Sent
from bot.rules.freshness import Freshness, age_of, freshness
from bot.rules.governor import PER_MINUTE, STAGES, Cell, Desk, Facts, Gates, Lane, Pace, Queue
from bot.services import Services
from bot.store import campaign_harm, campaigns, heartbeats, pacing, promises, staff, watermarks
from bot.store.campaigns import Campaign
from bot.store.db import Tx
from bot.store.pacing import LastCount, Lately
from bot.store.staff import OnShift
from bot.usecases.campaign_words import is_reviewed
from bot.usecases.reconcile import NAME as CARRIERS_LIST
from flows.conversation import LANGUAGES

CLOCK = "clock"
"""The name under which `worker.py clock` gives its sign of life."""
HARM_WATCH = "harm"
"""And that of its look for signs of harm."""
_IN_HAND = timedelta(seconds=15)
"""A text that has not left so long after it was due holds back the next ones."""
_PROMISED_WITHIN = timedelta(minutes=5)
FOLLOW_UP_WITHIN = timedelta(days=30)
"""A first text older than this is followed up by nothing."""
_FALLBACK_ZONE = "America/Chicago"

InFlight = Mapping[tuple[str, str], Sent]
"""What was sent, by campaign and language."""


def pace(tx: Tx, services: Services, campaign: Campaign) -> Pace:
    """What the governor says of this campaign now."""
    return decide(tx, services, campaign)[0]


def decide(tx: Tx, services: Services, campaign: Campaign, sent: InFlight | None = None) -> tuple[Pace, Facts]:
    """The same, with what it rests on. `sent` may be given by who counted the texts in flight a moment ago: that is
    the one count that grows with the list, and a second changes nothing in it."""
    facts = Facts(_gates(tx, services, campaign))
    shut = governor.shut_gate(facts.gates)
    if shut is not None:
        return shut, facts
    counts = [one for one in pacing.last_counts(tx) if campaign.area in ("", one.region)]
    facts = replace(facts, lanes=_lanes(tx, campaign, counts, pacing.sent(tx) if sent is None else sent))
    return governor.decide(facts, place=campaign.area, zone=_zone(counts)), facts


def _gates(tx: Tx, services: Services, campaign: Campaign) -> Gates:
    mark, stop = watermarks.get(tx, CARRIERS_LIST), campaign_harm.standing_stop(tx, campaign.campaign_id)
    return Gates(
        now=tx.now,
        state=campaign.state,
        approved_by_other=campaign.approver_id is not None and campaign.approver_id != campaign.author_id,
        approved_at=campaign.approved_at,
        reviewed=is_reviewed(tx, services, campaign),
        stopped=campaigns.stopped(tx),
        heartbeat_at=heartbeats.last_beat(tx, CLOCK),
        harm_looked_at=heartbeats.last_beat(tx, HARM_WATCH),
        list_read_at=None if mark is None else mark.good_at,
        harm_code="" if stop is None else stop.code,
        harm="" if stop is None else harm.words(stop),
        follow_ups=campaign.follow_up and pacing.released_lately(tx, campaign.campaign_id, FOLLOW_UP_WITHIN),
    )


def _lanes(tx: Tx, campaign: Campaign, counts: Sequence[LastCount], sent: InFlight) -> tuple[Lane, ...]:
    """One a language in which somebody still waits."""
    languages = pacing.languages(tx, campaign.campaign_id, LANGUAGES)
    if not languages:
        return ()
    coming = dict(zip(sent, forecast.coming(list(sent.values())), strict=True))
    lately = pacing.lately(tx)
    area_of = pacing.areas(tx, {one for one, _ in sent} | set(lately))
    here = {one for one, area in area_of.items() if area == campaign.area} | {campaign.campaign_id}
    on_shift = staff.on_shift(tx, tx.now)
    standing = promises.due(tx, tx.now + _PROMISED_WITHIN)
    waiting = pacing.waiting(tx)
    queue = _queue(tx, campaign, [(one, lately[one]) for one in lately], here)
    places = {one: _openings(tx.now, counts, one, campaign.needs) for one in languages}
    return tuple(
        Lane(
            language,
            Cell(
                speakers=_desk(tx.now, [one for one in on_shift if _speaks(one, language)],
                               [one for (_, spoken), one in coming.items() if spoken == language]),
                everyone=_desk(tx.now, on_shift, coming.values()),
                waiting=waiting,
                promised=sum(1 for one in standing if one.wait),
                unmet=sum(1 for one in standing if not one.wait and one.due_at <= tx.now),
                openings=free,
                need=kind,
                coming=tuple(one for (whose, _), one in coming.items() if whose in here),
                mine=_belief(coming, campaign.campaign_id, language),
            ),
            _waiting_in(tx, campaign.campaign_id, language, queue),
        )
        for language, (free, kind) in places.items()
    )  # fmt: skip


def _belief(coming: dict[tuple[str, str], Coming], campaign_id: str, language: str) -> Coming:
    """What is believed of this list: of a new one, what all lists together teach."""
    mine = coming.get((campaign_id, language))
    return forecast.pooled(coming.values()) if mine is None else mine


def _speaks(one: OnShift, language: str) -> bool:
    return one.languages is None or language in one.languages


def _desk(now: datetime, advocates: Sequence[OnShift], coming: Iterable[Coming]) -> Desk:
    left = tuple(round((one.ends_at - now).total_seconds() / 60, 1) for one in advocates)
    return Desk(left, sum(one.owned_count for one in advocates), tuple(coming))


def _queue(tx: Tx, campaign: Campaign, lately: Sequence[tuple[str, Lately]], here: set[str]) -> Queue:
    launched_at = campaign.launched_at or tx.now
    since = campaign_harm.counted_from(tx, campaign.campaign_id, launched_at)
    released, last = pacing.released_since(tx, campaign.campaign_id, since, STAGES[-1] + 1)
    return Queue(
        unsent=pacing.unsent(tx, tx.now - _IN_HAND),
        last_minute=sum(one.minute for _, one in lately),
        last_ten_here=sum(one.ten for whose, one in lately if whose in here),
        last_hour_here=sum(one.hour for whose, one in lately if whose in here),
        released=released,
        last_released_at=last,
    )


def _waiting_in(tx: Tx, campaign_id: str, language: str, queue: Queue) -> Queue:
    ready = pacing.first_ready(tx, campaign_id, language, PER_MINUTE)
    later, opens_at = (0, None) if ready else pacing.later(tx, campaign_id, language)
    return replace(queue, ready=ready, waiting_for_hours=later, next_hours_at=opens_at)


def _openings(now: datetime, counts: Sequence[LastCount], language: str, needs: Sequence[str]) -> tuple[int, str]:
    """Free places whose count may be told and where the language is spoken, or nobody has said which are: of each kind
    the people of the list may ask for, and then of that kind of which there are fewest, with its name where it is not
    simply a bed. A bed keeps no promise to somebody who needs a lawyer. What else somebody needs is not known before
    they answer. Programs that serve from afar are no region's, and do not count: they are always there, and would let a
    campaign run where nobody can be given a bed."""
    free = dict.fromkeys(needs, 0)
    for one in counts:
        if one.need in free and _is_spoken(one, language) and _is_fresh(one, now):
            free[one.need] += one.available
    scarcest = min(free, key=lambda need: free[need])
    return free[scarcest], "" if tuple(needs) == ("bed",) else scarcest



def _is_spoken(one: LastCount, language: str) -> bool:
    spoken = one.facets.get("languages")
    return not isinstance(spoken, list | tuple) or not spoken or language in spoken


def _is_fresh(one: LastCount, now: datetime) -> bool:
    age = age_of(one.observed_at, now, one.facets.get("resets_at"), one.facets.get("timezone"))
    return freshness(one.life, age, one.available) is Freshness.FRESH


def _zone(counts: Sequence[LastCount]) -> str:
    """Where the area's clocks are set, as its programs say."""
    return next((str(one.facets["timezone"]) for one in counts if one.facets.get("timezone")), _FALLBACK_ZONE)

