"""What does a row of our own CSV say? One row a program; docs/directory.md has every column."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from bot.rules.continuum import FACETS, SPECIALISATIONS, UNITS, is_home, need_of
from bot.rules.criteria import SETTINGS
from bot.rules.hsds import LONGEST_ID, LONGEST_NAME, moment

REQUIRED = ("organization", "program", "kind")
_PLAIN = ("id", "organization_id", "code_name", "need", "region", "status", "visibility")
_LISTS = ("zip3", "specialisations")
_COUNTS = ("maximum", "staffed", "available", "age_min", "age_max", "kids_max", "kids_max_age")
_YES_NO = ("confidential", "warm_transfer")
COLUMNS = (
    *REQUIRED, *_PLAIN, *_LISTS, *_COUNTS, *_YES_NO, "unit", "observed_at", "description", "website", "phone_number",
    *(facet for facet in FACETS if facet not in ("age", "kids")), "kids",
)  # fmt: skip
_YES = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False, "ask": "ask"}
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,7}")
_WORD = re.compile(r"[a-z_0-9]{1,40}")
_ZIP3 = re.compile(r"\d{3}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class OurRow:
    """A program as our own CSV tells it, checked."""

    program_id: str
    organization_id: str
    organization: str
    name: str
    code_name: str | None
    kind: str
    need: str
    region: str
    zip3: tuple[str, ...]
    status: str
    visibility: str
    confidential: bool
    facets: Mapping[str, Any]
    specialisations: tuple[str, ...]
    warm_transfer: bool | None
    listing: Mapping[str, Any]
    unit: str | None
    maximum: int | None
    staffed: int | None
    available: int | None
    observed_at: datetime | None


def is_ours(header: Sequence[str]) -> bool:
    names = {name.strip().lower() for name in header}
    return set(REQUIRED) <= names


def read_ours(raw: Mapping[str, str], now: datetime) -> OurRow | tuple[str, ...]:
    """The row, or everything that is wrong with it."""
    said = {name: value.strip() for name, value in raw.items() if value and value.strip()}
    faults = [f"missing: {name}" for name in REQUIRED if name not in said]
    faults += [f"no such column: {name}"[:60] for name in said if name not in COLUMNS]
    faults += [f"not plain text: {name}" for name, value in said.items() if not _TEXT.fullmatch(value)]
    faults += [f"too long: {n}" for n in (*REQUIRED, "region") if len(said.get(n, "")) > LONGEST_NAME]
    faults += [f"too long: {n}" for n in ("id", "organization_id") if len(said.get(n, "")) > LONGEST_ID]
    values: dict[str, Any] = {}
    for name in (*_COUNTS, *_YES_NO, *_LISTS, *FACETS):
        if name in said:
            values[name] = _value(name, said[name])
            if values[name] is None:
                faults.append(f"impossible: {name}")
    faults += _impossible(said, values, now)
    return tuple(dict.fromkeys(faults)) or _row(said, values)


def _value(name: str, text: str) -> Any:
    """None: not a value of that column."""
    if name in _COUNTS or FACETS.get(name) == "count":
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
    if name in _LISTS or FACETS.get(name) == "words":
        words = [word.strip().lower() for word in text.replace(",", ";").split(";") if word.strip()]
        return words if all(_fits_list(name, word) for word in words) else None
    if name in _YES_NO or FACETS.get(name) == "yes_no_ask" or name == "kids":
        answer = _YES.get(text.lower())
        return None if name in _YES_NO and answer == "ask" else answer
    if name == "timezone":
        return text if text in available_timezones() else None
    if name == "setting":
        return text.lower() if text.lower() in SETTINGS else None
    return text.lower() if _WORD.fullmatch(text.lower()) else None


def _fits_list(name: str, word: str) -> bool:
    match name:
        case "zip3":
            return _ZIP3.fullmatch(word) is not None
        case "specialisations":
            return word in SPECIALISATIONS
        case _:
            return _WORD.fullmatch(word) is not None


def _impossible(said: Mapping[str, str], values: Mapping[str, Any], now: datetime) -> list[str]:
    faults = []
    kind, need = said.get("kind", ""), said.get("need")
    if "kind" in said and need_of(kind, need) is None:
        faults.append("impossible: kind or need")
    if said.get("status", "active") not in ("active", "paused", "closed"):
        faults.append("impossible: status")
    if said.get("visibility", "private") not in ("private", "partner", "public"):
        faults.append("impossible: visibility")
    if "code_name" in said and not _CODE.fullmatch(said["code_name"]):
        faults.append("impossible: code_name")
    if "unit" in said and said["unit"] not in UNITS:
        faults.append("impossible: unit")
    if ("maximum" in said) != ("unit" in said):
        faults.append("missing: unit or maximum")
    if (values.get("staffed") or 0) > (values.get("maximum") or 0):
        faults.append("impossible: staffed is more than maximum")
    if values.get("available") is not None and values["available"] > (values.get("maximum") or 0):
        faults.append("impossible: available is more than maximum")
    if "available" in said and "observed_at" not in said:
        faults.append("missing: observed_at")  # a count without its age is never kept
    seen = moment(said["observed_at"]) if "observed_at" in said else None
    if "observed_at" in said and (seen is None or seen > now + timedelta(minutes=5)):
        faults.append("impossible: observed_at")
    if (values.get("age_min") or 0) > (values.get("age_max") or 1000):
        faults.append("impossible: age_min is more than age_max")
    return faults


def _row(said: Mapping[str, str], values: Mapping[str, Any]) -> OurRow:
    organization_id = said.get("organization_id") or _id("organization", said["organization"].lower())
    kind, need = said["kind"], need_of(said["kind"], said.get("need"))
    assert need is not None
    listing = {"name": said["program"]}
    for name, field in (("description", "description"), ("website", "url")):
        if name in said:
            listing[field] = said[name]
    if "phone_number" in said:
        listing["phone"] = said["phone_number"]
    return OurRow(
        program_id=said.get("id") or _id("program", organization_id + "\n" + said["program"].lower()),
        organization_id=organization_id, organization=said["organization"], name=said["program"],
        code_name=said.get("code_name"), kind=kind, need=need, region=said.get("region", ""),
        zip3=tuple(values.get("zip3", ())), status=said.get("status", "active"),
        visibility=said.get("visibility", "private"), confidential=bool(values.get("confidential", is_home(kind))),
        facets=_facets(values), specialisations=tuple(values.get("specialisations", ())),
        warm_transfer=values.get("warm_transfer"), listing=listing, unit=said.get("unit"),
        maximum=values.get("maximum"), staffed=values.get("staffed"), available=values.get("available"),
        observed_at=moment(said["observed_at"]) if "observed_at" in said else None,
    )  # fmt: skip


def _facets(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the matcher reads them; a column left empty is a facet the program is silent on."""
    facets = {name: values[name] for name in FACETS if name in values and name != "kids"}
    age = {"min": values.get("age_min"), "max": values.get("age_max")}
    if any(limit is not None for limit in age.values()):
        facets["age"] = {name: limit for name, limit in age.items() if limit is not None}
    kids = {"max": values.get("kids_max"), "max_age": values.get("kids_max_age")}
    if any(limit is not None for limit in kids.values()) and values.get("kids") is not False:
        facets["kids"] = {name: limit for name, limit in kids.items() if limit is not None}
    elif "kids" in values:
        facets["kids"] = values["kids"]
    if facets.get("gender") == ["any"]:
        facets["gender"] = "any"
    return facets


def _id(kind: str, words: str) -> str:
    """The same words are the same record, in every import."""
    return hashlib.sha256(f"{kind}:{words}".encode()).hexdigest()[:32]
