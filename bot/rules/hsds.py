"""Is a row of an HSDS file what it says it is? Every fault by name, never with the value: a reason is shown and logged.

What is missing, impossible, or a placeholder nobody replaced is quarantined: nothing is guessed (`domain.md` 3.9).
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.rules.continuum import UNITS
from bot.rules.hsds_tables import TABLES, Column

LONGEST_ID = 64
LONGEST = 10_000
LONGEST_NAME = 200
STATUSES = {"active": "active", "inactive": "paused", "temporarily closed": "paused", "defunct": "closed"}
"""HSDS -> ours."""
_PLACES = ("physical", "postal", "virtual")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]\d\d:\d\d)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?(Z|[+-]\d\d:\d\d)")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{1,30}(( ?(x|ext\.?) ?)[0-9]{1,6})?", re.IGNORECASE)
_OWNED_BY = {
    table: tuple(name for name in ("organization_id", "service_id", "location_id", "service_at_location_id",
                                   "contact_id", "phone_id") if name in TABLES[table])
    for table in ("phones", "contacts", "addresses", "schedules", "funding", "service_areas", "required_documents",
                  "languages", "accessibility", "url")
}  # fmt: skip
"""Tables whose rows are nothing by themselves, and the columns that may name their owner."""
_SPELT_ALIKE = {"licences": "licenses"}

Row = dict[str, Any]


def read_row(
    table: str, raw: Mapping[str, Any], now: datetime, *, as_text: bool = False
) -> tuple[Row, tuple[str, ...]]:
    """The row with its values as they are meant, and everything that is wrong with it. `as_text`: from a CSV, where
    even a number is written as text."""
    row: Row = {}
    faults: list[str] = []
    for name, column in TABLES[table].items():
        value = raw.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if column.required and not (table == "attributes" and name == "taxonomy_term_id"):
                faults.append(f"missing: {name}")
            continue
        fault, meant = _value(column, value, as_text)
        if meant is not None:
            row[name] = meant
        if fault:
            faults.append(f"{fault}: {name}")
        elif _is_placeholder(table, name, row[name]):
            faults.append(f"placeholder text: {name}")
    faults += _impossible(table, row, now)
    return row, tuple(faults)


def _value(column: Column, value: Any, as_text: bool) -> tuple[str, Any]:
    """A fault (or nothing) and the value."""
    if column.kind in _NUMBERS:
        if as_text and isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value) if "." in value else int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e12:
            return "not a number", None
    elif not isinstance(value, str):
        return "not text", None
    elif not _is_clean(value):
        return "not plain text", None
    elif len(value) > (LONGEST_ID if column.name == "id" or column.leads_to else LONGEST):
        return "too long", None
    elif column.kind == "text" and column.name != "id" and not column.leads_to:
        return ("too long", None) if column.name == "name" and len(value) > LONGEST_NAME * 2 else ("", value)
    if isinstance(value, str):
        value = value.strip()
    check = _CHECKS.get(column.kind)
    return (check(value) if check else "", value)


def _is_clean(text: str) -> bool:
    """No control characters but line breaks and tabs, and no half of a character."""
    return not any((c < " " and c not in "\n\r\t") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


def _is_placeholder(table: str, name: str, value: Any) -> bool:
    """The example's own words left standing: a column's name where its value should be."""
    if not isinstance(value, str):
        return False
    word = value.strip().lower()
    return _SPELT_ALIKE.get(word, word) == name or ("_" in word and word in TABLES[table])


def _status(value: Any) -> str:
    return "" if value in STATUSES else "impossible"


def _place(value: Any) -> str:
    return "" if value in _PLACES else "impossible"


def _uri(value: Any) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        return "not an address"
    return "" if parts.scheme in ("http", "https") and parts.netloc and " " not in value else "not an address"


def _date(value: Any) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        return "not a date"
    return ""


def moment(value: str) -> datetime | None:
    """A moment with its zone, to the second or in milliseconds; None for anything else."""
    if not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _moment(value: Any) -> str:
    return "" if moment(value) else "not a moment with a zone, in milliseconds"


def _time(value: Any) -> str:
    return "" if _TIME.fullmatch(value) else "not a time with a zone"


def _phone(value: Any) -> str:
    return "" if _PHONE.fullmatch(value) else "impossible"


def _count(value: Any) -> str:
    return "" if value == int(value) and 0 <= value <= 100_000 else "impossible"


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "status": _status,
    "place": _place,
    "uri": _uri,
    "date": _date,
    "datetime": _moment,
    "time": _time,
    "phone": _phone,
    "count": _count,
    "latitude": lambda v: "" if -90 <= v <= 90 else "impossible",
    "longitude": lambda v: "" if -180 <= v <= 180 else "impossible",
}
_NUMBERS = ("number", "count", "latitude", "longitude")


def _impossible(table: str, row: Row, now: datetime) -> Iterable[str]:
    """What no single column shows."""
    owners = _OWNED_BY.get(table)
    if owners and not any(name in row for name in owners):
        yield f"missing: {' or '.join(owners)}"
    match table:
        case "service_capacity":
            if "maximum" not in row:
                yield "missing: maximum"  # a count against nothing says nothing
            elif row.get("available", 0) > row["maximum"]:
                yield "impossible: available is more than maximum"
            updated = moment(row.get("updated", ""))
            if updated is not None and updated > now + timedelta(minutes=5):
                yield "impossible: updated is in the future"
        case "units" if unit_of(row) is None:
            yield "impossible: no unit of places"
        case "services" if row.get("minimum_age", 0) > row.get("maximum_age", 1000):
            yield "impossible: minimum_age is more than maximum_age"
        case "schedules" if "valid_from" in row and row["valid_from"] == row.get("valid_to") == row.get("until"):
            yield "impossible: it begins and ends on one day"


def unit_of(row: Mapping[str, Any]) -> str | None:
    """Which of our units an HSDS unit means, by its identifier or its name; None: it measures something else."""
    for name in ("identifier", "name"):
        word = str(row.get(name, "")).strip().lower().replace(" ", "_")
        if word in UNITS:
            return word
        if word.removesuffix("s") in UNITS:
            return word.removesuffix("s")
    return None


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def code_name(program_id: str, attempt: int) -> str:
    """A name that says nothing, for a program that came without one: the only name that may leave, to its provider."""
    digest = hashlib.sha256(f"{attempt}:{program_id}".encode()).digest()
    return "P-" + b32encode(digest).decode()[:6]
