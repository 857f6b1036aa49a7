"""What may be done with this person now, by whom, until when? What the acts of the page are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot.rules.phrases import phrase
from bot.rules.presence import Presence
from bot.rules.protocols import TRIGGERS
from bot.services import Services
from bot.store import handoff_offers, presence, staff
from bot.store.db import Tx
from bot.store.handoff_offers import HandoffOffer
from bot.store.staff import Staff
from bot.usecases import offer, park
from bot.usecases.park_hours import park_hours
from bot.web.desk import act_words, queue, words
from bot.web.desk.times import theirs
from bot.web.desk.views import Talk


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody on shift to whom a person may be given on."""

    staff_id: str
    alias: str
    here: str
    """Whether they are, in words."""
    speaks: str
    load: int
    capacity: int
    fits: bool
    """They speak the person's language, as far as they have said."""

    @property
    def in_words(self) -> str:
        of = {"alias": self.alias, "here": self.here, "load": self.load, "most": self.capacity, "speaks": self.speaks}
        if self.fits:
            return phrase("%(alias)s: %(here)s, holds %(load)s of %(most)s, speaks %(speaks)s", **of)
        return phrase("%(alias)s: %(here)s, holds %(load)s of %(most)s, speaks %(speaks)s, not their language", **of)


@dataclass(frozen=True, slots=True)
class Asked:
    """A colleague who was asked and has not answered."""

    alias: str
    kind: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Chair:
    asked_by: str
    beside: str
    """Who sits there; empty while nobody does."""
    mine: bool


@dataclass(frozen=True, slots=True)
class Standing:
    asked: tuple[Asked, ...]
    to_me: queue.Offered | None
    chair: Chair | None
    colleagues: tuple[Colleague, ...]
    hours: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Hours that are safe, by day: what is sent back, and how it is written."""
    tomorrow: str
    parked_until: str
    """When it is looked at again, by their clock; meant for one that is parked."""
    triggers: tuple[tuple[str, str], ...]


def of(tx: Tx, services: Services, account: Staff, talk: Talk, offered: tuple[queue.Offered, ...]) -> Standing:
    place, moments = park_hours(tx, talk.person_id)
    handoff = talk.handoff
    tomorrow = next((one for one in moments if one - tx.now >= park.NEXT_DAY), None)
    return Standing(
        asked=_asked(tx, talk),
        to_me=next((one for one in offered if one.row.handoff_id == handoff.handoff_id), None),
        chair=_chair(tx, account, talk),
        colleagues=_colleagues(tx, services, account, talk) if talk.mine else (),
        hours=_by_day(moments, place.zones, tx.now) if talk.mine else (),
        tomorrow=theirs(tomorrow, place.zones, tx.now) if tomorrow else "",
        parked_until=theirs(handoff.next_at, place.zones, tx.now) if handoff.next_at else "",
        triggers=tuple((one, act_words.TRIGGERS[one]) for one in TRIGGERS),
    )  # fmt: skip


def _asked(tx: Tx, talk: Talk) -> tuple[Asked, ...]:
    standing: list[HandoffOffer] = [
        one for one in handoff_offers.open_of(tx, talk.handoff.handoff_id) if one.expires_at > tx.now
    ]
    names = staff.aliases(tx, [one.staff_id for one in standing])
    return tuple(Asked(names[one.staff_id], one.kind, one.expires_at) for one in standing)


def _chair(tx: Tx, account: Staff, talk: Talk) -> Chair | None:
    chair = handoff_offers.chair_of(tx, talk.handoff.handoff_id) if talk.handoff.is_owned else None
    if chair is None:
        return None
    names = staff.aliases(tx, [chair.asked_by_id, *([chair.staff_id] if chair.staff_id else [])])
    return Chair(names[chair.asked_by_id], names.get(chair.staff_id or "", ""), chair.staff_id == account.staff_id)


def _colleagues(tx: Tx, services: Services, account: Staff, talk: Talk) -> tuple[Colleague, ...]:
    """Everybody on shift: who is here and speaks their language first, then who holds least."""
    team = [one for one in presence.team(tx) if one.staff_id != account.staff_id]
    names = staff.aliases(tx, [one.staff_id for one in team])
    found = []
    for one in team:
        spoken = one.languages.split(",") if one.languages else []
        here = offer.present(one, services, tx)
        speaks = words.all_of(words.LANGUAGES.get(one, one) for one in spoken) if spoken else phrase("not said")
        colleague = Colleague(one.staff_id, names[one.staff_id], act_words.PRESENCE[here], speaks, one.load,
                              one.capacity or services.ladder.capacity,
                              not spoken or talk.language in spoken)  # fmt: skip
        found.append((here is not Presence.HERE, not colleague.fits, colleague.load, colleague.alias, colleague))
    return tuple(row[-1] for row in sorted(found, key=lambda row: row[:4]))


def _by_day(moments: list[datetime], zones: tuple[str, ...],
            now: datetime) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:  # fmt: skip
    written = [(theirs(moment, zones, now), moment) for moment in moments]
    days = groupby(written, key=lambda pair: pair[0].values["day"])
    return tuple((day, tuple((moment.isoformat(), text) for text, moment in some)) for day, some in days)
