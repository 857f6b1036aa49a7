"""What does a match cost as the directory grows, beside a plain SQL filter that returns the same candidates?

    python -m bench.match

A nationwide directory on PostgreSQL, from 100 to 10,000 programs, each with its facets, areas, counts and what its
counts have taught. A search is the whole of it: the statement, the rows, every facet of every candidate judged, the
ranking; nobody is left out before being judged. The floor is the same statement, its rows fetched and thrown away: what
nobody could save. Near one place and far from one are told apart: far has twenty times the candidates. The collector
looks as seldom as in the application (bot/app.py). CPU is the client's.
"""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import URL, text

from bot.adapters.clock import SystemClock
from bot.rules.freshness import HALF_LIVES_H
from bot.store import candidates, directory, openings, schema
from bot.store.candidates import Where
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.find_openings import openings_for, search
from bot.usecases.report_opening import record_count
from tests.servers import postgres_admin, postgres_server

SIZES = (100, 1_000, 3_000, 10_000)
SEARCHES = 480
NEEDS = ("bed", "bed", "bed", "advocacy", "legal", "health", "basics", "other")


def main() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        print(f"Load average {os.getloadavg()[0]:.1f}.\n")
        print("| programs | where | candidates | match p50 / p99 ms | plain p50 / p99 ms | ratio | CPU ms, ratio |")
        print("|---|---|---|---|---|---|---|")
        for size in SIZES:
            database = _directory(server, size)
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            every: list[Measured] = []
            for where, n in (("near", SEARCHES), ("far", SEARCHES // 12)):
                found = _measured(database, random.Random(size), n, far=where == "far")
                every += found
                _row(f"| {size} | {where} ", found)
            _row(f"| {size} | both, one in twelve far ", every)
            if size == SIZES[-1]:
                _observations(database, size)
            database.engine.dispose()


@dataclass(frozen=True, slots=True)
class Measured:
    """One search, and the plain statement beside it: milliseconds by the clock and by the processor."""

    ours: tuple[float, float]
    floor: tuple[float, float]
    candidates: int


def _measured(database: Database, dice: random.Random, searches: int, *, far: bool) -> list[Measured]:
    found = []
    for n in range(searches + 10):
        answers = person(dice, far=far)
        mine = _took(lambda asked=answers: search(database, asked))  # type: ignore[misc]
        plain = _took(lambda asked=answers: _plain(database, asked))  # type: ignore[misc]
        if n >= 10:  # the first ones warm up
            with database.reading() as tx:
                found.append(Measured(mine, plain, len(openings_for(tx, answers))))
    return found


def _row(head: str, found: list[Measured]) -> None:
    ours, floor = [one.ours[0] for one in found], [one.floor[0] for one in found]
    mine, plain = (sum(cpu) / len(found) for cpu in ([m.ours[1] for m in found], [m.floor[1] for m in found]))
    print(f"{head}| {median(m.candidates for m in found):.0f} | {median(ours):.1f} / {_p99(ours):.1f} "
          f"| {median(floor):.1f} / {_p99(floor):.1f} | {median(ours) / median(floor):.1f} "
          f"| {mine:.1f} / {plain:.1f}: {mine / plain:.1f} |", flush=True)  # fmt: skip


def _took(deed: Callable[[], object]) -> tuple[float, float]:
    """The best of three, since other work on the same two cores is no part of what a match costs."""
    took = []
    for _ in range(3):
        began, spent = time.perf_counter(), time.process_time()
        deed()
        took.append(((time.perf_counter() - began) * 1000, (time.process_time() - spent) * 1000))
    return min(clock for clock, _ in took), min(cpu for _, cpu in took)


def _plain(database: Database, answers: dict[str, Any]) -> None:
    """The statement alone, every row fetched and none looked at."""
    area = answers.get("area", {})
    where = Where.FAR if area.get("far") else Where.NEAR
    with database.reading() as tx:
        statement, values = candidates.searching(tx, needs=answers["need"], zip3s=[area["zip3"]], where=where)
        tx.conn.execute(statement, values).all()


def person(dice: random.Random, *, far: bool) -> dict[str, Any]:
    """Somebody, near or far from where they are."""
    area: dict[str, Any] = {"zip3": f"{dice.randrange(10, 1000):03}"}
    if far:
        area["far"] = True
    answers: dict[str, Any] = {
        "urgency": dice.choice(["tonight", "week", "looking"]), "need": [dice.choice(NEEDS)], "area": area,
        "age": dice.choice(["18-24", "25up", "25up"]),
    }  # fmt: skip
    if dice.random() < 0.6:
        answers["household"] = dice.choice([{"alone": True}, {"kids": 2, "kid_ages": [3, 9]}, {"pet": True}])
    if dice.random() < 0.6:
        answers["places"] = dice.choice([["women"], ["men"], ["trans"], ["any"]])
    if dice.random() < 0.3:
        answers["musts"] = ["phone", "come_and_go"]
    return answers


def _directory(server: URL, size: int) -> Database:
    name = f"match_{size}_{time.monotonic_ns()}"
    with postgres_admin(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    url = server.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    schema.upgrade(url)
    database = Database(url, Keyring((b"\x01" * 32,), "bench-only-" + "x" * 32), SystemClock())
    fill(database, size)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("ANALYZE"))
    return database


def fill(database: Database, size: int) -> None:
    """Programs over the whole country, most of them serving a handful of three-digit ZIPs, one in twenty everywhere."""
    dice, now = random.Random(1), datetime.now(UTC)
    programs, stocks, states = [], [], []
    for n in range(size):
        at = dice.randrange(10, 1000)
        zips = [] if dice.random() < 0.05 else [f"{z:03}" for z in range(at, min(at + dice.randrange(1, 9), 1000))]
        kind = dice.choice(list(HALF_LIVES_H))
        programs.append({
            "program_id": f"p{n}", "organization_id": "o", "code_name": f"P{n}", "need": dice.choice(NEEDS),
            "kind": kind, "status": "active", "region": "somewhere", "zip3": zips, "facets": _facets(dice),
            "traits": ["own_room"], "confidential": True, "vetting": "approved",
        })  # fmt: skip
        for unit in ("bed", "family_unit")[: dice.randrange(1, 3)]:
            stocks.append({"stock_id": f"p{n}-{unit}", "program_id": f"p{n}", "unit": unit, "maximum": 12})
            at_time = now - timedelta(hours=dice.expovariate(1 / 20))
            states.append({
                "stock_id": f"p{n}-{unit}", "available": max(0, dice.randrange(-2, 5)), "waitlist": False,
                "observed_at": at_time, "received_at": at_time, "yes_h": HALF_LIVES_H[kind] * dice.uniform(0.4, 2.5),
                "full_h": HALF_LIVES_H[kind], "yes_floor": dice.uniform(0, 0.4), "full_top": 0.5, "usual": 0.5,
                "belief": {},
            })  # fmt: skip
    with database.transaction() as tx:
        directory.add_organization(tx, organization_id="o", name="O", vetting="approved")
        tx.conn.execute(directory.programs.insert(), programs)
        tx.conn.execute(directory.stocks.insert(), stocks)
        tx.conn.execute(openings.stock_states.insert(), states)


def _facets(dice: random.Random) -> dict[str, Any]:
    facets = {
        "age": {"min": 18}, "gender": dice.choice(["any", ["women"], ["men"]]), "trans": dice.choice([True, "ask"]),
        "kids": dice.choice([True, False, {"max": 3}]), "pets": dice.choice([True, False, "ask"]), "phone": True,
        "adults": dice.choice([True, False]), "faith": dice.choice(["none", "optional", "required"]),
        "leave_freely": dice.choice([True, False]), "languages": ["en", "es"], "barriers": [],
        "intake_within_h": dice.choice([2, 24, 96]), "timezone": "America/Chicago",
    }  # fmt: skip
    return {name: value for name, value in facets.items() if dice.random() < 0.8}


def _observations(database: Database, size: int) -> None:
    """How long one observation takes, with everything it teaches, and how much of a day 50,000 of them are."""
    dice, took = random.Random(2), []
    for _ in range(600):
        began = time.perf_counter()
        record_count(database, program=f"p{dice.randrange(size)}", available=dice.randrange(4), unit="bed")
        took.append((time.perf_counter() - began) * 1000)
    day = 50_000 * sum(took) / len(took) / 1000
    print(f"\nOne observation: {median(took):.1f} ms at the median, {_p99(took):.1f} ms at the 99th percentile; 50,000 "
          f"one after the other take {day / 60:.0f} minutes of a day.")  # fmt: skip


def _p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


if __name__ == "__main__":
    main()
