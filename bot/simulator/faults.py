"""What goes wrong on purpose? The switches a test or a demonstration sets through POST /sim/faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

LIMIT = 100_000


class BadFault(ValueError):
    """A switch that does not exist, or a value it cannot take."""


@dataclass(frozen=True, slots=True)
class Faults:
    """All off by default. The whole numbers under "next" count down with each text the line hands over."""

    duplicate_inbound: int = 0
    """So many more copies of every inbound webhook, posted at the same time."""
    delay_inbound_s: float = 0.0
    reorder_inbound: bool = False
    """A phone's text waits until its next one has been posted, or until the switch is off."""
    duplicate_receipts: int = 0
    drop_receipts: bool = False
    reorder_receipts: bool = False
    """`delivered` is posted before `sent`."""
    undelivered_code: int = 0
    """Every text ends `undelivered` with this error code."""
    answer_429: int = 0
    """The next so many are refused as too many at once, with `retry_after_s`."""
    retry_after_s: int = 7
    answer_500: int = 0
    """The next so many are not kept, and answered 500."""
    accept_then_500: int = 0
    """The next so many are kept and carried, and answered 500."""
    accept_then_hang_up: int = 0
    accept_then_wrong_json: int = 0
    slow_s: float = 0.0
    """Every text is answered this late, after it was kept."""

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
        return cls(**document)
