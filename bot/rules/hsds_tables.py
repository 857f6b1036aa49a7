"""Which tables does HSDS 3.1 have, what may stand in their columns, and how does a nested document become rows?

Written from the datapackage of openreferral/specification, branch 3.1-dev. `!` is required; after the colon is the kind
of value, text where none is named; `>` is the table a key must lead to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str = "text"
    required: bool = False
    leads_to: str | None = None


_OF_SERVICE = "service_id>services"
_OF_ORGANIZATION = "organization_id>organizations"
_OF_LOCATION = "location_id>locations"
_OF_PLACE = "service_at_location_id>service_at_location"
_WRITTEN: Mapping[str, str] = {
    "organizations": "id! name! alternate_name description! email website:uri tax_status tax_id "
    "year_incorporated:number legal_status logo uri:uri parent_organization_id>organizations",
    "programs": "id! organization_id!>organizations name! alternate_name description!",
    "services": "id! organization_id!>organizations program_id>programs name! alternate_name description url:uri email "
    "status!:status interpretation_services application_process fees_description wait_time fees accreditations "
    "eligibility_description minimum_age:number maximum_age:number assured_date:date assurer_email licenses alert "
    "last_modified:datetime",
    "attributes": "id! link_id! taxonomy_term_id>taxonomy_terms link_type link_entity! value label",
    "service_at_location": "id! service_id!>services location_id!>locations description",
    "locations": f"id! location_type!:place url:uri {_OF_ORGANIZATION} name alternate_name description transportation "
    "latitude:latitude longitude:longitude external_identifier external_identifier_type",
    "phones": f"id! {_OF_LOCATION} {_OF_SERVICE} {_OF_ORGANIZATION} contact_id>contacts {_OF_PLACE} number!:phone "
    "extension:number type description",
    "contacts": f"id! {_OF_ORGANIZATION} {_OF_SERVICE} {_OF_PLACE} {_OF_LOCATION} name title department email",
    "addresses": f"id! {_OF_LOCATION} attention address_1! address_2 city! region state_province! postal_code! "
    "country! address_type!:place",
    "schedules": f"id! {_OF_SERVICE} {_OF_LOCATION} {_OF_PLACE} valid_from:date valid_to:date dtstart:date "
    "timezone:number until:date count:number wkst freq interval:number byday byweekno bymonthday byyearday description "
    "opens_at:time closes_at:time schedule_link:uri attending_type notes",
    "funding": f"id! {_OF_ORGANIZATION} {_OF_SERVICE} source",
    "service_areas": f"id! {_OF_SERVICE} {_OF_PLACE} name description extent extent_type uri:uri",
    "required_documents": f"id! {_OF_SERVICE} document uri:uri",
    "languages": f"id! {_OF_SERVICE} {_OF_LOCATION} phone_id>phones name code note",
    "accessibility": f"id! {_OF_LOCATION} description details url:uri",
    "taxonomy_terms": "id! code name! description! parent_id>taxonomy_terms taxonomy language taxonomy_id>taxonomies "
    "term_uri:uri",
    "metadata": "id! resource_id! resource_type! last_action_date!:date last_action_type! field_name! previous_value! "
    "replacement_value! updated_by!",
    "meta_table_descriptions": "id! name language character_set",
    "cost_options": "id! service_id!>services valid_from:date valid_to:date option currency amount:number "
    "amount_description",
    "organization_identifiers": "id! organization_id!>organizations identifier_scheme identifier_type! identifier!",
    "taxonomies": "id! name! description! uri:uri version",
    "service_capacity": "id! service_id!>services unit_id!>units available!:count maximum:count description "
    "updated!:datetime",
    "units": "id! name! scheme identifier uri:uri",
    "url": f"id! label url!:uri {_OF_ORGANIZATION} {_OF_SERVICE}",
}


def _column(written: str) -> Column:
    name, _, leads_to = written.partition(">")
    name, _, kind = name.partition(":")
    return Column(name.rstrip("!"), kind or "text", name.endswith("!"), leads_to or None)


TABLES: Mapping[str, Mapping[str, Column]] = {
    table: {column.name: column for column in map(_column, words.split())} for table, words in _WRITTEN.items()
}
OWNERS = {
    "services": "service_id", "organizations": "organization_id", "locations": "location_id",
    "service_at_location": "service_at_location_id", "contacts": "contact_id", "phones": "phone_id",
}  # fmt: skip
"""How a child names its parent, by the parent's table."""
_ENTITIES = {
    "organization": "organizations", "program": "programs", "service": "services", "attribute": "attributes",
    "location": "locations", "phone": "phones", "contact": "contacts", "address": "addresses",
    "schedule": "schedules", "service_area": "service_areas", "required_document": "required_documents",
    "language": "languages", "taxonomy_term": "taxonomy_terms", "taxonomy": "taxonomies", "unit": "units",
    "cost_option": "cost_options", "organization_identifier": "organization_identifiers",
}  # fmt: skip
ONE = {
    "organization": ("organizations", "organization_id"), "program": ("programs", "program_id"),
    "location": ("locations", "location_id"), "service": ("services", "service_id"),
    "unit": ("units", "unit_id"), "taxonomy_term": ("taxonomy_terms", "taxonomy_term_id"),
    "taxonomy_detail": ("taxonomies", "taxonomy_id"),
}  # fmt: skip
"""An object inside a record: its table, and the record's column that names it."""
MANY = {
    "service_at_locations": "service_at_location", "capacities": "service_capacity", "additional_urls": "url",
    "additional_websites": "url", **{name: name for name in TABLES if name not in ("service_at_location", "url")},
}  # fmt: skip
"""A list inside a record, and the table its items belong to."""
DEEPEST = 12


class TooDeep(ValueError):
    """No HSDS document is nested like this one."""


def table_named(name: str) -> str | None:
    """Which table a file or a key is: `services.csv`, `services`, `service`, `service_at_locations` …"""
    plain = name.removesuffix(".csv")
    return plain if plain in TABLES else MANY.get(plain) or _ENTITIES.get(plain)


def table_of_entity(word: object) -> str | None:
    """Which table an attribute's or a change's `link_entity` means."""
    return table_named(word) if isinstance(word, str) else None


def table_of_record(record: Mapping[str, Any]) -> str:
    """What a bare HSDS document is, by the fields only that kind has."""
    for field, table in _TELLING:
        if field in record:
            return table
    return "organizations"


_TELLING = (
    ("status", "services"), ("location_type", "locations"), ("location", "service_at_location"),
    ("service_at_locations", "services"), ("service", "service_at_location"), ("taxonomy_detail", "taxonomy_terms"),
    ("term_uri", "taxonomy_terms"), ("parent_id", "taxonomy_terms"), ("version", "taxonomies"),
)  # fmt: skip


def rows_of(table: str, record: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """A nested record as rows, children after their parent. What HSDS does not know is left out."""
    if depth > DEEPEST:
        raise TooDeep
    row = {name: value for name, value in record.items() if name in TABLES[table]}
    children: list[tuple[str, Mapping[str, Any]]] = []
    for name, value in record.items():
        if name in ONE and isinstance(value, Mapping):
            child_table, column = ONE[name]
            # A group of programs that stands inside one of them is of the same organization.
            owner = {"organization_id": _organization_of(record)} if child_table == "programs" else {}
            children.append((child_table, {**owner, **value}))
            if column in TABLES[table]:
                row.setdefault(column, value.get("id"))
        elif name in MANY and isinstance(value, list):
            owner = _owner(table, record.get("id"), MANY[name])
            # Something that is no object at all is still a row, so that it is reported and not lost.
            children += [(MANY[name], {**owner, **item} if isinstance(item, Mapping) else {}) for item in value]
    yield table, row
    for child_table, child in children:
        yield from rows_of(child_table, child, depth + 1)


def _organization_of(record: Mapping[str, Any]) -> object:
    whole = record.get("organization")
    return record.get("organization_id") or (whole.get("id") if isinstance(whole, Mapping) else None)


def _owner(table: str, record_id: object, child: str) -> dict[str, object]:
    """What a nested child leaves unsaid: whose it is."""
    match child:
        case "attributes":
            return {"link_id": record_id, "link_entity": _entity(table)}
        case "metadata":
            return {"resource_id": record_id, "resource_type": _entity(table)}
        case _:
            column = OWNERS.get(table)
            return {column: record_id} if column in TABLES[child] else {}


def _entity(table: str) -> str:
    return next((word for word, name in _ENTITIES.items() if name == table), table)
