"""Which words stand ready for an advocate? The first line, what is true of a held place, and those of the copy files.

They are put in the draft and never sent by themselves. Only what is signed off, and only what is true: an hour is named
only where it is known whose clock it is on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.hours import BY_DAY, Place, next_safe, safe_now
from bot.rules.lint import READY
from bot.rules.phrases import phrase
from bot.services import Services
from bot.store import people, staff, threads
from bot.store.conversations import Stored
from bot.store.db import Tx
from bot.store.staff import Staff
from bot.usecases.signed_off import wording_at_the_gate
from flows.wording import Wording

FIRST = ("H0", "M3", "M4", "V1", "E1")
"""The first line of a human, a place held, a place that ran out, a hello, how it was."""
NEXT_HOUR, SHIFT_ENDS = "RW4", "RW5"


@dataclass(frozen=True, slots=True)
class Canned:
    key: str
    when: str
    text: str


def ready_words(tx: Tx, services: Services, account: Staff, stored: Stored, place: Place) -> tuple[Canned, ...]:
    """In the person's language."""
    wording, language = wording_at_the_gate(tx, services), stored.conversation.language
    draft_is_fine = services.settings.allow_unreviewed_texts
    fields: dict[str, str | int] = {"NAME": account.alias, "BRAND": services.settings.brand}
    found = []
    for key, more in _true(tx, account, stored, wording, place):
        if draft_is_fine or wording.is_reviewed(key, language):
            text = wording.render(key, language, {**fields, **more})
            found.append(Canned(key, phrase(wording.text(key, "en").when), text))
    return tuple(found)


def _true(tx: Tx, account: Staff, stored: Stored, wording: Wording,
          place: Place) -> Iterator[tuple[str, dict[str, str | int]]]:  # fmt: skip
    """Each text that is true now, with the figures it names."""
    hours = {NEXT_HOUR: _next_hour(tx, stored, place), SHIFT_ENDS: staff.shift_of(tx, account.staff_id)}
    held_until = threads.held_until(tx, stored.conversation_id)
    for key in (*FIRST, *(key for key in wording.keys if READY.fullmatch(key))):
        if key in hours:
            said = _on_their_clock(hours[key], place, wording, stored.conversation.language)
            if said:
                yield key, {"TIME": said}
        elif key == "M3":
            left = (held_until - tx.now) // timedelta(hours=1) if held_until else 0
            if left:
                yield key, {"H": left}
        else:
            yield key, {}


def _next_hour(tx: Tx, stored: Stored, place: Place) -> datetime | None:
    person = people.get(tx, stored.person_id)
    hours = BY_DAY if person is None or person.safe_hours is None else person.safe_hours
    return next_safe(place, tx.now, hours) if hours and not safe_now(place, tx.now, hours) else None


def _on_their_clock(at: datetime | None, place: Place, wording: Wording, language: str) -> str:
    """Empty where their clock is not known for certain."""
    shown = {wording.time_of_day(at.astimezone(ZoneInfo(zone)), language) for zone in place.zones} if at else set()
    return shown.pop() if len(shown) == 1 else ""
