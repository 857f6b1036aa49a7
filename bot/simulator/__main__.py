"""Start the simulated carrier: `python -m bot.simulator`, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading

from bot.errors import SettingsError
from bot.settings import BAD_SETTINGS_EXIT, SimulatorSettings
from bot.simulator.server import SimulatorServer


def main() -> int:
    """Serve; one line on stderr and a failing exit code when the settings or the port forbid it."""
    try:
        settings = SimulatorSettings.from_env()
        server = SimulatorServer(settings).start()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS_EXIT
    except OSError:
        print("QUIETLINE_SIMULATOR_PORT is taken by another process.", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print(f"simulated carrier on {server.base}", flush=True)
    stop.wait()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
