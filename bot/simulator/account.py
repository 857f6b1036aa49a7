"""How does the carrier show the account and its senders? What a doctor reads: numbers, short codes, services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from bot.settings import SimulatorSettings
from bot.simulator.texts import API_VERSION

Rule = tuple[str, str, Callable[..., Any]]

_BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_CAN = {"voice": False, "sms": True, "mms": True, "fax": False}


def rules(settings: SimulatorSettings, not_found: Callable[[], Response]) -> list[Rule]:
    """The routes; credentials are the caller's to check. `not_found` answers for what the account does not have."""
    shown = _Account(settings, not_found)
    account, service = f"/{API_VERSION}/Accounts/<account>", "/v1/Services/<sid>"
    return [
        ("GET", f"{account}.json", shown.account),
        ("GET", f"{account}/IncomingPhoneNumbers.json", shown.numbers),
        ("GET", f"{account}/SMS/ShortCodes.json", shown.short_codes),
        ("GET", service, shown.service),
        ("GET", f"{service}/PhoneNumbers", shown.service_numbers),
    ]


class _Account:
    def __init__(self, settings: SimulatorSettings, not_found: Callable[[], Response]) -> None:
        self._settings = settings
        self._not_found = not_found

    def account(self, account: str) -> Response:
        return jsonify(
            sid=account, owner_account_sid=account, friendly_name="Simulated", status="active", type="Full",
            auth_token="", date_created=format_datetime(_BORN), date_updated=format_datetime(_BORN),
            uri=f"/{API_VERSION}/Accounts/{account}.json", subresource_uris={},
        )  # fmt: skip

    def numbers(self, account: str) -> Response:
        """Those that begin with what was asked for, as Twilio finds them."""
        ours = [n for n in self._settings.numbers if n.startswith("+")]
        return self._page(account, "incoming_phone_numbers", "PhoneNumber", ours, self._number)

    def short_codes(self, account: str) -> Response:
        ours = [n for n in self._settings.numbers if not n.startswith("+")]
        return self._page(account, "short_codes", "ShortCode", ours, self._short_code)

    def service(self, sid: str) -> Response:
        if sid != self._settings.messaging_service_sid:
            return self._not_found()
        url = f"https://messaging.twilio.com/v1/Services/{sid}"
        hooks, born = self._hooks(), _BORN.isoformat().replace("+00:00", "Z")
        return jsonify(
            sid=sid, account_sid=self._settings.account_sid, friendly_name="Simulated", date_created=born,
            date_updated=born, inbound_request_url=hooks[0], inbound_method="POST", fallback_url=hooks[1],
            fallback_method="POST", status_callback=None, sticky_sender=True, mms_converter=True, smart_encoding=False,
            scan_message_content="inherit", fallback_to_long_code=False, area_code_geomatch=True,
            synchronous_validation=False, validity_period=14_400, usecase="notifications",
            us_app_to_person_registered=True, use_inbound_webhook_on_number=self._settings.numbers_own_webhooks,
            url=url, links={"phone_numbers": f"{url}/PhoneNumbers"},
        )  # fmt: skip

    def service_numbers(self, sid: str) -> Response:
        if sid != self._settings.messaging_service_sid:
            return self._not_found()
        url, born = f"https://messaging.twilio.com/v1/Services/{sid}/PhoneNumbers", _BORN.isoformat()
        shown = [
            {"sid": _sid("PN", n), "account_sid": self._settings.account_sid, "service_sid": sid, "phone_number": n,
             "country_code": "US", "capabilities": ["SMS", "MMS"], "url": f"{url}/{_sid('PN', n)}",
             "date_created": born.replace("+00:00", "Z"), "date_updated": born.replace("+00:00", "Z")}
            for n in self._settings.numbers
        ]  # fmt: skip
        meta = {"page": 0, "page_size": 50, "key": "phone_numbers", "url": url, "first_page_url": url,
                "next_page_url": None, "previous_page_url": None}  # fmt: skip
        return jsonify(phone_numbers=shown, meta=meta)

    def _hooks(self) -> tuple[str, str]:
        return self._settings.inbound_url, self._settings.fallback_url

    def _number(self, account: str, number: str) -> dict[str, Any]:
        """What a number of the account shows; what it has nothing of is null or empty, as there."""
        inbound, fallback = self._hooks()
        sid, born = _sid("PN", number), format_datetime(_BORN)
        return {
            "sid": sid, "account_sid": account, "phone_number": number, "friendly_name": number, "beta": False,
            "address_requirements": "none", "address_sid": None, "api_version": API_VERSION, "capabilities": _CAN,
            "date_created": born, "date_updated": born, "identity_sid": None, "bundle_sid": None, "origin": "twilio",
            "sms_application_sid": None, "sms_url": inbound, "sms_method": "POST", "sms_fallback_url": fallback,
            "sms_fallback_method": "POST", "status_callback": "", "status_callback_method": "POST", "trunk_sid": None,
            "voice_receive_mode": "voice", "voice_application_sid": None, "voice_caller_id_lookup": False,
            "voice_fallback_method": "POST", "voice_fallback_url": None, "voice_method": "POST", "voice_url": None,
            "emergency_status": "Inactive", "emergency_address_sid": None,
            "emergency_address_status": "unregistered", "status": "in-use", "type": "local",
            "uri": f"/{API_VERSION}/Accounts/{account}/IncomingPhoneNumbers/{sid}.json",
        }  # fmt: skip

    def _short_code(self, account: str, code: str) -> dict[str, Any]:
        inbound, fallback = self._hooks()
        sid, born = _sid("SC", code), format_datetime(_BORN)
        return {
            "sid": sid, "account_sid": account, "short_code": code, "friendly_name": code, "api_version": API_VERSION,
            "date_created": born, "date_updated": born, "sms_url": inbound, "sms_method": "POST",
            "sms_fallback_url": fallback, "sms_fallback_method": "POST",
            "uri": f"/{API_VERSION}/Accounts/{account}/SMS/ShortCodes/{sid}.json",
        }  # fmt: skip

    def _page(self, account: str, key: str, filter_name: str, ours: list[str],
              show: Callable[[str, str], dict[str, Any]]) -> Response:  # fmt: skip
        """A simulated account has few senders: one page holds them all."""
        asked = request.args.get(filter_name, "")
        shown = [show(account, n) for n in ours if n.startswith(asked)]
        uri = f"{request.path}?{urlencode({filter_name: asked, 'PageSize': 50, 'Page': 0})}"
        return jsonify({
            key: shown, "page": 0, "page_size": 50, "start": 0, "end": max(len(shown) - 1, 0), "uri": uri,
            "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None,
        })  # fmt: skip


def _sid(prefix: str, name: str) -> str:
    """The same id for the same name, whenever it is asked for."""
    return prefix + sha256(name.encode()).hexdigest()[:32]
