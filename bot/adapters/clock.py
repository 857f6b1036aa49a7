"""What time is it? The database's clock, the machine's, and one that stands still until it is told to move."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_ASKED_EVERY_S = 30.0
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts on through a laptop's sleep, and never jumps."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


class DatabaseClock:
    """The database's clock: what all processes share, so that a deadline one of them writes is due for every other.

    Asked every half minute; between, a clock of the kernel's that nobody can set counts on. So a machine whose clock
    jumps by an hour, or is wrong, moves no deadline. While the database does not answer, it counts on by itself.
    """

    def __init__(self) -> None:
        self._ask: Callable[[], datetime] | None = None
        self._base = datetime.now(UTC)
        self._at = time.clock_gettime(_BOOT)
        self._asked = False

    def asks(self, ask: Callable[[], datetime]) -> None:
        """`ask` is the database's own time; it may raise while nobody answers."""
        self._ask = ask

    def now(self) -> datetime:
        """Aware, UTC."""
        passed = time.clock_gettime(_BOOT) - self._at
        if self._ask is not None and (not self._asked or passed >= _ASKED_EVERY_S):
            self._asked = True
            try:
                base = self._ask()
            except Exception:  # whoever needs the database now will say so
                base = self._base + timedelta(seconds=passed)
            self._base, self._at = base, time.clock_gettime(_BOOT)
            return base
        return self._base + timedelta(seconds=passed)


class FakeClock:
    """The fake twin: a rehearsal of a week takes no week."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move to this moment. Raises ValueError for a naive one."""
        if at.tzinfo is None:
            raise ValueError("a naive time says nothing about when")
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move on; returns the new moment."""
        self._at += by
        return self._at
