"""How is the line started for a measurement, as processes, and what did each of them spend? (/proc: on Linux only.)"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import URL, insert

from bench import floor, load
from bench.door import Door
from bot.adapters.clock import SystemClock
from bot.adapters.nudges import DELIVER, queue_on
from bot.settings import SIMULATED_ACCOUNT
from bot.store import schema
from bot.store.crypto import Keyring
from bot.store.db import Database, make_engine
from bot.usecases.seed import seed
from tests.servers import postgres_admin

TOKEN = "b" * 32
FIELD_KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
SECRET = "bench-only-" + "x" * 32


@dataclass(frozen=True, slots=True)
class Place:
    """One server under load."""

    name: str
    origin: str
    pid: int


def own_database(server: URL, stack: ExitStack) -> str:
    name = f"bench_{os.getpid()}_{time.monotonic_ns()}"
    with postgres_admin(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    return server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def floor_people(url: str, start: int, count: int) -> None:
    """The floor reads a conversation and never makes one: they are there before the window."""
    engine = make_engine(url)
    rows = [
        {"phone": n, "state": "idle", "turn": 0}
        for n, _ in zip(load.numbers(start), range(count), strict=False)
    ]
    with engine.begin() as conn:
        conn.execute(insert(floor.conversation), rows)
    engine.dispose()


def prepare(url: str) -> None:
    schema.upgrade(url)
    database = Database(url, Keyring((base64.urlsafe_b64decode(FIELD_KEY),), SECRET), SystemClock())
    seed(database, demo=True)
    floor.metadata.create_all(database.engine)
    database.engine.dispose()


def floor_env(url: str) -> dict[str, str]:
    return {"FLOOR_DATABASE_URL": url, "FLOOR_TOKEN": TOKEN, "FLOOR_ORIGIN": "{origin}"}


def app_env(url: str, redis_url: str, carrier: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url, "REDIS_URL": redis_url, "PUBLIC_URL": "{origin}", "SECRET_KEY": SECRET,
        "FIELD_KEYS": FIELD_KEY, "TWILIO_ACCOUNT_SID": SIMULATED_ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": "+12105550100", "TWILIO_API_BASE": carrier, "QUIETLINE_SIMULATION": "1",
    }  # fmt: skip


@contextmanager
def server(app: str, env: dict[str, str], workers: int = 1, *, waits: bool = True) -> Iterator[Place]:
    """Sync workers, as in the Procfile. Without `waits` it may still be starting: several start side by side."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "sync", "--workers", str(workers),
               "--bind", f"127.0.0.1:{port}",
               "--log-level", "error", "--no-control-socket", app]  # fmt: skip
    with process(command, {k: v.format(origin=origin) for k, v in env.items()}) as pid:
        if waits:
            wait(origin)
        yield Place(app, origin, pid)


@contextmanager
def process(command: list[str], env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            with suppress(ProcessLookupError):  # whoever it started and left, if it left any
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def carrier(*command: str) -> Iterator[tuple[str, int]]:
    """A measured line's other end, `python -m` this, in a process of its own, so that it costs the line nothing but the
    machine's time: the address that it says first, and its process."""
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def seen(origin: str) -> dict[str, Any]:
    """What that carrier saw."""
    with urllib.request.urlopen(f"{origin}/seen", timeout=60) as answer:  # noqa: S310
        return dict(json.load(answer))


def wait(origin: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"{origin}/healthz", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def free_port() -> int:
    with Door.listener() as listener:
        return int(listener.getsockname()[1])


def cpu_s(pid: int, *, own: bool = False) -> float:
    """What a process and all it started (those that ended too) have spent, theirs and the kernel's; `own`: it alone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    mine = sum(map(int, fields[11 : 13 if own else 15])) / os.sysconf("SC_CLK_TCK")
    return mine if own else mine + sum(map(cpu_s, children(pid)))


def memory_mb(pid: int, *, own: bool = False) -> float:
    """Resident, of a process and all it started; what a fork shares counts for each."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    mine = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
    return mine if own else mine + sum(map(memory_mb, children(pid)))


def children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def wait_for_worker(redis_url: str) -> None:
    """Until a worker has taken a job: it has started, whatever else the machine is doing."""
    with Redis.from_url(redis_url) as redis:
        queue = queue_on(redis)
        queue.enqueue(DELIVER, result_ttl=0, description="deliver")
        deadline = time.monotonic() + 60
        while queue.count:
            if time.monotonic() > deadline:
                raise SystemExit("no worker came")
            time.sleep(0.1)


def postmaster(server: URL) -> int:
    """The process that all of PostgreSQL's descend from."""
    with postgres_admin(server) as admin:
        row = admin.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return int(Path(f"/proc/{row[0]}/stat").read_text().rpartition(")")[2].split()[1])
