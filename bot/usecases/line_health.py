"""Is the way to a human alive? The canary, the clock and whoever watches it, and what an operator must set right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.services import Services
from bot.store import canaries, heartbeats
from bot.store.canaries import Canary
from bot.store.db import Tx
from bot.usecases import alerts
from bot.usecases.watch import LATE


@dataclass(frozen=True, slots=True)
class Health:
    """`alerts` are words for an operator, the latest first."""

    canary: Canary | None
    clock_at: datetime | None
    watch_at: datetime | None
    clock_beats: bool
    watched: bool
    alerts: tuple[str, ...]

    @property
    def human_after(self) -> timedelta | None:
        """From the canary's call to the human who answered it."""
        one = self.canary
        return None if one is None or one.heard_at is None else one.heard_at - (one.called_at or one.began_at)


def line_health(tx: Tx, services: Services) -> Health:
    clock_at, watch_at = heartbeats.last_beat(tx, "clock"), heartbeats.last_beat(tx, "watch")
    return Health(
        canary=canaries.latest(tx),
        clock_at=clock_at,
        watch_at=watch_at,
        clock_beats=clock_at is not None and tx.now - clock_at <= LATE,
        watched=watch_at is not None and tx.now - watch_at <= LATE,
        alerts=tuple(words for _, words in alerts.standing(tx, services)),
    )
