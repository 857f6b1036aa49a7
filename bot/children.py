"""How do several processes live as one? Started in order, started again when they die, and ended together.

Each child leads a session of its own, so that Ctrl-C reaches only the parent and the end has an order. On Linux the
kernel tells the children when the parent is gone, even after `kill -9`; elsewhere such children have to be stopped by
hand.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0
_SETTLED_S = 30.0
"""A child that lived this long starts again without the delays of earlier deaths."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to start. Those with a lower `stage` are stopped first."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    stage: int
    warm_s: float = 10.0


class _Child:
    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.deaths = 0
        self.again_at: float | None = None
        self._folder = folder
        self.start()

    def start(self) -> None:
        self.again_at = None
        self.started_at = time.monotonic()
        # A session of its own and the death signal are both set in the child, before its program begins.
        self.process = subprocess.Popen(self.program.command, env=dict(self.program.env), cwd=self._folder,
                                        stdin=subprocess.DEVNULL, start_new_session=True,
                                        preexec_fn=_die_with(os.getpid()))  # fmt: skip

    def delay(self) -> float:
        """Seconds to wait before the next start; doubles with each death in a row."""
        if time.monotonic() - self.started_at >= _SETTLED_S:
            self.deaths = 0
        self.deaths += 1
        return min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** (self.deaths - 1))

    def signal_group(self, number: signal.Signals) -> None:
        """Reaches grandchildren too: a web server's workers outlive a killed parent and hold its port."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # nobody is left in it (macOS answers EPERM for that)
            return


class Children:
    """The processes, as a context: leaving it stops them all."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._children: list[_Child] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Raises OSError when the program is not there."""
        self._children.append(_Child(program, self._folder))

    def tend(self) -> None:
        """Notice who died, say so, and start again whoever has waited long enough."""
        for child in self._children:
            if child.again_at is not None:
                if time.monotonic() >= child.again_at:
                    child.start()
            elif child.process.poll() is not None:
                child.signal_group(signal.SIGTERM)
                delay = child.delay()
                child.again_at = time.monotonic() + delay
                self._say(f"{child.program.name} ended ({_how(child.process.returncode)}); again in {delay:g} s.")

    def stop(self) -> None:
        """Ask stage by stage; whoever does not go in its time is killed. A second Ctrl-C shortens the wait."""
        hurry: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _frame: hurry.append(number))
        for stage in sorted({child.program.stage for child in self._children}):
            going = [child for child in self._children if child.program.stage == stage]
            for child in going:
                if child.process.poll() is None:
                    child.process.terminate()
            for child in going:
                self._wait(child, hurry)
        self._children.clear()

    def _wait(self, child: _Child, hurry: list[int]) -> None:
        until = time.monotonic() + child.program.warm_s
        while child.process.poll() is None and time.monotonic() < until and not hurry:
            time.sleep(0.05)
        if child.process.poll() is None:
            self._say(f"{child.program.name} did not stop in time and was killed.")
        child.signal_group(signal.SIGKILL)
        child.process.wait()


def _how(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a new child does before its program starts: asks the kernel for SIGTERM at the parent's death."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask
