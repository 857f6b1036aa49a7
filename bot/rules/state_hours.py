"""In which hours may a solicitation reach a number of this state, on this day? Dated data: state_hours.toml beside it.

The file is part of the rule, as phonenumbers' tables are part of phonenumbers: read once, when the rule is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

Hours = tuple[int, int]


@dataclass(frozen=True, slots=True)
class StateWindow:
    """Local hours, `from` inclusive, `to` exclusive; None is a day on which nothing may be sent."""

    state: str
    weekday: Hours
    saturday: Hours | None
    sunday: Hours | None
    holidays: bool
    """False: closed on federal holidays."""
    since: date
    until: date
    source: str
    read_on: date

    def on(self, day: date, *, holiday: bool) -> Hours | None:
        if holiday and not self.holidays:
            return None
        return (*(self.weekday,) * 5, self.saturday, self.sunday)[day.weekday()]


def window_on(state: str, day: date) -> StateWindow | None:
    """The state's window in force on this day; None where it has none, or not yet, or no longer."""
    return next((window for window in WINDOWS.get(state, ()) if window.since <= day < window.until), None)


def read_windows(document: Mapping[str, Any]) -> dict[str, tuple[StateWindow, ...]]:
    """Raises ValueError for hours that are none, and for a day on which two windows of a state would hold."""
    windows: dict[str, tuple[StateWindow, ...]] = {}
    for row in document["window"]:
        window = _window(row)
        for other in windows.get(window.state, ()):
            if window.since < other.until and other.since < window.until:
                raise ValueError(f"{window.state}: two windows hold on one day")
        windows[window.state] = (*windows.get(window.state, ()), window)
    return windows


def _window(row: Mapping[str, Any]) -> StateWindow:
    return StateWindow(
        state=row["state"],
        weekday=_hours(row["weekday"]),
        saturday=_hours(row["saturday"]) if "saturday" in row else None,
        sunday=_hours(row["sunday"]) if "sunday" in row else None,
        holidays=row.get("holidays", True),
        since=row.get("from", date.min),
        until=row.get("until", date.max),
        source=row["source"],
        read_on=row["read_on"],
    )


def _hours(pair: list[int]) -> Hours:
    start, end = pair
    if not 0 <= start < end <= 24:
        raise ValueError(f"{start} to {end} are no hours")
    return start, end


_DOCUMENT = tomllib.loads(files(__package__).joinpath("state_hours.toml").read_text(encoding="utf-8"))

WINDOWS: Mapping[str, tuple[StateWindow, ...]] = read_windows(_DOCUMENT)

STATE_OF: Mapping[str, str] = {
    code: state for state, codes in _DOCUMENT["area_codes"].items() for code in codes.split()
}
"""Area code -> state, for the states that have a window."""
