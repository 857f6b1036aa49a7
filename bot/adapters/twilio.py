"""How does a text reach Twilio, and how do we know that a webhook is Twilio's?

`TwilioCarrier` is the SmsCarrier over Twilio's SDK; `SignatureCheck` stands before both webhooks. The only file that
imports the SDK. Nothing here logs: addresses hold numbers, and the SDK's own log would print them.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import NewConnectionError
from werkzeug.datastructures import MultiDict

from bot.errors import SendError
from bot.ports import AccountSetup, CarrierMessage, OutboundText, SenderSetup

CONNECT_S, READ_S = 3.05, 10.0
"""Seconds. Longer would hold a worker while the person waits; what is cut off is looked up, never repeated."""

RETRY_AFTER_S = 5.0
"""When the carrier says "later" and not how much later."""

RETRY_AFTER_LIMIT_S = 3600.0
PAGE = 200
CALLS_AT_ONCE = 160
"""Connections kept open to one host: more than are ever under way, so that none is made anew for want of a place."""
_RETENTION = {"content_retention": "discard", "address_retention": "obfuscate"}
VALIDITY_LIMIT_S = 36_000

REFUSED, LATER, UNKNOWN = "refused", "later", "unknown"

CODES: Mapping[int, tuple[str, str]] = {
    14107: (REFUSED, "Loop breaker: too many replies to one number in a short time. Something may be answering us."),
    20003: (REFUSED, "The carrier does not accept our credentials. Nothing can be sent until they are right."),
    20009: (LATER, "The carrier is still at work on this text."),
    20404: (REFUSED, "The carrier does not know this item."),
    20429: (LATER, "Too many requests at once. Nothing was sent; it will be tried again."),
    21211: (REFUSED, "This is not a number that can be texted."),
    21212: (REFUSED, "Our own number is not valid at the carrier."),
    21408: (REFUSED, "Texting to this region is not switched on at the carrier."),
    21603: (REFUSED, "No number of ours was given to send from."),
    21604: (REFUSED, "No number was given to send to."),
    21605: (REFUSED, "The text is too long for the carrier."),
    21606: (REFUSED, "Our number cannot send to this number."),
    21609: (REFUSED, "The carrier does not accept our address for receipts."),
    21610: (REFUSED, "This number has opted out at the carrier."),
    21611: (LATER, "Our number's queue at the carrier is full. Nothing was sent."),
    21612: (REFUSED, "No route from our number to this number."),
    21614: (REFUSED, "This number cannot receive texts: it may be a landline."),
    21617: (REFUSED, "The text is longer than 1600 characters."),
    21619: (REFUSED, "The text is empty."),
    30002: (REFUSED, "The carrier has suspended our account."),
    30037: (REFUSED, "The carrier has disabled sending for our account."),
}
"""Codes an API call can answer -> what became of it, and words for staff. Twilio's own error list by way of
`stack.md` 3.5; what is not here is refused with the general words, so that a human looks."""

NO_WORDS = (REFUSED, "The carrier refused for a reason we have no words for: please look.")

QUEUE_FULL_RETRY_S = 600.0
"""21611: the queue is ten hours long; knocking every few seconds helps nobody."""

LINE_TYPES = {"mobile": "mobile", "landline": "landline", "fixedVoip": "voip", "nonFixedVoip": "voip"}
"""Lookup v2 `line_type_intelligence.type` -> ours; tollFree, pager, premium and the like are `unknown`."""


class TwilioCarrier:
    """Twilio, or whatever answers at `api_base`. Errors are SendError and nothing else."""

    def __init__(
        self, account_sid: str, auth_token: str, senders: tuple[str, ...], messaging_service_sid: str,
        api_base: str, public_url: str, retention: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`api_base` replaces every Twilio host when not empty; `public_url` is where receipts come back; `retention`
        says what the account's redaction keeps out of the carrier's log: nothing, `content`, or `content, address`."""
        self._senders = senders
        self._service = messaging_service_sid
        self._public_url = public_url
        self._retention = {name: value for name, value in _RETENTION.items() if name.split("_")[0] in retention}
        self._account_sid = account_sid
        self._http = _CarrierHttp(api_base)
        self._client = Client(account_sid, auth_token, http_client=self._http)

    def send(self, text: OutboundText) -> str:
        """Hand the text over once; returns the carrier's id. Raises SendError."""
        with _send_errors():
            message = self._client.messages.create(
                to=text.to,
                body=text.body,
                status_callback=f"{self._public_url}/twilio/status?m={text.message_id}",
                validity_period=min(max(int(text.validity_s), 1), VALIDITY_LIMIT_S),
                **self._retention,
                **self._sender(text),
            )
        if not message.sid:
            raise SendError("no_sid", UNKNOWN, "The carrier's answer could not be read; it will be looked up.")
        return str(message.sid)

    def first_text(self, text: OutboundText) -> str:
        """Always refused: Twilio's policy forbids unconsented first contact and person-to-person use."""
        raise SendError(30555, "refused", "This carrier takes no first text without consent.")

    def look_up(self, *, to: str, since: datetime) -> Sequence[CarrierMessage]:
        """Outbound messages to this number created since then, newest first. Raises SendError.

        Asks by number alone: a text still in the carrier's queue has no DateSent, and a filter on it would hide
        just the text whose fate is in question. The carrier's times are whole seconds, so `since` is cut to one.
        """
        found = self._list(since, to=to)
        return [m for m in found if m.direction.startswith("outbound")]

    def fetch(self, provider_sid: str) -> CarrierMessage | None:
        """One message, however old; None if the carrier has it no more. Raises SendError."""
        try:
            with _send_errors():
                return _as_seen(self._client.messages(provider_sid).fetch())
        except SendError as error:
            if error.code != "20404":
                raise
            return None

    def inbound_since(self, since: datetime, until: datetime | None = None) -> Sequence[CarrierMessage]:
        """Inbound messages the carrier took since then, newest first, to our own numbers. Raises SendError."""
        within = {"date_sent_after": _whole_second(since)}
        if until is not None:
            within["date_sent_before"] = _whole_second(until)
        ours: list[dict[str, Any]] = [{"to": number} for number in self._senders] or [{}]
        found = [m for where in ours for m in self._list(since, **within, **where)]
        inbound = [m for m in found if m.direction == "inbound"]
        return sorted(inbound, key=lambda m: m.date_created or since, reverse=True)

    def redact(self, provider_sid: str) -> None:
        """Empty the body at the carrier. A message the carrier no longer has is as good as emptied."""
        try:
            with _send_errors():
                self._client.messages(provider_sid).update(body="")
        except SendError as error:
            if error.code != "20404":
                raise

    def line_type(self, number: str) -> str:
        """`mobile`, `landline`, `voip`, `dead` or `unknown`. Raises SendError."""
        with _send_errors():
            found = self._client.lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence")
        if found.valid is False:
            return "dead"
        kind = found.line_type_intelligence
        return LINE_TYPES.get(str(kind.get("type")), "unknown") if isinstance(kind, dict) else "unknown"

    def reassigned(self, number: str, since: date) -> bool:
        """Only a clear yes is one. Raises SendError."""
        with _send_errors():
            found = self._client.lookups.v2.phone_numbers(number).fetch(
                fields="reassigned_number", last_verified_date=f"{since:%Y%m%d}"
            )
        answer = found.reassigned_number
        return isinstance(answer, dict) and answer.get("is_number_reassigned") == "yes"

    def inspect(self) -> AccountSetup:
        """How the account and our senders are set up; nothing is changed. Raises SendError."""
        with _send_errors():
            account = self._client.api.v2010.accounts(self._account_sid).fetch()
            now = self._http.answered_at
            senders = self._service_setup() if self._service else [self._number_setup(n) for n in self._senders]
        return AccountSetup(str(account.status) == "active", now, tuple(senders))

    def _service_setup(self) -> list[SenderSetup]:
        """The service, and its numbers where their own settings win over its."""
        try:
            service = self._client.messaging.v1.services(self._service).fetch()
        except SendError as error:
            if error.code != "20404":
                raise
            return [SenderSetup(self._service, known=False)]
        numbers = [str(n.phone_number) for n in self._client.messaging.v1.services(self._service).phone_numbers.list()]
        if service.use_inbound_webhook_on_number:
            return [self._number_setup(number) for number in numbers] or [SenderSetup(self._service, True, False)]
        return [SenderSetup(
            name=self._service, known=True, can_text=bool(numbers), inbound=service.inbound_request_url or "",
            inbound_method=service.inbound_method or "POST", fallback=service.fallback_url or "",
            fallback_method=service.fallback_method or "POST", receipts=service.status_callback or "",
        )]  # fmt: skip

    def _number_setup(self, number: str) -> SenderSetup:
        listed: Any
        if number.startswith("+"):
            listed = self._client.incoming_phone_numbers.list(phone_number=number, limit=20)
            listed = [one for one in listed if one.phone_number == number]
        else:
            listed = self._client.short_codes.list(short_code=number, limit=20)
            listed = [one for one in listed if one.short_code == number]
        if not listed:
            return SenderSetup(number, known=False)
        capabilities = getattr(listed[0], "capabilities", None)
        return SenderSetup(
            name=number, known=True, can_text=capabilities is None or bool(capabilities.get("sms")),
            inbound=listed[0].sms_url or "", inbound_method=listed[0].sms_method or "POST",
            fallback=listed[0].sms_fallback_url or "", fallback_method=listed[0].sms_fallback_method or "POST",
            receipts=getattr(listed[0], "status_callback", None) or "",
            overruled=bool(getattr(listed[0], "sms_application_sid", None)),
        )  # fmt: skip

    def _sender(self, text: OutboundText) -> dict[str, str]:
        if self._service:
            return {"messaging_service_sid": self._service}
        return {"from_": text.sender or self._senders[0]}

    def _list(self, since: datetime, **where: Any) -> list[CarrierMessage]:
        first = _whole_second(since)
        with _send_errors():
            listed = [_as_seen(m) for m in self._client.messages.stream(page_size=PAGE, **where)]
        return [m for m in listed if m.date_created is None or m.date_created >= first]


class SignatureCheck:
    """Is this webhook the carrier's? HMAC over the address the carrier called and every field it sent.

    The address is `public_url` and the raw path and query, never the request's own: behind a proxy the scheme and
    host are another, and Werkzeug decodes %C3%A9 before we see it. Several tokens are accepted while one is rotated.
    """

    def __init__(self, auth_tokens: Sequence[str], public_url: str, account_sid: str) -> None:
        self._validators = tuple(RequestValidator(token) for token in auth_tokens)
        self._public_url = public_url
        self._account_sid = account_sid

    def accepts(
        self, path: str, query: str, form: MultiDict[str, str], header: str | None, form_account: str | None
    ) -> bool:
        """True if the carrier signed it for our account. Never raises. `path` and `query` are raw, without `?`.

        The address as configured is tried first, which is the one the carrier signs; only when that fails does the
        SDK's own check run over its two spellings of the port. Same verdict (the first is one of those two), for a
        fifth of the time: this runs before every turn.
        """
        if not header or form_account != self._account_sid:
            return False
        url = f"{self._public_url}{path}{'?' + query if query else ''}"
        fields = _Fields(form.lists())
        try:
            return any(_signed(v, url, fields, header) or v.validate(url, fields, header) for v in self._validators)
        except ValueError:  # an address or a field that cannot be spelled was not signed by the carrier
            return False


class _Fields(dict[str, list[str]]):
    """A form as the SDK asks for it: `getall` is its first question, and a MultiDict answers only its second."""

    getall = dict.__getitem__


def _signed(validator: RequestValidator, url: str, fields: _Fields, header: str) -> bool:
    return hmac.compare_digest(validator.compute_signature(url, fields).encode(), header.encode())


class _CarrierHttp(TwilioHttpClient):
    """The SDK's client with another host, bounded patience, and refusals turned into SendError where headers show."""

    def __init__(self, api_base: str) -> None:
        # At INFO this logger prints whole addresses, To=%2B1… included.
        logging.getLogger("twilio.http_client").setLevel(logging.ERROR)
        super().__init__(pool_connections=True)
        self.timeout: Any = (CONNECT_S, READ_S)
        self._base = urlsplit(api_base)
        self._pid = 0
        self.answered_at: datetime | None = None
        """The carrier's clock, as its last answer showed it."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """As the SDK's; any answer but a readable 2xx is raised as SendError."""
        self._own_session()
        response = super().request(method, self._address(url), *args, **kwargs)
        self.answered_at = _http_date(response.headers or {})
        error = _refusal(method, response)
        if error is not None:
            raise error
        return response

    def _own_session(self) -> None:
        # Kept-alive connections must not be shared with a process that forked: two would talk over one socket.
        if self._pid != os.getpid():
            session = requests.Session()
            # A replaced host is near and ours; the environment's proxy is for the way to Twilio.
            session.trust_env = not self._base.netloc
            kept = HTTPAdapter(pool_connections=4, pool_maxsize=CALLS_AT_ONCE)
            session.mount("https://", kept)
            session.mount("http://", kept)
            self.session, self._pid = session, os.getpid()

    def _address(self, url: str) -> str:
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith(".twilio.com"):
            raise SendError("host", REFUSED, "The SDK asked for a host that is not Twilio's.")
        if not self._base.netloc:
            return url
        return urlunsplit((self._base.scheme, self._base.netloc, self._base.path + parts.path, parts.query, ""))


def _refusal(method: str, response: Response) -> SendError | None:
    """What this answer means, if it is not a plain success."""
    status, document = response.status_code, _json_object(response.text)
    if 200 <= status < 300:
        if status == 204 or document is not None:
            return None
        return _unreadable(method, "undecodable")
    if 400 <= status < 500 and status != 408:  # 408: somebody between us gave up waiting
        code = _code(document, 20429 if status == 429 else status)
        fate, words = CODES.get(code, CODES[20429] if status == 429 else NO_WORDS)
        wait = _retry_after(response.headers or {}, QUEUE_FULL_RETRY_S if code == 21611 else RETRY_AFTER_S)
        return SendError(code, fate, words, wait if fate == LATER else None)
    return _unreadable(method, status)


def _unreadable(method: str, code: int | str) -> SendError:
    """No answer to rely on. A question may be asked again; a text may have left."""
    if method.upper() == "GET":
        return SendError(code, LATER, "The carrier could not answer; it will be asked again.", RETRY_AFTER_S)
    return SendError(code, UNKNOWN, "The carrier did not say whether it took the text; it will be looked up.")


@contextmanager
def _send_errors() -> Iterator[None]:
    """Every failure below becomes a SendError without the address or the body that caused it."""
    try:
        yield
    except SendError:
        raise
    except requests.ConnectTimeout:
        raise _not_reached() from None
    except requests.ConnectionError as error:
        if _never_connected(error):
            raise _not_reached() from None
        raise _unreadable(_method(error), "connection") from None
    except requests.RequestException as error:
        raise _unreadable(_method(error), "timeout" if isinstance(error, requests.Timeout) else "http") from None
    except (TwilioException, ValueError, TypeError, AttributeError):
        # The SDK met an answer of a shape it does not know.
        raise _unreadable("POST", "sdk") from None


def _not_reached() -> SendError:
    return SendError("unreachable", LATER, "The carrier could not be reached. Nothing was sent.", RETRY_AFTER_S)


def _never_connected(error: requests.ConnectionError) -> bool:
    """No connection was made, so no text can have left. A reset after it was made proves nothing."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _method(error: requests.RequestException) -> str:
    return str(getattr(error.request, "method", None) or "POST")


def _code(document: dict[str, Any] | None, otherwise: int) -> int:
    code = (document or {}).get("code")
    return code if isinstance(code, int) else otherwise


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _retry_after(headers: Mapping[str, str], otherwise: float) -> float:
    """Seconds to wait: a number or an HTTP date, within an hour."""
    raw = (headers.get("Retry-After") or "").strip()
    try:
        seconds = float(raw) if raw.isdigit() else (parsedate_to_datetime(raw) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        seconds = otherwise
    return min(max(seconds, 1.0), RETRY_AFTER_LIMIT_S)


def _http_date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _as_seen(message: MessageInstance) -> CarrierMessage:
    created = message.date_created
    return CarrierMessage(
        provider_sid=str(message.sid),
        direction=str(message.direction),
        from_=message.from_ or "",
        to=message.to or "",
        body=message.body or "",
        status=str(message.status),
        error_code=str(message.error_code) if message.error_code is not None else None,
        date_created=created if isinstance(created, datetime) else None,
        media=int(message.num_media) if str(message.num_media or "").isdigit() else 0,
    )
