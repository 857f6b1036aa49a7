"""What was asked, by whom, and not too often? Parameters checked one by one, keys, and a bound on each caller."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, g, jsonify, request
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from bot.rules.visibility import Audience
from bot.store import api_keys
from bot.store.db import Tx
from bot.usecases.use_key import use_key
from bot.web.context import services

MOST_A_MINUTE = 600
"""Requests of one caller to one process. A mirror of ten thousand services needs a hundred."""
_MOST_CALLERS = 10_000
MOST_PER_PAGE = 100
LAST_PAGE = 1_000_000
LONGEST = 200
_FLAGS = ("full", "minimal", "full_service", "top_only")
_TEXTS = ("search", "organization_id", "taxonomy_term_id", "taxonomy_id", "parent_id", "postcode")
_YES, _NO = ("true", "1"), ("false", "0")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of HSDS's read endpoints, as they were meant."""

    page: int = 1
    per_page: int = 50
    search: str = ""
    organization_id: str | None = None
    taxonomy_term_id: str | None = None
    taxonomy_id: str | None = None
    parent_id: str | None = None
    postcode: str | None = None
    modified_after: datetime | None = None
    full: bool = False
    minimal: bool = False
    full_service: bool = False
    top_only: bool = False

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


def asked(*names: str) -> Query:
    """Only these parameters, and the page's; a bad one ends the request with a sentence that names it."""
    said: dict[str, Any] = {}
    for name in (*names, "page", "per_page", "format"):
        given = request.args.get(name)
        if given is None:
            continue
        if name in _FLAGS:
            said[name] = _flag(name, given)
        elif name == "page":
            said[name] = _number(name, given, LAST_PAGE)
        elif name == "per_page":
            said[name] = _number(name, given, MOST_PER_PAGE)
        elif name == "modified_after":
            said[name] = _moment(given)
        elif name == "format":
            if given != "json":
                abort(400, "format: only json is written here; `directory export` writes tables.")
        elif name in _TEXTS:
            said[name] = _text(name, given)
    return Query(**said)


def _flag(name: str, given: str) -> bool:
    if given.lower() not in (*_YES, *_NO):
        abort(400, f"{name}: say true or false.")
    return given.lower() in _YES


def _number(name: str, given: str, most: int) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= most):
        abort(400, f"{name}: a whole number from 1 to {most}.")
    return int(given)


def _moment(given: str) -> datetime:
    try:
        at = datetime.fromisoformat(given.replace(" ", "+"))  # a plus sign arrives as a space
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 1970 <= at.year <= 2200:
        abort(400, "modified_after: a moment with its zone, as 2026-01-31T12:00:00Z.")
    return at


def _text(name: str, given: str) -> str:
    if len(given) > LONGEST or any(c < " " or c == "\x7f" for c in given):
        abort(400, f"{name}: at most {LONGEST} characters, and no control characters.")
    if name == "postcode" and not (given.isascii() and given[:3].isdigit() and 3 <= len(given) <= 10):
        abort(400, "postcode: a ZIP code, or its first three digits.")
    return given


def paged(query: Query, total: int, contents: Sequence[Any]) -> Response:
    """HSDS's page around what was found."""
    pages = -(-total // query.per_page)
    return jsonify({
        "total_items": total, "total_pages": pages, "page_number": query.page, "size": len(contents),
        "first_page": query.page == 1, "last_page": query.page >= pages, "empty": not contents,
        "contents": list(contents),
    })  # fmt: skip


def audience_of(tx: Tx) -> Audience:
    """Partner with a key that may read; the public without one. A key that is not good is refused, never ignored."""
    key = _key()
    if key is None:
        return Audience.PUBLIC
    found = api_keys.find(tx, key)
    if found is None or "read" not in found.scopes or not api_keys.is_approved(tx, found.organization_id):
        raise Unauthorized("This key is not known, has ended, or may not read. Check it, or ask for a new one.")
    g.api_key = found
    return Audience.PARTNER


def note_use(response: Response) -> Response:
    """After the answer: that the key it was given for is still in use."""
    key = g.pop("api_key", None)
    if key is not None:
        use_key(services().database, key)
    return response


def _key() -> str | None:
    bearer = request.headers.get("Authorization", "")
    if bearer:
        return bearer.removeprefix("Bearer ").strip()
    return request.headers.get("X-API-Key")


_window: dict[str, int] = {}
_began = [0.0]


def bound() -> None:
    """Before each request: so many a minute for each caller, in this process; counted in memory and never stored."""
    now = time.monotonic()
    if now - _began[0] > 60 or len(_window) > _MOST_CALLERS:
        _window.clear()
        _began[0] = now
    caller = request.remote_addr or "?"
    _window[caller] = _window.get(caller, 0) + 1
    if _window[caller] > MOST_A_MINUTE:
        raise TooManyRequests("Wait a minute, and try again.", retry_after=60)
