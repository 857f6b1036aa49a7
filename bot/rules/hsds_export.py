"""What is one of our programs as an HSDS 3.1 service, for the public or for a partner?

Counts go to partners only, and of a small house not even there: seven rooms becoming six is somebody who fled tonight.
No contact, no hold, no date of a visit finer than its month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.rules.continuum import SMALL_HOUSE
from bot.rules.freshness import Freshness, Life, freshness, prior
from bot.rules.hsds_terms import TAXONOMY, TERMS, UNIT_ROWS, public_id
from bot.rules.visibility import (
    LOCATION_FIELDS,
    Audience,
    Marks,
    facets_shown,
    fields_of_organization,
    fields_of_service,
    link_type,
    shows,
)

_STATUS = {"active": "active", "paused": "temporarily closed", "closed": "defunct"}
NO_WORDS = "No description has been given."
_ID_LIKE_BUT_NOT = ("tax_id",)


@dataclass(frozen=True, slots=True)
class Count:
    """The newest count of a stock that stands; holds are not in it."""

    stock_id: str
    unit: str
    maximum: int
    available: int | None
    observed_at: datetime | None
    life: Life | None
    """How it ages; None while nothing was counted."""


@dataclass(frozen=True, slots=True)
class Organization:
    organization_id: str
    name: str
    visibility: str
    listing: Mapping[str, Any]
    marks: Marks


@dataclass(frozen=True, slots=True)
class Program:
    """All that may be needed to show one program; what may be shown of it is decided here."""

    program_id: str
    code_name: str
    need: str
    kind: str
    status: str
    region: str
    zip3: Sequence[str]
    facets: Mapping[str, Any]
    confidential: bool
    visibility: str
    listing: Mapping[str, Any]
    intake: Mapping[str, Any]
    verified_at: datetime | None
    updated_at: datetime | None
    organization: Organization
    marks: Marks = field(default_factory=dict)
    specialisations: Sequence[str] = ()
    counts: Sequence[Count] = ()
    places: Sequence[tuple[str, Mapping[str, Any], str, Mapping[str, Any]]] = ()
    """(service_at_location's id, its listing, location's id, its listing)"""


def service(program: Program, audience: Audience, now: datetime) -> dict[str, Any]:
    """A fully nested HSDS service."""
    fields = fields_of_service(audience, program.visibility, program.marks, confidential=program.confidential)
    said = {name: program.listing[name] for name in fields if program.listing.get(name) not in (None, [], "")}
    imported = [one for one in said.pop("attributes", ()) if _keeps(one)]
    document: dict[str, Any] = {
        "id": program.program_id,
        "organization_id": program.organization.organization_id,
        "name": _name(program, audience),
        "status": _STATUS[program.status],
        **said,
    }
    facets = facets_shown(audience, program.visibility, program.marks, program.facets)
    document |= _ages(facets)
    document |= _dates(program)
    document["organization"] = organization(program.organization, audience)
    document["service_areas"] = said.get("service_areas") or _areas(program)
    if "schedules" in fields and (hours := _hours(program)):
        document.setdefault("schedules", hours)
    if not document.get("languages") and "languages" in facets:
        document["languages"] = [
            {"id": f"{program.program_id}:language:{code}", "code": code} for code in facets["languages"]
        ]
    document["attributes"] = [*imported, *_attributes(program, facets, audience, now)]
    if audience is Audience.PARTNER and (capacities := _capacities(program, now)):
        document["capacities"] = capacities
    if not program.confidential and (places := _places(program, audience)):
        document["service_at_locations"] = places
    made: dict[str, Any] = _with_public_ids(document)
    return made


def organization(found: Organization, audience: Audience) -> dict[str, Any]:
    """An HSDS organization without its services."""
    said = {
        name: found.listing[name] for name in fields_of_organization(audience, found.visibility, found.marks)
        if found.listing.get(name) not in (None, [], "")
    }  # fmt: skip
    name = found.name if shows(audience, found.visibility, found.marks, "name") else "Name withheld"
    document = {"id": found.organization_id, "name": name, "description": NO_WORDS, **said}
    made: dict[str, Any] = _with_public_ids(document)
    return made


def _name(program: Program, audience: Audience) -> str:
    """Its own name where that may be told; of a confidential program only if somebody agreed to that very thing."""
    own = program.listing.get("name")
    if isinstance(own, str) and shows(audience, program.visibility, program.marks, "name",
                                      explicit=program.confidential):  # fmt: skip
        return own
    return program.code_name


def _keeps(attribute: Mapping[str, Any]) -> bool:
    """Of what was imported, what is not said again in our own terms."""
    ours = ("service_type", "rule", "eligibility", "specialization", "vetting")
    return attribute.get("link_type") not in ours and isinstance(attribute.get("taxonomy_term"), Mapping)


def _ages(facets: Mapping[str, Any]) -> dict[str, Any]:
    age = facets.get("age")
    limits = age if isinstance(age, Mapping) else {}
    return {name: limits[short] for name, short in (("minimum_age", "min"), ("maximum_age", "max")) if short in limits}


def _dates(program: Program) -> dict[str, Any]:
    dates: dict[str, Any] = {}
    if program.verified_at is not None:
        dates["assured_date"] = f"{program.verified_at.astimezone(UTC):%Y-%m}-01"
    if program.updated_at is not None:
        dates["last_modified"] = _moment(program.updated_at)
    return dates


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _areas(program: Program) -> list[dict[str, Any]]:
    """Coarser than a county: a metro or a state, and the three-digit ZIPs it is asked for from."""
    if not program.region:
        return []
    area = {"id": f"{program.program_id}:area", "name": program.region}
    return [{**area, "extent": ";".join(program.zip3), "extent_type": "zip3"} if program.zip3 else area]


def _hours(program: Program) -> list[dict[str, Any]]:
    """When intake answers, as staff wrote it down: `{"byday": "MO,TU", "opens_at": "09:00", "closes_at": "17:00"}`."""
    return [
        {"id": f"{program.program_id}:hours:{at}", "freq": "WEEKLY",
         **{name: one[name] for name in ("byday", "opens_at", "closes_at") if name in one}}
        for at, one in enumerate(program.intake.get("hours", ()))
    ]  # fmt: skip


def _attributes(program: Program, facets: Mapping[str, Any], audience: Audience, now: datetime) -> list[dict[str, Any]]:
    own = program.program_id
    found = [_attribute(own, f"service_type:{program.kind}", "service_type", f"{program.kind}:{program.need}")]
    for facet, value in facets.items():
        kind = link_type(facet)
        found.append(_attribute(own, f"{kind}:{facet}", kind, _text(value), label=facet))
    found += [_attribute(own, f"specialization:{tag}", "specialization", tag) for tag in program.specialisations]
    if program.confidential:
        found.append(_attribute(own, "confidential", "rule", "yes", label="confidential"))
    if audience is Audience.PARTNER and any(count.maximum <= SMALL_HOUSE for count in program.counts):
        found.append(_attribute(own, "room", "capacity", _room(program, now), label="room"))
    return found


def _attribute(owner: str, code: str, kind: str, value: str, label: str = "") -> dict[str, Any]:
    made = {
        "id": f"{owner}:attribute:{label or code}", "link_id": owner, "link_type": kind, "link_entity": "service",
        "value": value, "taxonomy_term_id": TERMS[code]["id"], "taxonomy_term": _term(code),
    }  # fmt: skip
    return {**made, "label": label} if label else made


def _term(code: str) -> dict[str, Any]:
    return {**TERMS[code], "taxonomy_detail": TAXONOMY}


def _text(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case Mapping():
            return "; ".join(f"{name} {one}" for name, one in value.items())
        case list() | tuple():
            return ";".join(map(str, value))
        case _:
            return str(value)


def _state(program: Program, count: Count, now: datetime) -> Freshness:
    age = None if count.observed_at is None else now - count.observed_at
    return freshness(count.life or prior(program.kind), age, count.available or 0)


def _room(program: Program, now: datetime) -> str:
    """Yes or no while the count is fresh; otherwise ask."""
    fresh = [count for count in program.counts if _state(program, count, now) is Freshness.FRESH]
    if any((count.available or 0) > 0 for count in fresh):
        return "yes"
    return "no" if fresh and len(fresh) == len(program.counts) else "ask"


def _capacities(program: Program, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": count.stock_id, "service_id": program.program_id, "unit_id": UNIT_ROWS[count.unit]["id"],
            "unit": UNIT_ROWS[count.unit], "available": count.available, "maximum": count.maximum,
            "updated": _moment(count.observed_at),
            "attributes": [{
                "id": f"{count.stock_id}:freshness", "link_id": count.stock_id, "link_type": "freshness",
                "link_entity": "service_capacity", "value": str(_state(program, count, now)),
                "taxonomy_term_id": TERMS["freshness"]["id"], "taxonomy_term": _term("freshness"),
            }],
        }
        for count in program.counts
        if count.maximum > SMALL_HOUSE and count.available is not None and count.observed_at is not None
    ]  # fmt: skip


def _places(program: Program, audience: Audience) -> list[dict[str, Any]]:
    if not shows(audience, program.visibility, program.marks, "locations"):
        return []
    return [
        {"id": link_id, "service_id": program.program_id, "location_id": location_id,
         **({"description": link["description"]} if "description" in link else {}),
         "location": {"id": location_id, **{name: place[name] for name in LOCATION_FIELDS if name in place}}}
        for link_id, link, location_id, place in program.places
    ]  # fmt: skip


def _with_public_ids(value: Any) -> Any:
    """Every id and every key that leads to one, as the UUID HSDS wants."""
    if isinstance(value, Mapping):
        return {
            name: public_id(one) if _is_id(name) and isinstance(one, str) else _with_public_ids(one)
            for name, one in value.items()
        }
    return [_with_public_ids(one) for one in value] if isinstance(value, list | tuple) else value


def _is_id(name: str) -> bool:
    return name == "id" or (name.endswith("_id") and name not in _ID_LIKE_BUT_NOT)
