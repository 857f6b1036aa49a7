"""Who posts what, when, and after what? Work on lanes: in order within a lane, side by side between them."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]

CLOSING_S = 2.0

_log = logging.getLogger(__name__)


class Lanes:
    """A few threads that run jobs. Jobs of one lane never overlap and keep the order in which they came due."""

    def __init__(self, threads: int = 8) -> None:
        self._wake = threading.Condition()
        self._later: list[tuple[float, int, str, Job]] = []
        self._waiting: dict[str, deque[Job]] = {}
        self._runnable: deque[str] = deque()
        self._order = itertools.count()
        self._running = 0
        self._closed = False
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"lane-{i}") for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def put(self, lane: str, job: Job, after_s: float = 0.0) -> None:
        """Run this on that lane, not before so many seconds have passed."""
        with self._wake:
            heapq.heappush(self._later, (time.monotonic() + after_s, next(self._order), lane, job))
            self._wake.notify()

    @property
    def pending(self) -> int:
        """Jobs not finished."""
        with self._wake:
            return len(self._later) + sum(len(jobs) for jobs in self._waiting.values()) + self._running

    def close(self) -> None:
        """Start nothing more. What runs has a moment to finish."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        ends = time.monotonic() + CLOSING_S
        for thread in self._threads:
            thread.join(timeout=max(ends - time.monotonic(), 0.0))

    def _work(self) -> None:
        while True:
            with self._wake:
                lane = self._next_lane()
                if lane is None:
                    return
                job = self._waiting[lane].popleft()
                self._running += 1
            try:
                job()
            except Exception as error:  # one broken job must not take the thread, and the lane, with it
                if not self._closed:
                    _log.error("a webhook job failed: %s", type(error).__name__)
            finally:
                with self._wake:
                    self._running -= 1
                    self._leave(lane)

    def _next_lane(self) -> str | None:
        """Wait for a lane with work that nobody else is on. None when closed."""
        while not self._closed:
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                _, _, lane, job = heapq.heappop(self._later)
                if lane not in self._waiting:
                    self._waiting[lane] = deque()
                    self._runnable.append(lane)
                self._waiting[lane].append(job)
            if self._runnable:
                lane = self._runnable.popleft()
                if self._runnable or self._later:
                    self._wake.notify()  # somebody else keeps watch while this thread is busy
                return lane
            self._wake.wait(self._later[0][0] - now if self._later else None)
        return None

    def _leave(self, lane: str) -> None:
        if self._waiting[lane]:
            self._runnable.append(lane)
            self._wake.notify()
        else:
            del self._waiting[lane]
