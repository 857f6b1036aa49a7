"""What may a queue job do? Ring-ins only: no arguments, safe to run twice, safe to lose."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

from bot.services import Services
from bot.usecases import deliver as delivering
from bot.usecases import import_recipients as importing
from bot.usecases import read_import_files as filing
from bot.usecases import redact as redacting
from bot.usecases import settle as settling

_LOOK_S = 0.05

_services: list[Services] = []


def install(services: Services) -> None:
    """Called once by the worker's process, before it takes its first job."""
    _services[:] = [services]


def deliver() -> None:
    """Send what is due and settle what is in doubt; then empty copies at the carrier, and read on lists and directory
    files. Repeating it is safe: each row is claimed under a lease."""
    services = _services[0]
    with ThreadPoolExecutor(1, thread_name_prefix="aside") as aside:
        chores = aside.submit(_chores, services)
        while True:
            delivering.deliver(services.database, services)
            # A look-up that takes long holds up nobody: texts that come due meanwhile leave.
            if wait((chores,), _LOOK_S).done:
                break
        chores.result()


def _chores(services: Services) -> None:
    settling.settle(services.database, services)
    redacting.redact(services.database, services)
    importing.read_lists(services.database, services)
    filing.read_import_files(services.database, services)
