"""Two of every process over one PostgreSQL and one Redis: what does a second machine carry, and what fills first?

`python -m bench.machines`: first a web server, a worker and a clock; then two web servers on two ports, two workers,
two clocks. Turns through the signed webhook, then texts that are due at once; afterwards the rows are asked whether
anything was done twice. Where all of it shares two cores a second of each adds no core: what counts is the CPU that
each kind of process spends on a turn and on a text. `python -m bench.machines 20` for twenty conversations a web
server. It ends by itself: after STOPS_AFTER_S at the latest it stops all it started, and prints what it has.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import URL, func, select

from bench import drain, line, load
from bench.line import (
    TOKEN,
    app_env,
    cpu_s,
    own_database,
    postmaster,
    prepare,
    process,
    server,
    wait,
    wait_for_worker,
)
from bot.app import build
from bot.services import Services
from bot.settings import SIMULATED_ACCOUNT, Settings
from bot.store import messages
from bot.store.db import Database
from tests.servers import postgres_server, redis_server

CONVERSATIONS, AT_ONCE = 60, 8
"""On each web server; seven turns each, with the answers leaving meanwhile."""
TEXTS = 600
RECEIPTS_S = 10
"""So long at most the carrier's last receipt is waited for: it is part of what a text costs."""
STOPS_AFTER_S = 85


@dataclass(frozen=True, slots=True)
class Carried:
    """What so many machines did: turns and texts a second, and the CPU of each kind of process, in ms on each."""

    machines: int
    turns_per_s: float
    p50_ms: float
    p99_ms: float
    refused: int
    texts_per_s: float
    clock_ms_s: float
    turn_ms: dict[str, float]
    text_ms: dict[str, float]
    twice: int


class _Late(BaseException):
    """Nothing catches it on the way: every process is stopped, every folder removed."""


def main(conversations: int = CONVERSATIONS) -> None:
    found: list[Carried] = []
    signal.signal(signal.SIGALRM, _late)
    signal.signal(signal.SIGTERM, _late)
    signal.alarm(STOPS_AFTER_S)
    try:
        with ExitStack() as stack:
            redis_url = stack.enter_context(redis_server())
            postgres = stack.enter_context(postgres_server())
            for machines in (1, 2):
                with ExitStack() as one:
                    found.append(_carry(one, postgres, redis_url, machines, conversations))
    except _Late:
        print("Stopped before the end: the machine is too busy.", file=sys.stderr)
    finally:
        signal.alarm(0)
    if found:
        _print(found)
    if len(found) < 2:
        raise SystemExit(1)


def _late(_number: int, _frame: object) -> None:
    signal.alarm(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Late


def _carry(stack: ExitStack, postgres: URL, redis_url: str, machines: int, conversations: int) -> Carried:
    url = own_database(postgres, stack)
    prepare(url)
    origin, _ = stack.enter_context(line.carrier("bench.carrier", TOKEN))
    env = app_env(url, redis_url, origin)
    services = build(Settings.from_env({**env, "PUBLIC_URL": "http://127.0.0.1:9"}))
    stack.callback(services.database.engine.dispose)
    pids, origins = _start(stack, env, machines)
    pids["PostgreSQL"] = [postmaster(postgres)]
    for nth, web in enumerate(origins):  # the first turns compile their statements
        load.run(web, _work(web, 700_000 + nth * 1000, 10), AT_ONCE)
    _until_sent(services.database)

    work = [(web, _work(web, nth * conversations, conversations)) for nth, web in enumerate(origins)]
    before, began = _spent(pids), time.monotonic()
    seen = asyncio.run(_side_by_side(work))
    turns, lasted = machines * conversations * len(load.TURNS), time.monotonic() - began
    _until_sent(services.database)
    _until_delivered(services.database)
    turn_ms, window = _since(pids, before, turns), time.monotonic() - began

    talks = drain._people(services.database, TEXTS, "crisis")
    before, began = _spent(pids), time.monotonic()
    _queue(services.database, talks)
    for _ in range(machines):
        drain._ring(redis_url)
    _until_sent(services.database)
    texts_per_s = TEXTS / (time.monotonic() - began)
    _until_delivered(services.database)
    text_ms = _since(pids, before, TEXTS)

    came = line.seen(origin)
    return Carried(
        machines, turns / lasted, max(one.p50_ms for one in seen), max(one.p99_ms for one in seen),
        sum(one.refused for one in seen) + came["refused"], texts_per_s,
        turn_ms["clock"] * turns / window / machines, turn_ms, text_ms, _twice(services, came["taken"]),
    )  # fmt: skip


def _start(stack: ExitStack, env: dict[str, str], machines: int) -> tuple[dict[str, list[int]], list[str]]:
    """All side by side. Each worker names another web server to the carrier: receipts come to all of them."""
    webs = [stack.enter_context(server("wsgi:app", env, waits=False)) for _ in range(machines)]
    pids: dict[str, list[int]] = {"web": [one.pid for one in webs], "worker": [], "clock": []}
    for web in webs:
        for name in ("worker", "clock"):
            command = [sys.executable, "worker.py", name]
            pids[name].append(stack.enter_context(process(command, {**env, "PUBLIC_URL": web.origin})))
    for web in webs:
        wait(web.origin)
    wait_for_worker(env["REDIS_URL"])
    time.sleep(2)  # the others take their places; nothing is asserted about that
    return pids, [one.origin for one in webs]


def _work(origin: str, start: int, count: int) -> list[list[bytes]]:
    return load.conversations(origin, TOKEN, SIMULATED_ACCOUNT, start, count, load.TURNS)


async def _side_by_side(work: list[tuple[str, list[list[bytes]]]]) -> list[load.Measured]:
    return list(await asyncio.gather(*(load._run(origin, theirs, AT_ONCE) for origin, theirs in work)))


def _queue(database: Database, talks: list[str]) -> None:
    """A text to each, due at once."""
    with database.transaction() as tx:
        for nth, conversation_id in enumerate(talks):
            messages.queue_text(tx, conversation_id=conversation_id, epoch=0, kind="crisis", body=f"text {nth}",
                                language="en")  # fmt: skip


def _until_sent(database: Database) -> None:
    m, until = messages.messages.c, time.monotonic() + 60
    while True:
        with database.reading() as tx:
            waits = m.status.in_(("sending", "unknown")) | ((m.status == "queued") & (m.due_at <= tx.now))
            left = tx.conn.execute(select(func.count()).where(m.direction == "out", waits)).scalar_one()
        if not left:
            return
        if time.monotonic() > until:
            raise SystemExit(f"{left} texts did not leave in a minute")
        time.sleep(0.1)


def _until_delivered(database: Database) -> None:
    m, until = messages.messages.c, time.monotonic() + RECEIPTS_S
    left = 1
    while left and time.monotonic() < until:
        time.sleep(0.2)
        with database.reading() as tx:
            query = select(func.count()).where(m.direction == "out", m.status == "sent")
            left = tx.conn.execute(query).scalar_one()


def _twice(services: Services, taken: list[list[str]]) -> int:
    """Texts that the carrier has more than once, or under another id than their row, or that only one side knows of."""
    m = messages.messages.c
    with services.database.reading() as tx:
        carried = m.status.in_(("sent", "delivered", "undelivered"))
        rows = tx.conn.execute(select(m.message_id, m.provider_sid).where(m.direction == "out", carried)).all()
    theirs = {(ours, sid) for ours, _, _, _, sid in taken}
    again = len(taken) - len({ours for ours, *_ in taken})
    return again + len(theirs ^ {(row.message_id, row.provider_sid) for row in rows})


def _spent(pids: dict[str, list[int]]) -> dict[str, float]:
    return {name: sum(map(cpu_s, theirs)) for name, theirs in pids.items()}


def _since(pids: dict[str, list[int]], before: dict[str, float], count: int) -> dict[str, float]:
    return {name: (spent - before[name]) / count * 1000 for name, spent in _spent(pids).items()}


def _print(found: list[Carried]) -> None:
    names = ("web", "worker", "clock", "PostgreSQL")
    print("| of each | turns/s | p50 / p99 ms | refused | texts/s | CPU ms a turn: " + ", ".join(names)
          + " | CPU ms a text: " + ", ".join(names) + " | a clock, CPU ms a second | twice or lost |"
          + "\n" + "|---" * 9 + "|")  # fmt: skip
    for one in found:
        print(
            f"| {one.machines} | {one.turns_per_s:.0f} | {one.p50_ms:.0f} / {one.p99_ms:.0f} | {one.refused} "
            f"| {one.texts_per_s:.0f} | {', '.join(f'{one.turn_ms[name]:.2f}' for name in names)} "
            f"| {', '.join(f'{one.text_ms[name]:.2f}' for name in names)} | {one.clock_ms_s:.0f} | {one.twice} |"
        )
    last = found[-1]
    ours, base = last.turn_ms["web"] + last.turn_ms["worker"], last.turn_ms["PostgreSQL"]
    print(f"\nDerived: a turn, its answer and two receipts cost {ours:.1f} ms of web and worker and {base:.1f} ms of "
          f"PostgreSQL. A core of PostgreSQL is full at {1000 / base:.0f} turns a second, which take {ours / base:.1f} "
          "cores of web and worker.")  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
