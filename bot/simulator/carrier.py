"""What does the carrier do with a text? Takes it or refuses it, carries it, tells the line, keeps the opt-out list."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import phonenumbers

from bot.settings import SimulatorSettings
from bot.simulator.faults import Faults, ReceiptLuck
from bot.simulator.lanes import Lanes
from bot.simulator.memory import Memory
from bot.simulator.texts import FINAL, Text, fallback_fields, inbound_fields, receipt_fields
from bot.simulator.webhooks import post

_KEYWORDS = tomllib.loads(Path(__file__).with_name("keywords.toml").read_text(encoding="utf-8"))
STOP, START = frozenset(_KEYWORDS["stop"]), frozenset(_KEYWORDS["start"])

LANDLINE_ENDING = "0000"
"""Numbers that end like this are landlines, besides those added as such."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as Twilio's API gives it."""

    http_status: int
    code: int
    message: str


class Carrier:
    """The simulated network between the phones and the line."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.memory = Memory(settings.data_file)
        self._lanes = Lanes()
        self._held: dict[str, Text] = {}
        self._held_lock = threading.Lock()
        self._take_up()

    @property
    def pending(self) -> int:
        """Webhooks not yet posted."""
        return self._lanes.pending

    def close(self) -> None:
        """Stop calling; what was pending is taken up at the next start if there is a file."""
        self._lanes.close()
        self.memory.close()

    # From the line to a phone

    def create(self, form: Mapping[str, str]) -> Text | Refusal:
        """One POST to Messages.json."""
        refusal = self._refuses(form)
        if refusal is not None:
            self.memory.note(kind="refused", to=form.get("To", ""), body=form.get("Body", ""), code=refusal.code)
            return refusal
        service = form.get("MessagingServiceSid") or None
        text = self.memory.add(
            direction="outbound-api",
            from_=form.get("From") or self._default_sender(),
            to=form["To"],
            body=form.get("Body", ""),
            status="accepted" if service else "queued",
            status_callback=form.get("StatusCallback", ""),
            service_sid=service,
            validity_s=int(form.get("ValidityPeriod") or 36_000),
            emptied=form.get("ContentRetention") == "discard",
            hidden=form.get("AddressRetention") == "obfuscate",
        )
        self.memory.note(kind="created", sid=text.sid, to=text.to, body=text.body, **{"from": text.from_},
                         status_callback=text.status_callback, validity_s=text.validity_s)  # fmt: skip
        self._carry(text)
        return text

    def _refuses(self, form: Mapping[str, str]) -> Refusal | None:
        to, sender = form.get("To", ""), form.get("From") or self._default_sender()
        if not to:
            return Refusal(400, 21604, "A 'To' phone number is required.")
        if not form.get("From") and not form.get("MessagingServiceSid"):
            return Refusal(400, 21603, "A 'From' phone number is required.")
        if not possible(to):
            return Refusal(400, 21211, "Invalid 'To' Phone Number")
        if form.get("From") and self.settings.numbers and sender not in self.settings.numbers:
            return Refusal(400, 21606, "The 'From' phone number provided is not a valid message-capable number.")
        if not form.get("Body"):
            return Refusal(400, 21619, "A text message body or media urls must be specified.")
        if len(form["Body"]) > 1600:
            return Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if not _may_be_called(form.get("StatusCallback", "")):
            return Refusal(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
        validity = form.get("ValidityPeriod") or "36000"
        if not validity.isdigit() or not 1 <= int(validity) <= 36_000:
            return Refusal(400, 21630, "The ValidityPeriod is out of range.")
        if self.memory.blocked(sender, to):
            return Refusal(400, 21610, "Attempt to send to unsubscribed recipient")
        if self.line_type(to) == "landline":
            return Refusal(400, 21614, "'To' number is not a valid mobile number")
        return None

    def _carry(self, text: Text) -> None:
        """The way from queued to delivered, a receipt at each step."""
        faults, delay = self.memory.faults, self.settings.receipt_delay_s
        luck = faults.on_receipts(f"{text.to} {text.body}")
        end, code = ("undelivered", faults.undelivered_code) if faults.undelivered_code else ("delivered", None)
        steps = [("sent", None), (end, code)]
        if luck.reordered:
            steps.reverse()
        if luck.early:
            self._move(text.sid, *steps.pop(0), luck)
        for i, step in enumerate(steps, start=1):
            self._lanes.put(f"receipt {text.sid}", lambda step=step: self._move(text.sid, *step, luck), delay * i)

    def _move(self, sid: str, status: str, error: int | None, luck: ReceiptLuck) -> None:
        """One step of a text on its way, and its receipt. The record never moves back from where a text ends."""
        text = self.memory.get(sid)
        if text is None or text.status == "canceled":
            return
        now = datetime.now(UTC)
        if text.status not in FINAL:
            text = self.memory.change(sid, status=status, error_code=error, sent_at=text.sent_at or now)
        if text is None or not text.status_callback or luck.dropped:
            return
        form = receipt_fields(text, self.settings.account_sid, status, now)
        for _ in range(1 + luck.copies):
            outcome = post(text.status_callback, form, self.settings.auth_token)
            self.memory.note(kind="receipt", sid=sid, status=status, http_status=outcome.http_status,
                             attempts=outcome.attempts)  # fmt: skip

    def _default_sender(self) -> str:
        return self.settings.numbers[0] if self.settings.numbers else ""

    # From a phone to the line

    def text_in(self, from_: str, to: str, body: str, media: int = 0) -> Text:
        """A phone texts one of our numbers. Returns at once; the webhook follows."""
        text = self.memory.add(
            direction="inbound", from_=from_, to=to or self._default_sender(), body=body, media=media,
            status="received", sent_at=datetime.now(UTC), webhook="pending",
        )  # fmt: skip
        self._keywords(text)
        if self.memory.faults.reorder_inbound and self._hold(text):
            return text
        self._call_line(text)
        with self._held_lock:
            held = self._held.pop(from_, None)
        if held is not None:
            self._call_line(held)
        return text

    def _keywords(self, text: Text) -> None:
        """Twilio's default handling: it keeps the list and answers, and the webhook is called all the same."""
        word = text.body.strip().lower()
        if word in STOP and self.memory.block(text.to, text.from_):
            self._reply(text, _KEYWORDS["stopped"])
        elif word in START and self.memory.unblock(text.to, text.from_):
            self._reply(text, _KEYWORDS["started"])

    def _reply(self, inbound: Text, words: str) -> None:
        text = self.memory.add(direction="outbound-reply", from_=inbound.to, to=inbound.from_, body=words,
                               status="queued")  # fmt: skip
        self._carry(text)

    def _hold(self, text: Text) -> bool:
        """Keep this text back until the phone's next one. False if one is held already."""
        with self._held_lock:
            return self._held.setdefault(text.from_, text) is text

    def _call_line(self, text: Text) -> None:
        """Post the webhook; copies on lanes of their own, so that they arrive at the same time."""
        luck = self.memory.faults.on_webhook(f"{text.from_} {text.body}")
        if luck.dropped:
            self.memory.change(text.sid, webhook="failed")
            return
        for copy in range(1 + luck.copies):
            lane = f"inbound {text.from_}" if copy == 0 else f"copy {copy} {text.sid}"
            self._lanes.put(lane, lambda c=copy: self._post_inbound(text, c), luck.delay_s)

    def _post_inbound(self, text: Text, copy: int) -> None:
        form = inbound_fields(text, self.settings.account_sid)
        outcome = post(self.settings.inbound_url, form, self.settings.auth_token)
        self.memory.note(kind="inbound", sid=text.sid, copy=copy, http_status=outcome.http_status,
                         attempts=outcome.attempts)  # fmt: skip
        if not outcome.taken and self.settings.fallback_url:
            why = fallback_fields(self.settings.inbound_url, outcome.http_status)
            outcome = post(self.settings.fallback_url, form | why, self.settings.auth_token)
            self.memory.note(kind="fallback", sid=text.sid, copy=copy, http_status=outcome.http_status,
                             attempts=outcome.attempts)  # fmt: skip
        if copy == 0:
            self.memory.change(text.sid, webhook="done" if outcome.taken else "failed")
        if not self.memory.blocked(text.to, text.from_):
            for words in outcome.says:
                self._reply(text, words)

    # Around both

    def line_type(self, number: str) -> str:
        """`landline`, `mobile` or, for what no phone can have, `unknown`."""
        phone = self.memory.phone(number)
        if (phone and phone.landline) or number.endswith(LANDLINE_ENDING):
            return "landline"
        return "mobile" if possible(number) else "unknown"

    def set_faults(self, faults: Faults) -> None:
        """Throw the switches. Texts held for reordering go on when that switch is off."""
        self.memory.set_faults(faults)
        if faults.reorder_inbound:
            return
        with self._held_lock:
            held = list(self._held.values())
            self._held.clear()
        for text in held:
            self._call_line(text)

    def _take_up(self) -> None:
        """What was under way when the process ended goes on."""
        for text in self.memory.texts():
            if text.direction == "inbound" and text.webhook == "pending":
                self._call_line(text)
            elif text.direction != "inbound" and text.status not in FINAL:
                self._carry(text)


def possible(number: str) -> bool:
    """Could E.164 give this number to a phone?"""
    if not number.startswith("+"):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def _may_be_called(url: str) -> bool:
    parts = urlsplit(url)
    return not url or (parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in parts.hostname)
