"""How does a directory file become records? Read whole, checked whole, then taken record by record in small batches.

A record is a program with all that belongs to it, or an organization that came without one: all of it or nothing.
What cannot be taken as it stands is quarantined with its reason; what comes in starts unapproved and private. The same
file again changes nothing but `updated`; one that was cut short is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError

from bot import log, metrics
from bot.rules import directory_csv
from bot.store import audit, directory_import
from bot.store.db import Database, Tx
from bot.store.staging import Staging
from bot.usecases.import_hsds import Taken, put_organizations, put_services, put_taxonomies
from bot.usecases.import_ours import put_ours
from bot.usecases.read_directory_file import read_directory_file
from bot.usecases.refusal import Refused

BATCH = 250
LONGEST_REPORT = 1000
"""Quarantined records kept with the import; the caller is given all of them."""

Progress = Callable[[int, int], None]
Put = Callable[[Tx, Staging, Sequence[dict[str, Any]]], Taken]


@dataclass(slots=True)
class Report:
    """What became of a file. `quarantined` names table, id and reason, never a value."""

    imported: int = 0
    updated: int = 0
    quarantined: list[dict[str, str]] = field(default_factory=list)


def import_directory(database: Database, path: Path, *, staff_id: str | None = None,
                     progress: Progress = lambda done, of: None,
                     import_id: str | None = None) -> Report | Refused:  # fmt: skip
    """Take what can be taken of this file or folder. `import_id` is a row that was begun for it already: what it says
    is done is not done again."""
    staging = Staging()
    try:
        # Before anything is asked of the database: no transaction waits while a large file is read.
        format_ = read_directory_file(path, staging, database.clock.now())
        if isinstance(format_, Refused):
            return _refused(database, staff_id, format_, import_id)
        with database.reading() as tx:
            staging.settle(_known(tx))
        return _take(database, staging, format_, staff_id, progress, import_id)
    finally:
        staging.close()


def _known(tx: Tx) -> Mapping[str, Any]:
    def asking(table: Any) -> Callable[[list[str]], set[str]]:
        return lambda ids: directory_import.known_ids(tx, table, ids)

    return {name: asking(table) for name, table in directory_import.KNOWN_TABLES.items()}


def _refused(database: Database, staff_id: str | None, why: Refused, import_id: str | None) -> Refused:
    with database.transaction() as tx:
        if import_id is None:
            directory_import.refused_import(tx, staff_id=staff_id, code="unreadable")
        else:
            directory_import.note_import(tx, import_id, format="unknown", finished_at=tx.now, refused="unreadable")
        audit.record(tx, act="directory_refused", staff_id=staff_id)
    metrics.directory_records.count("refused")
    log.event("directory_import_refused")
    return why


def _take(database: Database, staging: Staging, format_: str, staff_id: str | None, progress: Progress,
          import_id: str | None) -> Report:  # fmt: skip
    report, behind = Report(), 0
    if format_ == "ours":
        _check_ours(database, staging)
    report.quarantined = [_entry(*fault) for fault in staging.faults()]
    with database.transaction() as tx:
        begun = None if import_id is None else directory_import.import_of(tx, import_id)
        known: dict[str, Any] = {"quarantined": len(report.quarantined), "report": report.quarantined[:LONGEST_REPORT]}
        if begun is None:
            import_id = directory_import.begin_import(tx, staff_id=staff_id, format_=format_, **known)
        else:
            import_id, behind = begun.import_id, begun.done
            report.imported, report.updated = begun.imported, begun.updated
            directory_import.note_import(tx, import_id, format=format_, **known)
        audit.record(tx, act="directory_import", staff_id=staff_id, object_id=import_id)
    if format_ == "ours":
        parts: list[tuple[str, Put]] = [("ours", put_ours(staff_id))]
    else:
        parts = [("taxonomies", put_taxonomies("taxonomies")), ("taxonomy_terms", put_taxonomies("taxonomy_terms")),
                 ("organizations", put_organizations), ("services", put_services)]  # fmt: skip
    total, done = sum(staging.count(table) for table, _ in parts), 0
    for table, put in parts:
        for batch in staging.batches(table, BATCH):
            done += len(batch)
            if done <= behind:
                continue
            _put(database, staging, table, batch, put, report)
            progress(done, total)
            with database.transaction() as tx:
                directory_import.note_import(
                    tx, import_id, imported=report.imported, updated=report.updated, done=done, total=total
                )
    with database.transaction() as tx:
        directory_import.note_import(
            tx, import_id, finished_at=tx.now, quarantined=len(report.quarantined),
            report=report.quarantined[:LONGEST_REPORT],
        )  # fmt: skip
    _count(report)
    return report


def _put(database: Database, staging: Staging, table: str, batch: Sequence[dict[str, Any]], put: Put,
         report: Report) -> None:  # fmt: skip
    """A batch at once; if the database refuses one of them, each by itself, and only that one is left out."""
    try:
        with database.transaction() as tx:
            taken = put(tx, staging, batch)
    except (IntegrityError, DataError):
        if len(batch) == 1:
            report.quarantined.append(_entry(table, str(batch[0].get("id", "?")), "the database refused it"))
            return
        for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
            _put(database, staging, table, half, put, report)
        return
    report.imported += taken.imported
    report.updated += taken.updated
    report.quarantined += [_entry(table, row_id, reason) for row_id, reason in taken.left_out]


def _check_ours(database: Database, staging: Staging) -> None:
    """Our own rows are checked one by one, then among each other: no program twice, no code name twice."""
    now, seen, names = database.clock.now(), {}, {}
    for batch in staging.batches("ours", BATCH):
        for raw in batch:
            line = raw.pop("line")
            read = directory_csv.read_ours(raw, now)
            if not isinstance(read, directory_csv.OurRow):
                for reason in read:
                    staging.fault("ours", line, reason)
                continue
            for value, taken, reason in ((read.program_id, seen, "duplicate id"),
                                         (read.code_name, names, "duplicate code_name")):  # fmt: skip
                if value is not None and taken.setdefault(value, line) != line:
                    staging.fault("ours", line, reason)
                    staging.fault("ours", taken[value], reason)


def _entry(table: str, row_id: str, reason: str) -> dict[str, str]:
    if table == "ours":
        table, row_id = "csv", f"line {int(row_id)}"
    return {"table": table, "id": row_id, "reason": reason}


def _count(report: Report) -> None:
    metrics.directory_records.count("imported", report.imported)
    metrics.directory_records.count("updated", report.updated)
    metrics.directory_records.count("quarantined", len(report.quarantined))
    log.event("directory_imported", count=report.imported + report.updated)
