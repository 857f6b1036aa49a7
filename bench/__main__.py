"""The turn beside its floor, on both databases, and the way of a reply to the carrier's door: `make bench`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import drain, lists, load, match, openings_year, outreach_months, release_loop, step, understanding
from bench.door import Door, arrivals
from bench.line import TOKEN, Place, app_env, floor_env, floor_people, own_database, prepare, process, server
from bot.settings import SIMULATED_ACCOUNT
from tests.servers import postgres_server, redis_server

ROUNDS = 9
CONVERSATIONS = 80
AT_ONCE = 8
SHORT_LIST, SHORT_MONTHS = 20_000, 2
"""Long lists and many months have commands of their own: here they show that nothing is out of proportion."""


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
            ("PostgreSQL", own_database(postgres, stack)),
        ):
            _side_by_side(name, url, redis_url)
        print(flush=True)
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'd.sqlite3'}"),
            ("PostgreSQL", own_database(postgres, stack)),
        ):
            took = _to_the_door(url, redis_url)
            print(f"{name}: reply at the carrier's door after {median(took):.0f} ms (median), "
                  f"{sorted(took)[int(len(took) * 0.95)]:.0f} ms (p95) of the webhook, {len(took)} texts")  # fmt: skip
        print(f"\n{drain.TEXTS} texts due at once, a carrier that answers in {drain.ANSWERS_AFTER_S * 1000:.0f} ms\n")
        print(drain.HEAD, flush=True)
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'o.sqlite3'}"),
            ("PostgreSQL", own_database(postgres, stack)),
        ):
            prepare(url)
            drain.report(name, app_env(url, redis_url, "{carrier}"))
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


def _side_by_side(name: str, url: str, redis_url: str) -> None:
    prepare(url)
    with ExitStack() as stack:
        base = stack.enter_context(server("bench.floor:create_app()", floor_env(url)))
        turn = stack.enter_context(server("wsgi:app", app_env(url, redis_url, "http://127.0.0.1:9")))
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
        floor_people(url, start, CONVERSATIONS)
    work = load.conversations(place.origin, TOKEN, SIMULATED_ACCOUNT, start, CONVERSATIONS, script)
    before = _workers_cpu_us(place.pid)
    seen = load.run(place.origin, work, AT_ONCE)
    return Window(seen, (_workers_cpu_us(place.pid) - before) / (CONVERSATIONS * len(script)))


def _workers_cpu_us(arbiter: int) -> float:
    """What gunicorn's workers have spent, in the user's name and the kernel's; from /proc, so on Linux only."""
    workers = Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split()
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in workers]
    return sum(int(s[11]) + int(s[12]) for s in stats) * 1e6 / os.sysconf("SC_CLK_TCK")


def _to_the_door(url: str, redis_url: str) -> list[float]:
    """Milliseconds from the webhook to the reply's arrival at a carrier, with web and worker as processes."""
    prepare(url)
    with ExitStack() as stack:
        door = stack.enter_context(Door.open())
        env = app_env(url, redis_url, door.origin)
        turn = stack.enter_context(server("wsgi:app", env))
        stack.enter_context(process([sys.executable, "worker.py"], {**env, "PUBLIC_URL": turn.origin}))
        time.sleep(2)  # the worker takes its place; nothing is asserted about it
        work = load.conversations(turn.origin, TOKEN, SIMULATED_ACCOUNT, 0, 12, SEARCHING)
        return arrivals(door, turn.origin, work)


if __name__ == "__main__":
    main()
