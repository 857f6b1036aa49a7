"""What time is it? The real clock, and one that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


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
