"""How is a person erased? Every row that is about them goes in one transaction; then the carrier's copies are emptied.

What stays is the suppression key, if they asked for no more texts: a keyed hash that opens nothing and keeps the
promise that nobody texts them. Without it, the next list that holds their number would. And a duty to report that
the law puts on a named human: its task stays, without conversation, hold or anything else that leads to the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Table, delete, func, select

from bot import log
from bot.errors import SendError
from bot.ports import SmsCarrier
from bot.services import Services
from bot.store import (
    arrivals,
    audit,
    campaigns,
    consent,
    directory,
    disclosures,
    drafts,
    first_contacts,
    handoffs,
    holds,
    lists,
    people,
    promises,
    redactions,
    referrals,
    tasks,
    warm_transfers,
    watermarks,
)
from bot.store.conversations import conversations
from bot.store.db import Database, Tx
from bot.store.messages import messages
from bot.usecases.end_sharing import open_task
from bot.usecases.finish_task import DUTIES
from bot.usecases.provider_texts import tell_provider
from bot.usecases.receipt import EMPTIED_AFTER
from bot.usecases.refusal import Refused


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What there was of one number: `destroyed` counts rows by kind, and is empty when there was nothing. `suppressed`
    and `reports_for` (a program's code name) say what is kept. Of the carrier's copies `emptied` is how many are gone;
    `left_at_carrier` are the carrier's own ids of those that could not be emptied now; they are tried again."""

    destroyed: Mapping[str, int]
    suppressed: bool
    reports_for: str | None
    open_handoff: bool = False
    emptied: int = 0
    left_at_carrier: tuple[str, ...] = ()
    open_duties: int = 0
    """Reports the law asks for that nobody has made yet: their tasks are kept, and whoever has one must know first."""


def look(database: Database, number: str) -> Forgotten:
    """What would go and what would stay for this E.164 number; nothing is changed."""
    with database.reading() as tx:
        return _found(tx, number)


def forget(database: Database, services: Services, number: str, *, duties_told: bool = False) -> Forgotten | Refused:
    """Erase the person with this E.164 number, whatever state they are in. Doing it again changes nothing. A provider
    who keeps a place for them hears that it is not needed; nobody else is told. While a report that the law asks for is
    not made, refused until somebody says that its human has what it needs (`duties_told`): afterwards nobody could."""
    with database.transaction() as tx:
        _lock(tx, number)
        found = _found(tx, number)
        if not found.destroyed:
            return found
        if found.open_duties and not duties_told:
            return Refused(
                "A report that the law asks for is not made yet. Whoever has that task makes it first, or writes down "
                "what it needs: nothing of the person will be left to make it from."
            )
        sids = _carrier_ids(tx, number)
        _free_places(tx, services, number)
        watermarks.remember_erased(tx, sids)
        tasks.keep_without_person(tx, _talks(tx, number), DUTIES)
        _destroy(tx, number)
        audit.record(tx, act="person_forgotten", detail="suppression_kept" if found.suppressed else "nothing_kept")
    left = tuple(sid for sid in sids if not _emptied(services.carrier, sid))
    with database.transaction() as tx:
        redactions.add(tx, left, "out", tx.now + EMPTIED_AFTER)
    return Forgotten(
        found.destroyed,
        found.suppressed,
        found.reports_for,
        found.open_handoff,
        len(sids) - len(left),
        left,
        found.open_duties,
    )


def _theirs(tx: Tx, number: str) -> dict[Table, ColumnElement[bool]]:
    """Every table that may hold a row about them, and which rows those are; children before their parents."""
    phone_key = tx.keys.index("phone", number)
    p, c = people.people.c, conversations.c
    person = select(p.person_id).where(p.phone_key == phone_key)
    talks = select(c.conversation_id).where(c.person_id.in_(person))
    by_talk = (
        disclosures.disclosures, warm_transfers.warm_transfers, referrals.referrals, drafts.drafts, messages,
        handoffs.handoffs, handoffs.notes, promises.promises, directory.offers, directory.holds,
    )  # fmt: skip
    by_hand = (first_contacts.presses, first_contacts.first_contacts)
    by_person = (campaigns.recipients, *by_hand, consent.releases, conversations)
    t = tasks.tasks.c  # a duty to report stays, without them
    return {
        tasks.tasks: t.conversation_id.in_(talks) & (t.trigger.is_(None) | t.trigger.not_in(DUTIES)),
        **{table: table.c.conversation_id.in_(talks) for table in by_talk},
        **{table: table.c.person_id.in_(person) for table in by_person},
        lists.lines: lists.lines.c.phone_key == phone_key,
        consent.consent: consent.consent.c.phone_key == phone_key,
        people.people: p.phone_key == phone_key,
    }


def _lock(tx: Tx, number: str) -> None:
    """The conversations first, as every turn takes them: what is being written now is erased with the rest."""
    theirs = _theirs(tx, number)
    for table in (conversations, people.people):
        query = select(table).where(theirs[table]).order_by(*table.primary_key.columns).with_for_update()
        tx.conn.execute(query).all()


def _found(tx: Tx, number: str) -> Forgotten:
    theirs = _theirs(tx, number)
    counted = {
        table.name: tx.conn.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        for table, where in theirs.items()
    }
    reporter = directory.reporter(tx, number)
    h = handoffs.handoffs
    t = tasks.tasks.c
    duty = (t.conversation_id.in_(_talks(tx, number)), t.trigger.in_(DUTIES), t.done_at.is_(None))
    still_open = select(h.c.handoff_id).where(theirs[h], h.c.closed_at.is_(None))
    return Forgotten(
        destroyed={name: n for name, n in counted.items() if n},
        suppressed=consent.is_suppressed(tx, tx.keys.index("phone", number)),
        reports_for=reporter.code_name if reporter else None,
        open_handoff=tx.conn.execute(still_open).first() is not None,
        open_duties=tx.conn.execute(select(func.count()).select_from(tasks.tasks).where(*duty)).scalar_one(),
    )


def _talks(tx: Tx, number: str) -> Select[tuple[str]]:
    return select(conversations.c.conversation_id).where(_theirs(tx, number)[conversations])


def _carrier_ids(tx: Tx, number: str) -> list[str]:
    sid = messages.c.provider_sid
    query = select(sid).where(_theirs(tx, number)[messages], sid.is_not(None), messages.c.redacted_at.is_(None))
    return list(tx.conn.execute(query.order_by(messages.c.created_at)).scalars())


def _free_places(tx: Tx, services: Services, number: str) -> None:
    """A place nobody will come for must not stay empty; and one that was told of them is asked, by a named human, to
    let go of it. That task says which place and what kind of thing, and nothing of whom."""
    for conversation_id in tx.conn.execute(_talks(tx, number)).scalars().all():
        for state in ("asked", "held"):
            for hold in holds.of_conversation(tx, conversation_id, state):
                tell_provider(tx, services, hold, "PU10")
        told: dict[str, set[str]] = {}
        for one in disclosures.of_conversation(tx, conversation_id):
            if not disclosures.recall(tx, one):
                told.setdefault(one.program_id, set()).update(one.told.split(","))
        for program_id, items in told.items():
            open_task(tx, None, program_id, items)


def _destroy(tx: Tx, number: str) -> None:
    talks = select(conversations.c.conversation_id).where(_theirs(tx, number)[conversations])
    arrivals.let_go(tx, tx.conn.execute(talks).scalars().all())
    for table, where in _theirs(tx, number).items():
        tx.conn.execute(delete(table).where(where))


def _emptied(carrier: SmsCarrier, provider_sid: str) -> bool:
    """Nothing is open. A text the carrier is still sending cannot be emptied yet."""
    try:
        carrier.redact(provider_sid)
    except SendError as error:
        log.event("redact_failed", level="warning", code=error.code)
        return False
    return True
