"""Does a worker end when it is told to, whatever has become of the queue?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot.embedded import answers, queue_server

ROOT = Path(__file__).parents[1]
PROGRAM = "import sys; from bot.adapters.queue_worker import take_jobs; take_jobs(sys.argv[1])"
PATIENCE_S = 30


@pytest.fixture
def queue() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A queue server of this test's own, for it is frozen and killed."""
    with tempfile.TemporaryDirectory(prefix="ql-", dir="/tmp") as folder:
        server = queue_server(Path(folder))
        with server.log.open("ab") as out:
            process = subprocess.Popen(list(server.command), cwd=folder, stdout=out, stderr=out)
        try:
            yield process, server.url
        finally:
            process.kill()
            process.wait()


def test_a_worker_told_to_stop_while_the_queue_dies_does_not_begin_again(queue) -> None:
    server, url = queue
    assert answers(url, PATIENCE_S)
    worker = subprocess.Popen([sys.executable, "-c", PROGRAM, url], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(url) as client:
            while not client.info("clients")["blocked_clients"]:  # it waits for a job
                assert worker.poll() is None
        os.kill(server.pid, signal.SIGSTOP)
        worker.terminate()  # it wants to say goodbye to a queue that does not listen
        os.kill(server.pid, signal.SIGKILL)
        assert worker.wait(PATIENCE_S) in (0, -signal.SIGTERM)
    finally:
        worker.kill()
        worker.wait()
