"""Two of every process over one PostgreSQL and one Redis: what does a second machine carry, and what fills first?

`python -m bench.machines`: first a web server, a worker and a clock; then two web servers on two ports, two workers,
two clocks, and the watch. Turns through the webhook, then texts that are due at once. On one machine of two cores a
second of each adds no core: what counts is the CPU that each process spends on a turn and on a text.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import func, select

from bench import carrier as carriers
from bench import drain, load
from bench.line import TOKEN, app_env, cpu_s, own_database, postmaster, prepare, process, server, wait_for_worker
from bot.app import build
from bot.services import Services
from bot.settings import SIMULATED_ACCOUNT, Settings
from bot.store import messages
from bot.store.db import Database
from tests.servers import postgres_server, redis_server

CONVERSATIONS, AT_ONCE = 120, 8
"""On each web server; seven turns each, with the answers leaving meanwhile."""
TEXTS = 2_000


@dataclass(frozen=True, slots=True)
class Carried:
    """What so many machines did: turns and texts a second, and the CPU of each kind of process, in ms on each."""

    machines: int
    turns_per_s: float
    p99_ms: float
    texts_per_s: float
    turn_ms: dict[str, float]
    text_ms: dict[str, float]
    twice: int


def main() -> None:
    with ExitStack() as stack:
        redis_url = stack.enter_context(redis_server())
        postgres = stack.enter_context(postgres_server())
        base = postmaster(postgres)
        found = []
        for machines in (1, 2):
            with ExitStack() as one:
                url = own_database(postgres, one)
                prepare(url)
                found.append(_carry(one, url, redis_url, machines, base))
        _print(found)


def _carry(stack: ExitStack, url: str, redis_url: str, machines: int, base: int) -> Carried:
    origin, _ = stack.enter_context(carriers.carrier(TOKEN))
    env = app_env(url, redis_url, origin)
    services = build(Settings.from_env({**env, "PUBLIC_URL": "http://127.0.0.1:9"}))
    webs = [stack.enter_context(server("wsgi:app", env)) for _ in range(machines)]
    shared = {**env, "PUBLIC_URL": webs[0].origin}
    pids = {"web": [one.pid for one in webs], "worker": [], "clock": [], "PostgreSQL": [base]}
    for name in ["worker", "clock"] * machines:
        command = [sys.executable, "worker.py", *(["clock"] if name == "clock" else [])]
        pids[name].append(stack.enter_context(process(command, shared)))
    if machines > 1:
        pids["watch"] = [stack.enter_context(process([sys.executable, "worker.py", "watch"], shared))]
    wait_for_worker(env["REDIS_URL"])
    time.sleep(3)  # the clock takes its place; nothing is asserted about that
    for nth, web in enumerate(webs):  # the first turns compile their statements
        load.run(web.origin, _work(web.origin, 700_000 + nth * 1000, 20), AT_ONCE)
    before = _spent(pids)
    began = time.monotonic()
    seen = asyncio.run(_side_by_side([(web.origin, _work(web.origin, nth * CONVERSATIONS, CONVERSATIONS))
                                      for nth, web in enumerate(webs)]))  # fmt: skip
    turns = machines * CONVERSATIONS * len(load.TURNS)
    turns_per_s = turns / (time.monotonic() - began)
    _until_sent(services.database)
    turn_ms = _since(pids, before, turns)
    drain._people(services.database, TEXTS, "campaign")
    before, began = _spent(pids), time.monotonic()
    drain._release(services.database)
    for _ in range(machines):
        drain._ring(redis_url)
    _until_sent(services.database)
    texts_per_s = TEXTS / (time.monotonic() - began)
    text_ms = _since(pids, before, TEXTS)
    taken = carriers.seen(origin)["taken"]
    services.database.engine.dispose()
    twice = len(taken) - len({ours for ours, *_ in taken}) + _not_once(services, len(taken))
    return Carried(machines, turns_per_s, max(one.p99_ms for one in seen), texts_per_s, turn_ms, text_ms, twice)


def _work(origin: str, start: int, count: int) -> list[list[bytes]]:
    return load.conversations(origin, TOKEN, SIMULATED_ACCOUNT, start, count, load.TURNS)


async def _side_by_side(work: list[tuple[str, list[list[bytes]]]]) -> list[load.Measured]:
    return list(await asyncio.gather(*(load._run(origin, theirs, AT_ONCE) for origin, theirs in work)))


def _until_sent(database: Database) -> None:
    m, until = messages.messages.c, time.monotonic() + 120
    while True:
        with database.reading() as tx:
            waits = m.status.in_(("sending", "unknown")) | ((m.status == "queued") & (m.due_at <= tx.now))
            left = tx.conn.execute(select(func.count()).where(m.direction == "out", waits)).scalar_one()
        if not left:
            return
        if time.monotonic() > until:
            raise SystemExit(f"{left} texts did not leave in two minutes")
        time.sleep(0.1)


def _not_once(services: Services, taken: int) -> int:
    """By how many the texts that count as sent differ from those that the carrier has."""
    m = messages.messages.c
    with services.database.reading() as tx:
        carried = m.status.in_(("sent", "delivered", "undelivered"))
        query = select(func.count()).where(m.direction == "out", carried)
        return abs(tx.conn.execute(query).scalar_one() - taken)


def _spent(pids: dict[str, list[int]]) -> dict[str, float]:
    return {name: sum(map(cpu_s, theirs)) for name, theirs in pids.items()}


def _since(pids: dict[str, list[int]], before: dict[str, float], count: int) -> dict[str, float]:
    return {name: (spent - before[name]) / count * 1000 for name, spent in _spent(pids).items()}


def _print(found: list[Carried]) -> None:
    names = ("web", "worker", "clock", "PostgreSQL")
    print("| machines | turns/s | p99 ms | texts/s | CPU ms a turn: " + ", ".join(names)
          + " | CPU ms a text: " + ", ".join(names) + " | twice or lost |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for one in found:
        print(
            f"| {one.machines} | {one.turns_per_s:.0f} | {one.p99_ms:.0f} | {one.texts_per_s:.0f} "
            f"| {', '.join(f'{one.turn_ms[name]:.2f}' for name in names)} "
            f"| {', '.join(f'{one.text_ms[name]:.2f}' for name in names)} | {one.twice} |"
        )
    one = found[0]
    ours = sum(one.turn_ms[name] for name in ("web", "worker"))
    base = one.turn_ms["PostgreSQL"]
    print(f"\nA turn, its answers and their receipts cost {ours:.1f} ms of web and worker and {base:.1f} ms of "
          f"PostgreSQL: one core of PostgreSQL is full at {1000 / base:.0f} turns a second, which take "
          f"{ours / base:.1f} cores of web and worker.")  # fmt: skip


if __name__ == "__main__":
    main()
