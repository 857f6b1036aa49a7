"""What does the inside need of the outside? Four protocols; each has a real adapter and a fake twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from werkzeug.datastructures import MultiDict


@dataclass(frozen=True, slots=True)
class OutboundText:
    """One text on its way. `message_id` is ours and rides in the receipt's address; `sender` is the number of ours it
    leaves by, or empty where the carrier chooses (a messaging service)."""

    message_id: str
    to: str
    body: str
    validity_s: int = 14_400
    sender: str = ""


@dataclass(frozen=True, slots=True)
class CarrierMessage:
    """A message as the carrier's own list shows it."""

    provider_sid: str
    direction: str
    from_: str
    to: str
    body: str
    status: str
    error_code: str | None
    date_created: datetime | None
    media: int = 0


@dataclass(frozen=True, slots=True)
class SenderSetup:
    """How one sender of ours stands at the carrier: a number, a short code, or a service (`name` is its id)."""

    name: str
    known: bool
    can_text: bool = True
    inbound: str = ""
    """Where the texts to it are brought, with the carrier's own options after `#`."""
    inbound_method: str = "POST"
    fallback: str = ""
    fallback_method: str = "POST"
    receipts: str = ""
    """Where receipts go that do not name an address; ours all do."""
    overruled: bool = False
    """Something else at the carrier wins over these addresses."""


@dataclass(frozen=True, slots=True)
class AccountSetup:
    """How our account stands at the carrier; `now` is the carrier's clock, where it shows one."""

    active: bool
    now: datetime | None
    senders: tuple[SenderSetup, ...]


class SmsCarrier(Protocol):
    """A carrier. Errors are SendError and nothing else."""

    def send(self, text: OutboundText) -> str:
        """Hand the text over; returns the carrier's id."""

    def first_text(self, text: OutboundText) -> str:
        """Hand over a first text to somebody who agreed to nothing, for which a person pressed. A carrier that forbids
        it refuses every one (30555)."""

    def look_up(self, *, to: str, since: datetime) -> Sequence[CarrierMessage]:
        """Outbound messages to this number created since then, newest first."""

    def fetch(self, provider_sid: str) -> CarrierMessage | None:
        """One message by the carrier's id; None if the carrier has it no more."""

    def inbound_since(self, since: datetime, until: datetime | None = None) -> Sequence[CarrierMessage]:
        """Inbound messages the carrier took since then (and up to `until`), newest first."""

    def redact(self, provider_sid: str) -> None:
        """Empty the body at the carrier."""

    def line_type(self, number: str) -> str:
        """`mobile`, `landline`, `voip`, `dead` or `unknown` (Lookup v2 line_type_intelligence; a number that exists no
        more is dead)."""

    def reassigned(self, number: str, since: date) -> bool:
        """Whether the number has had a new owner since that day (Lookup v2 reassigned_number)."""

    def inspect(self) -> AccountSetup:
        """How our account and senders are set up there, for a doctor; nothing is changed."""


class SignatureCheck(Protocol):
    """Is a webhook the carrier's? Never raises."""

    def accepts(
        self, path: str, query: str, form: MultiDict[str, str], header: str | None, form_account: str | None
    ) -> bool:
        """`path` and `query` as they stood on the wire, `header` the signature, `form_account` the account it names."""


class Nudges(Protocol):
    """The bell. Losing a ring costs time, never work."""

    def deliver(self) -> None:
        """Texts are due."""

    def ready(self) -> bool:
        """Whether the bell can be heard now; answers within a second or two and never raises."""


@dataclass(frozen=True, slots=True)
class Page:
    """One call to a colleague by one of their channels. `words` say that they are needed and nothing else; `code` is
    what they answer with; `secret` signs a webhook."""

    page_id: str
    kind: str
    address: str
    words: str
    why: str
    tier: str
    code: str
    secret: str = ""


class Pager(Protocol):
    """Calls advocates to a hand-off. Content-free: an id and a tier."""

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        """A step of the ladder was done: for whoever watches the log."""

    def reach(self, page: Page) -> None:
        """Send this call. Errors are PageFailed and nothing else; that it was sent is no proof that it was heard."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
