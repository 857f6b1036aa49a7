"""What may whom be shown of a provider? Private, partner, public: of the record, and of each of its fields.

Written as a list of what may go out, never of what may not: a new field is invisible until somebody puts it here. A
confidential program shows nothing that was written freely: an address hides in a description as well as in a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bot.rules.continuum import FACETS, RULES


class Audience(StrEnum):
    PUBLIC = "public"
    PARTNER = "partner"


_SHOWN_TO = {Audience.PUBLIC: ("public",), Audience.PARTNER: ("public", "partner")}
ORGANIZATION_FIELDS = (
    "alternate_name", "description", "email", "website", "tax_status", "tax_id", "year_incorporated", "legal_status",
    "logo", "uri", "phones", "organization_identifiers", "additional_websites", "funding",
)  # fmt: skip
SERVICE_FIELDS = (
    "alternate_name", "description", "url", "email", "interpretation_services", "application_process",
    "fees_description", "wait_time", "fees", "accreditations", "eligibility_description", "licenses", "alert", "phones",
    "schedules", "service_areas", "languages", "funding", "cost_options", "required_documents", "additional_urls",
    "attributes",
)  # fmt: skip
LOCATION_FIELDS = (
    "location_type", "url", "name", "alternate_name", "description", "transportation", "latitude", "longitude",
    "external_identifier", "external_identifier_type", "languages", "addresses", "accessibility", "phones", "schedules",
)  # fmt: skip
_WRITTEN_FREELY = frozenset(SERVICE_FIELDS) - {"languages"}
_NEVER = frozenset({"barriers", "timezone"})
"""Facets that are for us: barriers describe people, the zone is for our clock."""
FACETS_SHOWN = tuple(facet for facet in FACETS if facet not in _NEVER)

Marks = Mapping[str, str]


def shown_to(audience: Audience) -> tuple[str, ...]:
    """The visibilities whose records this audience sees."""
    return _SHOWN_TO[audience]


def shows(audience: Audience, record: str, marks: Marks, field: str, *, explicit: bool = False) -> bool:
    """Whether this field goes out. `explicit`: only if somebody marked this very field."""
    if record not in _SHOWN_TO[audience]:
        return False
    mark = marks.get(field)
    return mark in _SHOWN_TO[audience] if mark is not None else not explicit


def fields_of_service(audience: Audience, record: str, marks: Marks, *, confidential: bool) -> list[str]:
    return [
        field for field in SERVICE_FIELDS
        if shows(audience, record, marks, field, explicit=confidential and field in _WRITTEN_FREELY)
    ]  # fmt: skip


def fields_of_organization(audience: Audience, record: str, marks: Marks) -> list[str]:
    return [field for field in ORGANIZATION_FIELDS if shows(audience, record, marks, field)]


def facets_shown(audience: Audience, record: str, marks: Marks, facets: Mapping[str, Any]) -> dict[str, Any]:
    return {
        facet: facets[facet] for facet in FACETS_SHOWN
        if facet in facets and shows(audience, record, marks, f"facets.{facet}")
    }  # fmt: skip


def link_type(facet: str) -> str:
    return "rule" if facet in RULES else "eligibility"
