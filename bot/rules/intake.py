"""How is somebody brought in, and when does a program do that? What staff write down, as it is kept and as it is said.

`{"warm_transfer": true, "by": ["phone"], "who_calls": "advocate", "interview_minutes": 20, "decision_within_h": 4,
"needs_docs": ["photo ID"], "hours": [{"byday": "MO,TU", "opens_at": "09:00", "closes_at": "17:00"}]}`; what is not
known is left out. Hours are the program's own, local to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

BY = ("phone", "text", "web")
WHO_CALLS = ("advocate", "person")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST_MINUTES, LONGEST_HOURS, MOST_LINES, MOST_DOCS = 480, 720, 14, 10
_NAMES = {
    "mo": 0, "mon": 0, "monday": 0, "tu": 1, "tue": 1, "tues": 1, "tuesday": 1, "we": 2, "wed": 2, "wednesday": 2,
    "th": 3, "thu": 3, "thur": 3, "thurs": 3, "thursday": 3, "fr": 4, "fri": 4, "friday": 4, "sa": 5, "sat": 5,
    "saturday": 5, "su": 6, "sun": 6, "sunday": 6,
}  # fmt: skip
_SAID = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LINE = re.compile(r"([a-z ,\-]+?)\s+(\d{1,2})(?::(\d\d))?\s*(?:-|to)\s*(\d{1,2})(?::(\d\d))?", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


def read_hours(text: str) -> list[dict[str, str]] | str:
    """Lines such as "Mon-Fri 9:00-17:00" or "daily 0-24"; a line nobody can be sure of comes back as it was typed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        return lines[MOST_LINES]
    hours = []
    for line in lines:
        found = _LINE.fullmatch(" ".join(line.lower().replace("\u2013", "-").split()))
        days = _days(found[1]) if found else None
        opens, closes = (_time(found[2], found[3]), _time(found[4], found[5])) if found else (None, None)
        if not days or opens is None or closes is None or opens >= closes:
            return line
        hours.append({"byday": ",".join(DAYS[day] for day in days), "opens_at": opens, "closes_at": closes})
    return hours


def hours_in_words(hours: Sequence[Mapping[str, str]]) -> list[str]:
    """The same lines again, so that what was typed can be changed."""
    return [f"{_days_in_words(one.get('byday', ''))} {one.get('opens_at', '?')}-{one.get('closes_at', '?')}"
            for one in hours]  # fmt: skip


def wrong(intake: Mapping[str, Any]) -> str | None:
    """Why this may not be kept; None when it may."""
    rules = {
        "warm_transfer": lambda v: isinstance(v, bool),
        "by": lambda v: isinstance(v, list) and bool(v) and set(v) <= set(BY),
        "who_calls": lambda v: v in WHO_CALLS,
        "interview_minutes": lambda v: type(v) is int and 0 < v <= LONGEST_MINUTES,
        "decision_within_h": lambda v: type(v) is int and 0 < v <= LONGEST_HOURS,
        "needs_docs": lambda v: isinstance(v, list) and len(v) <= MOST_DOCS and all(_is_word(one) for one in v),
        "hours": lambda v: isinstance(v, list) and len(v) <= MOST_LINES and all(_is_open(one) for one in v),
    }
    for name, value in intake.items():
        if name not in rules:
            return f"There is no such thing as {name} about how somebody is brought in."
        if not rules[name](value):
            return f"{name.replace('_', ' ').capitalize()} is not as it can be kept."
    return None


def _days(words: str) -> list[int] | None:
    """ "mon-fri, sun" as days of the week; None when a word is none."""
    if words.strip() in ("daily", "every day", "all days"):
        return list(range(7))
    days: set[int] = set()
    for part in re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", words.strip())):
        first, _, last = part.partition("-")
        if first not in _NAMES or (last and last not in _NAMES):
            return None
        begins, ends = _NAMES[first], _NAMES[last or first]
        days |= {day % 7 for day in range(begins, ends + 1 if ends >= begins else ends + 8)}
    return sorted(days)


def _time(hour: str, minute: str | None) -> str | None:
    made = f"{int(hour):02}:{minute or '00'}"
    return made if _TIME.fullmatch(made) else None


def _days_in_words(byday: str) -> str:
    days = [DAYS.index(day) for day in byday.split(",") if day in DAYS]
    if len(days) == 7:
        return "daily"
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{_SAID[days[0]]}-{_SAID[days[-1]]}"
    return ", ".join(_SAID[day] for day in days)


def _is_word(word: object) -> bool:
    return isinstance(word, str) and 0 < len(word) <= 60 and word.isprintable()


def _is_open(one: object) -> bool:
    if not isinstance(one, dict) or set(one) != {"byday", "opens_at", "closes_at"}:
        return False
    days = str(one["byday"]).split(",")
    opens, closes = str(one["opens_at"]), str(one["closes_at"])
    return set(days) <= set(DAYS) and bool(_TIME.fullmatch(opens) and _TIME.fullmatch(closes)) and opens < closes
