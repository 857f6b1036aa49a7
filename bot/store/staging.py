"""What does a directory file hold, before anything of it is believed? Its rows in a database of their own, in memory.

Millions of rows of a hostile file never become Python objects at once, and nothing of it lies on a disk in clear. Every
question about the file as a whole (a key that leads nowhere, an id in two tables) is one statement here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

_TABLES = """
CREATE TABLE rows (tbl TEXT, id TEXT, body TEXT, PRIMARY KEY (tbl, id)) WITHOUT ROWID;
CREATE TABLE keys (tbl TEXT, id TEXT, col TEXT, target TEXT, ref TEXT, PRIMARY KEY (tbl, id, col)) WITHOUT ROWID;
CREATE TABLE faults (tbl TEXT, id TEXT, reason TEXT, own INTEGER, PRIMARY KEY (tbl, id, reason)) WITHOUT ROWID;
CREATE VIEW good AS
    SELECT * FROM rows r WHERE NOT EXISTS (SELECT 1 FROM faults f WHERE f.tbl = r.tbl AND f.id = r.id);
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS by_target ON keys (target, ref);
CREATE INDEX IF NOT EXISTS by_owner ON keys (tbl, col, ref);
"""
_DEPENDS = (
    ("programs", "organization_id"), ("services", "organization_id"), ("services", "program_id"),
    ("service_at_location", "location_id"), ("taxonomy_terms", "taxonomy_id"), ("taxonomy_terms", "parent_id"),
    ("attributes", "taxonomy_term_id"), ("service_capacity", "unit_id"),
)  # fmt: skip
"""Rows that cannot stand without the row this column names."""


class Staging:
    """Closed, it is gone."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.executescript(_TABLES)
        self._db.execute("BEGIN")

    def close(self) -> None:
        self._db.close()

    def add(self, table: str, row_id: str, row: Mapping[str, Any], keys: Iterable[tuple[str, str, str]], *,
            repeated: bool) -> None:  # fmt: skip
        """Keep a row; `keys` are (column, the table it leads to, the id). In a nested document one thing stands in
        several places (`repeated`), each naming another owner: these are one row. Anything else twice is a fault."""
        body = json.dumps(row, sort_keys=True)
        taken = self._db.execute("SELECT body FROM rows WHERE tbl = ? AND id = ?", (table, row_id)).fetchone()
        if taken is not None and taken[0] != body:
            before, names = json.loads(taken[0]), {column for column, _, _ in keys} if repeated else set()
            if any(before[name] != value for name, value in row.items() if name in before and name not in names):
                self.fault(table, row_id, "duplicate id")
                return
            if not repeated:
                self.fault(table, row_id, "duplicate id")
                return
            body = json.dumps({**row, **before}, sort_keys=True)
        self._db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", (table, row_id, body))
        self._db.executemany(
            "INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?, ?)",
            [(table, row_id, column, target, ref) for column, target, ref in keys],
        )

    def fault(self, table: str, row_id: str, reason: str, *, own: bool = True) -> None:
        self._db.execute("INSERT OR IGNORE INTO faults VALUES (?, ?, ?, ?)", (table, row_id, reason, own))

    def settle(self, known: Mapping[str, Any]) -> None:
        """Once every row is in: find what only the whole shows. `known[table](ids)` says which ids we have already."""
        self._db.executescript(_INDEXES)
        self._dangling(known)
        self._shared_ids()
        self._foreign_numbers()
        while self._fall_with():
            pass

    def _dangling(self, known: Mapping[str, Any]) -> None:
        missing = "SELECT DISTINCT ref FROM keys k WHERE target = ? AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.tbl = "
        missing += "k.target AND r.id = k.ref)"
        for (target,) in self._db.execute("SELECT DISTINCT target FROM keys").fetchall():
            for refs in _some(row[0] for row in self._db.execute(missing, (target,)).fetchall()):
                have = known[target](refs) if target in known else set()
                for ref in set(refs) - have:
                    self._db.execute(
                        "INSERT OR IGNORE INTO faults SELECT tbl, id, 'dangling key: ' || col, 1 FROM keys"
                        " WHERE target = ? AND ref = ?",
                        (target, ref),
                    )

    def _shared_ids(self) -> None:
        # Only ids that claim to be unique in the world: a directory that counts 1, 2, 3 in every table does no harm.
        self._db.execute(
            "INSERT OR IGNORE INTO faults SELECT tbl, id, 'the same id in two tables', 1 FROM rows WHERE id IN"
            " (SELECT id FROM rows WHERE id GLOB '????????-????-????-????-????????????'"
            " GROUP BY id HAVING count(*) > 1)"
        )

    def _foreign_numbers(self) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO faults SELECT p.tbl, p.id, 'impossible: a number of another country', 1"
            " FROM keys p JOIN keys a ON a.tbl = 'addresses' AND a.col = 'location_id' AND a.ref = p.ref"
            " JOIN rows pr ON pr.tbl = p.tbl AND pr.id = p.id JOIN rows ar ON ar.tbl = a.tbl AND ar.id = a.id"
            " WHERE p.tbl = 'phones' AND p.col = 'location_id' AND json_extract(ar.body, '$.country') = 'US'"
            " AND ltrim(json_extract(pr.body, '$.number'), '\" ') LIKE '+%'"
            " AND ltrim(json_extract(pr.body, '$.number'), '\" ') NOT LIKE '+1%'"
        )

    def _fall_with(self) -> int:
        """Quarantine what hangs on something quarantined; how many more that were."""
        before = self._db.total_changes
        for table, column in _DEPENDS:
            self._db.execute(
                "INSERT OR IGNORE INTO faults SELECT k.tbl, k.id, 'quarantined: ' || k.col, 0 FROM keys k"
                " WHERE k.tbl = ? AND k.col = ? AND EXISTS"
                " (SELECT 1 FROM faults f WHERE f.tbl = k.target AND f.id = k.ref)"
                " AND NOT EXISTS (SELECT 1 FROM faults f WHERE f.tbl = k.tbl AND f.id = k.id)",
                (table, column),
            )
        return self._db.total_changes - before

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """Table, id and reason of everything quarantined. What falls with a record that is itself quarantined is not
        told again, but for what would be missed: a program, and a part of a program that is taken."""
        yield from self._db.execute(
            "SELECT tbl, id, reason FROM faults f WHERE own OR tbl = 'services' OR"
            " (tbl IN ('service_at_location', 'attributes', 'service_capacity') AND NOT EXISTS"
            " (SELECT 1 FROM keys k JOIN faults s ON s.tbl = 'services' AND s.id = k.ref WHERE k.tbl = f.tbl"
            " AND k.id = f.id AND k.col IN ('service_id', 'link_id')))"
            " ORDER BY tbl, id, reason"
        )

    def count(self, table: str) -> int:
        return int(self._db.execute("SELECT count(*) FROM good WHERE tbl = ?", (table,)).fetchone()[0])

    def batches(self, table: str, size: int) -> Iterator[list[dict[str, Any]]]:
        """Every good row of a table, some at a time, in the order of their ids."""
        last = ""
        query = "SELECT id, body FROM good WHERE tbl = ? AND id > ? ORDER BY id LIMIT ?"
        while found := self._db.execute(query, (table, last, size)).fetchall():
            last = found[-1][0]
            yield [json.loads(body) for _, body in found]

    def children(self, table: str, column: str, owners: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """The good rows of a table by the owner their column names."""
        found: dict[str, list[dict[str, Any]]] = {}
        query = (
            "SELECT k.ref, r.body FROM keys k JOIN good r ON r.tbl = k.tbl AND r.id = k.id"
            " WHERE k.tbl = ? AND k.col = ? AND k.ref IN (SELECT value FROM json_each(?)) ORDER BY r.id"
        )
        for ref, body in self._db.execute(query, (table, column, _listed(owners))):
            found.setdefault(ref, []).append(json.loads(body))
        return found

    def owners(self, table: str, column: str, ids: Collection[str]) -> set[str]:
        """Which of these some row of the table names, good or not."""
        query = "SELECT DISTINCT ref FROM keys WHERE tbl = ? AND col = ? AND ref IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._db.execute(query, (table, column, _listed(ids)))}

    def named(self, table: str, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Good rows by their ids."""
        query = "SELECT id, body FROM good WHERE tbl = ? AND id IN (SELECT value FROM json_each(?))"
        return {row[0]: json.loads(row[1]) for row in self._db.execute(query, (table, _listed(ids)))}


def _listed(ids: Collection[str]) -> str:
    """Any number of ids as one parameter."""
    return json.dumps(list(ids))


def _some(ids: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    batch: list[str] = []
    for one in ids:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
