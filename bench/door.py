"""When does a reply reach the carrier? A carrier that takes every text at once and notes the moment."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from bench.load import _post


@dataclass
class Door:
    origin: str
    came: list[float] = field(default_factory=list)
    rang: threading.Event = field(default_factory=threading.Event)

    @staticmethod
    @contextmanager
    def listener() -> Iterator[socket.socket]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            yield listening

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Door]:
        door = cls("")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                door.came.append(time.perf_counter())
                door.rang.set()
                body = b'{"sid": "SM%032x", "status": "queued", "body": "", "to": "%s"}' % (
                    len(door.came), form["To"][0].encode())  # fmt: skip
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        door.origin = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield door
        finally:
            server.shutdown()


def arrivals(door: Door, origin: str, work: list[list[bytes]]) -> list[float]:
    """Milliseconds from sending each webhook to the reply at the door, one at a time: nothing else waits."""
    host, port = str(urlsplit(origin).hostname), int(urlsplit(origin).port or 80)
    took = []
    for conversation in work:
        for request in conversation:
            door.rang.clear()
            began = time.perf_counter()
            asyncio.run(_post(host, port, request))
            if door.rang.wait(timeout=5):
                took.append((door.came[-1] - began) * 1000)
    return took
