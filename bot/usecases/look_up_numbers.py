"""What does the carrier know of the lines on a list: landlines, numbers out of service, numbers with a new owner?

Asked in batches, with nothing open, a few side by side; what is learned is kept at once and believed for 90 days, so
that no line is paid for twice and a reading that was killed asks on where it stopped. A list may cost so many look-ups
(`LOOKUP_BUDGET`); the lines beyond it count as unknown, are texted, and are learned from the first failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from itertools import repeat

from bot.errors import SendError
from bot.ports import SmsCarrier
from bot.rules.recipients import LONG_AGO_DAYS, Row, agreed_on
from bot.services import Services
from bot.store import campaigns, lists
from bot.store.db import Database, Tx
from bot.store.lists import Line, Reading

_AT_ONCE = 8
_BATCH = 64
"""Look-ups between two looks at the time; their answers are kept together."""


def look_up_numbers(database: Database, services: Services, reading: Reading, rows: Sequence[Row],
                    keys: Mapping[str, str], until: datetime) -> int | None:  # fmt: skip
    """How many lines were asked about; None when time ran out before all were, and the page must be read again."""
    left = services.settings.lookup_budget - reading.looked_up
    if left <= 0 or not rows:
        return 0
    asked = 0
    with database.reading() as tx:
        wanted = _unknown(tx, rows, keys)
    while wanted and asked < left:
        if services.clock.now() >= until:
            with database.transaction() as tx:
                lists.change(tx, reading.list_id, looked_up=reading.looked_up + asked)
            return None
        batch, wanted = wanted[: min(_BATCH, left - asked)], wanted[min(_BATCH, left - asked) :]
        today = services.clock.now().date()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="line") as pool:
            answers = list(pool.map(_ask, repeat(services.carrier), batch, repeat(today)))
        asked += len(batch)
        with database.transaction() as tx:
            lists.learn_lines(tx, {keys[row.number]: line for row, line in zip(batch, answers, strict=True)})
    return asked


def _unknown(tx: Tx, rows: Sequence[Row], keys: Mapping[str, str]) -> list[Row]:
    """Those whose line nobody knows, once each; who said stop is not worth asking about."""
    known, lines = campaigns.known(tx, keys.values()), lists.lines_of(tx, keys.values())
    suppressed = campaigns.suppressed(tx, keys.values())
    found = {}
    for row in rows:
        key = keys[row.number]
        if key not in lines and key not in suppressed and known.get(key, ("", None))[1] is None:
            found.setdefault(row.number, row)
    return list(found.values())


def _ask(carrier: SmsCarrier, row: Row, today: date) -> Line:
    """`unknown` where the carrier does not say: its fault is not the person's."""
    try:
        line_type = carrier.line_type(row.number)
        agreed = agreed_on(row.proof.get("agreed_on", ""))
        long_ago = agreed is not None and today - agreed > timedelta(days=LONG_AGO_DAYS)
        moved = agreed is not None and long_ago and carrier.reassigned(row.number, agreed)
    except SendError:
        return Line("unknown")
    return Line(line_type, moved)
