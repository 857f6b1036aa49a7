"""What of an uploaded list becomes a campaign? All of its good rows or nothing; of the others a row and a reason.

Look-ups at the carrier happen before the transaction: no transaction is open across a network call.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import log
from bot.errors import SendError
from bot.ports import SmsCarrier
from bot.rules.hours import DEFAULT_WINDOW, valid_window
from bot.rules.may_send import over_cap
from bot.rules.recipients import Rejected, Row, Sheet, Unreadable, read_sheet
from bot.services import Services
from bot.store import audit, campaigns, pacing
from bot.store.db import Database, Tx
from bot.usecases.campaign_pace import unfit_words
from bot.usecases.refusal import Refused

LOOKUP_S = 15.0
"""So long an import may ask the carrier about lines; what is not answered by then counts as unknown, and is texted."""
_LOOKUPS_AT_ONCE = 8
_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the author chose. `window` is local hours, end exclusive; `area` is a region of the directory, or empty."""

    name: str
    key: str = "O1"
    sender: str = "Ana"
    area: str = ""
    window: tuple[int, int] = DEFAULT_WINDOW


@dataclass(frozen=True, slots=True)
class Imported:
    """`report` is the contract's shape: rows = accepted + duplicates + invalid + suppressed + cooldown + landline +
    no_basis."""

    campaign_id: str
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    """What we know of the numbers of a sheet, at one moment."""

    phone_keys: Mapping[str, str]
    suppressed: frozenset[str]
    people: Mapping[str, tuple[str, str | None]]
    histories: Mapping[str, campaigns.History]
    at: datetime


def import_recipients(database: Database, services: Services, *, data: bytes, wanted: Wanted,
                      author_id: str) -> Imported | Refused:  # fmt: skip
    """A draft campaign with its recipients, or the reason why there is none."""
    with database.reading() as tx:
        refused = unfit(tx, services, wanted)
    if refused is not None:
        return refused
    sheet = read_sheet(data, services.settings.default_region)
    if isinstance(sheet, Unreadable):
        return Refused(sheet.reason)
    with database.reading() as tx:
        known = _learn(tx, sheet.accepted)
    candidates, _ = _split(sheet.accepted, known, {})
    line_types = _line_types(services.carrier, candidates, known)
    with database.transaction() as tx:
        # Asked again here: someone may have said STOP while the carrier was being asked.
        accepted, turned_away = _split(sheet.accepted, _learn(tx, sheet.accepted), line_types)
        report = _report(sheet, accepted, turned_away)
        campaign_id = campaigns.add(
            tx, name=wanted.name.strip(), key=wanted.key, area=wanted.area, sender=wanted.sender, window=wanted.window,
            report=report, author_id=author_id,
        )  # fmt: skip
        campaigns.add_recipients(tx, campaign_id, [_stored(row, line_types) for row in accepted])
        audit.record(tx, act="campaign_imported", staff_id=author_id, object_id=campaign_id, detail=str(len(accepted)))
    log.event("campaign_imported", campaign_id=campaign_id, count=len(accepted))
    return Imported(campaign_id, public_report(report))


def public_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report as the contract shows it: counts, and the rows that are invalid."""
    names = ("rows", "accepted", "duplicates", "invalid", "suppressed", "cooldown", "landline", "no_basis")
    return {name: report[name] for name in names}


def unfit(tx: Tx, services: Services, wanted: Wanted) -> Refused | None:
    """Why this cannot be a campaign, whatever the list: its name, words, hours or area."""
    if not 0 < len(wanted.name.strip()) <= _NAME_LENGTH or not wanted.name.isprintable():
        return Refused(f"Give the campaign a name of at most {_NAME_LENGTH} characters.")
    if not valid_window(*wanted.window):
        start, end = DEFAULT_WINDOW
        return Refused(f"The hours must lie between {start} and {end}, local time: they can be narrowed, not widened.")
    if wanted.area and wanted.area not in pacing.regions(tx):
        return Refused("There is no program in that area. Choose one of the directory's areas.")
    return unfit_words(services, key=wanted.key, sender=wanted.sender, area=wanted.area)


def _learn(tx: Tx, rows: Sequence[Row]) -> _Known:
    keys = {row.number: tx.keys.index("phone", row.number) for row in rows}
    people = campaigns.known(tx, keys.values())
    histories = campaigns.histories(tx, [person_id for person_id, _ in people.values()])
    return _Known(keys, campaigns.suppressed(tx, keys.values()), people, histories, tx.now)


def _split(rows: Sequence[Row], known: _Known, line_types: Mapping[str, str]) -> tuple[list[Row], list[Rejected]]:
    accepted: list[Row] = []
    turned_away: list[Rejected] = []
    for row in rows:
        rejected = _turned_away(row, known, line_types)
        if rejected is None:
            accepted.append(row)
        else:
            turned_away.append(rejected)
    return accepted, turned_away


def _turned_away(row: Row, known: _Known, line_types: Mapping[str, str]) -> Rejected | None:
    key = known.phone_keys[row.number]
    if key in known.suppressed:
        return Rejected(row.row, "suppressed", "this number has said stop")
    person_id, line_type = known.people.get(key, ("", None))
    history = known.histories.get(person_id)
    if history is not None:
        cap = over_cap(known.at, released_before=history.released_before, last_unanswered_at=history.last_unanswered_at)
        if cap is not None:
            words = "three campaign texts are the most for a lifetime" if cap == "lifetime_cap" else (
                "texted less than 180 days ago, without an answer"
            )  # fmt: skip
            return Rejected(row.row, "cooldown", words)
    if (line_type or line_types.get(row.number)) == "landline":
        return Rejected(row.row, "landline", "a landline cannot get texts")
    return None


def _line_types(carrier: SmsCarrier, rows: Sequence[Row], known: _Known) -> dict[str, str]:
    """number -> line type, for those the carrier could name in time. What is known already is not asked again."""
    asked = [row.number for row in rows if known.people.get(known.phone_keys[row.number], ("", None))[1] is None]
    give_up_at = time.monotonic() + LOOKUP_S

    def ask(number: str) -> str:
        if time.monotonic() > give_up_at:
            return "unknown"
        try:
            return carrier.line_type(number)
        except SendError:
            return "unknown"

    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="line-type") as pool:
        answers: Iterator[str] = pool.map(ask, asked)
        return {number: answer for number, answer in zip(asked, answers, strict=True) if answer != "unknown"}


def _stored(row: Row, line_types: Mapping[str, str]) -> dict[str, str]:
    stored = {"number": row.number, "language": row.language, "basis": row.basis}
    line_type = line_types.get(row.number)
    return stored if line_type is None else {**stored, "line_type": line_type}


def _report(sheet: Sheet, accepted: Sequence[Row], turned_away: Sequence[Rejected]) -> dict[str, Any]:
    rejected = sorted([*sheet.rejected, *turned_away], key=lambda one: one.row)
    kinds = [one.kind for one in rejected]
    return {
        "rows": sheet.rows,
        "accepted": len(accepted),
        "duplicates": kinds.count("duplicates"),
        "invalid": [{"row": one.row, "reason": one.reason} for one in rejected if one.kind == "invalid"],
        "suppressed": kinds.count("suppressed"),
        "cooldown": kinds.count("cooldown"),
        "landline": kinds.count("landline"),
        "no_basis": kinds.count("no_basis"),
        "rejected": [{"row": one.row, "kind": one.kind, "reason": one.reason} for one in rejected],
    }
