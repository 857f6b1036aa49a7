"""Who is there, by day, and when is nobody? The plan of the next two weeks, by the clock on the desk's wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.phrases import listed, phrase
from bot.rules.rota import LINES, Gap, Span, days, gaps, without
from bot.store import rota_board, staff
from bot.store.db import Tx
from bot.store.rota_board import AWAY, KINDS, ON_CALL, SHIFT, Planned
from bot.usecases import plan_rota
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk.door import DESK
from bot.web.desk.room import LEAD, blueprint
from bot.web.tongue import day, flash

AHEAD_DAYS = 14
WHAT = (("shift", phrase("A shift")), ("first", phrase("On call, first")), ("second", phrase("On call, second")),
        ("director", phrase("On call, director")),
        ("away", phrase("Leave")), ("holiday", phrase("A holiday: no planned shift counts")))  # fmt: skip
_ALL_DAY = phrase("all day")
_TYPED = ("what", "who", "starts", "ends", "weeks")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the plan, in words."""

    planned: Planned
    name: str
    what: str
    hours: str
    off: str
    """Why a planned shift does not count, where it does not."""
    may_end: bool


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    is_today: bool
    lines: tuple[Line, ...]
    gaps: tuple[str, ...]


@blueprint.get("/shifts")
@roles(*DESK)
def shifts() -> str:
    """Two weeks ahead, and where nobody is on."""
    return _page()


@blueprint.post("/shifts")
@roles(*LEAD)
def plan() -> AnyResponse | tuple[str, int]:
    typed = {name: request.form.get(name, "").strip()[:40] for name in _TYPED}
    starts, ends = _wall(typed["starts"]), _wall(typed["ends"])
    weeks = int(typed["weeks"]) if typed["weeks"].isascii() and typed["weeks"].isdecimal() else 0
    made: int | Refused = Refused("Give the day and the time at which it begins, and at which it ends.")
    if starts is not None and ends is not None:
        built = services()
        made = plan_rota.plan(
            built.database, what=typed["what"].replace("\x00", ""), staff_id=typed["who"].replace("\x00", ""),
            starts=starts, ends=ends, weeks=weeks, zone=built.settings.desk_zone, by_id=signed_in().staff_id,
        )  # fmt: skip
    if isinstance(made, Refused):
        return _page(problem=made.reason, typed=typed), 409
    flash("Planned." if made == 1 else phrase("Planned, %(made)s times.", made=made))
    return redirect(url_for("team.shifts"))


@blueprint.post("/shifts/<kind>/<id:planned_id>/end")
@roles(*DESK)
def end_planned(kind: str, planned_id: str) -> AnyResponse | tuple[str, int]:
    """A lead ends any; an advocate their own."""
    if kind not in KINDS:
        abort(404)
    me = signed_in()
    refused = plan_rota.end_planned(services().database, kind=kind, planned_id=planned_id, by_id=me.staff_id,
                                    is_lead=me.may(LEAD))  # fmt: skip
    if refused:
        return _page(problem=refused.reason), 409
    flash("Taken out of the plan.")
    return redirect(url_for("team.shifts"))


def _wall(typed: str) -> datetime | None:
    try:
        return datetime.strptime(typed, "%Y-%m-%dT%H:%M")  # the zone is the desk's, and put to it there
    except ValueError:
        return None


def _page(**more: Any) -> str:
    built, me = services(), signed_in()
    zone = built.settings.desk_zone
    with built.database.reading() as tx:
        shown = _days(tx, zone, me.staff_id, is_lead=me.may(LEAD))
        people = [(one.staff_id, one.alias) for one in staff.every(tx) if one.may(("advocate", "lead", "admin"))]
        now = tx.now
    mine = [line for day in shown for line in day.lines if line.planned.staff_id == me.staff_id]
    return render_template(
        "desk/shifts.html", days=shown, mine=list({line.planned.planned_id: line for line in mine}.values()),
        people=people, what=WHAT, zone=zone.key, weeks=plan_rota.WEEKS, can_plan=me.may(LEAD),
        uncovered=sum(len(day.gaps) for day in shown), today=f"{now.astimezone(zone):%Y-%m-%d}", **more,
    )  # fmt: skip


def _days(tx: Tx, zone: ZoneInfo, me: str, *, is_lead: bool) -> list[Day]:
    edges = days(tx.now, AHEAD_DAYS, zone)
    first, last = edges[0][0], edges[-1][1]
    plan = rota_board.between(tx, first, last)
    names = staff.aliases(tx, [one.staff_id for one in plan if one.staff_id])
    on, behind = _counting(plan)
    empty = gaps(on, behind, max(first, tx.now), last)
    found = []
    for begins, ends in edges:
        lines = [_line(one, names, zone, (begins, ends), plan, may_end=is_lead or one.staff_id == me)
                 for one in plan if one.starts_at < ends and one.ends_at > begins]  # fmt: skip
        words = [_gap(gap, names, zone, begins, ends) for gap in empty if gap.starts_at < ends and gap.ends_at > begins]
        local = begins.astimezone(zone)
        found.append(Day(day(local, "EEE d MMM"), begins <= tx.now < ends, tuple(lines), tuple(words)))
    return found


def _counting(plan: list[Planned]) -> tuple[list[Span], list[Span]]:
    """The shifts and the on-call that stand: leave undoes both, a holiday the planned shifts alone."""
    away = [Span(one.starts_at, one.ends_at, one.staff_id) for one in plan if one.kind == AWAY]
    leave = [one for one in away if one.staff_id is not None]
    spans = {kind: [one for one in plan if one.kind == kind] for kind in (SHIFT, ON_CALL)}
    planned = [Span(one.starts_at, one.ends_at, one.staff_id) for one in spans[SHIFT] if one.planned]
    by_hand = [Span(one.starts_at, one.ends_at, one.staff_id) for one in spans[SHIFT] if not one.planned]
    on_call = [Span(one.starts_at, one.ends_at, one.staff_id, one.line) for one in spans[ON_CALL]]
    return [*without(planned, away), *by_hand], without(on_call, leave)


def _line(one: Planned, names: dict[str, str], zone: ZoneInfo, day: tuple[datetime, datetime], plan: list[Planned], *,
          may_end: bool) -> Line:  # fmt: skip
    on_call = phrase("on call, %(line)s", line=LINES.get(one.line, ""))
    what = {SHIFT: phrase("on shift"), ON_CALL: on_call, AWAY: phrase("away")}[one.kind]
    if one.kind == AWAY and one.staff_id is None:
        return Line(one, phrase("Holiday"), phrase("planned shifts do not count"), _hours(one, zone, *day), "", may_end)
    off = ""
    if one.kind == SHIFT and one.planned:
        begins, ends = max(one.starts_at, day[0]), min(one.ends_at, day[1])
        touching = [hole for hole in plan if hole.kind == AWAY and hole.staff_id in (None, one.staff_id)
                    and hole.starts_at < ends and hole.ends_at > begins]  # fmt: skip
        if touching:
            off = phrase("holiday") if touching[0].staff_id is None else phrase("on leave")
    return Line(one, names.get(one.staff_id or "", phrase("A colleague")), what, _hours(one, zone, *day), off, may_end)


def _hours(one: Planned | Gap, zone: ZoneInfo, begins: datetime, ends: datetime) -> str:
    """Within this day. The hour that comes twice is told apart by the name of its zone."""
    starts_at, ends_at = max(one.starts_at, begins).astimezone(zone), min(one.ends_at, ends).astimezone(zone)
    if starts_at <= begins.astimezone(zone) and ends_at >= ends.astimezone(zone):
        return _ALL_DAY
    from_zone = f" {starts_at:%Z}" if starts_at.tzname() != ends_at.tzname() else ""
    until = "24:00" if ends_at >= ends.astimezone(zone) else f"{ends_at:%H:%M}"
    return f"{starts_at:%H:%M}{from_zone}–{until}" + (f" {ends_at:%Z}" if from_zone else "")


def _gap(gap: Gap, names: dict[str, str], zone: ZoneInfo, begins: datetime, ends: datetime) -> str:
    hours = _hours(gap, zone, begins, ends)
    of_week = day(begins.astimezone(zone), "EEE")
    when = phrase("%(day)s, all day", day=of_week) if hours == _ALL_DAY else f"{of_week} {hours}"
    if not gap.on_call:
        return phrase("Nobody on %(when)s; nobody on call either: leads and admins are called", when=when)
    behind = listed(phrase("%(line)s %(name)s", line=LINES[line], name=names.get(who) or phrase("a colleague"))
                    for line, who in gap.on_call)  # fmt: skip
    return phrase("Nobody on %(when)s; on-call: %(behind)s", when=when, behind=behind)
