"""Are a program's hours read as they were typed, and is what nobody can be sure of given back?"""

from __future__ import annotations

from typing import Any

import pytest

from bot.rules.intake import hours_in_words, read_hours, wrong


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("Mon-Fri 9:00-17:00", ["Mon-Fri 09:00-17:00"]),
        ("mon \u2013 fri 9 to 17\n\nSat 10-14:30", ["Mon-Fri 09:00-17:00", "Sat 10:00-14:30"]),
        ("daily 0-24", ["daily 00:00-24:00"]),
        ("tuesday, thursday 8:30-12", ["Tue, Thu 08:30-12:00"]),
        ("Fri-Mon 20:00-23:59", ["Mon, Fri, Sat, Sun 20:00-23:59"]),
        ("", []),
    ],
)
def test_hours_are_read_and_said_again(typed: str, again: list[str]) -> None:
    read = read_hours(typed)
    assert isinstance(read, list)
    assert hours_in_words(read) == again
    assert read_hours("\n".join(again)) == read  # what is shown can be put in again
    assert wrong({"hours": read}) is None


@pytest.mark.parametrize("typed", ["whenever", "Mon-Fri", "9-17", "Mon 17-9", "Mon 9-25", "Funday 9-17", "Mon 9:75-10"])
def test_a_line_nobody_can_be_sure_of_comes_back(typed: str) -> None:
    assert read_hours(f"Tue 9-17\n{typed}") == typed


@pytest.mark.parametrize(
    ("intake", "good"),
    [
        ({}, True),
        ({"warm_transfer": True, "by": ["phone"], "who_calls": "advocate"}, True),
        ({"interview_minutes": 20, "decision_within_h": 4, "needs_docs": ["photo ID"]}, True),
        ({"warm_transfer": "yes"}, False),
        ({"by": ["pigeon"]}, False),
        ({"interview_minutes": 0}, False),
        ({"decision_within_h": True}, False),
        ({"needs_docs": ["a\nb"]}, False),
        ({"hours": [{"byday": "MO", "opens_at": "18:00", "closes_at": "09:00"}]}, False),
        ({"street": "9 Maple Street"}, False),
    ],
)
def test_what_may_be_kept(intake: dict[str, Any], good: bool) -> None:
    assert (wrong(intake) is None) is good
