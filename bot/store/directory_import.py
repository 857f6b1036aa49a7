"""How is a batch of records put into the directory, new ones and known ones? Many rows a statement, nothing of ours
overwritten: vetting, visibility, code names, kinds that staff have sorted, and criteria somebody verified."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, select

from bot.store import openings
from bot.store.db import Tx, new_id
from bot.store.directory import organizations, programs
from bot.store.directory_records import (
    contacts,
    criteria,
    imports,
    locations,
    service_at_locations,
    specialisations,
    taxonomies,
    taxonomy_terms,
)
from bot.store.openings import observations

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """What a program that was there before is, as far as an import must respect it."""

    organization_id: str
    kind: str
    confidential: bool
    status: str
    listing: Mapping[str, Any]
    source: str


def known_ids(tx: Tx, table: Table, ids: Collection[str]) -> set[str]:
    (key,) = table.primary_key.columns
    return set(tx.conn.execute(select(key).where(key.in_(list(ids)))).scalars())


def known_programs(tx: Tx, ids: Collection[str]) -> dict[str, Known]:
    p = programs.c
    query = select(p.program_id, p.organization_id, p.kind, p.confidential, p.status, p.listing, p.source)
    return {row[0]: Known(*row[1:]) for row in tx.conn.execute(query.where(p.program_id.in_(list(ids))))}


def taken_code_names(tx: Tx, names: Collection[str]) -> set[str]:
    query = select(programs.c.code_name).where(programs.c.code_name.in_(list(names)))
    return set(tx.conn.execute(query).scalars())


def upsert(tx: Tx, table: Table, rows: Rows, *, keep: Collection[str] = ()) -> set[str]:
    """New rows go in whole; of known ones all columns but `keep` change. Returns the ids that were known."""
    (key,) = table.primary_key.columns
    known = known_ids(tx, table, [row[key.name] for row in rows])
    new = [row for row in rows if row[key.name] not in known]
    if new:
        tx.conn.execute(table.insert(), new)
    changed = [row for row in rows if row[key.name] in known]
    if changed:
        names = [name for name in changed[0] if name != key.name and name not in keep]
        if names:
            update = table.update().where(key == bindparam("the_key"))
            update = update.values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names})
            tx.conn.execute(update, [{"the_key": row[key.name], **{f"to_{n}": row[n] for n in names}}
                                     for row in changed])  # fmt: skip
    return known


def replace_claims(tx: Tx, program_ids: Collection[str], source: str, claims: Iterable[tuple[str, str, Any]], *,
                   verified_by: str | None) -> None:  # fmt: skip
    """The criteria this source states of these programs, instead of those it stated before. What a human verified of
    another source's claims stays."""
    c = criteria.c
    ours = (c.program_id.in_(list(program_ids)), c.source == source)
    if verified_by is None:
        ours = (*ours, c.verified_at.is_(None))
    tx.conn.execute(delete(criteria).where(*ours))
    standing = select(c.program_id, c.facet, c.value).where(c.program_id.in_(list(program_ids)), c.source == source)
    there = {(row[0], row[1], json.dumps(row[2], sort_keys=True)) for row in tx.conn.execute(standing)}
    rows = [
        {"criterion_id": new_id(), "program_id": program_id, "stock_id": None, "facet": facet, "value": value,
         "hardness": "hard" if verified_by else "ask_human", "basis": "policy", "source": source,
         "verified_at": tx.now if verified_by else None, "verified_by": verified_by}
        for program_id, facet, value in claims
        if (program_id, facet, json.dumps(value, sort_keys=True)) not in there
    ]  # fmt: skip
    if rows:
        tx.conn.execute(criteria.insert(), rows)


def claim_specialisations(tx: Tx, claims: Collection[tuple[str, str]]) -> None:
    """(program, tag): claimed from now on, if it was not before; never verified by being imported."""
    s = specialisations.c
    query = select(s.program_id, s.tag).where(s.program_id.in_([program_id for program_id, _ in claims]))
    there = {tuple(row) for row in tx.conn.execute(query)}
    rows = [
        {"specialisation_id": new_id(), "program_id": program_id, "tag": tag, "claimed_at": tx.now,
         "verified_at": None, "verified_by": None}
        for program_id, tag in dict.fromkeys(claims) if (program_id, tag) not in there
    ]  # fmt: skip
    if rows:
        tx.conn.execute(specialisations.insert(), rows)


def count_stocks(tx: Tx, counts: Collection[tuple[str, int, datetime]]) -> None:
    """(stock, available, when it was so), each once however often it is imported."""
    o = observations.c
    query = select(o.stock_id, o.observed_at).where(o.stock_id.in_([c[0] for c in counts]), o.via == "import")
    there = {tuple(row) for row in tx.conn.execute(query)}
    for stock_id, available, at in counts:
        if (stock_id, at) not in there:
            openings.observe(tx, stock_id=stock_id, available=available, via="import", observed_at=at)


def keep_contacts(tx: Tx, found: Iterable[tuple[str, str | None, str | None, Mapping[str, Any]]]) -> None:
    """(contact, organization, program, what is known of them): sealed, whole."""
    rows = [
        {"contact_id": contact_id, "organization_id": organization_id, "program_id": program_id,
         "body": tx.keys.seal("contacts.body", contact_id, json.dumps(body, sort_keys=True))}
        for contact_id, organization_id, program_id, body in found
    ]  # fmt: skip
    if rows:
        upsert(tx, contacts, rows)


def begin_import(tx: Tx, *, staff_id: str | None, format_: str, quarantined: int, report: Sequence[Any]) -> str:
    import_id = new_id()
    row = {"import_id": import_id, "at": tx.now, "staff_id": staff_id, "format": format_, "imported": 0, "updated": 0,
           "quarantined": quarantined, "report": list(report)}  # fmt: skip
    tx.conn.execute(imports.insert(), row)
    return import_id


def note_import(tx: Tx, import_id: str, **values: Any) -> None:
    tx.conn.execute(imports.update().where(imports.c.import_id == import_id).values(**values))


def refused_import(tx: Tx, *, staff_id: str | None, code: str) -> None:
    """A file that was not what it said: counted, and nothing else."""
    row = {"import_id": new_id(), "at": tx.now, "staff_id": staff_id, "format": "unknown", "imported": 0, "updated": 0,
           "quarantined": 0, "finished_at": tx.now, "refused": code, "report": []}  # fmt: skip
    tx.conn.execute(imports.insert(), row)


KNOWN_TABLES: Mapping[str, Table] = {
    "organizations": organizations, "services": programs, "locations": locations, "taxonomies": taxonomies,
    "taxonomy_terms": taxonomy_terms, "service_at_location": service_at_locations, "contacts": contacts,
}  # fmt: skip
"""Which HSDS table's ids may stand in ours already: a file may bring only what changed."""


@dataclass(frozen=True, slots=True)
class Import:
    """What became of one file. `report` is the first of what was quarantined: table, id and reason."""

    import_id: str
    at: datetime
    staff_id: str | None
    format: str
    imported: int
    updated: int
    quarantined: int
    finished_at: datetime | None
    refused: str | None
    report: Sequence[Mapping[str, str]]
    total: int
    """Records there are; 0 until the file was read whole."""
    done: int


_IMPORT = tuple(imports.c[name] for name in Import.__dataclass_fields__)


def recent_imports(tx: Tx, *, limit: int, staff_id: str | None = None) -> list[Import]:
    """The latest first; of one person, if said."""
    query = select(*_IMPORT).order_by(imports.c.at.desc(), imports.c.import_id.desc()).limit(limit)
    if staff_id is not None:
        query = query.where(imports.c.staff_id == staff_id)
    return [Import(*row) for row in tx.conn.execute(query)]


def import_of(tx: Tx, import_id: str) -> Import | None:
    row = tx.conn.execute(select(*_IMPORT).where(imports.c.import_id == import_id)).one_or_none()
    return None if row is None else Import(*row)
