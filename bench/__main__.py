"""The turn beside its floor, on both databases, and the way of a reply to the carrier's door: `make bench`."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import URL, insert

from bench import drain, floor, lists, load, match, openings_year, outreach_months, release_loop, step, understanding
from bench.door import Door, arrivals
from bot.adapters.clock import SystemClock
from bot.settings import SIMULATED_ACCOUNT
from bot.store import schema
from bot.store.crypto import Keyring
from bot.store.db import Database, make_engine
from bot.usecases.seed import seed
from tests.servers import postgres_admin, postgres_server, redis_server

ROUNDS = 9
CONVERSATIONS = 80
AT_ONCE = 8
SHORT_LIST, SHORT_MONTHS = 20_000, 2
"""Long lists and many months have commands of their own: here they show that nothing is out of proportion."""
TOKEN = "b" * 32
FIELD_KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
SECRET = "bench-only-" + "x" * 32


SEARCHING = (*load.TURNS, *load.SEARCHES)


@dataclass(frozen=True, slots=True)
class Window:
    """One window on one server: what the load saw, and what the worker's process spent on each turn."""

    seen: load.Measured
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Round:
    """The same window on the floor and on the turn, one after the other."""

    floor: Window
    turn: Window


@dataclass(frozen=True, slots=True)
class Place:
    """One server under load."""

    name: str
    origin: str
    pid: int


def main() -> None:
    step.main()
    print(flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ql-")))
        redis_url = stack.enter_context(redis_server())
        postgres = stack.enter_context(postgres_server())
        print(f"One sync worker, {AT_ONCE} at once, {CONVERSATIONS} conversations a window, {ROUNDS} rounds\n")
        print("| what | floor turns/s | turn turns/s | ratio (min to max) | turn p50 / p99 ms | floor p99 ms "
              "| CPU of floor / turn us | CPU ratio (min to max) |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|")
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'b.sqlite3'}"),
            ("PostgreSQL", _own_database(postgres, stack)),
        ):
            _side_by_side(name, url, redis_url)
        print(flush=True)
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'd.sqlite3'}"),
            ("PostgreSQL", _own_database(postgres, stack)),
        ):
            took = _to_the_door(url, redis_url)
            print(f"{name}: reply at the carrier's door after {median(took):.0f} ms (median), "
                  f"{sorted(took)[int(len(took) * 0.95)]:.0f} ms (p95) of the webhook, {len(took)} texts")  # fmt: skip
        print(f"\n{drain.TEXTS} texts due at once, a carrier that answers in {drain.ANSWERS_AFTER_S * 1000:.0f} ms\n")
        print(drain.HEAD, flush=True)
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'o.sqlite3'}"),
            ("PostgreSQL", _own_database(postgres, stack)),
        ):
            _prepare(url)
            drain.report(name, _app_env(url, redis_url, "{carrier}"))
    understanding.main()
    print("\nA match as the directory grows, beside the plain statement\n", flush=True)
    match.main()
    print("\nA year of providers whose truth is known\n", flush=True)
    openings_year.main()
    print(f"\nA list of {SHORT_LIST:,} rows, beside its floor (python -m bench.lists for 164,000)\n", flush=True)
    lists.main(SHORT_LIST, SHORT_LIST // 4, 1)
    print(f"\nThe release loop with {SHORT_LIST:,} recipients (python -m bench.release_loop for 164,000)\n", flush=True)
    release_loop.main(SHORT_LIST)
    from bench import desk_load  # it stands on this file's servers

    print("\nThe desk with 1,000 open conversations (python -m bench.desk_load for 32,000)\n", flush=True)
    desk_load.main((1_000,), last=20)
    print("\nMonths of outreach (python -m bench.outreach_months for all of them)", flush=True)
    outreach_months.main(SHORT_MONTHS)


def _own_database(server: URL, stack: ExitStack) -> str:
    name = f"bench_{os.getpid()}_{time.monotonic_ns()}"
    with postgres_admin(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    return server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def _side_by_side(name: str, url: str, redis_url: str) -> None:
    _prepare(url)
    with ExitStack() as stack:
        base = stack.enter_context(_server("bench.floor:create_app()", _floor_env(url)))
        turn = stack.enter_context(_server("wsgi:app", _app_env(url, redis_url, "http://127.0.0.1:9")))
        for label, script, first in (("a turn", load.TURNS, 0), ("with the search", SEARCHING, 50_000)):
            rounds = [_round(base, turn, url, first + n * CONVERSATIONS, script, n % 2) for n in range(ROUNDS + 1)]
            _print(f"{name}, {label}", rounds[1:])  # the first round warms up


def _round(base: Place, turn: Place, url: str, start: int, script: tuple[str, ...], odd: int) -> Round:
    """Both in turn; which is first changes, so that a machine that slows down is fair to both."""
    first, second = (base, turn) if odd else (turn, base)
    one, other = _window(first, url, start, script), _window(second, url, start, script)
    return Round(one, other) if odd else Round(other, one)


def _print(label: str, rounds: list[Round]) -> None:
    refused = sum(r.floor.seen.refused + r.turn.seen.refused for r in rounds)
    print(
        f"| {label} | {median(r.floor.seen.turns_per_s for r in rounds):.0f} "
        f"| {median(r.turn.seen.turns_per_s for r in rounds):.0f} "
        f"| {_spread([r.turn.seen.turns_per_s / r.floor.seen.turns_per_s for r in rounds])} "
        f"| {median(r.turn.seen.p50_ms for r in rounds):.1f} / {median(r.turn.seen.p99_ms for r in rounds):.1f} "
        f"| {median(r.floor.seen.p99_ms for r in rounds):.1f} "
        f"| {median(r.floor.cpu_us for r in rounds):.0f} / {median(r.turn.cpu_us for r in rounds):.0f} "
        f"| {_spread([r.floor.cpu_us / r.turn.cpu_us for r in rounds])} |"
        + (f" **{refused} refused**" if refused else ""),
        flush=True,
    )


def _spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _window(place: Place, url: str, start: int, script: tuple[str, ...]) -> Window:
    if place.name.startswith("bench"):
        _floor_people(url, start)
    work = load.conversations(place.origin, TOKEN, SIMULATED_ACCOUNT, start, CONVERSATIONS, script)
    before = _workers_cpu_us(place.pid)
    seen = load.run(place.origin, work, AT_ONCE)
    return Window(seen, (_workers_cpu_us(place.pid) - before) / (CONVERSATIONS * len(script)))


def _workers_cpu_us(arbiter: int) -> float:
    """What gunicorn's workers have spent, in the user's name and the kernel's; from /proc, so on Linux only."""
    workers = Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split()
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in workers]
    return sum(int(s[11]) + int(s[12]) for s in stats) * 1e6 / os.sysconf("SC_CLK_TCK")


def _floor_people(url: str, start: int) -> None:
    """The floor reads a conversation and never makes one: they are there before the window."""
    engine = make_engine(url)
    rows = [
        {"phone": n, "state": "idle", "turn": 0}
        for n, _ in zip(load.numbers(start), range(CONVERSATIONS), strict=False)
    ]
    with engine.begin() as conn:
        conn.execute(insert(floor.conversation), rows)
    engine.dispose()


def _to_the_door(url: str, redis_url: str) -> list[float]:
    """Milliseconds from the webhook to the reply's arrival at a carrier, with web and worker as processes."""
    _prepare(url)
    with ExitStack() as stack:
        door = stack.enter_context(Door.open())
        env = _app_env(url, redis_url, door.origin)
        turn = stack.enter_context(_server("wsgi:app", env))
        stack.enter_context(_process([sys.executable, "worker.py"], {**env, "PUBLIC_URL": turn.origin}))
        time.sleep(2)  # the worker takes its place; nothing is asserted about it
        work = load.conversations(turn.origin, TOKEN, SIMULATED_ACCOUNT, 0, 12, SEARCHING)
        return arrivals(door, turn.origin, work)


def _prepare(url: str) -> None:
    schema.upgrade(url)
    database = Database(url, Keyring((base64.urlsafe_b64decode(FIELD_KEY),), SECRET), SystemClock())
    seed(database, demo=True)
    floor.metadata.create_all(database.engine)
    database.engine.dispose()


def _floor_env(url: str) -> dict[str, str]:
    return {"FLOOR_DATABASE_URL": url, "FLOOR_TOKEN": TOKEN, "FLOOR_ORIGIN": "{origin}"}


def _app_env(url: str, redis_url: str, carrier: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url, "REDIS_URL": redis_url, "PUBLIC_URL": "{origin}", "SECRET_KEY": SECRET,
        "FIELD_KEYS": FIELD_KEY, "TWILIO_ACCOUNT_SID": SIMULATED_ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": "+12105550100", "TWILIO_API_BASE": carrier, "QUIETLINE_SIMULATION": "1",
    }  # fmt: skip


@contextmanager
def _server(app: str, env: dict[str, str]) -> Iterator[Place]:
    """One sync worker, as in the Procfile."""
    port = _free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "sync", "--workers", "1",
               "--bind", f"127.0.0.1:{port}",
               "--log-level", "error", "--no-control-socket", app]  # fmt: skip
    with _process(command, {k: v.format(origin=origin) for k, v in env.items()}) as pid:
        _wait(origin)
        yield Place(app, origin, pid)


@contextmanager
def _process(command: list[str], env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(origin: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"{origin}/healthz", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _free_port() -> int:
    with Door.listener() as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
