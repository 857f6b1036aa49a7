"""What is the simulator's carrier without its HTTP and its clock? The same bad luck, in the tests' own time.

What really reached the carrier is kept here and is the ground truth: `texts` from the line, `heard` from the phones.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.errors import SendError
from bot.ports import CarrierMessage, Clock, OutboundText
from bot.simulator.carrier import START, STOP
from bot.simulator.faults import Faults
from tests.proof.account import Heard, Taken

OURS = "+12105550100"
TRIES = 3
"""How often a webhook is posted before it is given up: twice again (bot/simulator/webhooks.py)."""

UNDELIVERED = "30003"


class Network(Protocol):
    """What lies around the carrier."""

    def reach(self, point: str) -> None: ...

    def later(self, after_s: float, deed: Callable[[], None]) -> None: ...

    def post_inbound(self, text: Heard, *, attempt: int) -> None: ...

    def post_receipt(self, text: Taken, status: str, code: str, *, attempt: int) -> None: ...

    def claimed_at(self, message_id: str) -> datetime | None: ...

    def tell(self, what: str) -> None: ...


@dataclass
class _Row:
    message: CarrierMessage
    at: datetime


class SimCarrier:
    """The SmsCarrier of a simulated run."""

    def __init__(self, clock: Clock, network: Network, faults: Faults, dice: random.Random) -> None:
        self.texts: list[Taken] = []
        self.heard: list[Heard] = []
        self.faults = faults
        self._clock, self._network, self._dice = clock, network, dice
        self._rows: list[_Row] = []
        self._requests: Counter[str] = Counter()
        self._blocked: set[str] = set()

    # From the line

    def send(self, text: OutboundText) -> str:
        """One request: it may be refused, lost before or after the carrier took it, or answered."""
        self._network.reach("deliver.before_post")
        self._requests[text.to] += 1
        subject = f"{text.to} {self._requests[text.to]}"
        befell = self.faults.on_request(subject)
        self._network.tell(f"post {text.body[:24]!r}: {befell or 'well'}")
        if befell == "answer_429":
            raise SendError("20429", "later", "Too many at once.", float(self.faults.retry_after(subject)))
        if befell in ("answer_500", "hang_up"):
            raise SendError(befell, "unknown", "No answer to rely on.")
        if text.to in self._blocked:
            raise SendError("21610", "refused", "This number has opted out at the carrier.")
        taken = self._take(text)
        self._network.reach("deliver.after_post")
        if befell:
            raise SendError(befell, "unknown", "No answer to rely on.")
        return taken.sid

    def _take(self, text: OutboundText) -> Taken:
        at = self._clock.now()
        taken = Taken(self._sid(), text.message_id, text.to, text.body, at, self._network.claimed_at(text.message_id))
        self.texts.append(taken)
        self._list(CarrierMessage(taken.sid, "outbound-api", OURS, text.to, text.body, "queued", None, None), at)
        self._carry(taken)
        return taken

    def _carry(self, text: Taken) -> None:
        end, code = ("undelivered", UNDELIVERED) if self._dice.random() < 0.1 else ("delivered", "")
        text.ends, steps = end, [("sent", ""), (end, code)]
        luck = self.faults.on_receipts(f"{text.to} {text.body} {len(self.texts)}")
        if luck.dropped:
            return
        if luck.reordered:
            steps.reverse()
        wait = 0.0 if luck.early else self._dice.uniform(0.1, 3)
        for status, error in steps:
            for _ in range(1 + luck.copies):
                self._receipt_later(text, status, error, wait)
            wait += self._dice.uniform(0.1, 3)

    def _receipt_later(self, text: Taken, status: str, code: str, wait: float) -> None:
        self._network.later(wait, lambda: self._network.post_receipt(text, status, code, attempt=1))

    def look_up(self, *, to: str, since: datetime) -> Sequence[CarrierMessage]:
        """Newest first, whole seconds."""
        self._network.reach("settle.before_look_up")
        self._requests["list"] += 1
        if self.faults.on_list(f"{to} {self._requests['list']}"):
            raise SendError("500", "later", "The carrier could not answer; it will be asked again.", 5.0)
        found = [r.message for r in self._since(since) if r.message.direction == "outbound-api" and r.message.to == to]
        self._network.reach("settle.after_look_up")
        return found

    def inbound_since(self, since: datetime, until: datetime | None = None) -> Sequence[CarrierMessage]:
        """Newest first, whole seconds."""
        self._network.reach("reconcile.before_look_up")
        self._requests["list"] += 1
        if self.faults.on_list(f"inbound {self._requests['list']}"):
            raise SendError("500", "later", "The carrier could not answer; it will be asked again.", 5.0)
        rows = [row for row in self._since(since) if until is None or row.at < until]
        found = [row.message for row in rows if row.message.direction == "inbound"]
        self._network.reach("reconcile.after_look_up")
        return found

    def redact(self, provider_sid: str) -> None:
        """Empty the body."""
        for row in self._rows:
            if row.message.provider_sid == provider_sid:
                row.message = replace(row.message, body="")

    def line_type(self, number: str) -> str:
        """Every phone here is a mobile."""
        return "mobile"

    # From a phone

    def text_in(self, from_: str, body: str) -> Heard:
        """A phone texts: kept in the list, and on the stop list if it is such a word; then the line is told."""
        text = Heard(self._sid(), from_, body, self._clock.now())
        self.heard.append(text)
        self._network.tell(f"{from_[-4:]} texts {body!r}")
        self._list(CarrierMessage(text.sid, "inbound", from_, OURS, body, "received", None, None), text.at)
        word = body.strip().lower()
        if word in STOP:
            self._blocked.add(from_)
        elif word in START:
            self._blocked.discard(from_)
        luck = self.faults.on_webhook(f"{from_} {body} {len(self.heard)}")
        if luck.dropped:
            text.given_up = True
            return text
        for copy in range(1 + luck.copies):
            wait = luck.delay_s + self._dice.uniform(0, 0.5) * copy
            self._network.later(wait, lambda: self._network.post_inbound(text, attempt=1))
        return text

    def _sid(self) -> str:
        return f"SM{len(self._rows) + 1:032x}"

    def _list(self, message: CarrierMessage, at: datetime) -> None:
        self._rows.append(_Row(replace(message, date_created=at.replace(microsecond=0)), at))

    def _since(self, since: datetime) -> list[_Row]:
        first = since.replace(microsecond=0)
        return [row for row in reversed(self._rows) if row.at >= first]
