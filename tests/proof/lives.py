"""How is one seed lived, and how are thousands? Each life on an emptied database in memory, and as many processes side
by side as the machine has cores.
"""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from bot.store import schema
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases import deliver, settle
from bot.web import twilio as door
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.logs import configured
from tests.proof import points
from tests.proof.checker import Complaint, check
from tests.proof.world import InLine, Plan, TickingClock, World

ROOT = Path(__file__).resolve().parents[2]
IN_MEMORY = "sqlite://"

Patch = Callable[[Any, str, Any], None]


def seeds(default: int) -> int:
    """How many lives are lived: QUIETLINE_SEEDS asks for more, or fewer."""
    return int(os.environ.get("QUIETLINE_SEEDS") or default)


def repeat(seed: int) -> str:
    """The one command that lives this life again, and tells it."""
    return f"python -m tests.proof {seed}"


@dataclass
class Lived:
    """What became of one seed."""

    seed: int
    complaints: list[Complaint]
    killed: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    story: list[str] = field(default_factory=list)


class Stage(Protocol):
    """Where a process reaches a point, and what time it is there."""

    clock: TickingClock

    def reach(self, point: str) -> None: ...

    def sleep(self, seconds: float) -> None: ...


class Lives:
    """One database, and lives upon it, one after the other."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, Keyring(TEST_KEYS, TEST_SECRET), TickingClock())
        if url == IN_MEMORY:
            schema.metadata.create_all(self.database.engine)
        elif url.startswith("sqlite"):
            self._let_the_record_be_emptied()
        self.world: Stage | None = None

    def _let_the_record_be_emptied(self) -> None:
        with self.database.engine.begin() as conn:
            for (name,) in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                conn.exec_driver_sql(f"DROP TRIGGER {name}")

    def reach(self, point: str) -> None:
        if self.world is not None:
            self.world.reach(point)

    def live(self, seed: int) -> Lived:
        """One life, checked."""
        self.empty()
        self.world = world = World(self.database, Plan.drawn(seed))
        said = io.StringIO()
        with redirect_stderr(said), redirect_stdout(said):
            account = world.run()
        account.written = {"the log": said.getvalue()}
        return Lived(seed, check(account), world.killed, len(account.taken), world.story)

    def empty(self) -> None:
        """Not a row is left, and nobody lives."""
        self.world = None
        tables = list(reversed(schema.metadata.sorted_tables))
        with self.database.engine.begin() as conn:
            if conn.dialect.name == "postgresql":  # the record of who did what refuses to be emptied
                conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in tables:
                conn.execute(table.delete())

    def monotonic(self) -> float:
        """The world's own time, for the line's own stop-watches."""
        return self.world.clock.at.timestamp() if self.world else time.monotonic()

    def sleep(self, seconds: float) -> None:
        assert self.world is not None
        self.world.sleep(seconds)


@contextmanager
def simulated(patch: Patch, url: str = IN_MEMORY) -> Iterator[Lives]:
    """The line's own modules, marked and without threads. `patch` sets an attribute; whoever gave it undoes it."""
    lives = Lives(url)
    points.mark(lives.reach, patch)
    points.mark_act("receive", door, "receive", patch, reach=lives.reach)
    points.mark_act("receipt", door, "receipt", patch, reach=lives.reach)
    points.mark_act("deliver", deliver, "deliver", patch)
    points.mark_act("settle", settle, "settle", patch)
    for name, module in list(sys.modules.items()):
        if name.startswith("bot.") and hasattr(module, "ThreadPoolExecutor"):
            patch(module, "ThreadPoolExecutor", InLine)
    patch(deliver, "time", SimpleNamespace(monotonic=lives.monotonic, sleep=lives.sleep))
    gc.freeze()  # as the line itself does
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    try:
        with configured():
            yield lives
    finally:
        gc.set_threshold(*thresholds)
        lives.empty()
        lives.database.engine.dispose()


def live_all(first: int, number: int) -> tuple[list[Lived], Counter[str]]:
    """So many lives from this seed on, in processes of their own: those with complaints, and where processes died."""
    cores = os.cpu_count() or 1
    command = [sys.executable, "-m", "tests.proof", "--json", "--every", str(cores), "--lives", str(number)]
    running = [
        subprocess.Popen([*command, str(first + n)], cwd=ROOT, stdout=subprocess.PIPE, text=True) for n in range(cores)
    ]
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * cores, told
    bad, killed = [], Counter[str]()
    for one in map(json.loads, told):
        killed.update(one["killed"])
        bad += [Lived(seed, [Complaint(*c) for c in complaints]) for seed, complaints in one["bad"]]
    return bad, killed
