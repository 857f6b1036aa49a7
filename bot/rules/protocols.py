"""Who must be told, by whom, within what time, with which backup? By jurisdiction and trigger; data, looked up.

The most specific row wins and its parents fill the gaps. The machine contacts nobody: what is found here is a script
for a human with a name and a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

TRIGGERS = (
    "danger", "suicide", "medical", "minor", "foreign_minor", "foreign_adult", "missing_child", "labour", "le_report",
)  # fmt: skip
OF_FLAGS: Mapping[str, str] = {
    "danger": "danger", "suicide": "suicide", "medical": "medical", "minor": "minor",
}  # fmt: skip
"""What the machine itself may see in a text, and the trigger it is. Every other trigger is a human's to set: nobody is
asked by a machine where they were born. A worry about wages is help that somebody wants, and waits for their yes."""
EVERYWHERE = "US"
FRESH_FOR = timedelta(days=365)
_VERIFIED = ("verified_at", "verified_by")


@dataclass(frozen=True, slots=True)
class Protocol:
    """One row with its gaps filled."""

    jurisdiction: str
    trigger: str
    first: str
    backup: str
    by: str
    backup_after_minutes: int
    due_minutes: int
    deadline: str
    consent: str
    record: str
    source: str
    verified_at: date | None = None
    verified_by: str = ""

    def must_be_confirmed(self, today: date) -> bool:
        """Shown in red: nobody has looked at this row for twelve months, or ever."""
        return self.verified_at is None or today - self.verified_at > FRESH_FOR

    def script(self) -> str:
        """For the human whose task it is; kept with the task, so that a later row does not rewrite what was said."""
        lines = (
            ("Where", self.jurisdiction), ("First", self.first), ("If there is no answer", self.backup),
            ("Time", self.deadline), ("Ask", self.consent), ("Write down", self.record), ("Source", self.source),
            ("Verified", str(self.verified_at or "never: confirm it before use")),
        )  # fmt: skip
        return "\n".join(f"{name}: {text}" for name, text in lines)


class ProtocolError(ValueError):
    """A row of protocols.toml is wrong; the words say which."""


class Protocols:
    """The rows, by (jurisdiction, trigger)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._rows: dict[tuple[str, str], Mapping[str, Any]] = {}
        known = {field.name for field in fields(Protocol)}
        for row in document.get("protocol", ()):
            key = (str(row.get("jurisdiction")), str(row.get("trigger")))
            if not set(row) <= known or key in self._rows or key[1] not in (*TRIGGERS, "*"):
                raise ProtocolError(f"protocols.toml: {key[0]} {key[1]}: not a row, or there twice")
            self._rows[key] = row
        for jurisdiction, body in document.get("intake", {}).items():
            self._rows.setdefault((jurisdiction, "minor"), {"jurisdiction": jurisdiction, "first": body})
        for trigger in TRIGGERS:
            self.lookup(EVERYWHERE, trigger)  # the last resort must be whole for each

    def lookup(self, jurisdiction: str, trigger: str) -> Protocol:
        """The row for this place, or its nearest parent's. Raises ProtocolError for a trigger that does not exist."""
        found: dict[str, Any] = {}
        for place in reversed(list(_up(jurisdiction))):
            for word in ("*", trigger):
                if row := self._rows.get((place, word)):
                    # Whoever verified the parent has not looked at this one.
                    found = {name: found[name] for name in found if name not in _VERIFIED} | dict(row)
        found["trigger"] = trigger
        try:
            return Protocol(**found)
        except TypeError:
            raise ProtocolError(f"protocols.toml: {EVERYWHERE} {trigger}: a column is missing") from None

    def has_own(self, jurisdiction: str, trigger: str) -> bool:
        return (jurisdiction, trigger) in self._rows

    def unconfirmed(self, today: date) -> int:
        """How many rows nobody has verified for twelve months, or ever."""
        written = [key for key in self._rows if key[1] != "*"]
        return sum(self.lookup(*key).must_be_confirmed(today) for key in written)


def _up(jurisdiction: str) -> Iterable[str]:
    """US-TX-453, US-TX, US."""
    parts = jurisdiction.split("-")
    for length in range(len(parts), 0, -1):
        yield "-".join(parts[:length])
    if parts[0] != EVERYWHERE:
        yield EVERYWHERE


def jurisdiction_of(area: object, states: Mapping[str, frozenset[str]]) -> str:
    """The state a person's area lies in, if it lies in one alone; else the country. Never from a phone number."""
    if not isinstance(area, Mapping):
        return EVERYWHERE
    one, many = area.get("zip3"), area.get("zip3s")
    zip3s = {one} if isinstance(one, str) else set(many) if isinstance(many, list | tuple) else set()
    within = [letters for letters, of_state in states.items() if zip3s and zip3s <= of_state]
    return f"{EVERYWHERE}-{within[0].upper()}" if len(within) == 1 else EVERYWHERE
