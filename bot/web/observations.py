"""How does an organization's own system put in counts, and ask what fits? By key, with nothing of a person in a URL.

    POST /api/v1/observations   program, available, and, where they matter, unit and observed_at: a key that may report
    POST /api/v1/matches        any of need, area, age, household, places, musts, urgency: a key that may read

The same observation twice is one. A match says yes or ask, never how many: counts of small houses are revealing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

from flask import Blueprint, abort, g, jsonify, make_response, request
from werkzeug.wrappers import Response

from bot.store import api_keys
from bot.store.api_keys import ApiKey
from bot.usecases.find_openings import search
from bot.usecases.refusal import Refused
from bot.usecases.report_opening import Source, record_count
from bot.web.api.query import note_use
from bot.web.context import services
from flows.understanding import Expecting, read

blueprint = Blueprint("observations", __name__, url_prefix="/api/v1")
blueprint.after_request(note_use)

_AREA = Expecting(name="area", slot="area", parser="area")
_MOST = 50


@blueprint.post("/observations")
def observe() -> Response:
    """One count, of a program of the key's own organization."""
    key = _key("report")
    body = _body()
    program, available, unit = body.get("program"), body.get("available"), body.get("unit")
    if not isinstance(program, str) or type(available) is not int or not isinstance(unit, str | None):
        _refuse(400, "Send program (a string), available (a whole number) and, where there are several, unit.")
    source = Source("api", key.api_key_id, key.organization_id)
    kept = record_count(services().database, program=program[:64], available=available, unit=unit,
                        at=_time(body.get("observed_at")), source=source)  # fmt: skip
    if isinstance(kept, Refused):
        _refuse(422, kept.reason)
    shown = {"program": kept.program_id, "available": kept.available, "observed_at": kept.observed_at.isoformat()}
    return make_response(jsonify(shown), 201 if kept.is_new else 200)


@blueprint.post("/matches")
def match() -> Response:
    """What fits or may fit, best first: the matcher of the line itself."""
    _key("read")
    found = search(services().database, _answers(_body()))[:_MOST]
    return jsonify([
        {"program": one.candidate.program_id, "verdict": one.verdict.value,
         "open": "yes" if one.may_be_told else "ask", "p_open": round(one.p_open, 1), "age_minutes": one.age_minutes,
         "facets": [{"name": facet.name, "verdict": facet.verdict.value} for facet in one.facets]}
        for one in found
    ])  # fmt: skip


def _key(scope: str) -> ApiKey:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip() if kind.lower() == "bearer" else ""
    with services().database.reading() as tx:
        key = api_keys.find(tx, given[:200]) if given else None
        if key is not None and not api_keys.is_approved(tx, key.organization_id):
            key = None  # suspended: it opens nothing, in the same moment
    if key is None:
        _refuse(401, "Send a key that is good: Authorization: Bearer ...")
    if scope not in key.scopes:
        _refuse(403, f"This key may not {scope}.")
    g.api_key = key
    return key


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        _refuse(400, "Send one JSON object.")
    return body


def _time(given: object) -> datetime | None:
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        at = None
    if at is None:
        _refuse(400, "observed_at is a time in ISO 8601.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _answers(body: dict[str, Any]) -> dict[str, object]:
    """As the screen keeps them; what is not of a known form is refused, not guessed."""
    for slot, value in body.items():
        if slot not in _FORMS or not _FORMS[slot](value):
            _refuse(400, f"{slot[:20]} is not known, or not of its form.")
    return {slot: _area(value) if slot == "area" else value for slot, value in body.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_household(value: object) -> bool:
    return isinstance(value, dict) and all(_comes(*one) for one in value.items())


def _comes(who: object, value: object) -> bool:
    if who == "kid_ages":
        return isinstance(value, list) and all(type(age) is int for age in value)
    if who == "kids":
        return value is None or type(value) is int
    return who in ("alone", "pregnant", "pet", "adult") and type(value) is bool


_FORMS: dict[str, Callable[[object], bool]] = {
    "need": _is_list, "places": _is_list, "musts": _is_list, "age": _is_text, "urgency": _is_text, "area": _is_text,
    "household": _is_household,
}  # fmt: skip


def _area(words: str) -> object:
    lexicon = services().script.lexicon
    reading = read(words[:100], expecting=_AREA, language="en", lexicon=lexicon, safe_now=True)
    if "area" not in reading.answers:
        _refuse(400, "area is not one place we know for certain: send three ZIP digits, a city, or far.")
    return reading.answers["area"]


def _refuse(code: int, why: str) -> NoReturn:
    """In plain words, as JSON; never what was sent."""
    abort(make_response(jsonify({"error": why}), code))
