"""How is the simulator served? Werkzeug's threaded server on loopback, which can also hang up on purpose."""

from __future__ import annotations

import socket
import threading

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from bot.settings import SimulatorSettings
from bot.simulator import controls, rest
from bot.simulator.carrier import Carrier

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """An access log would hold numbers."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Says nothing."""


def create_app(carrier: Carrier) -> Flask:
    """The carrier's HTTP face."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.register_blueprint(rest.blueprint(carrier))
    app.register_blueprint(controls.blueprint(carrier))
    return app


class SimulatorServer:
    """A simulator that serves until it is closed. `port` 0 takes a free one."""

    def __init__(self, settings: SimulatorSettings) -> None:
        """Raises OSError when the port is taken."""
        with socket.create_server((HOST, settings.port), backlog=128) as listener:
            self.carrier = Carrier(settings)
            self._server = make_server(HOST, 0, create_app(self.carrier), threaded=True, request_handler=_Quiet,
                                       fd=listener.fileno())  # fmt: skip
        self._thread: threading.Thread | None = None

    @property
    def base(self) -> str:
        """Where it answers; goes into TWILIO_API_BASE."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self) -> SimulatorServer:
        """Serve in a thread."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="simulator")
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving and calling."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self.carrier.close()
