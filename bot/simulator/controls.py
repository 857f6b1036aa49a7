"""How are the phones played with? The control routes under /sim: JSON, from this machine only, with a token."""

from __future__ import annotations

import hmac
import ipaddress
import random
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from bot.rules.segments import count_segments
from bot.simulator.carrier import Carrier, possible
from bot.simulator.control import TOKEN
from bot.simulator.faults import BadFault, Faults
from bot.simulator.memory import Phone
from bot.simulator.texts import Text

BODY_LIMIT = 1600
SENDER_LIMIT = 20
MEDIA_LIMIT = 10


def blueprint(carrier: Carrier) -> Blueprint:
    """The control routes over this carrier."""
    routes = Blueprint("sim", __name__, url_prefix="/sim")
    controls = _Controls(carrier)
    routes.before_request(controls.check_caller)
    routes.register_error_handler(HTTPException, _as_json)
    routes.add_url_rule("/text", view_func=controls.text, methods=["POST"])
    routes.add_url_rule("/phones", view_func=controls.phones, methods=["GET"])
    routes.add_url_rule("/phones", view_func=controls.add_phone, methods=["POST"])
    routes.add_url_rule("/phones/<number>/messages", view_func=controls.thread, methods=["GET"])
    routes.add_url_rule("/faults", view_func=controls.faults, methods=["POST"])
    routes.add_url_rule("/log", view_func=controls.log, methods=["GET"])
    return routes


class _Controls:
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._memory = carrier.memory

    def check_caller(self) -> None:
        """Phones must not be played with from elsewhere, nor by a page in somebody's browser."""
        if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:  # noqa: S104
            abort(403, "from this machine only")
        given = request.headers.get(TOKEN, "")
        if not hmac.compare_digest(given.encode(), self._carrier.settings.auth_token.encode()):
            abort(403, "the token is missing or wrong")

    def text(self) -> Response:
        """A phone sends a text. Any sender is possible, as on the real network: short codes and names too."""
        document = _document()
        from_, to, body = (_string(document, name, "") for name in ("from", "to", "body"))
        media = document.get("media", 0)
        if not 0 < len(from_) <= SENDER_LIMIT:
            abort(400, f"from must be 1 to {SENDER_LIMIT} characters")
        if len(body) > BODY_LIMIT:
            abort(400, f"body must be {BODY_LIMIT} characters at most")
        if type(media) is not int or not 0 <= media <= MEDIA_LIMIT:
            abort(400, f"media must be a number from 0 to {MEDIA_LIMIT}")
        return jsonify(sid=self._carrier.text_in(from_, to, body, media).sid)

    def phones(self) -> Response:
        """Every phone, those with the latest text first."""
        threads: dict[str, list[Text]] = {phone.number: [] for phone in self._memory.phones()}
        for text in self._memory.texts():
            threads.setdefault(text.phone, []).append(text)
        listed = [
            {**_phone(phone), "count": len(threads[phone.number]), "last_n": _last(threads[phone.number], "n"),
             "last_at": _last(threads[phone.number], "created_at")}
            for phone in self._memory.phones()
        ]  # fmt: skip
        listed.sort(key=lambda phone: phone["last_n"] or 0, reverse=True)
        return jsonify(phones=listed, numbers=list(self._carrier.settings.numbers))

    def add_phone(self) -> Response:
        """Put a phone on the table; without a number, one of the numbers set aside for fiction."""
        document = _document()
        number = _string(document, "number", "") or self._free_number()
        label = _string(document, "label", "")
        if not possible(number):
            abort(400, "number must be in E.164, such as +12105550123")
        if len(label) > 40:
            abort(400, "label must be 40 characters at most")
        landline = document.get("landline", False)
        if not isinstance(landline, bool):
            abort(400, "landline must be true or false")
        phone = Phone(number, landline, label)
        self._memory.add_phone(phone)
        return jsonify(_phone(phone))

    def thread(self, number: str) -> Response:
        """Both directions, oldest first."""
        after = _whole(request.args.get("after", "0"))
        texts = [text for text in self._memory.texts() if text.phone == number and text.n > after]
        return jsonify(messages=[_shown(text) for text in texts])

    def faults(self) -> Response:
        """Throw the switches: those named are set, all others off."""
        try:
            self._carrier.set_faults(Faults.from_json(request.get_json(silent=True)))
        except BadFault as error:
            abort(400, str(error))
        return jsonify(ok=True)

    def log(self) -> Response:
        """What was created, refused and posted, for checkers; and how many webhooks are still to be posted."""
        pending = self._carrier.pending
        return jsonify(entries=self._memory.log(_whole(request.args.get("after", "0"))), pending=pending)

    def _free_number(self) -> str:
        taken = {phone.number for phone in self._memory.phones()} | set(self._carrier.settings.numbers)
        free = [n for area in ("210", "512", "713") for i in range(100, 200) if (n := f"+1{area}5550{i}") not in taken]
        if not free:
            abort(409, "no number is left: give one")
        return random.choice(free)


def _document() -> Mapping[str, Any]:
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        abort(400, "expected a JSON object")
    return document


def _string(document: Mapping[str, Any], name: str, default: str) -> str:
    value = document.get(name, default)
    if not isinstance(value, str):
        abort(400, f"{name} must be a string")
    return value


def _whole(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit():
        abort(400, "after must be a number")
    return int(raw)


def _last(texts: list[Text], name: str) -> Any:
    value = getattr(texts[-1], name) if texts else None
    return value.isoformat() if name == "created_at" and value else value


def _phone(phone: Phone) -> dict[str, Any]:
    return {"number": phone.number, "landline": phone.landline, "label": phone.label}


def _shown(text: Text) -> dict[str, Any]:
    return {
        "n": text.n,
        "sid": text.sid,
        "direction": "in" if text.direction == "inbound" else "out",
        "from": text.from_,
        "to": text.to,
        "body": text.body,
        "media": text.media,
        "segments": count_segments(text.body),
        "status": text.status,
        "webhook": text.webhook,
        "error_code": text.error_code,
        "at": text.created_at.isoformat(),
    }


def _as_json(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description), error.code or 500
