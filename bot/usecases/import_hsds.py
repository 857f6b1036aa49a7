"""How do checked HSDS rows become organizations, programs, stocks and places? By the batch, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rules.continuum import UNSORTED
from bot.rules.hsds import STATUSES, code_name, moment, unit_of
from bot.rules.hsds_mapping import (
    LOCATION_CHILDREN,
    ORGANIZATION_CHILDREN,
    SERVICE_CHILDREN,
    claims,
    front_gate,
    is_confidential,
    kind_and_need,
    listing,
    specialisations,
)
from bot.store import directory_import as store
from bot.store import directory_places
from bot.store.db import Tx
from bot.store.directory import organizations, programs, stocks
from bot.store.directory_import import Known
from bot.store.directory_records import locations, service_at_locations, taxonomies, taxonomy_terms
from bot.store.staging import Staging

SOURCE = "hsds"
_KEPT_OF_PROGRAMS = (
    "code_name", "need", "kind", "region", "zip3", "facets", "traits", "vetting", "visibility", "source", "intake",
)  # fmt: skip
_KEPT_OF_ORGANIZATIONS = ("vetting", "created_at", "visibility", "source", "kind", "jurisdictions")

Batch = Sequence[dict[str, Any]]
Children = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one batch came to: new, known, and (id, reason) of what was left out."""

    imported: int = 0
    updated: int = 0
    left_out: tuple[tuple[str, str], ...] = ()


def put_taxonomies(name: str) -> Callable[[Tx, Staging, Batch], Taken]:
    """Taxonomies, or their terms: they come along with what uses them and are not counted as records."""

    def put(tx: Tx, _staging: Staging, batch: Batch) -> Taken:
        if name == "taxonomies":
            store.upsert(tx, taxonomies, [{"taxonomy_id": row["id"], "listing": _said(row)} for row in batch])
        else:
            rows = [
                {"taxonomy_term_id": row["id"], "taxonomy_id": row.get("taxonomy_id"), "listing": _said(row)}
                for row in batch
            ]
            store.upsert(tx, taxonomy_terms, rows)
        return Taken()

    return put


def put_organizations(tx: Tx, staging: Staging, batch: Batch) -> Taken:
    ids = [row["id"] for row in batch]
    children = {name: staging.children(name, "organization_id", ids) for name in ORGANIZATION_CHILDREN}
    known = store.upsert(tx, organizations, [_organization(tx, row, children) for row in batch],
                         keep=_KEPT_OF_ORGANIZATIONS)  # fmt: skip
    _keep_contacts(tx, staging, "organization_id", ids)
    alone = set(ids) - staging.owners("services", "organization_id", ids)
    return Taken(len(alone - known), len(alone & known))


def _organization(tx: Tx, row: Mapping[str, Any], children: Children) -> dict[str, Any]:
    mine = {name: found.get(row["id"], ()) for name, found in children.items()}
    mine["phones"] = front_gate(mine["phones"])
    return {
        "organization_id": row["id"], "name": row["name"][:200], "vetting": "applied", "created_at": tx.now,
        "kind": "service", "visibility": "private", "jurisdictions": [], "source": SOURCE, "updated_at": tx.now,
        "listing": listing(row, mine, "organizations"),
    }  # fmt: skip


def put_services(tx: Tx, staging: Staging, batch: Batch) -> Taken:
    """Programs with their stocks, counts, claims and places. One that already belongs to another organization is left
    out: whose it is decides who may speak for it."""
    known = store.known_programs(tx, [row["id"] for row in batch])
    moved = [row["id"] for row in batch
             if row["id"] in known and known[row["id"]].organization_id != row["organization_id"]]  # fmt: skip
    rows = [row for row in batch if row["id"] not in moved]
    ids = [row["id"] for row in rows]
    children = _children(staging, ids)
    made = [_program(tx, row, children, known.get(row["id"])) for row in rows]
    _name(tx, [row for row in made if row["program_id"] not in known])
    directory_places.drop(
        tx, ids
    )  # before a program can become confidential: the database refuses it while a place stands
    store.upsert(tx, programs, made, keep=_KEPT_OF_PROGRAMS)
    _put_claims(tx, rows, children)
    _put_stocks(tx, staging, ids)
    _put_places(tx, staging, {row["program_id"] for row in made if not row["confidential"]})
    _keep_contacts(tx, staging, "service_id", ids)
    left_out = tuple((row_id, "it belongs to another organization here") for row_id in moved)
    return Taken(len(rows) - len(known.keys() & set(ids)), len(known.keys() & set(ids)), left_out)


def _children(staging: Staging, ids: Sequence[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    found = {name: staging.children(name, "service_id", ids) for name in SERVICE_CHILDREN if name != "attributes"}
    found["attributes"] = staging.children("attributes", "link_id", ids)
    terms = {one["taxonomy_term_id"] for rows in found["attributes"].values() for one in rows
             if "taxonomy_term_id" in one}  # fmt: skip
    named = staging.named("taxonomy_terms", terms)
    for rows in found["attributes"].values():
        for one in rows:
            if one.get("taxonomy_term_id") in named:
                one["taxonomy_term"] = named[one["taxonomy_term_id"]]
    return found


def _program(tx: Tx, row: Mapping[str, Any], children: Children, before: Known | None) -> dict[str, Any]:
    mine = {name: found.get(row["id"], ()) for name, found in children.items()}
    mine["phones"] = front_gate(mine["phones"])
    kind, need = kind_and_need(mine["attributes"])
    confidential = is_confidential(kind, mine["attributes"])
    status = STATUSES[row["status"]]
    if before is not None:
        # What our own people decided stands; the source's status counts when the source changed it.
        confidential = before.confidential or (before.kind == UNSORTED and confidential)
        status = before.status if before.listing.get("status") == row["status"] else status
    return {
        "program_id": row["id"], "organization_id": row["organization_id"], "code_name": "", "need": need, "kind": kind,
        "status": status, "region": "", "zip3": [], "facets": {}, "traits": [], "confidential": confidential,
        "vetting": "applied", "visibility": "private", "intake": {}, "source": SOURCE, "updated_at": tx.now,
        "listing": listing(row, mine, "services"),
    }  # fmt: skip


def _name(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Each new program gets a code name nobody else has."""
    unnamed, attempt = list(rows), 0
    given: set[str] = set()
    while unnamed:
        for row in unnamed:
            row["code_name"] = code_name(row["program_id"], attempt)
        taken = store.taken_code_names(tx, [row["code_name"] for row in unnamed]) | given
        again = []
        for row in unnamed:
            if row["code_name"] in taken:
                again.append(row)
            else:
                taken.add(row["code_name"])
                given.add(row["code_name"])
        unnamed, attempt = again, attempt + 1


def _put_claims(tx: Tx, rows: Batch, children: Children) -> None:
    attributes = children["attributes"]
    stated = [(row["id"], facet, value) for row in rows for facet, value in claims(row, attributes.get(row["id"], ()))]
    store.replace_claims(tx, [row["id"] for row in rows], SOURCE, stated, verified_by=None)
    tags = [(row["id"], tag) for row in rows for tag in specialisations(attributes.get(row["id"], ()))]
    if tags:
        store.claim_specialisations(tx, tags)


def _put_stocks(tx: Tx, staging: Staging, ids: Sequence[str]) -> None:
    found = staging.children("service_capacity", "service_id", ids)
    units = staging.named("units", {row["unit_id"] for rows in found.values() for row in rows})
    rows, counts = [], []
    for program_id, capacities in found.items():
        for row in capacities:
            updated = moment(row["updated"])
            assert updated is not None
            rows.append({
                "stock_id": row["id"], "program_id": program_id, "unit": unit_of(units[row["unit_id"]]),
                "maximum": int(row["maximum"]), "facets": {},
            })  # fmt: skip
            counts.append((row["id"], int(row["available"]), updated))
    if rows:
        store.upsert(tx, stocks, rows, keep=("program_id", "facets"))
        store.count_stocks(tx, counts)


def _put_places(tx: Tx, staging: Staging, open_ids: set[str]) -> None:
    """Only of programs that hide nothing; of the others no street, no coordinates, no row at all."""
    found = staging.children("service_at_location", "service_id", list(open_ids))
    links = [(program_id, row) for program_id, rows in found.items() for row in rows]
    location_ids = {row["location_id"] for _, row in links}
    if not location_ids:
        return
    named = staging.named("locations", location_ids)
    children = {name: staging.children(name, "location_id", list(location_ids)) for name in LOCATION_CHILDREN}
    rows = []
    for location_id, row in named.items():
        mine = {name: found.get(location_id, ()) for name, found in children.items()}
        mine["phones"] = front_gate(mine["phones"])
        rows.append({"location_id": location_id, "organization_id": None, "source": SOURCE,
                     "listing": listing(row, mine, "locations")})  # fmt: skip
    if rows:
        store.upsert(tx, locations, rows, keep=("organization_id",))
    standing = set(named) | store.known_ids(tx, locations, location_ids)
    store.upsert(tx, service_at_locations, [
        {"service_at_location_id": row["id"], "program_id": program_id, "confidential": False,
         "location_id": row["location_id"], "listing": _said(row)}
        for program_id, row in links if row["location_id"] in standing
    ])  # fmt: skip


def _keep_contacts(tx: Tx, staging: Staging, column: str, ids: Sequence[str]) -> None:
    found = staging.children("contacts", column, ids)
    contact_ids = [row["id"] for rows in found.values() for row in rows]
    phones = staging.children("phones", "contact_id", contact_ids)
    store.keep_contacts(tx, [
        (row["id"], owner if column == "organization_id" else None, owner if column == "service_id" else None,
         {**_said(row), "phones": [{"number": p["number"]} for p in phones.get(row["id"], ())]})
        for owner, rows in found.items() for row in rows
    ])  # fmt: skip


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    hidden = ("id", "organization_id", "service_id", "location_id", "service_at_location_id")
    return {name: value for name, value in row.items() if name not in hidden}
