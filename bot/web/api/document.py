"""How is the API described to a machine? OpenAPI 3.1, made from the parameters that are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.web.api.query import LAST_PAGE, LONGEST, MOST_PER_PAGE

_TEXT = {"type": "string", "maxLength": LONGEST, "pattern": "^[^\\u0000-\\u001f\\u007f]*$"}
_PARAMETERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "search": ("Words to look for in what is shown.", _TEXT),
    "organization_id": ("Only what this organization provides.", _TEXT),
    "taxonomy_term_id": ("Only what carries this term.", _TEXT),
    "taxonomy_id": ("Only what carries a term of this taxonomy.", _TEXT),
    "parent_id": ("Only terms under this one.", _TEXT),
    "postcode": ("A ZIP code, or its first three digits.", {"type": "string", "pattern": "^[0-9]{3,10}$"}),
    "modified_after": (
        "Changed at or after this moment.",
        {"type": "string", "pattern": "^20[0-9]{2}-0[1-9]-[01][1-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z$"},
    ),
    "full": ("Nested, with everything.", {"type": "boolean"}),
    "minimal": ("Only ids and when they changed.", {"type": "boolean"}),
    "full_service": ("Services whole, not only their ids.", {"type": "boolean"}),
    "top_only": ("Only terms without a parent.", {"type": "boolean"}),
    "page": ("Which page.", {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}),
    "per_page": ("How many on a page.", {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": 50}),
    "format": ("Only json.", {"type": "string", "enum": ["json"]}),
}
_PAGE = ("page", "per_page", "format")
_OF_SERVICES = ("search", "organization_id", "taxonomy_term_id", "taxonomy_id", "modified_after", "full")
_LISTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "services": ("Programs anybody may know of; with a key, partners' ones too.", (*_OF_SERVICES, "minimal")),
    "organizations": ("Who provides them.", ("search", "full", "full_service")),
    "service_at_locations": ("Where they are, of those that hide nothing.", (*_OF_SERVICES, "postcode")),
    "taxonomies": ("The vocabularies used.", ("search",)),
    "taxonomy_terms": ("Their words.", ("search", "taxonomy_id", "top_only", "parent_id")),
}
_REQUIRED = {
    "services": ["id", "name", "status"], "organizations": ["id", "name", "description"],
    "service_at_locations": ["id", "location", "service"], "taxonomies": ["id", "name", "description"],
    "taxonomy_terms": ["id", "name", "description"],
}  # fmt: skip


def document(brand: str) -> dict[str, Any]:
    paths: dict[str, Any] = {
        "/": {"get": _operation("about", "What this is.", [], _json("About"))},
        "/openapi.json": {"get": _operation("openapi", "This description.", [], _json("Anything"))},
    }
    for name, (about, parameters) in _LISTS.items():
        page = {"allOf": [{"$ref": "#/components/schemas/Page"}], "properties": {"contents": {
            "type": "array", "items": {"type": "object", "required": ["id"]}}}}  # fmt: skip
        listed = _operation(f"list_{name}", about, [*parameters, *_PAGE], {"application/json": {"schema": page}})
        paths[f"/{name}"] = {"get": listed}
        record = {"type": "object", "required": _REQUIRED[name]}
        flags = ["full_service"] if name == "organizations" else []
        one = _operation(f"one_{name}", "One of them, nested.", flags, {"application/json": {"schema": record}})
        one["parameters"].append({
            "name": "id", "in": "path", "required": True,
            "schema": {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"},
        })  # fmt: skip
        one["responses"]["404"] = _error("There is no such record.")
        paths[f"/{name}/{{id}}"] = {"get": one}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{brand}: directory (HSDS 3.1)", "version": "1",
            "description": "Read-only. What is public needs no key; what partners see needs one. Confidential programs "
            "have no location; counts are never public.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{}, {"bearer": []}, {"key": []}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }},
    }  # fmt: skip


def _operation(name: str, about: str, parameters: Sequence[str], content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": about,
        "parameters": [
            {"name": one, "in": "query", "required": False, "description": _PARAMETERS[one][0],
             "schema": _PARAMETERS[one][1]} for one in parameters
        ],
        "responses": {
            "200": {"description": "What was found.", "content": content},
            "400": _error("A parameter cannot be what it is; the answer names it."),
            "401": _error("The key is not good."),
            "429": _error("Too many at once."),
        },
    }  # fmt: skip


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _error(about: str) -> dict[str, Any]:
    return {"description": about, "content": _json("Error")}


_SCHEMAS: Mapping[str, Any] = {
    "About": {
        "type": "object", "required": ["version", "profile", "openapi_url"],
        "properties": {name: {"type": "string"} for name in ("version", "profile", "openapi_url")},
    },
    "Anything": {"type": "object"},
    "Error": {
        "type": "object", "required": ["error", "advice", "status"],
        "properties": {"error": {"type": "string"}, "advice": {"type": "string"}, "status": {"type": "integer"}},
    },
    "Page": {
        "type": "object",
        "required": ["total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty",
                     "contents"],
        "properties": {
            **{name: {"type": "integer"} for name in ("total_items", "total_pages", "page_number", "size")},
            **{name: {"type": "boolean"} for name in ("first_page", "last_page", "empty")},
        },
    },
}  # fmt: skip
