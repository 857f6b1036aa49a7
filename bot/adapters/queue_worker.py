"""Who takes the jobs off the queue? One RQ worker on one queue, in this process, for as long as it is wanted.

One queue per worker: with two, a kill between pop and start loses a job without a trace (rq/rq#1716). In this process
rather than a forked child: a job holds no state, and what it needs (connections, the carrier's session) stays warm.
"""

from __future__ import annotations

import signal
import time

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from bot import log
from bot.adapters.nudges import connect, queue_on

_MAINTENANCE_S = 60
_RECONNECT_S = 2.0


class _Worker(SimpleWorker):
    told_to_stop = False

    def handle_warm_shutdown_request(self) -> None:
        self.told_to_stop = True
        super().handle_warm_shutdown_request()


def take_jobs(redis_url: str) -> None:
    """Returns when told to stop (SIGTERM, SIGINT). A queue server that is away is waited for."""
    while True:
        worker = None
        try:
            queue = queue_on(connect(redis_url))
            worker = _Worker([queue], connection=queue.connection, serializer=JSONSerializer,
                             maintenance_interval=_MAINTENANCE_S, log_job_description=False)  # fmt: skip
            worker.work(logging_level="WARNING")
            return
        except (RedisError, OSError) as error:
            log.event("queue_unreachable", level="warning", error=error)
        if worker is not None and worker.told_to_stop:
            return  # the queue went away before it could be told goodbye; nobody will say "stop" a second time
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, signal.SIG_DFL)  # nothing is held; the last worker's would ask the queue
        time.sleep(_RECONNECT_S)
