"""How does the directory leave the house? As HSDS 3.1, for the public or for partners: a folder or zip of CSV, or JSON.

Written beside its place and moved there whole; some programs at a time, so that ten thousand need little more room than
ten.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from bot import log
from bot.rules.hsds_export import service
from bot.rules.hsds_tables import TABLES, rows_of, table_named
from bot.rules.hsds_terms import TAXONOMY, TERMS
from bot.rules.visibility import Audience
from bot.store import audit, directory_published
from bot.store.db import Database, Tx
from bot.store.directory_published import Wanted
from bot.usecases.refusal import Refused

BATCH = 250
_TYPES = {
    "number": "number", "count": "number", "latitude": "number", "longitude": "number", "date": "date",
    "datetime": "datetime", "time": "time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exported:
    programs: int


def export_directory(database: Database, path: Path, audience: Audience) -> Exported | Refused:
    """`.json` is one page of nested services, `.zip` the tables packed, anything else a folder of tables."""
    if not path.parent.is_dir():
        return Refused("There is no such folder to write into. Nothing was written.")
    if path.is_dir() and path.suffix.lower() in (".json", ".zip"):
        return Refused("That is a folder, and the name asks for a file. Nothing was written.")
    if path.exists() and not path.is_dir() and path.suffix.lower() not in (".json", ".zip"):
        return Refused("There is a file where the folder should be. Nothing was written.")
    if path.is_dir() and any(not _is_ours(one) for one in path.iterdir()):
        return Refused("The folder holds other files than an HSDS directory. Nothing was written.")
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as folder, database.reading() as tx:
            written = _write(tx, Path(folder), path, audience)
    except OSError:
        return Refused("It cannot be written there. What was there before is as it was.")
    with database.transaction() as tx:
        audit.record(tx, act="directory_export", detail=audience)
    log.event("directory_exported", kind=str(audience), count=written)
    return Exported(written)


def _write(tx: Tx, folder: Path, path: Path, audience: Audience) -> int:
    services = _services(tx, audience)
    if path.suffix.lower() == ".json":
        written = _write_json(folder / "page.json", services)
        (folder / "page.json").replace(path)
        return written
    tables = folder / "tables"
    tables.mkdir()
    written = _write_tables(tx, tables, services)
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(folder / "out.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for one in sorted(tables.iterdir()):
                archive.write(one, one.name)
        (folder / "out.zip").replace(path)
    else:
        if path.is_dir():
            shutil.rmtree(path)
        tables.replace(path)
    return written


def _is_ours(one: Path) -> bool:
    return one.is_file() and (one.name == "datapackage.json" or table_named(one.name) is not None)


def _services(tx: Tx, audience: Audience) -> Iterator[dict[str, Any]]:
    after = ""
    while batch := directory_published.published(tx, audience, Wanted(), after=after, limit=BATCH):
        after = batch[-1].program_id
        for program in batch:
            yield service(program, audience, tx.now)


def _write_json(path: Path, services: Iterator[dict[str, Any]]) -> int:
    """The page that HSDS lists come in, with everything on it. The counts come last: nothing is read twice for them."""
    written = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"contents": [')
        for one in services:
            file.write(",\n" if written else "\n")
            json.dump(one, file, ensure_ascii=False)
            written += 1
        page = {
            "total_items": written, "total_pages": 1, "page_number": 1, "size": written, "first_page": True,
            "last_page": True, "empty": written == 0,
        }  # fmt: skip
        file.write("\n], " + json.dumps(page)[1:] + "\n")
    return written


@dataclass(slots=True)
class _Tables:
    """One open file a table, and the ids that are in it."""

    folder: Path
    stack: ExitStack
    writers: dict[str, Any] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        if (table, row["id"]) in self.seen:
            return
        self.seen.add((table, row["id"]))
        self.writer(table).writerow(row)

    def writer(self, table: str) -> Any:
        if table not in self.writers:
            file: TextIO = (self.folder / f"{table}.csv").open("w", encoding="utf-8", newline="")
            self.writers[table] = csv.DictWriter(self.stack.enter_context(file), list(TABLES[table]))
            self.writers[table].writeheader()
        return self.writers[table]


def _write_tables(tx: Tx, folder: Path, services: Iterator[dict[str, Any]]) -> int:
    written = 0
    with ExitStack() as stack:
        tables = _Tables(folder, stack)
        for table in ("organizations", "services"):
            tables.writer(table)
        for one in (TAXONOMY, *directory_published.imported_taxonomies(tx)):
            tables.add("taxonomies", _row("taxonomies", one))
        for one in (*TERMS.values(), *directory_published.imported_terms(tx)):
            tables.add("taxonomy_terms", _row("taxonomy_terms", one))
        for one in services:
            for table, row in rows_of("services", one):
                tables.add(table, row)
            written += 1
        described = sorted(tables.writers)
    package = {"name": "human_services_data", "profile": "tabular-data-package", "version": "3.1",
               "resources": [_resource(table) for table in described]}  # fmt: skip
    (folder / "datapackage.json").write_text(json.dumps(package, indent=1), encoding="utf-8")
    return written


def _row(table: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name in TABLES[table]}


def _resource(table: str) -> dict[str, Any]:
    fields = [
        {"name": column.name, "type": _TYPES.get(column.kind, "string"), "constraints": {"required": column.required}}
        for column in TABLES[table].values()
    ]
    return {"name": table, "path": f"{table}.csv", "format": "csv", "mediatype": "text/csv",
            "profile": "tabular-data-resource", "schema": {"primaryKey": "id", "fields": fields}}  # fmt: skip
