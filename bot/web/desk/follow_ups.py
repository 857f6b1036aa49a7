"""Who was referred, have they arrived, and how has it gone? On the person's page, and on one page of everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from bot.rules.follow_up import ENDS
from bot.rules.phrases import phrase, phrases
from bot.store import directory, people, referrals, staff, threads
from bot.store.referrals import Referral
from bot.usecases import follow_up
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import carry, words
from bot.web.desk.door import DESK, present
from bot.web.desk.releases import SPOKEN

blueprint = Blueprint("follow_ups", __name__, url_prefix="/desk")
blueprint.after_request(present)

SINCE = timedelta(days=90)
FEW = 11
"""Sums of fewer people than this are not shown: small numbers tell of somebody."""
HAPPENED = phrases({
    "referred": "Referred", "moved": "Something moved", "agreed": "Agreed to be asked later",
    "not_agreed": "Does not wish to be asked", "asked": "Asked by text", "silent": "Said nothing: a colleague looks",
    "to_look": "A colleague looks", "to_end": "The last check has been", "alarm": "Nothing had moved",
    "arrived": "Arrived", "stayed": "Stayed", "moved_on": "Moved on", "lost": "Lost contact",
    "asked_to_stop": "Asked us to stop",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One person who is looked after; a call-sign, never a name."""

    referral: Referral
    call_sign: str
    place: str
    who: str
    still: str
    clock: str


@blueprint.app_template_global("follow_up_words")
def in_words() -> dict[str, object]:
    return {"happened": HAPPENED, "ends": [(one, HAPPENED[one]) for one in ENDS], "ago": words.ago}


@blueprint.get("/follow-ups")
@roles(*DESK)
def every() -> str:
    """Who moved longest ago first."""
    with services().database.reading() as tx:
        still = referrals.list_open(tx)
        about = directory.about(tx, {one.program_id for one in still if one.program_id})
        names = staff.aliases(tx, {one.staff_id for one in still})
        lines = []
        for one in still:
            stored = threads.read(tx, one.conversation_id)
            person = people.get(tx, stored.person_id) if stored else None
            if person is not None:
                place = about[one.program_id][0] if one.program_id in about else phrase("elsewhere")
                until = one.intake_at or tx.now
                lines.append(Line(one, person.call_sign, place, names.get(one.staff_id, phrase("A colleague")),
                                  words.ago(one.moved_at, tx.now), words.ago(one.referred_at, until)))  # fmt: skip
        days = referrals.days_to_intake(tx, tx.now - SINCE)
    middle = f"{days[len(days) // 2]:.1f}" if len(days) >= FEW else ""
    return render_template("desk/follow_ups.html", lines=lines, middle=middle, few=FEW, happened=HAPPENED)


@blueprint.post("/conversations/<id:conversation_id>/follow-up")
@roles(*DESK)
def do(conversation_id: str) -> Response:
    form, database, staff_id = request.form, services().database, signed_in().staff_id
    answer: object
    match form.get("act", ""):
        case "begin":
            with database.reading() as tx:
                program_id = carry.chosen_place(tx)
            answer = follow_up.begin(database, conversation_id=conversation_id, staff_id=staff_id,
                                     program_id=program_id)  # fmt: skip
        case "agree" | "disagree" as act:
            how = form.get("how", SPOKEN)
            answer = follow_up.agree(
                database, conversation_id=conversation_id, staff_id=staff_id, agreed=act == "agree",
                message_id=how[:32] if act == "agree" and how != SPOKEN else None,
            )  # fmt: skip
        case "moved":
            answer = follow_up.moved(database, conversation_id=conversation_id, staff_id=staff_id)
        case "outcome":
            answer = _outcome(conversation_id)
        case _:
            abort(400)
    return carry.back(conversation_id, answer, phrase("Noted."))


def _outcome(conversation_id: str) -> Refused | None:
    form = request.form
    at = _moment(form.get("at", ""))
    if form.get("at") and at is None:
        return Refused("Write when as a day and a time, or leave it empty for now.")
    return follow_up.outcome(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id,
        what=form.get("what", ""), at=at, ends=form.get("ends") == "1",
    )  # fmt: skip


def _moment(typed: str) -> datetime | None:
    """What a browser's field for a moment sends: by the clock on the desk's wall, as the page says."""
    try:
        return datetime.fromisoformat(typed[:16]).replace(tzinfo=services().settings.desk_zone).astimezone(UTC)
    except ValueError:
        return None
