"""What may a queue job do? Ring-ins only: no arguments, safe to run twice, safe to lose."""

from __future__ import annotations

from bot.services import Services
from bot.usecases import deliver as delivering
from bot.usecases import settle as settling

_services: list[Services] = []


def install(services: Services) -> None:
    """Called once by the worker's process, before it takes its first job."""
    _services[:] = [services]


def deliver() -> None:
    """Send what is due and settle what is in doubt. Repeating it is safe: each row is claimed under a lease."""
    services = _services[0]
    settling.settle(services.database, services)
    delivering.deliver(services.database, services)
