"""Whose duty is what, by when, on whose word? One person's tasks, on their page: take, hand on, close."""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from bot.rules.phrases import phrase, phrases
from bot.store import tasks
from bot.usecases import take_task
from bot.usecases.finish_task import OUTCOMES, finish_task
from bot.usecases.fire_protocol import KIND as PROTOCOL
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import carry, pages
from bot.web.desk.door import DESK, present

blueprint = Blueprint("duties", __name__, url_prefix="/desk")
blueprint.after_request(present)

KINDS = phrases({
    "protocol": "Somebody must be told", "told_before": "A place was told, and their yes has ended",
    "no_next_place": "No place is left to call: find one", "follow_up": "See how they are, or say how it ended",
    "referral_of_suspended": "Somebody was sent to a suspended program",
    "draft_criterion": "Is it so, what a refusal said?", "reverify": "Look at it again",
})  # fmt: skip
CLOSED_AS = phrases({"done": "Done", "told": "They were told", "not_needed": "Not needed", "refused": "They refused",
             "no_answer": "Nobody answered"})  # fmt: skip


@blueprint.app_template_global("duty_words")
def in_words() -> dict[str, object]:
    return {"kinds": KINDS, "outcomes": [(one, CLOSED_AS[one]) for one in OUTCOMES]}


@blueprint.post("/conversations/<id:conversation_id>/duties/<id:task_id>")
@roles(*DESK)
def do(conversation_id: str, task_id: str) -> Response:
    pages.talk(conversation_id)
    form, database, staff_id = request.form, services().database, signed_in().staff_id
    with database.reading() as tx:
        task = tasks.get(tx, task_id)
    if task is None or task.conversation_id != conversation_id:
        abort(404)
    match form.get("act", ""):
        case "take":
            answer = take_task.take_task(database, task_id=task_id, staff_id=staff_id)
        case "backup":
            answer = take_task.hand_to_backup(database, task_id=task_id, staff_id=staff_id)
        case "close":
            answer = finish_task(database, task_id=task_id, staff_id=staff_id, outcome=form.get("outcome", ""),
                                 note=form.get("reference", "").strip()[:2000])  # fmt: skip
        case _:
            abort(400)
    at = "protocols" if task.kind == PROTOCOL else "carry"
    return carry.back(conversation_id, answer, phrase("Noted, with your name."), at=at)
