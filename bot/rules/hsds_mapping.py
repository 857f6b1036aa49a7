"""What do an HSDS service and its children mean to us? Facts as they were claimed; nothing in free text becomes a rule.

What comes in is never approved by coming in: it starts as applied for and private, its criteria as drafts for a human.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.rules.continuum import FACETS, SPECIALISATIONS, UNSORTED, is_home, need_of

ORGANIZATION_CHILDREN = ("funding", "organization_identifiers", "phones", "url", "programs")
SERVICE_CHILDREN = (
    "phones", "schedules", "service_areas", "languages", "funding", "cost_options", "required_documents", "url",
    "attributes",
)  # fmt: skip
LOCATION_CHILDREN = ("addresses", "languages", "accessibility", "phones", "schedules")
NESTED_AS = {"url": {"services": "additional_urls", "organizations": "additional_websites"}}
_NOT_KEPT = ("assurer_email",)
"""A person at whoever assured it: nobody here needs to know them."""

Row = Mapping[str, Any]


def listing(row: Row, children: Mapping[str, Sequence[Row]], table: str) -> dict[str, Any]:
    """What is kept of a record as its source tells it, children in their HSDS places, owners' keys left out."""
    kept = {name: value for name, value in row.items() if name not in _NOT_KEPT and name != "id"}
    for child, rows in children.items():
        if rows:
            kept[NESTED_AS.get(child, {}).get(table, child)] = [_bare(one, table) for one in rows]
    return kept


def _bare(row: Row, table: str) -> dict[str, Any]:
    owners = ("organization_id", "service_id", "location_id", "service_at_location_id", "link_id", "contact_id")
    return {name: value for name, value in row.items() if name not in owners}


def front_gate(phones: Iterable[Row]) -> list[Row]:
    """Numbers of the house; one that names a contact is that person's and stays private."""
    return [phone for phone in phones if not phone.get("contact_id")]


def kind_and_need(attributes: Iterable[Row]) -> tuple[str, str]:
    """Only what says in so many words what it is; anything else waits for somebody to sort it."""
    for one in attributes:
        if one.get("link_type") == "service_type" and isinstance(one.get("value"), str):
            kind, _, need = one["value"].partition(":")
            found = need_of(kind, need or None)
            if found is not None:
                return kind, found
    return UNSORTED, "other"


def is_confidential(kind: str, attributes: Iterable[Row]) -> bool:
    """A place to live in is, until somebody here says otherwise; so is what calls itself so."""
    return is_home(kind) or any(
        one.get("link_type") == "rule" and one.get("label") == "confidential" and one.get("value") != "no"
        for one in attributes
    )


def claims(row: Row, attributes: Iterable[Row]) -> list[tuple[str, Any]]:
    """Facet and value of every criterion that was stated as one: drafts, until a human has asked."""
    found: list[tuple[str, Any]] = []
    age = {short: row[name] for short, name in (("min", "minimum_age"), ("max", "maximum_age")) if name in row}
    if age:
        found.append(("age", age))
    for one in attributes:
        facet, value = one.get("label"), one.get("value")
        if one.get("link_type") in ("eligibility", "rule") and facet in FACETS and isinstance(value, str):
            found.append((facet, _read(facet, value)))
    return found


def _read(facet: str, value: str) -> Any:
    """`no` is false where a facet is yes, no or ask; whatever else was said stays as it was said."""
    if FACETS[facet] == "yes_no_ask":
        return {"yes": True, "no": False}.get(value.lower(), value)
    return value.split(";") if FACETS[facet] == "words" else value


def specialisations(attributes: Iterable[Row]) -> list[str]:
    return sorted({
        str(one["value"]) for one in attributes
        if one.get("link_type") == "specialization" and one.get("value") in SPECIALISATIONS
    })  # fmt: skip
