"""Which texts did the carrier take that never reached us? Its own list is read, and they go the way every text goes.

A webhook can be lost: we were down, its retries ran out, the fallback failed too. The list is read from a watermark on,
in pieces, with nothing of ours open while the carrier answers; each text goes through `receive`, which keeps it once
whatever else brings it. The watermark is a row under a lease, so that several clocks may run. However long an outage
was, the reading goes on from where it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from bot import log, metrics
from bot.errors import SendError
from bot.ports import CarrierMessage
from bot.services import Services
from bot.store import messages, watermarks
from bot.store.db import Database
from bot.store.watermarks import Watermark
from bot.usecases.receive import InboundText, Outcome, receive

NAME = "inbound"

EVERY = timedelta(seconds=60)
SETTLED = timedelta(seconds=60)
"""A text younger than this may still come by itself: the carrier's tries at both addresses take half as long."""
OVERLAP = timedelta(minutes=15)
"""So much is read again each time: a list may show a text late, and clocks differ."""
PIECE = timedelta(minutes=15)
"""Read at once. What a busy line takes in that time is a few thousand texts: memory stays small."""
LEASE = timedelta(minutes=2)
"""Begun anew with each piece. A clock that died leaves the reading to the next one after so long."""
LONGEST_WAIT = timedelta(minutes=10)
"""Between tries while the carrier does not answer."""


def reconcile(database: Database, services: Services) -> int:
    """One reading, up to the present, if it is due; returns how many texts it brought. Raises what the database
    raises: then the rest waits for the next reading."""
    with database.reading() as tx:
        if not watermarks.is_due(tx, NAME):
            return 0
    with database.transaction() as tx:
        mark = watermarks.claim(tx, NAME, LEASE)
        present = tx.now - SETTLED
    brought, began = 0, mark
    while mark is not None and began is not None:
        until = min(mark.at + PIECE, present)
        try:
            # A line that has just been set up begins at its own first moment: what was before is not its own.
            listed = services.carrier.inbound_since(mark.at, until) if mark.at < until else ()
        except SendError as error:
            _put_off(database, mark, error)
            return brought
        brought += sum(_take(database, services, text) for text in _lost(database, listed, until))
        if until < present:
            mark = _go_on(database, mark, until)
        else:
            return _come_to_rest(database, mark, max(began.at, present - OVERLAP), brought)
    return brought


def _lost(database: Database, listed: Sequence[CarrierMessage], until: datetime) -> list[CarrierMessage]:
    """Those that are not kept here, as they were written: one person's turns happen in order."""
    settled = [text for text in listed if text.date_created is not None and text.date_created < until]
    sids = [text.provider_sid for text in settled]
    with database.reading() as tx:
        known = messages.known_sids(tx, sids) | watermarks.erased_among(tx, sids)
    lost = [text for text in reversed(settled) if text.provider_sid not in known]
    return sorted(lost, key=lambda text: str(text.date_created))


def _take(database: Database, services: Services, listed: CarrierMessage) -> bool:
    text = InboundText(
        provider_sid=listed.provider_sid, sender=listed.from_, body=listed.body, media=listed.media,
        sent_at=listed.date_created, to=listed.to,
    )  # fmt: skip
    try:
        outcome = receive(database, services, text)
    except SQLAlchemyError:
        raise
    except Exception as error:
        # One text that breaks its turn must neither be lost nor stand before all that come after it.
        log.event("turn_failed", level="error", error=error)
        outcome = receive(database, services, text, unread=True)
    metrics.reconciled.count(outcome.value)
    if outcome is Outcome.DUPLICATE:
        return False
    log.event("text_brought_in", level="warning", status=outcome.value)
    return True


def _go_on(database: Database, mark: Watermark, until: datetime) -> Watermark | None:
    with database.transaction() as tx:
        return watermarks.move(tx, NAME, mark, at=until, lease=LEASE)


def _come_to_rest(database: Database, mark: Watermark, at: datetime, brought: int) -> int:
    with database.transaction() as tx:
        watermarks.finish(tx, NAME, mark, at=at, next_at=tx.now + EVERY)
        watermarks.forget_erased(tx, before=at)
    return brought


def _put_off(database: Database, mark: Watermark, error: SendError) -> None:
    wait = min(EVERY * 2 ** min(mark.failures, 10), LONGEST_WAIT)
    with database.transaction() as tx:
        watermarks.fail(tx, NAME, mark, next_at=tx.now + wait)
    log.event("carrier_list_failed", level="warning", code=error.code)
