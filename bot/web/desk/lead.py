"""Who is least safe now, and who is there for them? The board of a lead: everybody at once, and a way in.

It is asked for anew every few seconds, as the advocates' board is, and answered only when something has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.errors import SendError
from bot.rules.figures import length
from bot.rules.least_safe import Standing, least_safe_first, since, standing
from bot.rules.phrases import counted, phrase, phrases
from bot.rules.presence import Presence
from bot.rules.rota import LINES
from bot.services import Services
from bot.store import audit, canaries, handoff_offers, lead_board, presence, rota, staff, threads
from bot.store.db import Tx
from bot.store.lead_board import AtRisk, OpenRow
from bot.usecases import canary, offer, transfer
from bot.usecases.claim import Claimed
from bot.usecases.line_health import Health, line_health
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import act_words, words
from bot.web.desk.reach import KINDS
from bot.web.desk.room import LEAD, blueprint
from bot.web.tongue import flash
from bot.web.unchanged import etag, unless_same

RISK_WITHIN = timedelta(minutes=15)
SHOWN, LOOKED_AT = 100, 1_000
STANDINGS = {Standing.LATE: (phrase("Nobody has them, and it is late"), "bad"),
             Standing.WAITING: (phrase("Nobody has them"), "warn"),
             Standing.UNSEEN: (phrase("Wrote, and was not seen"), "bad"),
             Standing.UNANSWERED: (phrase("Seen, not answered"), "warn"),
             Standing.HELD: (phrase("Answered"), "good")}  # fmt: skip
HERE = {Presence.HERE: (phrase("Here"), "good"), Presence.RESTING: (phrase("On a break"), "info"),
        Presence.AWAY: (phrase("Away"), "warn"),
        Presence.UNPROVEN: (phrase("Never heard this shift"), "bad"),
        Presence.OFF: (phrase("Off"), "plain")}  # fmt: skip
STATES = phrases({"offered": "offered to somebody", "transferring": "being given on", "parked": "until their hour",
          "until_safe": "until they are safe", "wrap_up": "to be written up"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One person who is open."""

    open: OpenRow
    how: Standing
    since: datetime
    owner: str
    mine: bool
    asks_for_help: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One colleague on shift."""

    alias: str
    presence: Presence
    load: int
    capacity: int
    ends_at: datetime | None
    ways: tuple[tuple[str, datetime | None, bool], ...]
    """Each way to call them: when it was last heard, and whether it works."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Whoever is on call on one line, and when each could last be reached."""

    line: str
    people: tuple[tuple[str, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class LeadBoard:
    now: datetime
    rows: tuple[Row, ...]
    hidden: int
    team: tuple[Member, ...]
    behind: tuple[Behind, ...]
    next_shift_at: datetime | None
    promises: tuple[AtRisk, ...]
    aliases: dict[str, str]
    health: Health

    @property
    def nobodys(self) -> int:
        return sum(row.open.owner_id is None for row in self.rows)

    @property
    def words(self) -> str:
        trouble = sum(row.how < Standing.HELD for row in self.rows)
        if not trouble:
            return phrase("Nobody waits for a human")
        return counted("%(n)s waits for a human", "%(n)s wait for a human", trouble)


@blueprint.get("/lead")
@roles(*LEAD)
def lead() -> str:
    """Everybody who is open, the least safe first."""
    fragment = _fragment()
    return render_template("desk/lead.html", fragment=fragment, etag=etag(fragment))


@blueprint.get("/lead/live")
@roles(*LEAD)
def lead_live() -> Response:
    """The part that changes: 304 while it has not."""
    return unless_same(_fragment())


@blueprint.post("/lead/<id:handoff_id>/take")
@roles(*LEAD)
def take_person(handoff_id: str) -> AnyResponse | tuple[str, int]:
    """Out of a colleague's hands, who is told: with a reason, which is asked for."""
    built, why = services(), request.form.get("why", "")
    answer = transfer.take_over(
        built.database, built, handoff_id=handoff_id, lead_id=signed_in().staff_id, why=why
    )  # fmt: skip
    if isinstance(answer, Claimed):
        return redirect(url_for("desk.conversation", conversation_id=answer.conversation_id))
    with built.database.reading() as tx:
        row = threads.among(tx, [handoff_id]).get(handoff_id)
        owner = staff.aliases(tx, [row.owner_id]).get(row.owner_id, "") if row is not None and row.owner_id else ""
    if row is not None and owner and not why:
        reasons = act_words.TAKE_OVERS
        return render_template("desk/take_why.html", row=row, owner=owner, reasons=reasons, words=words), 409
    flash(answer.reason)
    return redirect(url_for("team.lead"))


@blueprint.post("/lead/canary")
@roles(*LEAD)
def try_the_way() -> AnyResponse:
    """A text on its way through the whole line, to a human who answers: now, not only at night."""
    built = services()
    with built.database.transaction() as tx:
        standing = canaries.under_way(tx)
        if standing is None:
            audit.record(tx, act="canary_sent", staff_id=signed_in().staff_id)
    said = phrase("One is on its way already.")
    if standing is None:
        try:
            canary.begin(built.database, built)
            said = phrase("On its way. Whoever is on call is being called; this page says how far it has come.")
        except SendError as error:
            said = phrase("It did not leave: %(why)s", why=error.staff_text)
    flash(said)
    return redirect(url_for("team.lead"))


def _fragment() -> str:
    with services().database.reading() as tx:
        shown = board_of(tx, services(), signed_in().staff_id)
    return render_template("desk/_lead.html", board=shown, words=words, standings=STANDINGS, here=HERE, states=STATES,
                           kinds=KINDS, length=length)  # fmt: skip


def board_of(tx: Tx, built: Services, me: str) -> LeadBoard:
    some, n = lead_board.open_rows(tx, LOOKED_AT)
    found = least_safe_first(some, tx.now)
    promises = lead_board.at_risk(tx, tx.now + RISK_WITHIN, SHOWN)
    helped = {chair.handoff_id for chair in handoff_offers.chairs(tx) if chair.staff_id is None}
    owners = {row.owner_id for row in (*found, *promises) if row.owner_id}
    aliases = staff.aliases(tx, owners)
    rows = [
        Row(one, standing(one, tx.now), since(one, tx.now), aliases.get(one.owner_id or "", ""), one.owner_id == me,
            one.handoff_id in helped)
        for one in found[:SHOWN]
    ]  # fmt: skip
    team = _team(tx, built)
    return LeadBoard(
        now=tx.now, rows=tuple(rows), hidden=n - len(rows), team=team, behind=_behind(tx),
        next_shift_at=None if team else staff.next_shift_start(tx, tx.now), promises=tuple(promises), aliases=aliases,
        health=line_health(tx, built),
    )  # fmt: skip


def _team(tx: Tx, built: Services) -> tuple[Member, ...]:
    on_shift = {one.staff_id: one for one in staff.on_shift(tx, tx.now)}
    ways: dict[str, list[tuple[str, datetime | None, bool]]] = {}
    for path in lead_board.paths(tx, list(on_shift)):
        ways.setdefault(path.staff_id, []).append((KINDS[path.kind], path.proved_at, path.failed_at is None))
    members = [
        Member(on_shift[one.staff_id].alias, offer.present(one, built, tx), one.load,
               one.capacity or built.ladder.capacity, on_shift[one.staff_id].ends_at,
               tuple(ways.get(one.staff_id, ())))
        for one in presence.team(tx) if one.staff_id in on_shift
    ]  # fmt: skip
    return tuple(sorted(members, key=lambda one: (one.presence is not Presence.HERE, one.alias)))


def _behind(tx: Tx) -> tuple[Behind, ...]:
    """Who is called when nobody on shift answers, and by what they could last be reached: a page of the desk that
    nobody has open at night calls nobody."""
    by_line = {number: rota.on_call(tx, number) for number in LINES}
    everyone = {one for ids in by_line.values() for one in ids}
    aliases, proved = staff.aliases(tx, everyone), dict[str, datetime]()
    for path in lead_board.paths(tx, everyone):
        if path.kind != "desk" and path.proved_at is not None:
            proved[path.staff_id] = max(path.proved_at, proved.get(path.staff_id, path.proved_at))
    return tuple(
        Behind(LINES[number], tuple((aliases[one], proved.get(one)) for one in ids)) for number, ids in by_line.items()
    )
