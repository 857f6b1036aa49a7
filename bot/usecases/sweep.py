"""What is due? Every second, from SQL alone: this file is the operations manual.

Redis may be empty, workers may have died, jobs may have been lost: whatever stands in a row and has come due is found
here. Safe to run in several copies; each part is its own transaction, and one part that fails does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable

from bot import log
from bot.services import Services
from bot.store import heartbeats, import_files, lists
from bot.store.db import Database
from bot.usecases import (
    arrive,
    ask_providers,
    canary,
    claim_texts,
    climb,
    climb_tasks,
    climb_transfers,
    end_sharing,
    hold,
    keep_searching,
    late_promises,
    link_audit,
    look_after,
    redact,
    release_recipients,
    say_hello,
    settle,
    shift,
    text_once_more,
    watch_harm,
)


def sweep(database: Database, services: Services) -> None:
    """One round."""
    parts = (
        _beat, _ended_releases, _shifts, _alarms, _late_tasks, _late_transfers, _late_promises, _hellos, _lapsed_holds,
        _follow_ups, _stale_counts, _searches, _harm, _second_texts, _campaigns, _texts, _record, _canary, _places,
    )  # fmt: skip
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


def _shifts(database: Database, _services: Services) -> None:
    """Planned shifts that begin: every way to call whoever is on rings, and waits for an answer."""
    shift.begin_planned(database)


def _ended_releases(database: Database, services: Services) -> None:
    """First of all: what may no longer be told. Queued questions never leave, asked places are taken back, and a named
    human asks those who were told to let go of it."""
    end_sharing.run_out(database, services)


def _alarms(database: Database, services: Services) -> None:
    """Hand-offs whose alarm has come and offers nobody answered: the next step of the ladder, and who is called. The
    last step comes again for ever."""
    climb.climb(database, services)


def _late_tasks(database: Database, services: Services) -> None:
    """Duties nobody has done in time: the next named human, and a page. Comes again until somebody has."""
    climb_tasks.climb_tasks(database, services)


def _late_transfers(database: Database, services: Services) -> None:
    """Warm transfers whose next deed is late: whoever has the person is called, then the leads. Comes again."""
    climb_transfers.climb_transfers(database, services)


def _canary(database: Database, services: Services) -> None:
    """How far has the nightly canary come, and did a human answer?"""
    canary.follow(database, services)


def _late_promises(database: Database, services: Services) -> None:
    """A promised wait that will be missed: the person is told first, with a wait that can be kept. A colleague's word
    that is near, or was missed: its owner, and the leads."""
    late_promises.tell_late(database, services)


def _hellos(database: Database, services: Services) -> None:
    """People who wished, as an advocate finished with them, for a quiet hello by today."""
    say_hello.say_hello(database, services)


def _lapsed_holds(database: Database, services: Services) -> None:
    hold.lapse(database, services)


def _follow_ups(database: Database, services: Services) -> None:
    """People who were referred: nothing has moved for 24, 48, 72 hours and on; or their next check has come."""
    look_after.look_after(database, services)


def _stale_counts(database: Database, services: Services) -> None:
    """Counts that may not be told any more: their providers are asked, gently, and long silences become a task."""
    ask_providers.ask_providers(database, services)


def _searches(database: Database, services: Services) -> None:
    """People for whom nothing was open: looked for again whenever something was counted, and an advocate is told."""
    keep_searching.look_again(database, services)


def _harm(database: Database, _services: Services) -> None:
    """Before anything is released: what came back since the last look."""
    watch_harm.watch_harm(database)


def _second_texts(database: Database, _services: Services) -> None:
    """Who answered a campaign a fortnight ago and fell silent: one gentle text, if that was approved with it."""
    text_once_more.text_once_more(database)


def _places(database: Database, _services: Services) -> None:
    """In which states they seem to be who came to talk with us: for figures alone."""
    arrive.place_arrivals(database)


def _campaigns(database: Database, services: Services) -> None:
    release_recipients.release_recipients(database, services)


def _texts(database: Database, services: Services) -> None:
    """Texts that are due, texts whose fate is unknown, copies at the carrier to be emptied, lists and directory files
    to be read: ring, in case a ring was lost."""
    with database.reading() as tx:
        ring = (
            claim_texts.anything_due(tx, services)
            or settle.anything_in_doubt(tx)
            or redact.anything_to_redact(tx, services)
            or lists.due(tx) is not None
            or import_files.due(tx) is not None
        )
    if ring:
        services.nudges.deliver()


def _record(database: Database, _services: Services) -> None:
    """Lines of the record that are not yet part of its chain."""
    link_audit.link_audit(database)
