"""How does the carrier answer its API? Twilio's Messages and Lookup v2, with its errors, paging and basic auth."""

from __future__ import annotations

import hmac
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import phonenumbers
from flask import Blueprint, Response, jsonify, request

from bot.simulator import account
from bot.simulator.carrier import Carrier, Refusal, possible
from bot.simulator.faults import AFTER, BEFORE
from bot.simulator.texts import API_VERSION, FINAL, Text, resource

ACCOUNT = f"/{API_VERSION}/Accounts/<account>"
PAGE_SIZE, PAGE_LIMIT = 50, 1000
SLOW_S = 1.0
"""How late the weather's slow answer is."""

NOT_FOUND = Refusal(404, 20404, "The requested resource was not found")
BAD_CREDENTIALS = Refusal(401, 20003, "Authenticate")
TOO_MANY = Refusal(429, 20429, "Too Many Requests")
BROKEN = Refusal(500, 20500, "An internal server error has occurred")
BAD_PARAMETER = Refusal(400, 20001, "Invalid parameter")
UNFINISHED = Refusal(409, 20009, "Message delivery has not been completed")


def blueprint(carrier: Carrier) -> Blueprint:
    """The API's routes over this carrier."""
    routes = Blueprint("rest", __name__)
    api = _Api(carrier)
    routes.before_request(api.check_credentials)
    rules: list[tuple[str, str, Callable[..., Any]]] = [
        ("POST", f"{ACCOUNT}/Messages.json", api.create),
        ("GET", f"{ACCOUNT}/Messages.json", api.list),
        ("GET", f"{ACCOUNT}/Messages/<sid>.json", api.fetch),
        ("POST", f"{ACCOUNT}/Messages/<sid>.json", api.update),
        ("DELETE", f"{ACCOUNT}/Messages/<sid>.json", api.delete),
        ("GET", "/v2/PhoneNumbers/<number>", api.look_up),
        *account.rules(carrier.settings, lambda: _refused(NOT_FOUND)),
    ]
    for method, rule, view in rules:
        routes.add_url_rule(rule, view.__name__, view, methods=[method])
    return routes


class _Api:
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._memory = carrier.memory
        self._account = carrier.settings.account_sid

    def check_credentials(self) -> Response | None:
        given, settings = request.authorization, self._carrier.settings
        known = given is not None and given.type == "basic"
        if not known or not _same(given.username, self._account) or not _same(given.password, settings.auth_token):
            return _refused(BAD_CREDENTIALS)
        if (request.view_args or {}).get("account", self._account) != self._account:
            return _refused(NOT_FOUND)
        return None

    def create(self, account: str) -> Response:
        to = request.form.get("To", "")
        subject = f"{to} {self._memory.nth_request(to)}"
        drawn = self._memory.faults.on_request(subject)
        match self._befalls(drawn, BEFORE):
            case "answer_429":
                return _refused(TOO_MANY, {"Retry-After": str(self._memory.faults.retry_after(subject))})
            case "answer_500":
                return _refused(BROKEN)
            case "hang_up":
                return _hang_up()
        made = self._carrier.create(request.form)
        if isinstance(made, Refusal):
            return _refused(made)
        if self._memory.faults.slow_s:
            time.sleep(self._memory.faults.slow_s)
        match self._befalls(drawn, AFTER):
            case "accept_then_500":
                return _refused(BROKEN)
            case "accept_then_hang_up":
                return _hang_up()
            case "accept_then_wrong_json":
                return Response('{"sid": "SM', status=201, mimetype="application/json")
            case "accept_then_slow":
                time.sleep(SLOW_S)
        return _document(resource(made, account), 201)

    def _befalls(self, drawn: str, among: Sequence[str]) -> str:
        """One of these that was counted out for the next request, or drawn for this one."""
        counted = (name for name in among if self._memory.take_fault(name))
        return next(counted, drawn if drawn in among else "")

    def fetch(self, account: str, sid: str) -> Response:
        text = self._memory.get(sid)
        return _document(resource(text, account)) if text else _refused(NOT_FOUND)

    def update(self, account: str, sid: str) -> Response:
        """Empty the body, or cancel what has not left: the two changes Twilio allows."""
        text = self._memory.get(sid)
        if text is None:
            return _refused(NOT_FOUND)
        if request.form.get("Status") == "canceled" and text.status in ("queued", "accepted"):
            changed = self._memory.change(sid, status="canceled")
        elif request.form.get("Body") == "":
            if _under_way(text):
                return _refused(UNFINISHED)
            changed = self._memory.change(sid, emptied=True)
        else:
            return _refused(BAD_PARAMETER)
        return _document(resource(changed, account)) if changed else _refused(NOT_FOUND)

    def delete(self, account: str, sid: str) -> Response:
        text = self._memory.get(sid)
        if text is None:
            return _refused(NOT_FOUND)
        if _under_way(text):
            return _refused(UNFINISHED)
        self._memory.delete(sid)
        return Response(status=204)

    def list(self, account: str) -> Response:
        """Newest first, a page at a time. A text that has not left has no DateSent, so no filter on it finds it."""
        asked = f"list {request.args.get('To', '')}"
        if self._memory.faults.on_list(f"{asked} {self._memory.nth_request(asked)}"):
            return _refused(BROKEN)
        try:
            wanted = _Filter(request.args)
        except ValueError:
            return _refused(BAD_PARAMETER)
        found = [text for text in reversed(self._memory.texts()) if wanted.holds(text)]
        start = wanted.page * wanted.size
        here, more = found[: wanted.size], len(found) > wanted.size
        base = f"/{API_VERSION}/Accounts/{account}/Messages.json"
        following = wanted.link(base, wanted.page + 1, f"PA{here[-1].n}") if more else None
        return _document({
            "messages": [resource(text, account) for text in here],
            "page": wanted.page,
            "page_size": wanted.size,
            "start": start,
            "end": start + max(len(here) - 1, 0),
            "uri": wanted.link(base, wanted.page, wanted.token),
            "first_page_uri": wanted.link(base, 0, ""),
            "next_page_uri": following,
            "previous_page_uri": None,
        })  # fmt: skip

    def look_up(self, number: str) -> Response:
        """Lookup v2. Only the packages asked for are in the answer."""
        valid = possible(number)
        document: dict[str, Any] = {
            "phone_number": number,
            "valid": valid,
            "validation_errors": [] if valid else ["NOT_A_NUMBER"],
            "url": f"https://lookups.twilio.com/v2/PhoneNumbers/{number}",
        }
        if valid:
            parsed = phonenumbers.parse(number, None)
            document["calling_country_code"] = str(parsed.country_code)
            document["country_code"] = phonenumbers.region_code_for_number(parsed) or "ZZ"
            document["national_format"] = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        if "line_type_intelligence" in request.args.get("Fields", "").split(","):
            document["line_type_intelligence"] = {
                "type": self._carrier.line_type(number), "carrier_name": "Simulated",
                "mobile_country_code": "001", "mobile_network_code": "01",
            }  # fmt: skip
        if "reassigned_number" in request.args.get("Fields", "").split(","):
            document["reassigned_number"] = {
                "last_verified_date": request.args.get("LastVerifiedDate", ""), "is_number_reassigned": "no",
            }  # fmt: skip
        return _document(document)


class _Filter:
    """What a list request asks for. Raises ValueError for a value Twilio could not read."""

    def __init__(self, args: Mapping[str, str]) -> None:
        self._asked = {k: args[k] for k in ("To", "From", "DateSent", "DateSent<", "DateSent>") if args.get(k)}
        self.size = min(max(int(args.get("PageSize", PAGE_SIZE)), 1), PAGE_LIMIT)
        self.page = int(args.get("Page", 0))
        self.token = args.get("PageToken", "")
        self._before_n = int(self.token.removeprefix("PA")) if self.token else None
        self._on = _moments(self._asked.get("DateSent"))
        self._until = _moments(self._asked.get("DateSent<"))
        self._since = _moments(self._asked.get("DateSent>"))

    def holds(self, text: Text) -> bool:
        if self._before_n is not None and text.n >= self._before_n:
            return False
        if self._asked.get("To", text.listed_to) != text.listed_to or self._asked.get("From", text.from_) != text.from_:
            return False
        if not (self._on or self._until or self._since):
            return True
        if text.sent_at is None:
            return False
        sent = text.sent_at.replace(microsecond=0)
        return (
            (self._on is None or self._on[0] <= sent < self._on[1])
            and (self._until is None or sent < self._until[1])
            and (self._since is None or sent >= self._since[0])
        )

    def link(self, base: str, page: int, token: str) -> str:
        asked = {**self._asked, "PageSize": self.size, "Page": page, **({"PageToken": token} if token else {})}
        return f"{base}?{urlencode(asked)}"


def _moments(raw: str | None) -> tuple[datetime, datetime] | None:
    """From when until when: a GMT day, or one second of it."""
    if raw is None:
        return None
    moment = datetime.fromisoformat(raw)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment, moment + (timedelta(days=1) if len(raw) == len("YYYY-MM-DD") else timedelta(seconds=1))


def _under_way(text: Text) -> bool:
    return text.status not in FINAL and text.status != "sent"


def _same(given: str | None, expected: str) -> bool:
    return hmac.compare_digest((given or "").encode(), expected.encode())


def _document(document: Mapping[str, Any], status: int = 200) -> Response:
    answer = jsonify(document)
    answer.status_code = status
    return answer


def _refused(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    answer = _document({
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.http_status,
    }, refusal.http_status)  # fmt: skip
    answer.headers.update(headers or {})
    return answer


def _hang_up() -> Response:
    """Close the connection instead of answering."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response(status=500)
