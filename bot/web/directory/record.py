"""What stands on the screen of one program? Its read model: a phone's last two digits are all of any number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.rules.continuum import RULES
from bot.rules.intake import hours_in_words
from bot.rules.vetting import CRITERIA_REVERIFY_AFTER
from bot.store import (
    directory,
    directory_board,
    directory_criteria,
    directory_program,
    holds,
    links,
    openings,
    reporter_invites,
    staff,
)
from bot.store.db import Tx
from bot.store.directory_board import Program
from bot.store.directory_criteria import Specialisation
from bot.store.directory_program import Mark
from bot.store.links import Given
from bot.store.openings import Said
from bot.web.directory import views
from bot.web.directory.chart import Drawn, draw

HISTORY = 30
"""Counts of each stock on its chart and in its table."""
RULE_NAMES = {
    "phone": "Phone kept", "curfew": "Curfew", "visitors": "Visitors", "search_on_entry": "Search on entry",
    "work_allowed": "Work allowed", "smoking": "Smoking", "faith": "Faith activity", "leave_freely": "Leave freely",
    "meds": "Own medicine",
}  # fmt: skip
HOLD_STATES = {"asked": ("asked, no answer yet", "warn"), "held": ("held", "good")}
VIA = {"sms": "text", "web": "their link", "api": "their system", "call": "telephone", "hold": "answer to a hold",
       "seed": "at the start", "import": "import"}  # fmt: skip
BY_NAMES = {"phone": "by telephone", "text": "by text", "web": "on a page of theirs"}
WHO_NAMES = {"advocate": "our advocate first", "person": "the person"}
HARDNESSES = {"hard": "always", "soft": "rather not", "ask_human": "ask each time"}
SOURCES = {"staff": "staff", "csv": "an import", "hsds": "an import", "refusal": "a refusal", "seed": "the start"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said of whom it serves or what it asks."""

    criterion_id: str
    facet: str
    value: str
    basis: str
    hardness: str
    source: str
    verified_at: datetime | None
    due: bool

    @property
    def settled(self) -> bool:
        """Nobody needs to ask about it now."""
        return self.verified_at is not None and not self.due


@dataclass(frozen=True, slots=True)
class StockShown:
    """A stock, its count now and its history."""

    count: views.Count
    history: tuple[Said, ...]
    chart: Drawn | None


@dataclass(frozen=True, slots=True)
class Speaker:
    """A number that may report, or was asked to: its end, and a keyed hash to mean it by."""

    which: str
    end: str
    language: str
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole screen."""

    program: Program
    stocks: tuple[StockShown, ...]
    rules: tuple[tuple[str, str], ...]
    intake: tuple[tuple[str, str], ...]
    criteria: tuple[Line, ...]
    marks: tuple[Mark, ...]
    holds: tuple[holds.Hold, ...]
    reporters: tuple[Speaker, ...]
    invites: tuple[Speaker, ...]
    """Numbers that were asked to report and have not said yes."""
    hours: tuple[str, ...]
    known_for: tuple[Specialisation, ...]
    links: tuple[Given, ...]
    aliases: Mapping[str, str]


def shown(tx: Tx, program: Program) -> Shown:
    given = links.live_of(tx, program.program_id)
    live = holds.live_of(tx, program.program_id)
    names = {one.staff_id for one in (*given, *live) if one.staff_id}
    return Shown(
        program=program,
        stocks=tuple(_stock(tx, program, one) for one in directory_board.known(tx, program_id=program.program_id)),
        rules=tuple((RULE_NAMES[rule], said(program.facets.get(rule))) for rule in RULES),
        intake=tuple(_intake(*one) for one in program.intake.items()),
        criteria=_criteria(tx, program),
        marks=tuple(directory_program.marks_of(tx, program.program_id)),
        holds=tuple(live),
        reporters=tuple(_speaker(tx, *one) for one in directory.reporters_of(tx, program.program_id)),
        invites=tuple(_speaker(tx, one.number, one.language, one.asked_at)
                      for one in reporter_invites.of_program(tx, program.program_id)),
        known_for=tuple(directory_criteria.specialisations_of(tx, program.program_id)),
        hours=tuple(hours_in_words(program.intake.get("hours", ()))),
        links=tuple(given),
        aliases=staff.aliases(tx, names),
    )  # fmt: skip


def _intake(key: str, value: Any) -> tuple[str, str]:
    return key.replace("_", " ").capitalize(), "; ".join(hours_in_words(value)) if key == "hours" else said(value)


def _speaker(tx: Tx, number: str, language: str, asked_at: datetime | None = None) -> Speaker:
    return Speaker(tx.keys.index("phone", number), f"…{number[-2:]}", language, asked_at)


def _stock(tx: Tx, program: Program, known: directory_board.Known) -> StockShown:
    history = tuple(openings.history(tx, [known.stock_id], limit=HISTORY))
    drawn = draw(history, maximum=known.maximum, life=known.life, now=tx.now,
                 resets_at=program.facets.get("resets_at"), timezone=program.facets.get("timezone"))  # fmt: skip
    return StockShown(views.counted(known), history, drawn)


def _criteria(tx: Tx, program: Program) -> tuple[Line, ...]:
    """What waits for somebody first, then what is older than it may be, then the rest."""
    lines = [
        Line(one.criterion_id, one.facet.replace("_", " "), said(one.value), one.basis, one.hardness, one.source,
             one.verified_at, one.verified_at is not None and tx.now - one.verified_at >= CRITERIA_REVERIFY_AFTER)
        for one in directory_criteria.of_program(tx, program.program_id, with_stocks=True)
    ]  # fmt: skip
    return tuple(sorted(lines, key=lambda line: (line.verified_at is not None, not line.due)))


def said(value: Any) -> str:
    """A facet's value as a person would say it."""
    match value:
        case None:
            return "not said: ask"
        case bool():
            return "yes" if value else "no"
        case "ask":
            return "ask"
        case dict():
            return ", ".join(f"{key.replace('_', ' ')} {said(one)}" for key, one in value.items()) or "yes"
        case list() | tuple():
            return ", ".join(str(one).replace("_", " ") for one in value) or "none"
    return str(value).replace("_", " ")
