"""Who did what, and who looked? The record, for leads and auditors: ids, names of staff, call-signs, and no content.

Looking at it, taking it along and verifying it stand in it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response, render_template, request

from bot.rules.phrases import phrase
from bot.store import audit, audit_search, staff
from bot.store.audit_search import Asked, Line
from bot.store.bulk import chunks
from bot.store.db import Tx
from bot.usecases.verify_audit import Verified, verify_audit
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import words
from bot.web.desk.room import RECORD, as_csv, blueprint

SHOWN = 100
LONGEST_FILE = 20_000
VERIFIED = "record_verified"
_ID = re.compile(r"[0-9a-f]{32}")
_ACT = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Shown:
    """One line, in words."""

    line: Line
    who: str
    what: str
    whom: str
    """A call-sign, a colleague, or an id nobody can read anything from."""


@blueprint.get("/audit")
@roles(*RECORD)
def record() -> str:
    """The latest lines, or those that are asked for."""
    return _page()


@blueprint.post("/audit/verify")
@roles(*RECORD)
def verify_record() -> str:
    """Walk the chain now: has any line been changed, taken out or slipped in?"""
    verified = verify_audit(services().database)
    _note(VERIFIED, f"{len(verified.faults)} faults")
    return _page(verified)


@blueprint.get("/audit.csv")
@roles(*RECORD)
def record_file() -> Response:
    """What is asked for, as a file."""
    asked, _ = _asked()
    _note("record_taken")
    with services().database.reading() as tx:
        shown = _in_words(tx, audit_search.find(tx, asked, LONGEST_FILE))
    heads = ("line", "at", "staff", "staff_id", "act", "object", "object_id", "detail")
    rows = [(one.line.audit_id, one.line.at.isoformat(), one.who, one.line.staff_id or "", one.line.act, one.whom,
             one.line.object_id or "", one.line.detail or "") for one in shown]  # fmt: skip
    return as_csv("record.csv", [heads, *rows])


def _page(verified: Verified | None = None) -> str:
    asked, typed = _asked()
    if verified is None:
        _note("record_viewed")
    with services().database.reading() as tx:
        found = audit_search.find(tx, asked, SHOWN + 1)
        shown = _in_words(tx, found[:SHOWN])
        seq, digest, _ = audit.head(tx)
        unlinked = len(audit.unlinked(tx, tx.now - audit.SETTLED))
        people = staff.aliases(tx, audit_search.colleagues(tx))
        acts = audit_search.acts(tx)
        before = audit_search.find(tx, Asked(act=VERIFIED), 1)
    older = found[SHOWN - 1].audit_id if len(found) > SHOWN else ""
    return render_template(
        "desk/audit.html", shown=shown, typed=typed, older=older, seq=seq, digest=digest, unlinked=unlinked,
        verified=verified, before=before[0] if before else None, people=sorted(people.items(), key=lambda one: one[1]),
        acts=[(act, words.plain(act)) for act in acts], zone=services().settings.desk_zone.key,
    )  # fmt: skip


def _note(act: str, detail: str | None = None) -> None:
    with services().database.transaction() as tx:
        audit.record(tx, act=act, staff_id=signed_in().staff_id, detail=detail)


def _asked() -> tuple[Asked, dict[str, str]]:
    """What stands in the address, and only what can be something: anything else excludes nothing."""
    given, zone = request.values, services().settings.desk_zone
    typed = {
        "who": _fitting(given, "who", _ID), "act": _fitting(given, "act", _ACT),
        "object": _fitting(given, "object", _ID),
        "from": given.get("from", "")[:10], "until": given.get("until", "")[:10],
    }  # fmt: skip
    since, until = _midnight(typed["from"], zone), _midnight(typed["until"], zone)
    if until is not None:
        until += timedelta(days=1)  # that day too
    kept = {name: value for name, value in typed.items() if value}
    asked = Asked(typed["who"], typed["act"], typed["object"], since, until, _fitting(given, "before", _ID))
    return asked, {name: value for name, value in kept.items()
                   if name not in ("from", "until") or _midnight(value, zone) is not None}  # fmt: skip


def _fitting(given: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = given.get(name, "").strip().lower()
    return value if form.fullmatch(value) else ""


def _midnight(day: str, zone: ZoneInfo) -> datetime | None:
    try:
        typed = date.fromisoformat(day)
    except ValueError:
        return None
    if not 2000 <= typed.year <= 2200:
        return None
    return datetime(typed.year, typed.month, typed.day, tzinfo=zone).astimezone(UTC)


def _in_words(tx: Tx, lines: list[Line]) -> list[Shown]:
    """A few at a time: a statement takes only so many ids."""
    return [one for some in chunks(lines) for one in _named(tx, some)]


def _named(tx: Tx, lines: Sequence[Line]) -> list[Shown]:
    objects = {one.object_id for one in lines if one.object_id}
    names = staff.aliases(tx, {one.staff_id for one in lines if one.staff_id} | objects)
    signs = audit_search.call_signs(tx, objects)
    return [
        Shown(one, names.get(one.staff_id or "", phrase("The line itself")), words.plain(one.act),
              signs.get(one.object_id or "") or names.get(one.object_id or "", ""))
        for one in lines
    ]  # fmt: skip
