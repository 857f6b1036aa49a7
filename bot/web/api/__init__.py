"""What may a machine read of the directory? HSDS's read endpoints: what is public; with a key, what partners see.

Nothing is written here. Every answer is made by the same rules as an export, field by field.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify
from werkzeug.wrappers import Response

from bot.rules.hsds_export import Program, organization, service
from bot.rules.hsds_terms import TAXONOMY, TERMS, public_id
from bot.rules.visibility import Audience
from bot.store import directory_published as store
from bot.store.db import Tx
from bot.store.directory import organizations, programs
from bot.store.directory_published import Wanted
from bot.store.directory_records import service_at_locations
from bot.web.api.document import document
from bot.web.api.query import Query, asked, audience_of, bound, note_use, paged
from bot.web.context import services

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
blueprint.before_request(bound)
blueprint.after_request(note_use)

_VERSION = "3.1"
_PROFILE = "https://docs.openreferral.org/en/3.0/hsds/"
_NOT_HERE = "There is no such record, or it is not for this key."


@blueprint.get("/")
def about() -> Response:
    """What this is, and where its description lies."""
    address = services().settings.public_url.rstrip("/") + "/api/v1/openapi.json"
    return jsonify({"version": _VERSION, "profile": _PROFILE, "openapi_url": address})


@blueprint.get("/openapi.json")
def openapi() -> Response:
    return jsonify(document(services().settings.brand))


@blueprint.get("/services")
def list_services() -> Response:
    query = asked("search", "organization_id", "taxonomy_term_id", "taxonomy_id", "modified_after", "full", "minimal")
    with services().database.reading() as tx:
        audience, wanted = audience_of(tx), _wanted(tx, query)
        total = store.count_programs(tx, audience, wanted)
        found = store.published(tx, audience, wanted, offset=query.offset, limit=query.per_page)
        whole = [service(program, audience, tx.now) for program in found]
    if query.minimal:
        shown: list[Any] = [{"id": one["id"], "modified_date": one.get("last_modified")} for one in whole]
    else:
        shown = whole if query.full else [_one_to_one(one) for one in whole]
    return paged(query, total, shown)


@blueprint.get("/services/<record_id>")
def one_service(record_id: str) -> Response:
    with services().database.reading() as tx:
        audience = audience_of(tx)
        found = _programs(tx, audience, [_own_id(tx, programs, record_id)])
        return jsonify(service(found[0], audience, tx.now)) if found else abort(404, _NOT_HERE)


@blueprint.get("/organizations")
def list_organizations() -> Response:
    query = asked("search", "full", "full_service")
    with services().database.reading() as tx:
        audience = audience_of(tx)
        total = store.count_organizations(tx, audience, query.search)
        found = store.published_organizations(
            tx, audience, search=query.search, offset=query.offset, limit=query.per_page
        )
        shown = [organization(one, audience) for one in found]
        if query.full or query.full_service:
            for one, made in zip(found, shown, strict=True):
                made["services"] = _services_of(tx, audience, one.organization_id, whole=query.full_service)
        else:
            shown = [_one_to_one(one) for one in shown]
    return paged(query, total, shown)


@blueprint.get("/organizations/<record_id>")
def one_organization(record_id: str) -> Response:
    query = asked("full_service")
    with services().database.reading() as tx:
        audience = audience_of(tx)
        own = _own_id(tx, organizations, record_id)
        found = store.published_organizations(tx, audience, ids=[own], limit=1)
        if not found:
            abort(404, _NOT_HERE)
        made = organization(found[0], audience)
        made["services"] = _services_of(tx, audience, own, whole=query.full_service)
    return jsonify(made)


@blueprint.get("/service_at_locations")
def list_places() -> Response:
    query = asked("search", "organization_id", "taxonomy_term_id", "taxonomy_id", "modified_after", "full", "postcode")
    with services().database.reading() as tx:
        audience, wanted = audience_of(tx), _wanted(tx, query, with_place=True)
        total = store.count_places(tx, audience, wanted)
        shown = _places(tx, audience, wanted, offset=query.offset, limit=query.per_page, whole=query.full)
    return paged(query, total, shown)


@blueprint.get("/service_at_locations/<record_id>")
def one_place(record_id: str) -> Response:
    with services().database.reading() as tx:
        audience = audience_of(tx)
        own = _own_id(tx, service_at_locations, record_id)
        found = _places(tx, audience, Wanted(with_place=True), limit=1, whole=True, link_id=own)
    return jsonify(found[0]) if found else abort(404, _NOT_HERE)


@blueprint.get("/taxonomies")
def list_taxonomies() -> Response:
    query = asked("search")
    with services().database.reading() as tx:
        audience_of(tx)
        return _from_list(query, [dict(TAXONOMY), *store.imported_taxonomies(tx)])


@blueprint.get("/taxonomies/<record_id>")
def one_taxonomy(record_id: str) -> Response:
    with services().database.reading() as tx:
        audience_of(tx)
        return _from_ids(record_id, [dict(TAXONOMY), *store.imported_taxonomies(tx)])


@blueprint.get("/taxonomy_terms")
def list_terms() -> Response:
    query = asked("search", "taxonomy_id", "top_only", "parent_id")
    with services().database.reading() as tx:
        audience_of(tx)
        terms = [*map(dict, TERMS.values()), *store.imported_terms(tx)]
    if query.taxonomy_id is not None:
        terms = [term for term in terms if term.get("taxonomy_id") == query.taxonomy_id]
    if query.top_only or query.parent_id is not None:
        terms = [term for term in terms if term.get("parent_id") == query.parent_id]
    return _from_list(query, terms)


@blueprint.get("/taxonomy_terms/<record_id>")
def one_term(record_id: str) -> Response:
    with services().database.reading() as tx:
        audience_of(tx)
        return _from_ids(record_id, [*map(dict, TERMS.values()), *store.imported_terms(tx)])


def _wanted(tx: Tx, query: Query, *, with_place: bool = False) -> Wanted:
    return Wanted(
        search=query.search, taxonomy_term_id=query.taxonomy_term_id, taxonomy_id=query.taxonomy_id,
        modified_after=query.modified_after, postcode=query.postcode, with_place=with_place,
        organization_id=query.organization_id and _own_id(tx, organizations, query.organization_id),
    )  # fmt: skip


def _own_id(tx: Tx, table: Any, record_id: str) -> str:
    """Ours for the id a reader knows it by. What could be nobody's id is not looked for."""
    if not record_id.isprintable():
        return ""
    return next((own for own in store.own_ids(tx, table) if public_id(own) == record_id.lower()), record_id)


def _programs(tx: Tx, audience: Audience, ids: list[str]) -> list[Program]:
    return store.published(tx, audience, Wanted(program_ids=tuple(ids)), limit=len(ids))


def _services_of(tx: Tx, audience: Audience, organization_id: str, *, whole: bool) -> list[dict[str, Any]]:
    found = store.published(tx, audience, Wanted(organization_id=organization_id), limit=1000)
    made = [service(program, audience, tx.now) for program in found]
    return made if whole else [{name: one[name] for name in ("id", "name", "status")} for one in made]


def _places(tx: Tx, audience: Audience, wanted: Wanted, *, offset: int = 0, limit: int, whole: bool,
            link_id: str | None = None) -> list[dict[str, Any]]:  # fmt: skip
    links = store.places(tx, audience, wanted, offset=offset, limit=limit, link_id=link_id)
    found = {one.program_id: one for one in _programs(tx, audience, list({program for _, program in links}))}
    shown = []
    for link, program_id in links:
        made = service(found[program_id], audience, tx.now)
        places = made.pop("service_at_locations", [])
        place = next((one for one in places if one["id"] == public_id(link)), None)
        if place is not None:
            location = place["location"] if whole else _one_to_one(place["location"])
            shown.append({**place, "location": location, "service": made if whole else _one_to_one(made)})
    return shown


def _one_to_one(record: dict[str, Any]) -> dict[str, Any]:
    """A list's form of a record: without what there may be several of."""
    return {name: value for name, value in record.items() if not isinstance(value, list)}


def _from_list(query: Query, records: list[dict[str, Any]]) -> Response:
    word = query.search.lower()
    found = [one for one in records if word in f"{one.get('name', '')} {one.get('description', '')}".lower()]
    return paged(query, len(found), found[query.offset : query.offset + query.per_page])


def _from_ids(record_id: str, records: list[dict[str, Any]]) -> Response:
    found = next((one for one in records if one["id"] == record_id), None)
    return jsonify(found) if found else abort(404, _NOT_HERE)
