"""How does a real process die at a marked point? A file named like the point kills whoever gets there.

Imported by `site/sitecustomize.py` in the processes of a house under proof and nowhere else. It waits until the line's
own modules have been imported, marks them, and makes what is measured in half minutes short enough for a test.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = "QUIETLINE_ARMED"
LEASE_S, CALL_S, START_S, WAIT_S, LOOK_S = 4.0, 1.5, 1.5, 5.0, 1.0
"""As in the line itself: a post begins within START_S, lasts CALL_S, and is over before its lease, and before anybody
believes that the carrier's list does not have it."""
READ_S = 1.0
"""Between two readings of the carrier's list; a text that is three times as old has not come by itself."""


def reach(point: str) -> None:
    """kill -9, once, for the first process that gets to an armed point."""
    armed = Path(os.environ[FOLDER]) / point
    try:
        armed.rename(armed.with_name(f"{point} done"))
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def arm(folder: Path, point: str) -> None:
    (folder / point).touch()


def still_armed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(" done")}


def _children(children: Any) -> None:
    children._FIRST_DELAY_S = children._LONGEST_DELAY_S = 0.1


def _line(app: Any) -> None:
    from bot.adapters import twilio as carrier
    from bot.usecases import deliver, reconcile, settle
    from bot.web import twilio as door
    from tests.proof import points

    deliver.LEASE, deliver.LATEST_START_S = timedelta(seconds=LEASE_S), START_S
    deliver.FIRST_LOOK = settle.LOOK_AGAIN = timedelta(seconds=LOOK_S)
    settle.SAFE_WAIT = timedelta(seconds=WAIT_S)
    reconcile.EVERY, reconcile.SETTLED = timedelta(seconds=READ_S), timedelta(seconds=3 * READ_S)
    reconcile.LEASE = timedelta(seconds=LEASE_S)
    carrier.CONNECT_S = carrier.READ_S = CALL_S
    ThreadPoolExecutor.submit = _with_its_act(ThreadPoolExecutor.submit)  # type: ignore[method-assign]
    points.mark(reach)
    points.mark_act("receive", door, "receive", reach=reach)
    points.mark_act("receipt", door, "receipt", reach=reach)
    points.mark_act("sweep", app, "sweep")
    points.mark_act("reconcile", app, "reconcile")
    points.mark_act("deliver", deliver, "deliver")
    points.mark_act("settle", settle, "settle")
    points.mark_calls(carrier.TwilioCarrier, reach)


def _with_its_act(submit: Callable[..., Any]) -> Callable[..., Any]:
    """What an act hands to other threads is the act's still."""

    def carried(pool: Any, work: Callable[..., Any], /, *args: Any, **more: Any) -> Any:
        return submit(pool, copy_context().run, work, *args, **more)

    return carried


class _After(MetaPathFinder):
    """Runs a deed once the module of this name has been imported."""

    def __init__(self, deeds: dict[str, Callable[[ModuleType], None]]) -> None:
        self._deeds = deeds

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        deed = self._deeds.pop(fullname, None)
        spec = importlib.util.find_spec(fullname) if deed else None
        if deed is None or spec is None or spec.loader is None:
            return None
        plain = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            plain(module)
            deed(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if os.environ.get(FOLDER):
    sys.meta_path.insert(0, _After({"bot.children": _children, "bot.app": _line}))
