"""What is due? Every second, from SQL alone: this file is the operations manual.

Redis may be empty, workers may have died, jobs may have been lost: whatever stands in a row and has come due is found
here. Safe to run in several copies; each part is its own transaction, and one part that fails does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable

from bot import log
from bot.rules.ladder import WARN_BEFORE, next_alarm, owner_alarm, promised_minutes
from bot.services import Services
from bot.store import handoffs, heartbeats, staff
from bot.store.db import Database, Tx
from bot.usecases import ask_providers, climb_tasks, deliver, hold, link_audit, release_recipients, settle, turn
from flows.actions import HandOff
from flows.conversation import Tier
from flows.events import PromiseLate

LONGEST_RAISE_MINUTES = 10
"""By how much a late promise is put off at a time: a wait is told honestly and often, not once and far."""


def sweep(database: Database, services: Services) -> None:
    """One round."""
    parts = (_beat, _alarms, _late_tasks, _late_promises, _lapsed_holds, _stale_counts, _campaigns, _texts, _record)
    for part in parts:
        _apart(part, database, services)


def _apart(part: Callable[[Database, Services], None], database: Database, services: Services) -> None:
    try:
        part(database, services)
    except Exception as error:
        # The alarm of one must not be lost to the fault of another: it is told, and the round goes on.
        log.event("sweep_part_failed", level="error", part=part.__name__.strip("_"), error=error)


def _beat(database: Database, _services: Services) -> None:
    with database.transaction() as tx:
        heartbeats.beat(tx, "clock")


def _alarms(database: Database, services: Services) -> None:
    """Hand-offs whose alarm has come: the next step of the ladder, and a page. The last step comes again for ever."""
    with database.reading() as tx:
        if not handoffs.due(tx, tx.now):
            return
    with database.transaction() as tx:
        for late in handoffs.due(tx, tx.now):
            owned = late.state == "owned"
            at = owner_alarm(late.tier, tx.now) if owned else next_alarm(late.tier, late.step + 1, tx.now)
            handoffs.rearm(tx, late.handoff_id, at, late.step + 1)
            if not owned:
                tx.after_commit(_page(services, late))


def _page(services: Services, late: handoffs.Handoff) -> Callable[[], None]:
    return lambda: services.pager.page(handoff_id=late.handoff_id, tier=late.tier, step=late.step + 1)


def _late_tasks(database: Database, services: Services) -> None:
    """Duties nobody has done in time: the next named human, and a page. Comes again until somebody has."""
    climb_tasks.climb_tasks(database, services)


def _late_promises(database: Database, services: Services) -> None:
    """A promised wait that will be missed: the person is told first, with a wait that can be kept."""
    with database.reading() as tx:
        late = handoffs.promises_due(tx, tx.now + WARN_BEFORE)
    for handoff in late:
        with database.transaction() as tx:
            _tell_late(tx, services, handoff.handoff_id)


def _tell_late(tx: Tx, services: Services, handoff_id: str) -> None:
    standing = handoffs.get(tx, handoff_id)
    if standing is None or standing.state != "waiting" or standing.promised_at is None:
        return
    if standing.promised_at > tx.now + WARN_BEFORE:
        return
    handoffs.clear_promise(tx, handoff_id)
    there = staff.on_shift(tx, tx.now)
    if not there:
        # Whoever was on shift when it was promised is not any more: the truth, and when somebody will be.
        turn.ask_for_person(tx, services, standing.conversation_id, HandOff(Tier(standing.tier), "again"))
        return
    ahead = sum(1 for other in handoffs.waiting(tx) if other.opened_at < standing.opened_at)
    minutes = min(promised_minutes(standing.tier, ahead=ahead, advocates=len(there)), LONGEST_RAISE_MINUTES)
    handoffs.promise(tx, handoff_id, minutes)
    turn.take(tx, services, standing.conversation_id, PromiseLate(there[0].alias, minutes))


def _lapsed_holds(database: Database, services: Services) -> None:
    hold.lapse(database, services)


def _stale_counts(database: Database, services: Services) -> None:
    """Counts that may not be told any more: their providers are asked, gently, and long silences become a task."""
    ask_providers.ask_providers(database, services)


def _campaigns(database: Database, services: Services) -> None:
    release_recipients.release_recipients(database, services)


def _texts(database: Database, services: Services) -> None:
    """Texts that are due, and texts whose fate is unknown: ring, in case a ring was lost."""
    with database.reading() as tx:
        ring = deliver.anything_due(tx) or settle.anything_in_doubt(tx)
    if ring:
        services.nudges.deliver()


def _record(database: Database, _services: Services) -> None:
    """Lines of the record that are not yet part of its chain."""
    link_audit.link_audit(database)
