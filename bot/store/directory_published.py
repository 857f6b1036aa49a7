"""Which programs may this audience see, with all that belongs to them? Approved and not closed, some at a time.

What is selected here is more than may be shown; `bot.rules.hsds_export` decides that field by field.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, String, Table, and_, cast, exists, func, not_, or_, select

from bot.rules.hsds_export import Count, Organization, Program
from bot.rules.hsds_terms import CODE_OF_TERM, TAXONOMY
from bot.rules.visibility import Audience, shown_to
from bot.store.db import Tx
from bot.store.directory import organizations, programs
from bot.store.directory_records import (
    field_marks,
    locations,
    service_at_locations,
    specialisations,
    taxonomies,
    taxonomy_terms,
)
from bot.store.openings import latest_counts

_p, _o = programs.c, organizations.c
_PROGRAM = (
    _p.program_id, _p.code_name, _p.need, _p.kind, _p.status, _p.region, _p.zip3, _p.facets, _p.confidential,
    _p.visibility, _p.listing, _p.intake, _p.verified_at, _p.updated_at,
)  # fmt: skip
_ORGANIZATION = (_o.organization_id, _o.name, _o.visibility, _o.listing)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked for; everything left out is not asked."""

    search: str = ""
    organization_id: str | None = None
    taxonomy_term_id: str | None = None
    taxonomy_id: str | None = None
    modified_after: datetime | None = None
    with_place: bool = False
    postcode: str | None = None
    program_ids: tuple[str, ...] | None = None


def count_programs(tx: Tx, audience: Audience, wanted: Wanted) -> int:
    query = select(func.count()).select_from(programs).join(organizations, _o.organization_id == _p.organization_id)
    return tx.conn.execute(query.where(*_visible(audience, wanted))).scalar_one()


def published(tx: Tx, audience: Audience, wanted: Wanted, *, offset: int = 0, after: str = "",
              limit: int) -> list[Program]:  # fmt: skip
    """In the order of their ids; `after` goes on where the last batch ended."""
    query = select(*_PROGRAM, *_ORGANIZATION).join_from(
        programs, organizations, _o.organization_id == _p.organization_id
    )
    query = query.where(*_visible(audience, wanted), _p.program_id > after)
    rows = tx.conn.execute(query.order_by(_p.program_id).offset(offset).limit(limit)).all()
    ids = [row[0] for row in rows]
    marks = _marks(tx, [*ids, *{row[len(_PROGRAM)] for row in rows}])
    tags, places, counts = _tags(tx, ids), _places(tx, ids), _counts(tx, ids)
    return [
        Program(
            *row[: len(_PROGRAM)],
            organization=Organization(*row[len(_PROGRAM) :], marks=marks.get(row[len(_PROGRAM)], {})),
            marks=marks.get(row[0], {}), specialisations=tags.get(row[0], ()), counts=counts.get(row[0], ()),
            places=places.get(row[0], ()),
        )
        for row in rows
    ]  # fmt: skip


def count_places(tx: Tx, audience: Audience, wanted: Wanted) -> int:
    query = select(func.count()).select_from(_placed())
    return tx.conn.execute(query.where(*_visible(audience, wanted))).scalar_one()


def places(tx: Tx, audience: Audience, wanted: Wanted, *, offset: int = 0, limit: int,
           link_id: str | None = None) -> list[tuple[str, str]]:  # fmt: skip
    """(service_at_location, program) of what may be shown, in the order of their ids."""
    sal = service_at_locations.c
    query = select(sal.service_at_location_id, sal.program_id).select_from(_placed()).where(*_visible(audience, wanted))
    if link_id is not None:
        query = query.where(sal.service_at_location_id == link_id)
    rows = tx.conn.execute(query.order_by(sal.service_at_location_id).offset(offset).limit(limit))
    return [(row[0], row[1]) for row in rows]


def _placed() -> FromClause:
    joined = service_at_locations.join(programs, _p.program_id == service_at_locations.c.program_id)
    return joined.join(organizations, _o.organization_id == _p.organization_id)


def count_organizations(tx: Tx, audience: Audience, search: str) -> int:
    query = select(func.count()).select_from(organizations)
    return tx.conn.execute(query.where(*_visible_organizations(audience, search))).scalar_one()


def published_organizations(tx: Tx, audience: Audience, *, search: str = "", ids: Collection[str] | None = None,
                            offset: int = 0, limit: int) -> list[Organization]:  # fmt: skip
    where = _visible_organizations(audience, search)
    if ids is not None:
        where.append(_o.organization_id.in_(list(ids)))
    query = select(*_ORGANIZATION).where(*where).order_by(_o.organization_id).offset(offset).limit(limit)
    rows = tx.conn.execute(query).all()
    marks = _marks(tx, [row[0] for row in rows])
    return [Organization(*row, marks=marks.get(row[0], {})) for row in rows]


def own_ids(tx: Tx, table: Table) -> list[str]:
    """Ids of our own making, which HSDS knows by another: few, for what is imported has UUIDs of its own."""
    (key,) = table.primary_key.columns
    uuids = key.like("________-____-____-____-____________")
    return list(tx.conn.execute(select(key).where(~uuids)).scalars())


def imported_taxonomies(tx: Tx) -> list[dict[str, Any]]:
    query = select(taxonomies.c.taxonomy_id, taxonomies.c.listing).order_by(taxonomies.c.taxonomy_id)
    return [{"id": row[0], **row[1]} for row in tx.conn.execute(query)]


def imported_terms(tx: Tx) -> list[dict[str, Any]]:
    t = taxonomy_terms.c
    query = select(t.taxonomy_term_id, t.listing).order_by(t.taxonomy_term_id)
    return [{"id": row[0], **row[1]} for row in tx.conn.execute(query)]


def _visible(audience: Audience, wanted: Wanted) -> list[ColumnElement[bool]]:
    where = [
        _p.vetting == "approved", _o.vetting == "approved", _p.status != "closed",
        _p.visibility.in_(shown_to(audience)), _o.visibility.in_(shown_to(audience)),
    ]  # fmt: skip
    if wanted.program_ids is not None:
        where.append(_p.program_id.in_(wanted.program_ids))
    if wanted.organization_id is not None:
        where.append(_p.organization_id == wanted.organization_id)
    if wanted.modified_after is not None:
        where.append(_p.updated_at >= wanted.modified_after)
    if wanted.with_place:
        placed = _p.program_id.in_(select(service_at_locations.c.program_id))
        where += [_p.confidential.is_(False), placed, _not_withheld(audience, _p.program_id, "locations")]
    if wanted.postcode is not None:
        # Programs that serve everywhere serve there too.
        areas = cast(_p.zip3, String)
        where.append(or_(areas == "[]", areas.contains(f'"{wanted.postcode[:3]}"', autoescape=True)))
    if wanted.search:
        where.append(_finds(audience, wanted.search))
    if wanted.taxonomy_term_id is not None:
        where.append(_has_term(wanted.taxonomy_term_id))
    if wanted.taxonomy_id is not None and wanted.taxonomy_id != TAXONOMY["id"]:
        # Every program has terms of our own taxonomy; of others, those whose terms it was imported with.
        where.append(_names(wanted.taxonomy_id))
    return where


def _visible_organizations(audience: Audience, search: str) -> list[ColumnElement[bool]]:
    where = [_o.vetting == "approved", _o.visibility.in_(shown_to(audience))]
    if search:
        where.append(and_(func.lower(_o.name).contains(search.lower(), autoescape=True),
                          _not_withheld(audience, _o.organization_id)))  # fmt: skip
    return where


def _finds(audience: Audience, text: str) -> ColumnElement[bool]:
    """Only in what would be shown: a search must not tell what a page does not."""
    word = text.lower()
    name = func.lower(_p.listing["name"].as_string()).contains(word, autoescape=True)
    own = and_(_p.confidential.is_(False), name, _not_withheld(audience, _p.program_id))
    of = func.lower(_o.name).contains(word, autoescape=True)
    return or_(
        own,
        func.lower(_p.code_name).contains(word, autoescape=True),
        and_(of, _not_withheld(audience, _o.organization_id)),
    )


def _not_withheld(audience: Audience, subject: ColumnElement[str], name: str = "name") -> ColumnElement[bool]:
    f = field_marks.c
    hidden = not_(f.visibility.in_(shown_to(audience)))
    return ~exists().where(f.subject_id == subject, f.field == name, f.visibility.is_not(None), hidden)


def _has_term(term_id: str) -> ColumnElement[bool]:
    code = CODE_OF_TERM.get(term_id)
    if code is None:
        return _names(term_id)
    kind, _, word = code.partition(":")
    match kind:
        case "service_type":
            return _p.kind == word
        case "specialization":
            s = specialisations.c
            return exists().where(s.program_id == _p.program_id, s.tag == word)
        case _:
            return cast(_p.facets, String).contains(f'"{word}":', autoescape=True)


def _names(hsds_id: str) -> ColumnElement[bool]:
    """Imported attributes name it; of a confidential program they are not shown, so they are not found."""
    return and_(_p.confidential.is_(False), cast(_p.listing, String).contains(f'"{hsds_id}"', autoescape=True))


def _marks(tx: Tx, subject_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    f = field_marks.c
    query = select(f.subject_id, f.field, f.visibility).where(f.subject_id.in_(subject_ids), f.visibility.is_not(None))
    found: dict[str, dict[str, str]] = {}
    for subject_id, name, visibility in tx.conn.execute(query):
        found.setdefault(subject_id, {})[name] = visibility
    return found


def _tags(tx: Tx, ids: Sequence[str]) -> dict[str, list[str]]:
    """Verified ones alone: a claim is for our own staff."""
    s = specialisations.c
    query = select(s.program_id, s.tag).where(s.program_id.in_(ids), s.verified_at.is_not(None)).order_by(s.tag)
    return _grouped(tx, query)


def _places(tx: Tx, ids: Sequence[str]) -> dict[str, list[tuple[str, Mapping[str, Any], str, Mapping[str, Any]]]]:
    sal, where = service_at_locations.c, locations.c
    query = select(sal.program_id, sal.service_at_location_id, sal.listing, where.location_id, where.listing)
    query = query.join(locations, where.location_id == sal.location_id).where(sal.program_id.in_(ids))
    found: dict[str, list[tuple[str, Mapping[str, Any], str, Mapping[str, Any]]]] = {}
    for program_id, *place in tx.conn.execute(query.order_by(sal.service_at_location_id)):
        found.setdefault(program_id, []).append((place[0], place[1], place[2], place[3]))
    return found


def _counts(tx: Tx, ids: Sequence[str]) -> dict[str, list[Count]]:
    found: dict[str, list[Count]] = {}
    for program_id, *count in latest_counts(tx, ids):
        found.setdefault(program_id, []).append(Count(*count))
    return found


def _grouped(tx: Tx, query: Select[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for owner, value in tx.conn.execute(query):
        found.setdefault(owner, []).append(value)
    return found
