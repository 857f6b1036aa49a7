"""Who watches the watcher? A small process of its own that calls people when the clock's heart has stopped.

It needs nothing of the clock: it reads one row, writes calls, and sends them itself. Its own heart is watched by
`doctor`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import log
from bot.services import Services
from bot.store import heartbeats, staff
from bot.store.db import Database
from bot.usecases import page_staff, send_pages
from bot.usecases.alerts import alert

LATE = timedelta(seconds=30)
AGAIN = timedelta(minutes=5)
"""While it stays still, everybody is called again this often."""


def watch(database: Database, services: Services, since: datetime | None = None) -> bool:
    """One look. True if the clock beats, or if this process watches only since just now: where everything starts at
    once the clock has its time for a first beat, and nobody is called out of bed by a restart."""
    with database.transaction() as tx:
        heartbeats.beat(tx, "watch")
        beat = heartbeats.last_beat(tx, "clock")
        known = [at for at in (beat, since) if at is not None]
        if known and tx.now - max(known) <= LATE:
            return True
        last = "never" if beat is None else f"{beat:%Y%m%dT%H%M%S}"
        nth = 0 if beat is None else (tx.now - beat) // AGAIN
        who = [*page_staff.reach(tx, "director"), *page_staff.leads(tx), *staff.with_role(tx, "admin")]
        called = page_staff.call(tx, services, who, why="clock", tier="P0", occasion=f"clock:{last}:{nth}")
        alert(tx, "clock_stopped")
        if not called:
            alert(tx, "nobody_called")
    log.event("clock_stopped", level="critical")
    send_pages.send_pages(database, services)
    return False
