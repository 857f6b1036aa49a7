"""What does one round of the release loop cost with 164,000 recipients, and does it grow with the list?

`python -m bench.release_loop` on both databases: the same round with a list of 1,000 beside it in the same run, a list
of which half was texted already, its first plan of hours, several clocks at once, and the memory of the process.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import insert

from bot.adapters.clock import FakeClock
from bot.store import campaigns, people, schema
from bot.store.crypto import Keyring
from bot.store.db import Database, new_id
from bot.usecases.campaign_pace import decide
from bot.usecases.release_recipients import release_recipients
from bot.usecases.watch_harm import watch_harm
from tests.campaigns.stage import Stage
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.servers import postgres_admin, postgres_server

NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)
LONG, SHORT = 164_000, 1_000
ROUNDS = 5
_BATCH = 5_000


def main(long: int = LONG) -> None:
    print("| database | list | a round that releases 4 | a round that waits | a look for harm "
          "| first plan of 500 hours | memory, MB |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for name, database in _databases():
        for size in (SHORT, long):
            with database() as one:
                _report(name, one, size, last=size == long)


def _report(name: str, database: Database, size: int, *, last: bool) -> None:
    clock = database.clock
    assert isinstance(clock, FakeClock)
    stage = Stage(database, clock)
    stage.more_advocates(5)
    stage.count(9)
    campaign_id = stage.run("+12105550100,en,opted_in")
    _fill(database, campaign_id, size)
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect() as conn:
            conn.exec_driver_sql("ANALYZE")
    before = _memory_mb()
    planned = _timed(lambda: stage.tick(60))
    going, waiting, harm = [], [], []
    for _ in range(ROUNDS):
        stage.sent()
        clock.advance(timedelta(seconds=60))
        stage.clock_lives()
        harm.append(_timed(lambda: watch_harm(database)))
        going.append(_timed(lambda: release_recipients(database, stage.services)))
        waiting.append(_timed(lambda: release_recipients(database, stage.services)))
    print(f"| {name} | {size:,} | {_both(going)} | {_both(waiting)} | {_both(harm)} | {_both([planned])} "
          f"| {before:.0f} to {_memory_mb():.0f} |", flush=True)  # fmt: skip
    if last:
        _several(database, stage, campaign_id)


def _several(database: Database, stage: Stage, campaign_id: str) -> None:
    """Four clocks in the same second."""
    stage.sent()
    stage.clock.advance(timedelta(seconds=60))
    stage.clock_lives()
    watch_harm(database)
    with database.reading() as tx:
        allowed = decide(tx, stage.services, stage.campaign(campaign_id))[0].n
    with ThreadPoolExecutor(4) as clocks:
        began = time.perf_counter()
        released = sum(clocks.map(lambda _: release_recipients(database, stage.services), range(4)))
    print(f"\nFour clocks at once released {released} of {allowed} in {(time.perf_counter() - began) * 1000:.0f} ms\n")


def _fill(database: Database, campaign_id: str, size: int) -> None:
    """Half of the list was texted over the last three weeks, and every message of it delivered."""
    with database.transaction() as tx:
        for start in range(0, size, _BATCH):
            persons, rows = [], []
            for n in range(start, min(size, start + _BATCH)):
                person_id, recipient_id = new_id(), new_id()
                number = f"+1{210 + n // 10_000_000}{5_000_000 + n}"
                persons.append({
                    "person_id": person_id, "phone_key": tx.keys.index("phone", number),
                    "phone": tx.keys.seal("people.phone", person_id, number), "call_sign": f"b{n}", "language": "en",
                    "created_at": tx.now,
                })  # fmt: skip
                texted = n % 2 == 0
                at = tx.now - timedelta(minutes=75 + n * 30_000 / size)
                rows.append({
                    "recipient_id": recipient_id, "campaign_id": campaign_id, "person_id": person_id,
                    "basis": "opted_in", "language": "en", "state": "released" if texted else "waiting",
                    "ready_at": None, "released_at": at if texted else None, "nth": 1 if texted else None,
                    "silence_ends_at": at + campaigns.COOLDOWN if texted else None,
                    "variant": "O1" if texted else None,
                })  # fmt: skip
            tx.conn.execute(insert(people.people), persons)
            tx.conn.execute(insert(campaigns.recipients), rows)
        tx.conn.execute(campaigns.campaigns.update().values(launched_at=tx.now - timedelta(days=22)))


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the clock, and of this process's CPU (a PostgreSQL server's own is not in it)."""
    began, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000


def _both(times: list[tuple[float, float]]) -> str:
    return f"{median(wall for wall, _ in times):.0f} / {median(cpu for _, cpu in times):.0f}"


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _databases() -> Iterator[tuple[str, Callable[[], object]]]:
    @contextmanager
    def sqlite() -> Iterator[Database]:
        with tempfile.TemporaryDirectory(prefix="ql-") as folder:
            yield _made(f"sqlite:///{folder}/r.sqlite3")

    yield "SQLite", sqlite
    with postgres_server() as server:

        @contextmanager
        def postgres() -> Iterator[Database]:
            name = f"bench_{time.monotonic_ns()}"
            with postgres_admin(server) as admin:
                admin.execute(f'CREATE DATABASE "{name}"')
            url = server.set(drivername="postgresql+psycopg", database=name)
            yield _made(url.render_as_string(hide_password=False))

        yield "PostgreSQL", postgres


def _made(url: str) -> Database:
    schema.upgrade(url)
    return Database(url, Keyring(TEST_KEYS, TEST_SECRET), FakeClock(NOON))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
