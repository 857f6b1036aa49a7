"""How does a row of our own CSV become a program? Staff vouch for what it states; two people still approve it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.rules.criteria import traits_of
from bot.rules.directory_csv import OurRow, read_ours
from bot.rules.hsds import code_name
from bot.store import directory_criteria, directory_places
from bot.store import directory_import as store
from bot.store.db import Tx
from bot.store.directory import organizations, programs, stocks
from bot.store.staging import Staging
from bot.usecases.import_hsds import Taken

SOURCE = "csv"
OPERATOR = "operator"
_KEPT_OF_PROGRAMS = ("code_name", "vetting", "visibility", "source", "facets", "traits", "status")


def put_ours(staff_id: str | None) -> Callable[[Tx, Staging, Sequence[dict[str, Any]]], Taken]:
    """For one import: `staff_id` is who vouches for it."""

    def put(tx: Tx, _staging: Staging, batch: Sequence[dict[str, Any]]) -> Taken:
        read = [(raw["line"], read_ours({k: v for k, v in raw.items() if k != "line"}, tx.now)) for raw in batch]
        return _put(tx, [(line, row) for line, row in read if isinstance(row, OurRow)], staff_id or OPERATOR)

    return put


def _put(tx: Tx, read: Sequence[tuple[str, OurRow]], staff_id: str) -> Taken:
    known = store.known_programs(tx, [row.program_id for _, row in read])
    left_out: list[tuple[str, str]] = []
    taken = store.taken_code_names(tx, [row.code_name for _, row in read if row.code_name])
    good: list[OurRow] = []
    for line, row in read:
        before = known.get(row.program_id)
        if before is not None and before.organization_id != row.organization_id:
            left_out.append((line, "it belongs to another organization here"))
        elif before is None and row.code_name in taken:
            left_out.append((line, "the code_name is taken"))
        else:
            good.append(row)
    ids = [row.program_id for row in good]
    _put_organizations(tx, good)
    directory_places.drop(tx, [row.program_id for row in good if row.confidential])
    store.upsert(tx, programs, [_program(tx, row) for row in good], keep=_KEPT_OF_PROGRAMS)
    stated = [(row.program_id, facet, value) for row in good for facet, value in row.facets.items()]
    store.replace_claims(tx, ids, SOURCE, stated, verified_by=staff_id)
    directory_criteria.project_all(tx, ids)
    tags = [(row.program_id, tag) for row in good for tag in row.specialisations]
    if tags:
        store.claim_specialisations(tx, tags)
    _put_stocks(tx, good)
    return Taken(len(set(ids) - set(known)), len(set(ids) & set(known)), tuple(left_out))


def _put_organizations(tx: Tx, rows: Sequence[OurRow]) -> None:
    found = {
        row.organization_id: {
            "organization_id": row.organization_id, "name": row.organization, "vetting": "applied",
            "created_at": tx.now, "source": SOURCE, "visibility": row.visibility, "updated_at": tx.now,
        }
        for row in rows
    }  # fmt: skip
    if found:
        store.upsert(tx, organizations, list(found.values()), keep=("vetting", "created_at", "source", "visibility"))


def _program(tx: Tx, row: OurRow) -> dict[str, Any]:
    return {
        "program_id": row.program_id, "organization_id": row.organization_id,
        "code_name": row.code_name or code_name(row.program_id, 0), "need": row.need, "kind": row.kind,
        "status": row.status, "region": row.region, "zip3": list(row.zip3), "facets": dict(row.facets),
        "traits": list(traits_of(row.facets)), "confidential": row.confidential, "vetting": "applied",
        "visibility": row.visibility, "source": SOURCE, "updated_at": tx.now, "listing": dict(row.listing),
        "intake": {} if row.warm_transfer is None else {"warm_transfer": row.warm_transfer},
    }  # fmt: skip


def _put_stocks(tx: Tx, rows: Sequence[OurRow]) -> None:
    made, counts = [], []
    for row in rows:
        if row.unit is None or row.maximum is None:
            continue
        stock_id = f"{row.program_id}-{row.unit}"[:64]
        made.append(
            {
                "stock_id": stock_id,
                "program_id": row.program_id,
                "unit": row.unit,
                "maximum": row.maximum,
                "staffed": row.staffed,
            }
        )
        if row.available is not None and row.observed_at is not None:
            counts.append((stock_id, row.available, row.observed_at))
    if made:
        store.upsert(tx, stocks, made, keep=("program_id",))
    if counts:
        store.count_stocks(tx, counts)
