"""Does a row's condition hold? One function, over what the cursor knows; conditions never look outside."""

from __future__ import annotations

from collections.abc import Callable

from flows.cursor import Cursor
from flows.events import AdvocateFinished
from flows.script import Guard


def holds(guard: Guard, cursor: Cursor) -> bool:
    return _CHECKS[guard.kind](cursor, guard.argument) is guard.wanted


def _answer(cursor: Cursor, argument: str) -> bool:
    slot, _, value = argument.partition("=")
    return cursor.reading.answers.get(slot) == value


def _filled(cursor: Cursor, _: str) -> bool:
    expecting = cursor.script.expecting(cursor.before.state)
    return expecting is not None and expecting.slot in cursor.reading.answers


def _code_ok(cursor: Cursor, _: str) -> bool:
    given = cursor.reading.answers.get("code_word")
    return given is not None and given == cursor.answers.get("code_word")


def _outcome(cursor: Cursor, argument: str) -> bool:
    return isinstance(cursor.event, AdvocateFinished) and cursor.event.outcome == argument


def _wants_feedback(cursor: Cursor, _: str) -> bool:
    return isinstance(cursor.event, AdvocateFinished) and cursor.event.feedback


_CHECKS: dict[str, Callable[[Cursor, str], bool]] = {
    "mark": lambda c, a: a in c.marks,
    "flag": lambda c, a: a in c.flags,
    "noticed": lambda c, a: a in c.reading.flags,
    "has": lambda c, a: a in c.answers,
    "answer": _answer,
    "guessed": lambda c, a: f"{a}_guess" in c.reading.answers,
    "option": lambda c, a: c.reading.option == a,
    "undecided": lambda c, a: a in c.undecided,
    "outcome": _outcome,
    "door": lambda c, a: c.door == a,
    "resume": lambda c, a: c.resume == a,
    "filled": _filled,
    "safe_now": lambda c, _: c.safe_now,
    "short_time": lambda c, _: c.reading.short_time,
    "first_miss": lambda c, _: c.misses == 0,
    "coded": lambda c, _: "code_word" in c.answers,
    "code_ok": _code_ok,
    "none_found": lambda c, _: c.found.get("count") == 0,
    "two_options": lambda c, _: len(c.options) > 1,
    "told_nothing": lambda c, _: c.told() == "",
    "told_too_much": lambda c, _: c.told() is None,
    "wants_feedback": _wants_feedback,
    "named_language": lambda c, _: c.reading.other_language is not None,
}
