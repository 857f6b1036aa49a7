"""Is the whole way alive, from a text that comes in to a human who answers? Tried every night, each step with its time.

A text from a number of ours goes out through the carrier and comes back as anybody's would; the bot puts it in the
queue; on-call is called; a human answers the call, or takes it. Without CANARY_NUMBER the carrier's part is left out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot import log
from bot.ports import OutboundText
from bot.services import Services
from bot.store import canaries, conversations, handoffs, people
from bot.store import pages as kept_pages
from bot.store.canaries import Canary
from bot.store.db import Database, Tx
from bot.usecases import page_staff, turn
from bot.usecases.alerts import alert
from bot.usecases.receive import InboundText, receive
from flows.events import AdvocateClaimed, AdvocateFinished

WORDS = "person"
"""What anybody may text to be put in the queue."""
STAND_IN = "+12025550199"
"""A number nobody can have, for a line that has none to spare."""
FAILS_AFTER = timedelta(minutes=15)
HOUR, ZONE = 2, ZoneInfo("America/Chicago")


def begin(database: Database, services: Services) -> str:
    """Send it on its way; returns the canary's id."""
    with database.transaction() as tx:
        canary_id = canaries.begin(tx)
    number = services.settings.canary_number
    if number:
        line = next(one for one in services.settings.twilio_from if one != number)
        services.carrier.send(OutboundText(canary_id, line, WORDS, sender=number))
    else:
        receive(database, services, InboundText(f"canary-{canary_id}"[:34], STAND_IN, WORDS))
    return canary_id


def is_due(database: Database) -> bool:
    """At night, once."""
    with database.reading() as tx:
        last = canaries.latest(tx)
        return tx.now.astimezone(ZONE).hour == HOUR and (last is None or tx.now - last.began_at > timedelta(hours=12))


def follow(database: Database, services: Services) -> None:
    """How far has it come? Written down as it goes; one that nobody answered is an alarm of its own."""
    with database.reading() as tx:
        if canaries.under_way(tx) is None and not _left_open(tx):
            return
    with database.transaction() as tx:
        canary = canaries.under_way(tx)
        if canary is not None:
            _go_on(tx, services, canary)
        over = _left_open(tx)
        if over is not None:
            _tidy(tx, services, over)


def _go_on(tx: Tx, services: Services, canary: Canary) -> None:
    handoff_id = canary.handoff_id or _flagged(tx, services, canary.began_at)
    if handoff_id is not None and canary.handoff_id is None:
        canaries.write(tx, canary.canary_id, handoff_id=handoff_id, flagged_at=tx.now)
        who = page_staff.reach(tx, "on_call")
        page_staff.call(tx, services, who, why="canary", tier="P3", occasion=canary.canary_id, handoff_id=handoff_id)
    calls = kept_pages.of_handoff(tx, handoff_id) if handoff_id else []
    sent = [one.sent_at for one in calls if one.sent_at is not None]
    if sent and canary.called_at is None:
        canaries.write(tx, canary.canary_id, called_at=min(sent))
    handoff = handoffs.get(tx, handoff_id) if handoff_id else None
    if handoff is not None and handoff.owner_id is not None:
        canaries.write(tx, canary.canary_id, heard_at=tx.now)
    elif tx.now - canary.began_at > FAILS_AFTER:
        canaries.write(tx, canary.canary_id, failed_at=tx.now)
        log.event("canary_failed", level="critical", handoff_id=handoff_id)
        alert(tx, "canary_failed")


def _flagged(tx: Tx, services: Services, since: datetime) -> str | None:
    person = people.find(tx, services.settings.canary_number or STAND_IN)
    talk = conversations.open_of(tx, person.person_id) if person else None
    standing = handoffs.open_of(tx, talk) if talk else None
    return standing.handoff_id if standing and standing.opened_at >= since - timedelta(minutes=1) else None


def _left_open(tx: Tx) -> Canary | None:
    """The last one is over, and its hand-off still stands in the queue."""
    last = canaries.latest(tx)
    if last is None or last.handoff_id is None or (last.heard_at is None and last.failed_at is None):
        return None
    handoff = handoffs.get(tx, last.handoff_id)
    return last if handoff is not None and handoff.state != "closed" else None


def _tidy(tx: Tx, services: Services, over: Canary) -> None:
    """Out of the queue, and the number's conversation ends, so that the next night begins as a stranger's text does."""
    assert over.handoff_id is not None
    handoff = handoffs.get(tx, over.handoff_id)
    assert handoff is not None
    conversations.load(tx, handoff.conversation_id)
    heard_by = tx.conn.execute(
        select(kept_pages.pages.c.staff_id).where(
            kept_pages.pages.c.handoff_id == over.handoff_id, kept_pages.pages.c.heard_at.is_not(None)
        )
    ).scalar()
    handoffs.close(tx, over.handoff_id, "returned", by_id=handoff.owner_id or heard_by or "canary")
    kept_pages.drop_of(tx, over.handoff_id)
    turn.take(tx, services, handoff.conversation_id, AdvocateClaimed())
    turn.take(tx, services, handoff.conversation_id, AdvocateFinished("other"))
