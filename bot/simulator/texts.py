"""What does the carrier remember of one text, and how does it show it? The record, its JSON, its webhook fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from bot.rules.segments import count_segments

API_VERSION = "2010-04-01"
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})


@dataclass(frozen=True, slots=True)
class Text:
    """One text in either direction. `n` is its place in the carrier's log; `phone` the number that is not ours."""

    n: int
    sid: str
    direction: str  # inbound · outbound-api · outbound-reply
    from_: str
    to: str
    body: str
    status: str
    media: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None
    status_callback: str = ""
    service_sid: str | None = None
    validity_s: int = 36_000
    webhook: str = "none"  # of an inbound text: pending · done · failed
    emptied: bool = False  # the carrier shows no words any more; the phone keeps what it got
    hidden: bool = False  # nor the number of the phone

    @property
    def listed_to(self) -> str:
        """To whom it went, as the carrier's log still knows it."""
        return self.to[:-4] + "XXXX" if self.hidden else self.to

    @property
    def phone(self) -> str:
        return self.from_ if self.direction == "inbound" else self.to


def new_sid(media: int = 0) -> str:
    """SM or MM and 32 hexadecimal digits."""
    return ("MM" if media else "SM") + uuid4().hex


def resource(text: Text, account: str) -> dict[str, Any]:
    """The Message resource as Twilio's API shows it."""
    uri = f"/{API_VERSION}/Accounts/{account}/Messages/{text.sid}"
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": "" if text.emptied else text.body,
        "date_created": format_datetime(text.created_at.astimezone(UTC)),
        "date_sent": format_datetime(text.sent_at.astimezone(UTC)) if text.sent_at else None,
        "date_updated": format_datetime(text.updated_at.astimezone(UTC)),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": None,
        "from": text.from_ or None,
        "messaging_service_sid": text.service_sid,
        "num_media": str(text.media),
        "num_segments": str(count_segments(text.body)),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.listed_to,
        "uri": f"{uri}.json",
    }


def inbound_fields(text: Text, account: str) -> dict[str, str]:
    """The form of an inbound webhook. The empty places are sent as Twilio sends them, and are signed."""
    media = {}
    for i in range(text.media):
        media[f"MediaUrl{i}"] = f"https://api.twilio.com/{API_VERSION}/Accounts/{account}/Messages/{text.sid}/Media/{i}"
        media[f"MediaContentType{i}"] = "image/jpeg"
    return {
        "ToCountry": "US", "ToState": "", "ToCity": "", "ToZip": "",
        "FromCountry": "US", "FromState": "", "FromCity": "", "FromZip": "",
        "MessageSid": text.sid, "SmsSid": text.sid, "SmsMessageSid": text.sid,
        "AccountSid": account, "ApiVersion": API_VERSION,
        "From": text.from_, "To": text.to, "Body": text.body,
        "NumMedia": str(text.media), "NumSegments": str(count_segments(text.body)), "SmsStatus": "received", **media,
    }  # fmt: skip


def fallback_fields(inbound_url: str, http_status: int) -> dict[str, str]:
    """What the fallback address is told besides: why it is called, and which address failed."""
    code = "11200" if http_status else "11205"  # an answer that was none; nobody to be reached
    return {"ErrorCode": code, "ErrorUrl": inbound_url.partition("#")[0]}


def receipt_fields(text: Text, account: str, status: str, at: datetime) -> dict[str, str]:
    """The form of a status callback."""
    form = {
        "MessageSid": text.sid, "SmsSid": text.sid, "AccountSid": account, "ApiVersion": API_VERSION,
        "From": text.from_, "To": text.to, "MessageStatus": status, "SmsStatus": status,
    }  # fmt: skip
    if text.service_sid:
        form["MessagingServiceSid"] = text.service_sid
    if text.error_code is not None and status in ("failed", "undelivered"):
        form["ErrorCode"] = str(text.error_code)
    if status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = at.strftime("%y%m%d%H%M")
    return form
