"""What stands at the other end in these tests? A small HTTP server that records what it is sent and answers as told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from werkzeug.datastructures import MultiDict

from bot.adapters.twilio import SignatureCheck
from bot.ports import OutboundText
from bot.settings import SimulatorSettings
from bot.simulator.control import Control

ACCOUNT = "AC" + "51" * 16
TOKEN = "simulated-token"
OURS = "+12105550100"
ANA, BEA, LANDLINE = "+12105550123", "+12105550124", "+12105550000"


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    form: MultiDict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str = "<Response/>"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})


class Line:
    """Records calls; `answers` are used up first, then 200. `connections` counts the sockets it was called on."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        self.gate = threading.Event()
        self.gate.set()
        self.connections = 0
        self._arrived = threading.Condition()
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                line.connections += 1
                super().setup()

            def do_POST(self) -> None:
                line.take(self)

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        parts = urlsplit(request.path)
        form = MultiDict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        with self._arrived:
            self.calls.append(Call(request.command, parts.path, parts.query, dict(request.headers), form, body))
            answer = self.answers.pop(0) if self.answers else Answer()
            self._arrived.notify_all()
        self.gate.wait(20)
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer.body.encode())))
        request.end_headers()
        request.wfile.write(answer.body.encode())

    def wait_for(self, number: int, where: Callable[[Call], bool] = lambda call: True) -> list[Call]:
        """The calls for which `where` holds, once there are so many."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: sum(map(where, self.calls)) >= number, timeout=20)
            assert came, "the calls never came"
            return [call for call in self.calls if where(call)]

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def inbound(call: Call) -> bool:
    return call.path == "/twilio/inbound"


def receipt(call: Call) -> bool:
    return call.path == "/twilio/status"


def signed(call: Call, base: str, token: str = TOKEN) -> bool:
    check = SignatureCheck((token,), base, ACCOUNT)
    return check.accepts(call.path, call.query, call.form, call.headers.get("X-Twilio-Signature"),
                         call.form.get("AccountSid"))  # fmt: skip


def settings_for(line: Line, **changes: object) -> SimulatorSettings:
    known: dict[str, object] = {
        "port": 0, "account_sid": ACCOUNT, "auth_token": TOKEN, "numbers": (OURS,),
        "inbound_url": f"{line.base}/twilio/inbound", "data_file": None, "receipt_delay_s": 0.0,
    }  # fmt: skip
    return SimulatorSettings(**{**known, **changes})  # type: ignore[arg-type]


def settle(control: Control) -> None:
    """Wait until the simulator has nothing left to post."""
    ends = time.monotonic() + 20
    while control.pending():
        assert time.monotonic() < ends, "the simulator never came to rest"
        time.sleep(0.01)


def text_to(number: str, body: str = "Hi", message_id: str = "a" * 32) -> OutboundText:
    return OutboundText(message_id=message_id, to=number, body=body)


@contextmanager
def started_line() -> Iterator[Line]:
    line = Line()
    try:
        yield line
    finally:
        line.close()
