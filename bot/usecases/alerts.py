"""Who tells an operator that something between us and the carrier is wrong? A row that `doctor` reads, a log line at
the first of each, and a counter."""

from __future__ import annotations

from datetime import timedelta

from bot import log, metrics
from bot.rules.carrier_errors import policy_of
from bot.services import Services
from bot.store import alerts
from bot.store.db import Tx

STANDS_FOR = timedelta(hours=24)
"""An alert that was not raised for so long is over."""
_ANEW_AFTER = timedelta(hours=1)


def alert(tx: Tx, code: str, sender: str = "") -> None:
    """It happened, by this number of ours or service; safe to tell as often as it does."""
    metrics.carrier_alerts.count()
    if alerts.raise_alert(tx, code, sender, anew_after=tx.now - _ANEW_AFTER):
        log.event("carrier_alert", level="critical", code=code)


def standing(tx: Tx, services: Services) -> list[tuple[str, str]]:
    """Code and words of what an operator should set right now, the latest first."""
    names = services.settings.twilio_from
    found = []
    for one in alerts.since(tx, tx.now - STANDS_FOR):
        which = f" (number {names.index(one.sender) + 1} of TWILIO_FROM)" if one.sender in names else ""
        found.append((one.code, f"{policy_of(one.code).fix or policy_of(one.code).words}{which} [{one.times}x]"))
    return found
