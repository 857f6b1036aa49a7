"""Which texts leave next? Due rows, asked about once more, paced by their senders, and put under our lease."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from bot import log, metrics
from bot.ports import OutboundText
from bot.rules.asking import OFFICE_HOURS
from bot.rules.hours import place_of
from bot.rules.may_send import TIMED, Allowed, Later, Refused, SendFacts, may_send
from bot.rules.sending import ANSWER, CAMPAIGN, URGENT, Limit, Standing, handed_over, limit_of, room, sender_for
from bot.services import Services
from bot.settings import Settings
from bot.store import campaigns, conversations, disclosures, outbox, senders, threads
from bot.store.db import Tx
from bot.store.outbox import Wanted
from bot.store.own_texts import SCHEDULED
from bot.usecases import drop_scheduled, holder
from bot.usecases.provider_texts import telling_keys
from bot.usecases.signed_off import wording_at_the_gate
from bot.usecases.withhold_unsigned import AGAIN, TELLS, tell_of_withheld
from flows.wording import Wording

Room = tuple[int, int, int]
"""How many more texts of each class may be claimed: urgent, answers, campaigns."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One text that may leave now. `nth` is which attempt this is."""

    message_id: str
    conversation_id: str
    nth: int
    sender: str
    """The number of ours, or the service, it leaves by."""
    due_at: datetime
    text: OutboundText


@dataclass(slots=True)
class Pace:
    """What each of our senders may still carry in this claim."""

    now: datetime
    limits: Mapping[str, Limit]
    standings: dict[str, Standing]

    @property
    def limited(self) -> bool:
        return any(limit != Limit() for limit in self.limits.values())

    def shut(self, urgency: int) -> frozenset[str]:
        """Senders with no room for this class."""
        names = self.limits
        return frozenset(name for name in names if room(names[name], self.standings[name], self.now, urgency) <= 0)

    def take(self, sender: str, urgency: int, segments: int) -> bool:
        """Room for one more text by this sender? If so, it is counted."""
        limit, standing = self.limits[sender], self.standings[sender]
        if room(limit, standing, self.now, urgency) <= 0:
            return False
        self.standings[sender] = handed_over(limit, standing, self.now, segments)
        return True


def claim_texts(tx: Tx, services: Services, wanted: Room, lease: timedelta) -> list[Claimed]:
    """Put under our lease what may leave now, urgent ones first, at most as many of each class as wanted."""
    pace = _pace(tx, services.settings, locked=True)
    wording, telling = wording_at_the_gate(tx, services), telling_keys(services.script)
    claimed: list[Claimed] = []
    by_sender: dict[str, list[str]] = defaultdict(list)
    now_known: dict[str, list[str]] = defaultdict(list)
    for some, limit in _looks(pace, wanted):
        rows = outbox.due(tx, some, limit, locked=True)
        facts = _gather(tx, rows)
        unreleased = disclosures.unreleased(tx, [row.message_id for row in rows if row.key in telling])
        for row in rows:
            urgency = urgency_of(row.priority)
            if len(claimed) >= wanted[urgency]:
                continue
            if row.message_id in unreleased:
                _withhold(tx, row.message_id, "release_ended")
                continue
            validity_s = _asked_once_more(tx, services, row, _facts(tx, services, row, facts, wording))
            if validity_s is None:
                continue
            sender = sender_of(services.settings, row.known_sender, row.phone_key)
            if sender in services.settings.twilio_from and sender != row.known_sender:
                now_known[sender].append(row.person_id)
            if pace.take(sender, urgency, row.segments):
                by_sender[sender].append(row.message_id)
                claimed.append(_claimed(tx, row, validity_s, sender, services.settings))
    outbox.claim(tx, by_sender, lease)
    outbox.know(tx, now_known)
    if pace.limited:
        for name in by_sender:
            standing = pace.standings[name]
            senders.keep(tx, name, free_at=standing.free_at, day=standing.day, today=standing.today)
    return claimed


def anything_due(tx: Tx, services: Services, wanted: Room = (1, 1, 1)) -> bool:
    """Could a text leave now? What the sweep rings for."""
    looks = _looks(_pace(tx, services.settings, locked=False), wanted)
    return any(outbox.due(tx, some, 1) for some, _ in looks)


def sender_names(settings: Settings) -> tuple[str, ...]:
    """Our numbers; or the one service that chooses among its own."""
    service = settings.twilio_messaging_service_sid
    return (service,) if service else settings.twilio_from


def sender_of(settings: Settings, known: str | None, phone_key: str) -> str:
    names = sender_names(settings)
    return names[0] if len(names) == 1 else sender_for(known, names, phone_key)


def urgency_of(priority: int) -> int:
    if priority <= outbox.URGENT:
        return URGENT
    return CAMPAIGN if priority >= outbox.CAMPAIGN else ANSWER


def _pace(tx: Tx, settings: Settings, *, locked: bool) -> Pace:
    names = sender_names(settings)
    limits = {name: limit_of(name, settings.sender_rates, assumed=not settings.twilio_api_base) for name in names}
    limited = [name for name in names if limits[name] != Limit()]
    found = senders.lock(tx, limited) if locked and limited else {}
    found = senders.read(tx, names) | found
    waiting = senders.unconfirmed(tx, limited) if limited else {}
    standings = {name: _standing(found.get(name), waiting.get(name, 0)) for name in names}
    return Pace(tx.now, limits, standings)


def _standing(row: Row[Any] | None, unconfirmed: int) -> Standing:
    if row is None:
        return Standing()
    return Standing(row.free_at, row.quiet_until, row.campaigns_at, row.day, row.today, unconfirmed)


def _looks(pace: Pace, wanted: Room) -> Iterator[tuple[Wanted, int]]:
    """Which rows to look at, and how many: those of conversations, then those of campaigns, so that few are read in
    vain. A class that there is no room for is not read."""
    shut = {urgency: pace.shut(urgency) for urgency in (ANSWER, CAMPAIGN)}
    everyone = frozenset(pace.limits)
    answers = wanted[ANSWER] > 0 and shut[ANSWER] != everyone
    if wanted[URGENT] > 0:
        last = outbox.CAMPAIGN - 1 if answers else outbox.URGENT
        yield Wanted(last=last, shut_answers=shut[ANSWER]), wanted[URGENT]
    if wanted[CAMPAIGN] > 0 and shut[CAMPAIGN] != everyone:
        yield Wanted(first=outbox.CAMPAIGN, shut_campaigns=shut[CAMPAIGN]), wanted[CAMPAIGN]


def _asked_once_more(tx: Tx, services: Services, row: Row[Any], facts: SendFacts) -> int | None:
    """How long the carrier may hold it, if it may leave now; what may not is written off, or put off."""
    match may_send(facts):
        case Allowed(validity_s):
            return validity_s
        case Refused(reason) if reason in TELLS and not tell_of_withheld(
            tx, services, conversation_id=row.conversation_id, kind=row.kind, reason=reason
        ):
            outbox.put_off(tx, row.message_id, tx.now + AGAIN, reason)
        case Refused(reason) if row.kind == SCHEDULED and not drop_scheduled.at_its_hour(
            tx, services, conversation_id=row.conversation_id, message_id=row.message_id
        ):
            outbox.put_off(tx, row.message_id, tx.now + AGAIN, reason)
        case Refused(reason):
            _withhold(tx, row.message_id, reason)
        case Later(reason, at):
            outbox.put_off(tx, row.message_id, at, reason)
    return None


def _claimed(tx: Tx, row: Row[Any], validity_s: int, sender: str, settings: Settings) -> Claimed:
    body = tx.keys.open("messages.body", row.message_id, row.body)
    number = tx.keys.open("people.phone", row.person_id, row.phone)
    by = sender if sender in settings.twilio_from else ""
    text = OutboundText(row.message_id, number, body, validity_s, by)
    return Claimed(row.message_id, row.conversation_id, row.attempts + 1, sender, row.due_at, text)


def _withhold(tx: Tx, message_id: str, reason: str) -> None:
    outbox.withhold(tx, message_id, reason)
    metrics.sends.count("withheld")
    log.event("text_withheld", message_id=message_id, reason=reason)


# What the gate looks at


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of the texts of one claim that keep to somebody's hours."""

    stopped: bool
    consents: Mapping[str, str]
    wrote_at: Mapping[str, datetime]
    campaigns: Mapping[str, Row[Any]]
    releases: Mapping[str, Mapping[str, datetime]]
    offices: Mapping[str, tuple[str | None, tuple[int, int] | None]]
    zip3s: Mapping[str, tuple[str, ...]]


def _gather(tx: Tx, rows: Sequence[Row[Any]]) -> _About | None:
    """In one statement for each kind of fact, however many texts there are."""
    timed = [row for row in rows if row.kind in TIMED]
    if not timed:
        return None
    people = {row.person_id for row in timed}
    recipients = {row.recipient_id for row in timed if row.kind == "campaign"}
    asked = {row.phone_key for row in timed if row.kind == "ask"}
    return _About(
        stopped=campaigns.stopped(tx),
        consents=outbox.consents(tx, {row.phone_key for row in timed}),
        wrote_at=outbox.last_inbound(tx, people),
        campaigns=outbox.campaigns_of(tx, recipients) if recipients else {},
        releases=outbox.releases(tx, people) if recipients else {},
        offices=outbox.office_hours_of(tx, asked) if asked else {},
        zip3s=conversations.stated_zip3s(tx, people),
    )


def _facts(tx: Tx, services: Services, row: Row[Any], about: _About | None, wording: Wording) -> SendFacts:
    basics = {
        "kind": row.kind,
        "created_at": row.created_at,
        "now": tx.now,
        "suppressed": row.suppressed_at is not None,
        "epoch": row.epoch,
        "current_epoch": row.current_epoch,
        "held_by": row.held_by,
        "reviewed": row.key is None or wording.is_reviewed(row.key, row.language),
        "allow_unreviewed": services.settings.allow_unreviewed_texts,
        "attempts": row.attempts,
    }
    if about is None or row.kind not in TIMED:
        return SendFacts(**basics)
    timezone, hours = about.offices.get(row.phone_key, (None, None))
    return SendFacts(
        **basics,
        stopped=about.stopped,
        consent=about.consents.get(row.phone_key, "none"),
        safe_hours=row.safe_hours,
        expected=row.kind == "notice" and row.safe_hours is None,
        place=place_of(tx.keys.open("people.phone", row.person_id, row.phone), about.zip3s.get(row.person_id, ())),
        last_inbound_at=about.wrote_at.get(row.person_id),
        doubted=row.kind in ("notice", SCHEDULED) and _doubted(tx, services, row.conversation_id),
        timezone=timezone,
        office_hours=hours or OFFICE_HOURS,
        **(_campaign_facts(row, about) if row.kind == "campaign" else {}),
    )


def _doubted(tx: Tx, services: Services, conversation_id: str) -> bool:
    stored = threads.read(tx, conversation_id)
    return stored is not None and holder.in_doubt(tx, services, stored)


def _campaign_facts(row: Row[Any], about: _About) -> dict[str, Any]:
    campaign = about.campaigns.get(row.recipient_id)
    others = [at for one, at in about.releases.get(row.person_id, {}).items() if one != row.recipient_id]
    wrote_at = about.wrote_at.get(row.person_id)
    last = max(others, default=None)
    unanswered = last is not None and not (wrote_at is not None and wrote_at >= last)
    return {
        "basis": None if campaign is None else campaign.basis,
        "campaign_state": None if campaign is None else campaign.state,
        **({} if campaign is None else {"window": (campaign.window_from, campaign.window_to)}),
        "last_unanswered_at": last if unanswered else None,
        "released_before": len(others),
    }
