"""What lies on the table? The simulated phones and their threads, read from the simulated carrier."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers

from bot.simulator.control import Control

SHOWN = 8
"""Phones on the table unless all are asked for: those that were used last."""
THREAD = 60
_OPTION = re.compile(r"(?<!\S)(\d) ([^.?!]{2,40}?)(?=\s*(?:[.?!]|\s\d |$))")
_NAMED = re.compile(r"(\w+): (\d)\.")
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
    texts: tuple[Text, ...]
    quick: tuple[tuple[str, str], ...]
    """Suggested answers: what to send, and what it means."""


@dataclass(frozen=True, slots=True)
class Table:
    phones: tuple[Phone, ...]
    more: int
    """Phones that are not shown."""
    everything: bool


def table(control: Control, *, everything: bool) -> Table:
    """Raises ControlError when the simulated carrier does not answer."""
    known = control.phones()
    shown = known if everything else known[:SHOWN]
    # In a fixed order: a phone must not jump away from under somebody's hand when a text comes.
    phones = tuple(_phone(control, one) for one in sorted(shown, key=lambda one: str(one["number"])))
    return Table(phones, len(known) - len(shown), everything)


def phone_id(number: str) -> str:
    """A name for a phone in addresses and pages, so that a number is in neither."""
    return "p" + hashlib.sha256(number.encode()).hexdigest()[:10]


def number_of(control: Control, wanted: str) -> str | None:
    return next((str(one["number"]) for one in control.phones() if phone_id(str(one["number"])) == wanted), None)


def is_fictional(number: str) -> bool:
    """555-0100 to 555-0199 of any North American area code: kept for stories, given to nobody."""
    return re.fullmatch(r"\+1[2-9]\d{2}55501\d{2}", number) is not None


def quick_answers(texts: Sequence[Text]) -> tuple[tuple[str, str], ...]:
    """The numbered answers the last text offers, else a greeting for a phone that has said nothing."""
    last = next((text for text in reversed(texts) if not text.mine), None)
    if last is None:
        return () if texts else (("Hi", "Hi"), ("Hola", "Hola"))
    found: dict[str, str] = {}
    for number, words in _OPTION.findall(last.body):
        if number == str(len(found) + 1):  # options count up from one; other figures ("3 ZIP digits") do not
            found[number] = f"{number} {words.strip()}"
    for words, number in _NAMED.findall(last.body):
        found.setdefault(number, f"{number} {words}")
    single = re.search(r"(?:Reply|Responde|Text|Manda) (\d)\b", last.body)
    if not found and single:
        found[single[1]] = single[1]
    return tuple(found.items())


def _phone(control: Control, known: Mapping[str, Any]) -> Phone:
    number = str(known["number"])
    texts = tuple(_text(one) for one in control.thread(number)[-THREAD:])
    return Phone(phone_id(number), str(known.get("label") or "") or _national(number), texts, quick_answers(texts))


def _text(one: Mapping[str, Any]) -> Text:
    mine = one["direction"] == "in"
    state = _ARRIVAL.get(str(one.get("webhook")), "") if mine else _WORDS.get(str(one["status"]), str(one["status"]))
    trouble = one.get("webhook") == "failed" if mine else one["status"] in ("undelivered", "failed")
    code = f" ({one['error_code']})" if trouble and one.get("error_code") else ""
    return Text(mine, str(one["body"]) or "(no words)", state + code, trouble)


def _national(number: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
