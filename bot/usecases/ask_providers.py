"""Which providers are asked for a fresh count now? One unprompted text a day at the most, known from the texts.

Called by the clock every second; looked at once a minute. What is due is decided twice, by the same pure rule: while
only reading, so that most looks end without the writer's lock, and again with the program's reporters locked, so that
two clocks never ask twice and a count that came in meanwhile is not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import assert_never

from bot.rules.asking import (
    OFFICE_HOURS,
    ONCE_IN,
    Ask,
    AskFacts,
    Contact,
    Rest,
    Standing,
    Telephone,
    decide,
    needs_count,
)
from bot.services import Services
from bot.store import asks, campaigns, consent, conversations, directory, heartbeats, openings, people
from bot.store.asks import Spoken
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.openings import StandingCount
from bot.usecases import hand_off
from bot.usecases.provider_texts import text_provider
from bot.usecases.signed_off import wording_at_the_gate
from flows.actions import TellAdvocates
from flows.conversation import Tier

QUESTION = "PU1"
SILENT = "provider_silent"
"""The reason of the hand-off that asks a person to telephone."""
LOOK_EVERY = timedelta(minutes=1)
"""Counts age by hours; every second would read the whole directory for nothing."""
LEAVES_WITHIN = timedelta(minutes=15)
"""A question that has not left by then is taken back: it was written for office hours, and must not come at night."""
MOST_AT_ONCE = 50
"""Programs in one look: at nine everything of the night is due, and the alarms of the same clock must not wait."""
_LOOKED = "providers"
"""The heartbeat that says when the last look was, to every clock there is."""


def ask_providers(database: Database, services: Services) -> int:
    """Ask whoever is due, and put long silences before a person; returns for how many programs something was done."""
    with database.reading() as tx:
        looked_at = heartbeats.last_beat(tx, _LOOKED)
        if looked_at is not None and tx.now - looked_at < LOOK_EVERY:
            return 0
    with database.transaction() as tx:
        heartbeats.beat(tx, _LOOKED)  # before the look: one that fails is not tried again every second
        asks.take_back(tx, QUESTION, tx.now - LEAVES_WITHIN)
    with database.reading() as tx:
        due = _due(tx, services)
    return sum(_settle(database, services, program_id) for program_id in due[:MOST_AT_ONCE])


def _due(tx: Tx, services: Services) -> list[str]:
    """Programs for which something is to be done, as it looks before anything is locked."""
    asked = asks.asked_since(tx, QUESTION, tx.now - ONCE_IN)
    stopped = campaigns.stopped(tx)
    due = []
    for program_id, of_program in groupby(openings.standing_counts(tx), key=lambda count: count.program_id):
        counts = list(of_program)
        # The texts of a program are only read when its counts alone do not settle it.
        if program_id in asked or stopped or not needs_count(_standing(counts), tx.now):
            continue
        if not isinstance(_decide(tx, services, counts), Rest):
            due.append(program_id)
    return due


def _settle(database: Database, services: Services, program_id: str) -> bool:
    """Do for one program what is still due when nobody else can. False when nothing is any more."""
    with database.transaction() as tx:
        directory.lock_reporters(tx, program_id)
        counts = openings.standing_counts(tx, program_id)
        decision = _decide(tx, services, counts)
        match decision:
            case Rest():
                return False
            case Ask():
                _ask(tx, services, counts[0].code_name, decision)
            case Telephone(contact):
                openings.fall_silent(tx, program_id)
                hand_off.tell(tx, services, _thread(tx, services, contact), TellAdvocates(Tier.P3, SILENT))
            case _:
                assert_never(decision)
    return True


def _decide(tx: Tx, services: Services, counts: Sequence[StandingCount]) -> Ask | Telephone | Rest:
    """`counts` are of one program; there are none of one that was closed or suspended meanwhile."""
    return decide(_facts(tx, services, counts)) if counts else Rest("closed")


def _facts(tx: Tx, services: Services, counts: Sequence[StandingCount]) -> AskFacts:
    program_id = counts[0].program_id
    counted_at = max(count.received_at for count in counts)
    said = asks.spoken(tx, program_id, key=QUESTION, since=counted_at, task=SILENT)
    return AskFacts(
        now=tx.now,
        timezone=counts[0].timezone,
        standing=_standing(counts),
        contacts=tuple(_contact(tx, services, spoken) for spoken in said),
        told=asks.told_since(tx, program_id, SILENT, counted_at),
        hours=asks.hours_of(tx, program_id) or OFFICE_HOURS,
        stopped=campaigns.stopped(tx),
    )


def _standing(counts: Sequence[StandingCount]) -> tuple[Standing, ...]:
    return tuple(Standing(count.available, count.observed_at, count.life) for count in counts)


def _contact(tx: Tx, services: Services, spoken: Spoken) -> Contact:
    reviewed = wording_at_the_gate(tx, services).is_reviewed(QUESTION, spoken.language)
    return Contact(
        number=spoken.number,
        language=spoken.language,
        suppressed=spoken.suppressed,
        signed_off=reviewed or services.settings.allow_unreviewed_texts,
        busy=spoken.busy,
        wrote_at=spoken.wrote_at,
        asked_at=spoken.asked_at,
        silences=spoken.unanswered,
    )


def _thread(tx: Tx, services: Services, contact: Contact) -> Stored:
    """The conversation with this number, locked; begun if there is none."""
    person = people.find_or_add(tx, contact.number, contact.language)
    conversation_id = conversations.open_of(tx, person.person_id)
    stored = None if conversation_id is None else conversations.load(tx, conversation_id)
    return stored or conversations.start(
        tx, person_id=person.person_id, phone_key=person.phone_key, language=contact.language,
        flow_version=services.script.version, suppressed=consent.is_suppressed(tx, person.phone_key),
    )  # fmt: skip


def _ask(tx: Tx, services: Services, code_name: str, ask: Ask) -> None:
    number, language = ask.contact.number, ask.contact.language
    age = services.script.wording.age(-(-ask.age // timedelta(minutes=1)), language)
    fields: dict[str, str | int] = {"PROG": code_name, "N": ask.available, "AGE": age}
    text_provider(tx, services, number=number, language=language, key=QUESTION, fields=fields, kind="ask")
