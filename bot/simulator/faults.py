"""What goes wrong on purpose? The switches a test or a demonstration sets through POST /sim/faults.

Besides the switches there is weather: with `odds` above zero each request, webhook and receipt meets its own bad luck,
drawn from the seed and from what it is about and from nothing else. The same seed is the same weather, whatever order
the threads come in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

LIMIT = 100_000

BEFORE = ("answer_429", "answer_500", "hang_up")
AFTER = ("accept_then_500", "accept_then_hang_up", "accept_then_wrong_json", "accept_then_slow")
"""What may befall a text that the line hands over, before the carrier has kept it and after. Names of switches, but
for the last, which is `slow_s` for one text."""

LONGEST_RETRY_AFTER_S = 9
LONGEST_DELAY_S = 2.0


class BadFault(ValueError):
    """A switch that does not exist, or a value it cannot take."""


@dataclass(frozen=True, slots=True)
class WebhookLuck:
    """How one inbound text is told to the line: so many more copies, so late, or not at all."""

    copies: int = 0
    delay_s: float = 0.0
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptLuck:
    """How the receipts of one text come: so many more of each, backwards, before the answer to its creation, never."""

    copies: int = 0
    reordered: bool = False
    early: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Faults:
    """All off by default. The whole numbers under "next" count down with each text the line hands over."""

    duplicate_inbound: int = 0
    """So many more copies of every inbound webhook, posted at the same time."""
    delay_inbound_s: float = 0.0
    drop_inbound: bool = False
    """No webhook at all: the text stands in the carrier's list alone."""
    reorder_inbound: bool = False
    """A phone's text waits until its next one has been posted, or until the switch is off."""
    duplicate_receipts: int = 0
    drop_receipts: bool = False
    reorder_receipts: bool = False
    """`delivered` is posted before `sent`."""
    early_receipts: bool = False
    """`sent` is posted before the request that created the text is answered."""
    undelivered_code: int = 0
    """Every text ends `undelivered` with this error code."""
    answer_429: int = 0
    """The next so many are refused as too many at once, with `retry_after_s`."""
    retry_after_s: int = 7
    answer_500: int = 0
    """The next so many are not kept, and answered 500."""
    hang_up: int = 0
    """The next so many are not kept, and the connection is closed instead of an answer."""
    accept_then_500: int = 0
    """The next so many are kept and carried, and answered 500."""
    accept_then_hang_up: int = 0
    accept_then_wrong_json: int = 0
    slow_s: float = 0.0
    """Every text is answered this late, after it was kept."""
    seed: int = 0
    odds: float = 0.0
    """The weather: with these odds, from 0 to 1, each request, webhook and set of receipts meets some bad luck."""

    def on_request(self, subject: str) -> str:
        """What befalls this request: a name of BEFORE or AFTER, or nothing."""
        return self._draw("request", subject, (*BEFORE, *AFTER))

    def on_list(self, subject: str) -> bool:
        """Whether this look at the list is answered 500."""
        return bool(self._draw("list", subject, ("answer_500",)))

    def retry_after(self, subject: str) -> int:
        """How long a refused request is told to wait."""
        return self._dice("retry", subject).randint(1, LONGEST_RETRY_AFTER_S) if self.odds else self.retry_after_s

    def on_webhook(self, subject: str) -> WebhookLuck:
        """The switches, and the weather on top."""
        usual = WebhookLuck(self.duplicate_inbound, self.delay_inbound_s, self.drop_inbound)
        late_s = self._dice("delay", subject).uniform(0, LONGEST_DELAY_S) if self.odds else 0.0
        match self._draw("webhook", subject, ("copies", "delay", "drop")):
            case "copies":
                return WebhookLuck(usual.copies + 2, usual.delay_s, usual.dropped)
            case "delay":
                return WebhookLuck(usual.copies, usual.delay_s + late_s, usual.dropped)
            case "drop":
                return WebhookLuck(dropped=True)
        return usual

    def on_receipts(self, subject: str) -> ReceiptLuck:
        """The switches, and the weather on top."""
        usual = ReceiptLuck(self.duplicate_receipts, self.reorder_receipts, self.early_receipts, self.drop_receipts)
        match self._draw("receipts", subject, ("copies", "reorder", "early", "drop")):
            case "copies":
                return ReceiptLuck(usual.copies + 1, usual.reordered, usual.early, usual.dropped)
            case "reorder":
                return ReceiptLuck(usual.copies, True, usual.early, usual.dropped)
            case "early":
                return ReceiptLuck(usual.copies, usual.reordered, True, usual.dropped)
            case "drop":
                return ReceiptLuck(dropped=True)
        return usual

    def _draw(self, what: str, subject: str, among: Sequence[str]) -> str:
        if not self.odds:
            return ""
        dice = self._dice(what, subject)
        return dice.choice(among) if dice.random() < self.odds else ""

    def _dice(self, what: str, subject: str) -> random.Random:
        return random.Random(f"{self.seed} {what} {subject}")

    @classmethod
    def from_json(cls, document: Any) -> Faults:
        """The switches this document sets; all others are off. Raises BadFault."""
        if not isinstance(document, Mapping):
            raise BadFault("expected a JSON object of switches")
        known = {field.name: type(field.default) for field in fields(cls)}
        for name, value in document.items():
            kind = known.get(name)
            if kind is None:
                raise BadFault("no such switch")
            allowed = (int, float) if kind is float else (kind,)
            # `True` is an int to Python and a mistake to us.
            if type(value) not in allowed or not 0 <= value <= LIMIT:
                raise BadFault(f"{name} takes a {kind.__name__} from 0 to {LIMIT}")
        if document.get("odds", 0) > 1:
            raise BadFault("odds are from 0 to 1")
        return cls(**document)
