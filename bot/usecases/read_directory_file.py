"""What is in this file? HSDS as JSON, a folder or zip of CSV, or our own CSV: read into a staging.

Every file is hostile until read: sizes are counted as they are read and not as a header claims, nothing is unpacked to
a disk, and whatever a decoder may raise becomes one sentence. Nothing is imported from a file that does not read whole.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

import ijson

from bot.rules.directory_csv import is_ours
from bot.rules.hsds import LONGEST_ID, read_row
from bot.rules.hsds_tables import TABLES, TooDeep, rows_of, table_named, table_of_entity, table_of_record
from bot.rules.phrases import phrase
from bot.store.staging import Staging
from bot.usecases.refusal import Refused

MOST_BYTES = 256 * 1024 * 1024
"""Of all files together, unpacked: ten times what 10,000 services take."""
MOST_FILES = 200
DEEPEST_JSON = 64
MOST_IN_ONE = 200_000
"""Values in one JSON record; more is no record."""

Opener = Callable[[], AbstractContextManager[IO[bytes]]]


class _NotSo(Exception):
    """The file is not what it says; the words are for whoever brought it, and quote nothing of it."""


class _Counted(io.RawIOBase):
    """A stream that counts what was really read, over all files of one import."""

    def __init__(self, inner: IO[bytes], budget: list[int]) -> None:
        self._inner, self._budget = inner, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        self._budget[0] -= len(data)
        if self._budget[0] < 0:
            raise _NotSo(f"It holds more than {MOST_BYTES // 1024 // 1024} MB. Bring it in parts.")
        buffer[: len(data)] = data
        return len(data)


def read_directory_file(path: Path, staging: Staging, now: datetime) -> str | Refused:
    """Fill the staging; returns the format it was in: `csv`, `ours`, `json`, `tabular`."""
    try:
        with _files(path) as files:
            return _read(files, staging, now)
    except _NotSo as why:
        return Refused(phrase("%(why)s Nothing was imported.", why=why))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        return Refused("The zip file is damaged or cut short. Nothing was imported.")
    except RuntimeError:  # zipfile's word for a password
        return Refused("The zip file wants a password. Bring it without one. Nothing was imported.")
    except (UnicodeDecodeError, UnicodeError):
        return Refused("It is not UTF-8 text. Save it as UTF-8 and bring it again. Nothing was imported.")
    except (csv.Error, ijson.JSONError, ValueError, RecursionError):
        return Refused("It is not JSON or CSV that can be read to its end. Nothing was imported.")
    except OSError:
        return Refused("It cannot be read from the disk. Nothing was imported.")


@contextmanager
def _files(path: Path) -> Iterator[dict[str, Opener]]:
    """The files to read, by name: those of a folder, those of a zip, or the one."""
    budget = [MOST_BYTES]

    def counted(opened: Callable[[], IO[bytes]]) -> Opener:
        @contextmanager
        def opening() -> Iterator[IO[bytes]]:
            with opened() as inner:
                yield io.BufferedReader(_Counted(inner, budget), 65536)

        return opening

    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in (".csv", ".json"))
        yield {p.name.lower(): counted(lambda p=p: p.open("rb")) for p in found[: MOST_FILES + 1]}  # type: ignore[misc]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = {PurePosixPath(i.filename).name.lower(): i for i in archive.infolist() if _wanted(i)}
            yield {name: counted(lambda i=i: archive.open(i)) for name, i in inside.items()}  # type: ignore[misc]
    else:
        yield {path.name.lower(): counted(lambda: path.open("rb"))}


def _wanted(inside: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(inside.filename)
    return name.suffix.lower() in (".csv", ".json") and "__MACOSX" not in name.parts and not name.name.startswith(".")


def _read(files: Mapping[str, Opener], staging: Staging, now: datetime) -> str:
    if len(files) > MOST_FILES:
        raise _NotSo("It holds more files than an HSDS directory has tables.")
    tables = {name: table for name in files if name.endswith(".csv") and (table := table_named(name))}
    if tables:
        for name, table in tables.items():
            _read_csv(files[name], table, staging, now)
        return "csv"
    documents = [name for name in files if name != "datapackage.json"]
    if len(documents) != 1:
        raise _NotSo("No HSDS tables (organizations.csv, services.csv …) were found in it.")
    return _read_one(files[documents[0]], staging, now)


def _read_one(opener: Opener, staging: Staging, now: datetime) -> str:
    """A single file says what it is by how it begins, not by its name."""
    with opener() as file:
        start = file.peek(4096)[:4096] if isinstance(file, io.BufferedReader) else b""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise _NotSo("It is empty.")
    if text[:1] in b"[{":
        with opener() as file:
            return _read_json(file, staging, now)
    if b"\0" in start:
        raise UnicodeError
    header = next(csv.reader([text.split(b"\n")[0].decode("utf-8")]), [])
    table = next((name for name in TABLES if _is_header_of(header, name)), None)
    if table is not None:
        _read_csv(opener, table, staging, now)
        return "csv"
    if not is_ours(header):
        raise _NotSo("It is neither an HSDS table nor our own CSV: see docs/directory.md for the columns.")
    _read_ours(opener, staging)
    return "ours"


def _is_header_of(header: list[str], table: str) -> bool:
    names = {name.strip().lower() for name in header}
    return "id" in names and len(names) > 1 and names <= set(TABLES[table])


def _csv_rows(opener: Opener) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line by line, with each row's number; a row longer or shorter than its header keeps that as a fault."""
    with opener() as file:
        rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), strict=True)
        header = [name.strip().lower() for name in next(rows, [])]
        if len(set(header)) != len(header):
            raise _NotSo("Two columns of a table have the same name.")
        for row in rows:
            if row:
                found: dict[str, Any] = dict(zip(header, row, strict=False))
                if len(row) != len(header):
                    found["*"] = "a row of another length than its header"
                yield rows.line_num, found


def _read_csv(opener: Opener, table: str, staging: Staging, now: datetime) -> None:
    for number, raw in _csv_rows(opener):
        _stage(staging, table, raw, now, where=f"line {number}", as_text=True)


def _read_ours(opener: Opener, staging: Staging) -> None:
    for number, raw in _csv_rows(opener):
        line, odd = f"{number:09d}", raw.pop("*", None)
        staging.add("ours", line, {**raw, "line": line}, (), repeated=False)
        if odd:
            staging.fault("ours", line, odd)


def _read_json(file: IO[bytes], staging: Staging, now: datetime) -> str:
    """A record, a list or page of records, or tables by name; records are read one by one."""
    format_, number, records = "json", 0, 0
    for key, record in _records(file):
        number += 1
        if not isinstance(record, Mapping):
            staging.fault(key or "records", f"record {number}", "not a record")
            continue
        records += 1
        table = (table_named(key) if key else None) or table_of_record(record)
        format_ = "tabular" if key and table_named(key) else format_
        try:
            rows = list(rows_of(table, record))
        except TooDeep:
            staging.fault(table, f"record {number}", "nested too deeply")
            continue
        for child, row in rows:
            _stage(staging, child, row, now, where=f"record {number}", as_text=False)
    if not records:
        raise _NotSo("No HSDS record was found in it.")
    return format_


def _records(file: IO[bytes]) -> Iterator[tuple[str | None, Any]]:
    """(table's key or nothing, record). A bare record is kept back until its end has been read."""
    events = _events(file)
    first, _ = next(events)
    if first == "start_array":
        for event, value in events:
            if event == "end_array":
                break
            yield None, _built(events, event, value)
        _to_the_end(events)
        return
    bare: dict[str, Any] = {}
    for event, key in events:
        if event != "map_key":
            break
        event, value = next(events)
        table = key if key == "contents" or key.endswith(".csv") else None
        if table is not None and event == "start_array":
            for inner, scalar in events:
                if inner == "end_array":
                    break
                yield (None if key == "contents" else key), _built(events, inner, scalar)
        else:
            bare[key] = _built(events, event, value)
    _to_the_end(events)
    if "id" in bare:
        yield None, bare
    else:
        for key, found in bare.items():
            if table_named(key) and isinstance(found, list):
                yield from ((key, one) for one in found)


def _events(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """The document bit by bit, without the path to each bit: those of a document nested for harm fill any memory."""
    depth = 0
    for event, value in ijson.basic_parse(file, use_float=True):
        depth += event in ("start_map", "start_array")
        depth -= event in ("end_map", "end_array")
        if depth > DEEPEST_JSON:
            raise _NotSo("It is nested more deeply than any directory is.")
        yield event, value


def _to_the_end(events: Iterator[Any]) -> None:
    for _ in events:  # a document cut short is found out here, before anything is imported
        pass


def _built(events: Iterator[Any], event: str, value: Any) -> Any:
    """One whole value, from its first event on."""
    builder, depth, parts = ijson.ObjectBuilder(), 0, 0
    while True:
        builder.event(event, value)
        depth += event in ("start_map", "start_array")
        depth -= event in ("end_map", "end_array")
        parts += 1
        if depth == 0:
            return builder.value
        if parts > MOST_IN_ONE:
            raise _NotSo("One record in it is larger than any record is.")
        event, value = next(events)


def _stage(staging: Staging, table: str, raw: Mapping[str, Any], now: datetime, *, where: str, as_text: bool) -> None:
    row, faults = read_row(table, raw, now, as_text=as_text)
    row_id = row.get("id")
    if not isinstance(row_id, str) or any(fault.endswith(": id") for fault in faults):
        staging.fault(table, where, "no id that can be kept")
        return
    if "*" in raw:
        staging.fault(table, row_id, str(raw["*"]))
    keys = [
        (name, column.leads_to, row[name])
        for name, column in TABLES[table].items()
        if column.leads_to and isinstance(row.get(name), str)
    ]
    if table in ("attributes", "metadata"):
        word, column_name = ("link_entity", "link_id") if table == "attributes" else ("resource_type", "resource_id")
        target = table_of_entity(row.get(word))
        if isinstance(row.get(column_name), str):
            keys.append((column_name, target or "?", row[column_name]))
    staging.add(table, row_id[:LONGEST_ID], row, keys, repeated=not as_text)
    for fault in faults:
        staging.fault(table, row_id, fault)
