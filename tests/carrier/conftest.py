"""What do the carrier's tests stand on? A line that records, a simulator that calls it, and the adapter, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.twilio import TwilioCarrier
from bot.simulator.control import Control
from bot.simulator.server import SimulatorServer
from tests.carrier.line import ACCOUNT, OURS, TOKEN, Line, settings_for, started_line


@pytest.fixture
def line() -> Iterator[Line]:
    with started_line() as line:
        yield line


@pytest.fixture
def simulator(line: Line) -> Iterator[SimulatorServer]:
    server = SimulatorServer(settings_for(line)).start()
    yield server
    server.close()


@pytest.fixture
def control(simulator: SimulatorServer) -> Control:
    return Control(simulator.base, TOKEN)


@pytest.fixture
def twilio(simulator: SimulatorServer, line: Line) -> TwilioCarrier:
    return TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", simulator.base, line.base)
