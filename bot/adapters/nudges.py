"""How is the bell rung? An RQ job that carries nothing, at most one waiting at a time; losing it costs only time."""

from __future__ import annotations

import os
import threading
import time

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from bot import log, metrics

QUEUE = "deliver"
DELIVER = "bot.jobs.deliver"
_PAUSE_S = 0.04
"""Between two rings: turns that commit within it share one."""
_AFTER_FAILURE_S = 1.0


def connect(redis_url: str) -> Redis:
    """A short time-out: a queue server that hangs must not hang a person's turn or a worker's start."""
    return Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=2)


def queue_on(connection: Redis) -> Queue:
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer)


class RqNudges:
    """Rings from a thread of its own, so that no turn waits for Redis. The thread belongs to the process that rings:
    after a fork the child starts its own."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._wanted = threading.Event()
        self._pid = 0
        self._lock = threading.Lock()

    def deliver(self) -> None:
        if self._pid != os.getpid():
            self._start()
        self._wanted.set()

    def ready(self) -> bool:
        try:
            with connect(self._redis_url) as redis:
                return bool(redis.ping())
        except (RedisError, OSError):
            return False

    def _start(self) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._wanted = threading.Event()
                threading.Thread(target=self._run, args=(self._wanted,), name="nudges", daemon=True).start()
                self._pid = os.getpid()

    def _run(self, wanted: threading.Event) -> None:
        queue = queue_on(connect(self._redis_url))
        while True:
            wanted.wait()
            wanted.clear()
            try:
                # A job that still waits will begin after our commit, and so will see it.
                if not queue.count:
                    queue.enqueue(DELIVER, result_ttl=0, failure_ttl=60, description="deliver", job_timeout=300)
                metrics.nudges.count("rung")
            except (RedisError, OSError) as error:
                metrics.nudges.count("failed")
                log.event("nudge_failed", level="warning", error=error)
                time.sleep(_AFTER_FAILURE_S)  # the sweep finds the work meanwhile
            time.sleep(_PAUSE_S)


class CountedNudges:
    """The fake twin: counts rings and does nothing."""

    def __init__(self) -> None:
        self.rings = 0

    def deliver(self) -> None:
        self.rings += 1

    def ready(self) -> bool:
        return True
