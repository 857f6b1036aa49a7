"""What do the official HSDS 3.1 schemas say of a document or a table? Copies, with licence, in tests/directory/hsds."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bot.rules.hsds_tables import TABLES

HSDS = Path(__file__).with_name("hsds")
EXAMPLES = HSDS / "examples"
_SCHEMAS = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in HSDS.glob("*.json")}
_REGISTRY = Registry().with_resources(
    [(name, Resource.from_contents(schema, default_specification=DRAFT202012)) for name, schema in _SCHEMAS.items()]
)
_OF_TABLE = {schema["path"].removesuffix(".csv"): name for name, schema in _SCHEMAS.items() if "path" in schema}


def faults(schema: str, document: Any) -> list[str]:
    """What is wrong with a nested document, by the schema of this name."""
    validator = Draft202012Validator(_SCHEMAS[f"{schema}.json"], registry=_REGISTRY, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def table_faults(folder: Path) -> Iterator[str]:
    """What is wrong with a folder of tables: types, required columns and keys that lead nowhere."""
    tables = {path.stem: _rows(path) for path in folder.glob("*.csv")}
    ids = {name: {row["id"] for row in rows} for name, rows in tables.items()}
    for name, rows in tables.items():
        schema = _SCHEMAS[_OF_TABLE[name]]
        needed = {*schema["required"], *(schema.get("tabular_required") or ())} - {"unit"}
        for row in rows:
            yield from (f"{name}: {field} is missing" for field in needed if not row.get(field))
            yield from (f"{name}.{fault}" for fault in _type_faults(schema, row))
            for column in TABLES[name].values():
                value = row.get(column.name)
                if value and column.leads_to and value not in ids.get(column.leads_to, ()):
                    yield f"{name}.{column.name} leads nowhere"


def _type_faults(schema: dict[str, Any], row: dict[str, str]) -> list[str]:
    typed: dict[str, Any] = {}
    for field, value in row.items():
        number = schema["properties"].get(field, {}).get("type") == "number"
        if value:
            typed[field] = float(value) if number else value
    plain = {field: about for field, about in schema["properties"].items() if about.get("type") != "array"}
    bare = {"type": "object", "properties": {f: a for f, a in plain.items() if "$ref" not in a},
            "additionalProperties": False}  # fmt: skip
    validator = Draft202012Validator(bare, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(typed)]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
