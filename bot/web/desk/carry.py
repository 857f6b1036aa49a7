"""What is being carried through for this person? Their releases, the warm transfer, the follow-up, promises and duties,
read once for the part of their page that shows them all, and swapped as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from bot.rules import sharing, warm_transfer
from bot.rules.hours import next_safe
from bot.rules.phrases import phrase
from bot.rules.protocols import FRESH_FOR
from bot.rules.sharing import INTRODUCE
from bot.rules.warm_transfer import Deed, State
from bot.services import Services
from bot.store import (
    directory,
    disclosures,
    holds,
    promises,
    referrals,
    releases,
    staff,
    tasks,
    warm_transfers,
)
from bot.store.db import Tx
from bot.store.disclosures import Disclosure
from bot.store.promises import Promise
from bot.store.referrals import Happened, Referral
from bot.store.releases import Release
from bot.store.tasks import Task
from bot.store.warm_transfers import Step, Transfer
from bot.usecases import tell_place, warm
from bot.usecases.composing import where_they_may_be
from bot.usecases.fire_protocol import KIND as PROTOCOL
from bot.usecases.refusal import Refused
from bot.web.desk.views import Talk
from bot.web.tongue import flash

MOST_TEXTS = 8
"""Of their latest texts, so many may be pointed at as the one that says yes."""


@dataclass(frozen=True, slots=True)
class Given:
    """One yes, with the name of whom it is for."""

    release: Release
    to: str
    stands: bool

    @property
    def told(self) -> str:
        return sharing.in_words(self.release.told)


@dataclass(frozen=True, slots=True)
class Told:
    what: Disclosure
    code_name: str

    @property
    def items(self) -> str:
        return sharing.in_words(self.what.told.split(","))


@dataclass(frozen=True, slots=True)
class Warm:
    """The transfer under way. `covered` says whether their yes lets them be on the line together."""

    transfer: Transfer
    steps: tuple[Step, ...]
    spoke_with: str
    covered: bool
    tells: tuple[str, ...]
    """What may be told to this place now, in words: a name among them, when they gave one for it."""
    says: dict[Deed, str]
    """The text the person may be sent with each deed, where there is one that is signed off."""

    @property
    def deeds(self) -> tuple[Deed, ...]:
        return warm_transfer.deeds_of(State(self.transfer.state))


@dataclass(frozen=True, slots=True)
class Word:
    """A promise, in words. `safe_at` is the first moment before it is due at which a text may keep it."""

    promise: Promise
    what: str
    by: str
    safe_at: datetime | None
    no_safe_hour: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """A task, with the lines of what the protocol said on the day it fired."""

    task: Task
    lines: tuple[tuple[str, str], ...]
    who: str
    backup: str
    verified: bool
    """Somebody has looked at the row it stands on within a year."""

    @property
    def source(self) -> str:
        """What it stands on, as the protocol named it."""
        return dict(self.lines).get("Source", "")


@dataclass(frozen=True, slots=True)
class Carry:
    now: datetime
    places: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]
    given: tuple[Given, ...]
    told: tuple[Told, ...]
    warm: Warm | None
    past: tuple[Transfer, ...]
    referral: Referral | None
    happened: tuple[Happened, ...]
    words: tuple[Word, ...]
    duties: tuple[Duty, ...]
    names: dict[str, str]

    @property
    def others(self) -> tuple[Duty, ...]:
        """Tasks that no protocol fired: those have a card of their own."""
        return tuple(one for one in self.duties if one.task.kind != PROTOCOL)

    def duty(self, task_id: str) -> Duty | None:
        return next((one for one in self.duties if one.task.task_id == task_id), None)

    @property
    def shown(self) -> tuple[Given, ...]:
        """What stands, and the few that ended last."""
        ended = [one for one in self.given if not one.stands]
        return (*(one for one in self.given if one.stands), *ended[:3])

    @property
    def has_standing(self) -> bool:
        return any(one.stands for one in self.given)


def read(tx: Tx, services: Services, talk: Talk) -> Carry:
    talk_id, person_id = talk.conversation_id, talk.person_id
    transfers = warm_transfers.of_conversation(tx, talk_id)
    referral = referrals.latest_of(tx, talk_id)
    happened = tuple(referrals.events_of(tx, referral.referral_id)) if referral else ()
    duties = tasks.list_open(tx, conversation_id=talk_id)
    ledger = [one for one in promises.all_of(tx, talk_id) if one.is_open]
    named = {
        *(one for task in duties for one in (task.assigned_to, task.backup_id)),
        *(one.staff_id for one in (*ledger, *happened)),
        *(one.noted_by for one in releases.of_person(tx, person_id)),
    }
    names = staff.aliases(tx, [one for one in named if one])
    open_transfer = next((one for one in transfers if one.ended_at is None), None)
    return Carry(
        now=tx.now,
        places=_places(tx, talk, transfers),
        texts=tuple((line.message.message_id, line.message.body[:60]) for line in reversed(talk.lines)
                    if line.message.direction == "in")[:MOST_TEXTS],
        given=_given(tx, person_id),
        told=_told(tx, talk_id),
        warm=_warm(tx, services, talk, person_id, open_transfer) if open_transfer else None,
        past=tuple(one for one in transfers if one.ended_at is not None),
        referral=referral,
        happened=happened,
        words=tuple(word_of(tx, one, promises.what_of(tx, one.promise_id), names, person_id) for one in ledger),
        duties=tuple(_duty(tx, one, names) for one in duties),
        names=names,
    )  # fmt: skip


def back(conversation_id: str, answer: object, said: str = "", *, at: str = "carry") -> Response:
    """To the page, with what came of it: shown where it was pressed, too."""
    words = answer.reason if isinstance(answer, Refused) else said
    if words:
        flash(words, "duty" if at == "protocols" else "carry")
    return redirect(url_for("desk.conversation", conversation_id=conversation_id) + f"#{at}")


def chosen_place(tx: Tx) -> str | None:
    """The program picked from the list, or typed by its code name."""
    form = request.form
    return directory.program_id_of(tx, form.get("code", "").strip()[:64] or form.get("program_id", "")[:64])


def word_of(tx: Tx, promise: Promise, what: str, names: dict[str, str], person_id: str) -> Word:
    safe_at = None
    chosen = promise.safe_hours
    if promise.staff_id is not None and chosen:
        safe_at = next_safe(where_they_may_be(tx, person_id), tx.now, chosen)
    late = bool(chosen) and promise.staff_id is not None and (safe_at is None or safe_at > promise.due_at)
    return Word(promise, what, names.get(promise.staff_id or "", ""), safe_at, late)


def lines_of(script: str | None) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(": ") for line in (script or "").splitlines() if line.strip())
    return tuple((name, text) for name, _, text in pairs)


def _places(tx: Tx, talk: Talk, transfers: Iterable[Transfer]) -> tuple[tuple[str, str], ...]:
    """What they were told of, asked for or called about: program and code name."""
    offered = ((directory.program_id_of(tx, one.offer.code_name), one.offer.code_name) for one in talk.places)
    asked = ((one.program_id, one.code_name) for one in holds.of_conversation(tx, talk.conversation_id))
    called = ((one.program_id, one.code_name) for one in transfers)
    return tuple({one: name for one, name in (*offered, *asked, *called) if one is not None}.items())


def _given(tx: Tx, person_id: str) -> tuple[Given, ...]:
    every = releases.of_person(tx, person_id)
    about = directory.about(tx, [one.program_id for one in every if one.program_id])
    organizations = releases.organization_names(tx, [one.organization_id for one in every if one.organization_id])
    return tuple(
        Given(
            one,
            about[one.program_id][0] if one.program_id in about
            else organizations.get(one.organization_id or "", phrase("any place, to ask for a spot")),
            one.stands(tx.now),
        )
        for one in every
    )  # fmt: skip


def _told(tx: Tx, conversation_id: str) -> tuple[Told, ...]:
    every = disclosures.of_conversation(tx, conversation_id)
    about = directory.about(tx, {one.program_id for one in every})
    return tuple(Told(one, about[one.program_id][0]) for one in every)


def _warm(tx: Tx, services: Services, talk: Talk, person_id: str, transfer: Transfer) -> Warm:
    covered = tell_place.telling(
        tx, conversation_id=talk.conversation_id, person_id=person_id, program_id=transfer.program_id,
        items=warm_transfer.TELLS[Deed.START], purpose=INTRODUCE,
    )  # fmt: skip
    return Warm(
        transfer, tuple(warm_transfers.steps_of(tx, transfer.transfer_id)),
        warm_transfers.spoke_with(tx, transfer.transfer_id), not isinstance(covered, Refused),
        _may_be_told(tx, person_id, transfer.program_id),
        {deed: services.script.wording.render(key, talk.language, {}) for deed, key in warm_transfer.SAYS.items()
         if warm.cleared(tx, services, key, talk.language)},
    )  # fmt: skip


def _may_be_told(tx: Tx, person_id: str, program_id: str) -> tuple[str, ...]:
    place = releases.place_of(tx, program_id)
    assert place is not None
    here = sharing.Place(program_id, place[0])
    told: dict[str, str] = {}
    for one in releases.of_person(tx, person_id):
        grant = tell_place.grant_of(one)
        if grant.stands(tx.now) and (grant.is_open or grant.is_for(here, INTRODUCE)):
            told |= {item: sharing.ITEMS[item] for item in one.told if item in sharing.ITEMS}
            if one.first_name:
                told["first_name"] = phrase("%(what)s: %(name)s", what=sharing.ITEMS["first_name"], name=one.first_name)
    return tuple(told[item] for item in sharing.ITEMS if item in told)


def _duty(tx: Tx, task: Task, names: dict[str, str]) -> Duty:
    lines = lines_of(tasks.script_of(tx, task.task_id))
    return Duty(
        task, lines, names.get(task.assigned_to or "", ""), names.get(task.backup_id or "", ""),
        _is_fresh(dict(lines).get("Verified", ""), tx.now),
    )  # fmt: skip


def _is_fresh(verified: str, now: datetime) -> bool:
    try:
        return now.date() - date.fromisoformat(verified) <= FRESH_FOR
    except ValueError:
        return False  # "never", or no line at all
