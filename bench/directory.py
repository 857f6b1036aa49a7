"""What does an import of 10,000 services cost beside bare inserts? `python -m bench.directory [services]`."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.adapters.clock import SystemClock
from bot.rules.visibility import Audience
from bot.store import directory, openings, schema
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.export_directory import export_directory
from bot.usecases.import_directory import Report, import_directory

DEFAULT = 10_000
KEYS = Keyring((b"\x01" * 32,), "bench-only-" + "x" * 32)


def main() -> None:
    services = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    with tempfile.TemporaryDirectory(prefix="ql-directory-") as name:
        folder = Path(name)
        path = folder / "services.json"
        _write(path, services)
        database = _database(folder, "turn")
        floor = _floor(_database(folder, "floor"), services)
        took = {what: _timed(database, path, services) for what in ("first", "again")}
        with database.transaction() as tx:
            for table in (directory.organizations, directory.programs):
                tx.conn.execute(table.update().values(vetting="approved", visibility="public"))
        began = time.process_time()
        export_directory(database, folder / "out.zip", Audience.PARTNER)
        took["export"] = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{services} services, SQLite; bare inserts of the same tables {floor:.2f} s of CPU\n")
    for what, seconds in took.items():
        rate = services / seconds
        sys.stdout.write(f"{what:<7} {seconds:6.2f} s of CPU  {rate:6.0f} a second  x{seconds / floor:.1f}\n")
    sys.stdout.write(f"most memory {peak:.0f} MB\n")


def _database(folder: Path, name: str) -> Database:
    url = f"sqlite:///{folder / name}.sqlite3"
    schema.upgrade(url)
    return Database(url, KEYS, SystemClock())


def _timed(database: Database, path: Path, services: int) -> float:
    began = time.process_time()
    report = import_directory(database, path)
    assert isinstance(report, Report)
    assert report.imported + report.updated == services
    return time.process_time() - began


def _floor(database: Database, services: int) -> float:
    """One row each of organization (one in five), program, stock and count: nothing read, nothing checked."""
    began = time.process_time()
    for start in range(0, services, 250):
        with database.transaction() as tx:
            for n in range(start, min(start + 250, services)):
                if n % 5 == 0:
                    directory.add_organization(tx, organization_id=f"o{n // 5}", name="O", vetting="applied")
                directory.add_program(
                    tx, program_id=f"s{n}", organization_id=f"o{n // 5}", code_name=f"{n}", need="other",
                    kind="unsorted", region="", zip3=[], facets={}, traits=[], confidential=False, vetting="applied",
                )  # fmt: skip
                directory.add_stock(tx, stock_id=f"c{n}", program_id=f"s{n}", unit="bed", maximum=20)
                openings.observe(tx, stock_id=f"c{n}", available=2, via="import")
    return time.process_time() - began


def _write(path: Path, services: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for n, one in enumerate(_services(services)):
            file.write("," * (n > 0) + json.dumps(one))
        file.write("]")


def _services(services: int) -> Iterator[dict[str, Any]]:
    for n in range(services):
        yield {
            "id": _uid(f"service {n}"), "name": f"Service {n}", "status": "active", "minimum_age": 18,
            "description": "It helps people who need it, and asks for nothing. " * 5,
            "organization": {"id": _uid(f"o {n // 5}"), "name": f"Organization {n // 5}", "description": "It helps."},
            "phones": [{"id": _uid(f"phone {n}"), "number": "+1 210 555 0100"}],
            "languages": [{"id": _uid(f"language {n}"), "name": "Spanish", "code": "es"}],
            "capacities": [{"id": _uid(f"capacity {n}"), "available": 2, "maximum": 20,
                            "updated": "2026-06-15T12:00:00.000Z", "unit": {"id": _uid("bed"), "name": "bed"}}],
            "service_at_locations": [{"id": _uid(f"at {n}"), "location": {
                "id": _uid(f"location {n}"), "location_type": "physical", "addresses": [{
                    "id": _uid(f"address {n}"), "address_1": "9 Maple Street", "city": "X", "state_province": "TX",
                    "postal_code": "78201", "country": "US", "address_type": "physical"}]}}],
            "attributes": [{"id": _uid(f"rule {n}"), "link_type": "rule", "label": "curfew", "value": "yes"}],
        }  # fmt: skip


def _uid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


if __name__ == "__main__":
    main()
