"""Which copies of people's words still lie at the carrier, and are emptied now? A tracked job: a row a text.

Rows are made when a text of ours has ended (receipt.py), a few minutes after one has come in, and when a person is
erased while the carrier is still sending (forget.py). Calls are made with nothing open, a few side by side and only
while nothing waits to leave. Emptying twice changes nothing, so a process that dies costs only time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from bot import log, metrics
from bot.errors import SendError
from bot.ports import SmsCarrier
from bot.services import Services
from bot.store import redactions
from bot.store.db import Database, Tx
from bot.store.redactions import Copy
from bot.usecases.claim_texts import anything_due

LEASE = timedelta(minutes=1)
AT_ONCE, SIDE_BY_SIDE = 48, 8
INBOUND_AFTER = timedelta(minutes=5)
"""What people wrote is emptied so long after it came in: nobody needs the carrier's copy then."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 12
"""About a day and a half; then an operator has to look (`doctor`)."""


def redact(database: Database, services: Services) -> int:
    """Empty what is due, one round of it, unless a text waits to leave; returns how many copies are gone."""
    with database.reading() as tx:
        if anything_due(tx, services) or not anything_to_redact(tx, services):
            return 0
    with database.transaction() as tx:
        if "content" not in services.settings.twilio_retention:
            redactions.enlist_inbound(tx, tx.now - INBOUND_AFTER, AT_ONCE)
        copies = redactions.claim(tx, AT_ONCE, LEASE)
    if not copies:
        return 0
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="redact") as pool:
        errors = list(pool.map(partial(_empty, services.carrier), copies))
    gone = [copy for copy, error in zip(copies, errors, strict=True) if error is None]
    with database.transaction() as tx:
        redactions.done(tx, gone)
        for copy, error in zip(copies, errors, strict=True):
            if error is not None:
                _again(tx, copy, error)
    metrics.redacted.count("done", len(gone))
    return len(gone)


def anything_to_redact(tx: Tx, services: Services) -> bool:
    discarded = "content" in services.settings.twilio_retention
    return redactions.any_due(tx) or (not discarded and redactions.any_inbound(tx, tx.now - INBOUND_AFTER))


def _empty(carrier: SmsCarrier, copy: Copy) -> SendError | None:
    try:
        carrier.redact(copy.provider_sid)
    except SendError as error:
        return error
    return None


def _again(tx: Tx, copy: Copy, error: SendError) -> None:
    nth = copy.attempts + 1
    over = nth >= MOST_ATTEMPTS
    wait = min(FIRST_WAIT * 2**copy.attempts, LONGEST_WAIT)
    redactions.failed(tx, copy, reason=error.code, again_at=None if over else tx.now + wait)
    metrics.redacted.count("given_up" if over else "later")
    log.event("redact_failed", level="error" if over else "warning", code=error.code, step=nth)
