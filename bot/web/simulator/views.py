"""What lies on the table? The simulated phones and their threads, read from the simulated carrier."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers

from bot.simulator.control import Control
from bot.store.directory import ReporterPhone
from bot.web.simulator.replies import Quick, for_person, for_reporter

SHOWN = 8
"""Phones on the table unless all are asked for: those that were used last."""
THREAD = 60
_WORDS = {
    "queued": "on its way",
    "accepted": "on its way",
    "sending": "on its way",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "not delivered",
    "failed": "failed",
}
_ARRIVAL = {"pending": "on its way", "done": "delivered", "failed": "the line did not answer"}


@dataclass(frozen=True, slots=True)
class Text:
    """One text as the phone shows it: `mine` was typed on this phone."""

    mine: bool
    body: str
    state: str
    trouble: bool


@dataclass(frozen=True, slots=True)
class Phone:
    phone_id: str
    name: str
    about: str
    """Whose phone it is, if it is not just anybody's."""
    texts: tuple[Text, ...]
    quick: Quick


@dataclass(frozen=True, slots=True)
class Table:
    phones: tuple[Phone, ...]
    more: int
    """Phones that are not shown."""
    everything: bool


Reporters = Mapping[str, ReporterPhone]
"""By number: the phones of places that report what is open."""


def table(control: Control, reporters: Reporters, *, everything: bool) -> Table:
    """Raises ControlError when the simulated carrier does not answer."""
    known = control.phones()
    shown = known if everything else known[:SHOWN]
    # In a fixed order, people before places: a phone must not jump away from under somebody's hand when a text comes.
    ordered = sorted((str(one["number"]) in reporters, str(one["number"]), one["label"]) for one in shown)
    phones = tuple(_phone(control, number, label, reporters) for _, number, label in ordered)
    return Table(phones, len(known) - len(shown), everything)


def is_shown(control: Control, number: str) -> bool:
    """Whether this phone lies on the table without being asked for."""
    return number in {str(one["number"]) for one in control.phones()[:SHOWN]}


def free_number(control: Control, taken: Collection[str]) -> str | None:
    """A number that belongs to nobody, is not in `taken`, and lies on no table yet."""
    used = {str(one["number"]) for one in control.phones()} | set(taken)
    areas = ("210", "512", "713", "206")
    free = [number for area in areas for n in range(100, 200) if (number := f"+1{area}5550{n}") not in used]
    return secrets.choice(free) if free else None


def phone_id(number: str) -> str:
    """A name for a phone in addresses and pages, so that a number is in neither."""
    return "p" + hashlib.sha256(number.encode()).hexdigest()[:10]


def number_of(control: Control, wanted: str) -> str | None:
    return next((str(one["number"]) for one in control.phones() if phone_id(str(one["number"])) == wanted), None)


def is_fictional(number: str) -> bool:
    """555-0100 to 555-0199 of any North American area code: kept for stories, given to nobody."""
    return re.fullmatch(r"\+1[2-9]\d{2}55501\d{2}", number) is not None


def _phone(control: Control, number: str, label: str, reporters: Reporters) -> Phone:
    texts = tuple(_text(one) for one in control.thread(number)[-THREAD:])
    reporter = reporters.get(number)
    received = [text.body for text in texts if not text.mine]
    if reporter is not None:
        about = f"Reports for a place in {reporter.region}"
        return Phone(phone_id(number), reporter.code_name, about, texts, for_reporter(received, reporter))
    return Phone(phone_id(number), label or _national(number), "", texts, for_person(received, has_written=bool(texts)))


def _text(one: Mapping[str, Any]) -> Text:
    mine = one["direction"] == "in"
    state = _ARRIVAL.get(str(one.get("webhook")), "") if mine else _WORDS.get(str(one["status"]), str(one["status"]))
    trouble = one.get("webhook") == "failed" if mine else one["status"] in ("undelivered", "failed")
    code = f" ({one['error_code']})" if trouble and one.get("error_code") else ""
    return Text(mine, str(one["body"]) or "(no words)", state + code, trouble)


def _national(number: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
