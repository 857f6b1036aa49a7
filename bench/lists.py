"""How long does a list of 164,000 rows take from the file to a draft campaign, beside the least it could take?

`python -m bench.lists [ROWS]`. The floor, in the same process and run: one `phonenumbers` parse, validity check and
format a row, then a bare COPY of the same rows into a table without an index (SQLite: the driver's executemany).
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import phonenumbers
from sqlalchemy import URL, func, select, text

from bot.adapters.clock import SystemClock
from bot.adapters.fake_carrier import FakeCarrier
from bot.app import settle_collector
from bot.rules.sheet import look, rows_of
from bot.store import campaigns, schema
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.import_recipients import read_on
from bot.usecases.stage_list import Wanted, stage_list
from tests.servers import postgres_admin, postgres_server
from tests.web.line import services_on, settings_for

ROWS, FEW, ROUNDS = 164_000, 20_000, 3
_AREAS = ("210", "212", "213", "305", "312", "415", "512", "713", "773", "917")
_FORMS = ("+1{}{}{}", "({}) {}-{}", "{}-{}-{}", "1 {} {} {}")


def main(many_rows: int = ROWS, few_rows: int = FEW, rounds_each: int = ROUNDS) -> None:
    """Each measurement in a process of its own, so that its memory is its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ql-")))
        server = stack.enter_context(postgres_server())
        many, few = _write(folder / "many.csv", many_rows), _write(folder / "few.csv", few_rows)
        print("| database | floor s | import s (to the report) | ratio (min to max) | CPU ratio | upload s | rows/s "
              f"| MB at {few_rows:,} / {many_rows:,} rows | longest page ms |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|---|")
        for name in ("SQLite", "PostgreSQL"):
            small = _child(_url(name, folder, server, "few"), few)
            rounds = [_child(_url(name, folder, server, f"r{n}"), many) for n in range(rounds_each)]
            _print(name, small, rounds, many_rows)


def one(url: str, path: str) -> None:
    """One import and its floor, measured; prints one JSON document."""
    schema.upgrade(url)
    settings = settings_for(url, LOOKUP_BUDGET="0")
    database = Database(url, Keyring(settings.field_keys, settings.secret_key), SystemClock())
    services = replace(services_on(database, LOOKUP_BUDGET="0"), carrier=FakeCarrier(database.clock))
    phonenumbers.number_type(phonenumbers.parse("+12105550101"))  # its tables are loaded for both
    settle_collector()  # as in every process of the line, for both
    before, began, cpu = _resident_mb(), time.perf_counter(), time.process_time()
    with Path(path).open("rb") as file:
        campaign_id = stage_list(database, services, file=file, wanted=Wanted("Bench"), author_id="bench")
    assert isinstance(campaign_id, str), campaign_id
    staged, peak = time.perf_counter() - began, _resident_mb()
    longest, later = _read(database, services, campaign_id)
    took, peak, cpu = time.perf_counter() - began, max(peak, later), time.process_time() - cpu
    with database.reading() as tx:
        kept = tx.conn.execute(select(func.count()).select_from(campaigns.recipients)).scalar_one()
    floor, floor_cpu = _floor(database, path)
    print(json.dumps({"floor": floor, "took": took, "staged": staged, "longest": longest, "before": before,
                      "peak": peak, "kept": kept, "cpu": cpu,
                      "floor_cpu": floor_cpu}))  # fmt: skip


def _read(database: Database, services: Any, campaign_id: str) -> tuple[float, float]:
    """Read it to its end, as the worker does; returns the longest time a writing transaction was open, in ms,
    and the most memory, in MB."""
    longest, peak, opened = 0.0, 0.0, database.transaction

    class Timed:
        def __init__(self) -> None:
            self.inner = opened()

        def __enter__(self) -> Any:
            tx = self.inner.__enter__()
            self.began = time.perf_counter()
            return tx

        def __exit__(self, *failed: Any) -> Any:
            nonlocal longest, peak
            ended = self.inner.__exit__(*failed)
            longest = max(longest, (time.perf_counter() - self.began) * 1000)
            peak = max(peak, _resident_mb())
            return ended

    database.transaction = Timed  # type: ignore[method-assign, assignment]
    while read_on(database, services, campaign_id):
        pass
    database.transaction = opened  # type: ignore[method-assign]
    return longest, peak


def _floor(database: Database, path: str) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    rows = []
    with Path(path).open("rb") as file:
        for _, (number, language, basis) in rows_of(file, look(file)):
            parsed = phonenumbers.parse(number, "US")
            if phonenumbers.is_valid_number(parsed):
                rows.append((phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), language, basis))
    with database.transaction() as tx:
        tx.conn.execute(text("CREATE TABLE bare (number TEXT, language TEXT, basis TEXT)"))
        driver: Any = tx.conn.connection.driver_connection
        if tx.conn.dialect.name == "postgresql":
            with driver.cursor() as cursor, cursor.copy("COPY bare (number, language, basis) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            driver.executemany("INSERT INTO bare VALUES (?, ?, ?)", rows)
    return time.perf_counter() - began, time.process_time() - cpu


def _print(name: str, small: dict[str, float], rounds: list[dict[str, float]], many_rows: int) -> None:
    ratios = sorted(one["took"] / one["floor"] for one in rounds)
    cpus = median(one["cpu"] / one["floor_cpu"] for one in rounds)
    middle = {key: median(one[key] for one in rounds) for key in rounds[0]}
    assert all(one["kept"] == many_rows for one in rounds)
    print(f"| {name} | {middle['floor']:.1f} | {middle['took']:.1f} | {median(ratios):.2f} ({ratios[0]:.2f} to "
          f"{ratios[-1]:.2f}) | {cpus:.2f} | {middle['staged']:.1f} | {many_rows / middle['took']:,.0f} "
          f"| +{small['peak'] - small['before']:.0f} / +{middle['peak'] - middle['before']:.0f} "
          f"| {middle['longest']:.0f} |", flush=True)  # fmt: skip


def _child(url: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.lists", url, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=600)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _url(name: str, folder: Path, server: URL, label: str) -> str:
    if name == "SQLite":
        return f"sqlite:///{folder / label}.sqlite3"
    database = f"lists_{os.getpid()}_{label}"
    with postgres_admin(server) as admin:
        admin.execute(f'CREATE DATABASE "{database}"')
    return server.set(drivername="postgresql+psycopg", database=database).render_as_string(hide_password=False)


def _write(path: Path, rows: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("phone", "language", "basis"))
        for n in range(rows):
            exchange, line = divmod(2_000_000 + n // len(_AREAS) * 7, 10_000)
            number = _FORMS[n % 4].format(_AREAS[n % len(_AREAS)], exchange, f"{line:04d}")
            writer.writerow((number, "es" if n % 3 else "en", "opted_in"))
    return path


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024 / 1024


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(*sys.argv[1:])
    else:
        main(*map(int, sys.argv[1:2]))
