"""Which calls leave now? Rows under a lease, like texts: nothing is open while a channel answers, or does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from enum import Enum

from bot import log
from bot.errors import PageFailed, PageGone
from bot.ports import Page
from bot.services import Services
from bot.store import audit, pages
from bot.store.db import Database, Tx
from bot.store.pages import DuePage

SIDE_BY_SIDE = 8
LEASE = timedelta(seconds=60)
AGAIN_IN = timedelta(seconds=10)


class Went(Enum):
    """What became of one call."""

    SENT = "sent"
    FAILED = "failed"
    GONE = "gone"


def send_pages(database: Database, services: Services) -> int:
    """Every call that is due; returns how many left. One that fails is tried again, and the next channel rings now; an
    address that is no more is forgotten."""
    left = 0
    while True:
        with database.reading() as tx:
            if not pages.anything_due(tx):
                return left
        with database.transaction() as tx:
            due = pages.claim_due(tx, SIDE_BY_SIDE, LEASE)
            calls = [_call(tx, services, one) for one in due]
        if not due:
            return left  # another sender has them
        if len(calls) == 1:
            went = [_reach(services, calls[0])]
        else:
            with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                went = list(pool.map(lambda call: _reach(services, call), calls))
        with database.transaction() as tx:
            for one, how in zip(due, went, strict=True):
                _settle(tx, one, how)
        left += went.count(Went.SENT)


def _call(tx: Tx, services: Services, one: DuePage) -> Page:
    fields = {"BRAND": services.settings.brand, "CODE": one.code}
    words = services.script.wording.render("PG1", one.language, fields)
    return Page(one.page_id, one.kind, one.address, words, one.why, one.tier, one.code, secret(tx, one.channel_id))


def secret(tx: Tx, channel_id: str) -> str:
    """What signs the webhooks of this channel: its receiver is told it once."""
    return tx.keys.index("page webhook", channel_id)


def _settle(tx: Tx, one: DuePage, how: Went) -> None:
    match how:
        case Went.SENT:
            pages.sent(tx, one.page_id)
        case Went.FAILED:
            pages.failed(tx, one, tx.now + one.nth * AGAIN_IN)
        case Went.GONE:
            pages.gone(tx, one)
            audit.record(tx, act="channel_gone", object_id=one.channel_id, detail=one.kind)


def _reach(services: Services, call: Page) -> Went:
    try:
        services.pager.reach(call)
    except PageGone:
        log.event("page_gone", message_id=call.page_id, reason=call.kind)
        return Went.GONE
    except PageFailed as error:
        log.event("page_failed", level="warning", message_id=call.page_id, reason=call.kind, error=error)
        return Went.FAILED
    except Exception as error:  # a fault of ours must not silence the other calls
        log.event("page_broke", level="error", message_id=call.page_id, reason=call.kind, error=error)
        return Went.FAILED
    return Went.SENT
