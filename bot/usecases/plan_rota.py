"""Who will be there, and who stands behind them? A lead plans by the clock on the wall; everybody may end their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.phrases import counted, phrase, phrases
from bot.rules.rota import LINES, week_by_week
from bot.store import audit, handoffs, rota, rota_board, staff
from bot.store.db import Database, Tx
from bot.store.rota_board import AWAY, ON_CALL, SHIFT, Planned
from bot.usecases.refusal import Refused

WEEKS = 26
_LONGEST: Mapping[str, timedelta] = {SHIFT: timedelta(hours=24), ON_CALL: timedelta(days=31), AWAY: timedelta(days=366)}
_NAMES = phrases({SHIFT: "A shift", ON_CALL: "On-call", AWAY: "Leave"})
_LINES: Mapping[str, int] = {word: line for line, word in LINES.items()}
HOLIDAY = "holiday"
WHAT = (SHIFT, *_LINES, AWAY, HOLIDAY)
"""What may be planned: a shift, a line of on-call, leave, or a day on which no planned shift counts."""


def plan(database: Database, *, what: str, staff_id: str, starts: datetime, ends: datetime, weeks: int, zone: ZoneInfo,
         by_id: str) -> int | Refused:  # fmt: skip
    """`starts` and `ends` are times on the wall; the same hours on so many weeks. Answers how many were planned:
    all, or none."""
    kind = SHIFT if what == SHIFT else ON_CALL if what in _LINES else AWAY
    refused = _no_span(kind, starts, ends, weeks)
    if what not in WHAT or refused:
        return refused or Refused("Choose what to plan.")
    spans = week_by_week(starts, ends, weeks, zone)
    if spans is None:
        return Refused("One of these hours never comes: the clocks go forward that night. Choose another.")
    with database.transaction() as tx:
        if what != HOLIDAY:
            account = staff.get(tx, staff_id)
            if account is None or not account.may(("advocate", "lead", "admin")):
                return Refused("Choose a colleague who answers people.")
        if spans[-1][1] <= tx.now:
            return Refused("That is over already.")
        if kind == SHIFT and _twice(tx, staff_id, spans):
            return Refused("They have a shift then already. Nothing was planned.")
        for starts_at, ends_at in spans:
            _write(tx, what, staff_id, starts_at, ends_at)
        audit.record(tx, act=f"{kind}_planned", staff_id=by_id, object_id=None if what == HOLIDAY else staff_id,
                     detail=f"{what} {len(spans)}")  # fmt: skip
    return len(spans)


def _no_span(kind: str, starts: datetime, ends: datetime, weeks: int) -> Refused | None:
    if ends <= starts:
        return Refused("It ends before it begins.")
    if ends - starts > _LONGEST[kind]:
        hours = _LONGEST[kind] // timedelta(hours=1)
        if hours <= 24:
            return Refused(phrase("%(what)s is %(n)s hours at the most.", what=_NAMES[kind], n=hours))
        return Refused(phrase("%(what)s is %(n)s days at the most.", what=_NAMES[kind], n=hours // 24))
    return None if 1 <= weeks <= WEEKS else Refused(phrase("Repeat it for 1 to %(weeks)s weeks.", weeks=WEEKS))


def _twice(tx: Tx, staff_id: str, spans: list[tuple[datetime, datetime]]) -> bool:
    standing = [one for one in rota_board.between(tx, spans[0][0], spans[-1][1])
                if one.kind == SHIFT and one.staff_id == staff_id]  # fmt: skip
    return any(one.starts_at < ends and one.ends_at > starts for one in standing for starts, ends in spans)


def _write(tx: Tx, what: str, staff_id: str, starts_at: datetime, ends_at: datetime) -> None:
    if what == SHIFT:
        staff.plan_shift(tx, staff_id, starts_at, ends_at)
    elif what in _LINES:
        rota.put_on_call(tx, staff_id, _LINES[what], starts_at, ends_at)
    else:
        rota.add_absence(tx, None if what == HOLIDAY else staff_id, starts_at, ends_at)


def end_planned(database: Database, *, kind: str, planned_id: str, by_id: str, is_lead: bool) -> Refused | None:
    """Taken out of the plan, or over now if it has begun. None means done."""
    with database.transaction() as tx:
        one = rota_board.get(tx, kind, planned_id)
        if one is None or not (is_lead or one.staff_id == by_id):
            return Refused("This is nothing of yours.")
        if one.ends_at <= tx.now:
            return Refused("It is over already.")
        refused = _left_alone(tx, one)
        if refused is not None:
            return refused
        rota_board.end(tx, one)
        audit.record(tx, act=f"{kind}_ended", staff_id=by_id, object_id=one.staff_id)
    return None


def _left_alone(tx: Tx, one: Planned) -> Refused | None:
    """A running shift of somebody who holds people does not end: whoever they hold would be left without an answer."""
    if one.kind != SHIFT or one.starts_at > tx.now or one.staff_id is None:
        return None
    held = len(handoffs.owned_by(tx, one.staff_id))
    said = counted(
        "%(n)s person is in their hands. Give them on first.",
        "%(n)s people are in their hands. Give them on first.",
        held,
    )
    return Refused(said) if held else None
