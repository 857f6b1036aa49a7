"""What is a carrier without a network? The fake twin of TwilioCarrier, under the same contract tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count

from bot.errors import SendError
from bot.ports import AccountSetup, CarrierMessage, Clock, OutboundText, SenderSetup

BODY_LIMIT = 1600


class FakeCarrier:
    """Keeps every text in `sent` and shows it as the carrier's list would.

    `opted_out` and `landlines` are numbers it refuses; `dead` ones do not exist, `moved` ones have a new owner since
    that day. `fail_next` makes the next send end in an error; one whose
    fate is unknown may have been carried all the same.
    """

    def __init__(self, clock: Clock, sender: str = "+12105550100") -> None:
        self.sent: list[OutboundText] = []
        self.opted_out: set[str] = set()
        self.landlines: set[str] = set()
        self.dead: set[str] = set()
        self.moved: dict[str, date] = {}
        self.list_error: SendError | None = None
        """Raised by every reading of the list, and by `inspect`, while it stands."""
        self.setup = AccountSetup(active=True, now=None, senders=(SenderSetup(sender, known=True),))
        self._clock = clock
        self._sender = sender
        self._seen: list[CarrierMessage] = []
        self._failures: list[tuple[SendError, bool]] = []
        self._ids = count(1)

    def fail_next(self, error: SendError, *, carried: bool = False) -> None:
        """The next send raises this; `carried` says whether the text left nevertheless."""
        self._failures.append((error, carried))

    def send(self, text: OutboundText) -> str:
        """Take the text; returns the carrier's id. Raises SendError."""
        error, carried = self._failures.pop(0) if self._failures else (self._refusal(text), False)
        if error is not None and not carried:
            raise error
        self.sent.append(text)
        provider_sid = self._see("outbound-api", text.sender or self._sender, text.to, text.body, "queued")
        if error is not None:
            raise error
        return provider_sid

    def becomes(self, provider_sid: str, status: str, error_code: str | None = None) -> None:
        """What became of it, as the list shows it from now on. No webhook tells."""
        of = (m.provider_sid == provider_sid for m in self._seen)
        self._seen = [replace(m, status=status, error_code=error_code) if it else m
                      for m, it in zip(self._seen, list(of), strict=True)]  # fmt: skip

    def receive(self, from_: str, body: str, media: int = 0) -> str:
        """A person texts us; returns the carrier's id. No webhook follows."""
        return self._see("inbound", from_, self._sender, body, "received", media)

    def first_text(self, text: OutboundText) -> str:
        """Refused, as Twilio does."""
        raise SendError(30555, "refused", "This carrier takes no first text without consent.")

    def look_up(self, *, to: str, since: datetime) -> Sequence[CarrierMessage]:
        """Outbound messages to this number created since then, newest first."""
        if self.list_error is not None:
            raise self.list_error
        return [m for m in self._since(since) if m.direction == "outbound-api" and m.to == to]

    def fetch(self, provider_sid: str) -> CarrierMessage | None:
        """One message, or None."""
        if self.list_error is not None:
            raise self.list_error
        return next((m for m in self._seen if m.provider_sid == provider_sid), None)

    def inbound_since(self, since: datetime, until: datetime | None = None) -> Sequence[CarrierMessage]:
        """Inbound messages since then, newest first."""
        if self.list_error is not None:
            raise self.list_error
        last = datetime.max.replace(tzinfo=UTC) if until is None else until
        return [m for m in self._since(since) if m.direction == "inbound" and m.date_created and m.date_created <= last]

    def redact(self, provider_sid: str) -> None:
        """Empty the body. An id it does not have is as good as emptied."""
        self._seen = [replace(m, body="") if m.provider_sid == provider_sid else m for m in self._seen]

    def line_type(self, number: str) -> str:
        """`mobile`, `landline` or `dead`."""
        return "landline" if number in self.landlines else "dead" if number in self.dead else "mobile"

    def reassigned(self, number: str, since: date) -> bool:
        """Whether it is in `moved`, with a later day."""
        return number in self.moved and self.moved[number] > since

    def inspect(self) -> AccountSetup:
        """`setup`, as it was put there."""
        if self.list_error is not None:
            raise self.list_error
        return self.setup

    def _refusal(self, text: OutboundText) -> SendError | None:
        if not text.to.startswith("+"):
            return SendError(21211, "refused", "This is not a number that can be texted.")
        if not text.body:
            return SendError(21619, "refused", "The text is empty.")
        if len(text.body) > BODY_LIMIT:
            return SendError(21617, "refused", "The text is longer than 1600 characters.")
        if text.to in self.opted_out:
            return SendError(21610, "refused", "This number has opted out at the carrier.")
        if text.to in self.landlines:
            return SendError(21614, "refused", "This number cannot receive texts: it may be a landline.")
        return None

    def _see(self, direction: str, from_: str, to: str, body: str, status: str, media: int = 0) -> str:
        provider_sid = f"SM{next(self._ids):032x}"
        created = self._clock.now().astimezone(UTC).replace(microsecond=0)  # the carrier's times are whole seconds
        self._seen.append(CarrierMessage(provider_sid, direction, from_, to, body, status, None, created, media))
        return provider_sid

    def _since(self, since: datetime) -> list[CarrierMessage]:
        first = since.astimezone(UTC).replace(microsecond=0)
        return [m for m in reversed(self._seen) if m.date_created is not None and m.date_created >= first]
