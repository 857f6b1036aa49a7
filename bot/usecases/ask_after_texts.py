"""What became of a text whose last receipt never came? The carrier is asked for it by its id: a few times, ever later.

A receipt can be lost as a webhook can: we were down, and the carrier does not tell again. Then a text that failed would
stand as sent for ever, its code would teach nothing, and its copy would never be emptied. What the carrier answers goes
the way every receipt goes. Some networks never tell; a text they carried stays `sent`, and after the last question its
copy is emptied all the same.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from bot import log, metrics
from bot.errors import SendError
from bot.services import Services
from bot.store import redactions, silent_texts
from bot.store.db import Database
from bot.usecases.receipt import receipt

ASKED_AFTER = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""Since the carrier took it. A phone that is off is tried for four hours at most (ValidityPeriod)."""
GIVEN_UP_AFTER = timedelta(hours=26)
"""What nobody asked for until then (we were down) is not asked for any more."""
AT_ONCE, SIDE_BY_SIDE = 120, 8


def ask_after_texts(database: Database, services: Services) -> int:
    """One round; returns how many texts the carrier had news of. Each is asked for with nothing open."""
    with database.reading() as tx:
        if not silent_texts.any_due(tx, ASKED_AFTER[0], GIVEN_UP_AFTER):
            return 0
    with database.transaction() as tx:
        silent = silent_texts.claim(tx, ASKED_AFTER, GIVEN_UP_AFTER, AT_ONCE)
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="ask") as pool:
        return sum(pool.map(partial(_ask, database, services), silent))


def _ask(database: Database, services: Services, row: silent_texts.Silent) -> bool:
    try:
        there = services.carrier.fetch(row.provider_sid)
    except SendError as error:
        log.event("look_up_failed", level="warning", message_id=row.message_id, code=error.code)
        there = None
    news = "unmatched"
    if there is not None:
        news = receipt(
            database, services, message_id=row.message_id, provider_sid=row.provider_sid, status=there.status,
            error_code=there.error_code or "",
        )  # fmt: skip
        metrics.receipts.count(f"asked_{news}")
    if row.last and news in ("stale", "unmatched", "sent") and "content" not in services.settings.twilio_retention:
        with database.transaction() as tx:
            redactions.add(tx, [row.provider_sid], "out", tx.now)
    return news not in ("stale", "unmatched")
