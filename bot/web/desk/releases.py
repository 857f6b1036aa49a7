"""What may be told of this person, to whom, until when? Noted by whoever has them; ended by anybody who hears it."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, request
from werkzeug.wrappers import Response

from bot.rules.phrases import phrase
from bot.rules.sharing import DAYS, ITEMS
from bot.usecases.give_release import Yes, give_release, take_back_release
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import carry, pages
from bot.web.desk.door import DESK, epoch_shown, present

blueprint = Blueprint("releases", __name__, url_prefix="/desk")
blueprint.after_request(present)

SPOKEN = "spoken"


@blueprint.app_context_processor
def _form() -> dict[str, object]:
    return {"release_items": list(ITEMS.items()), "release_days": DAYS}


@blueprint.post("/conversations/<id:conversation_id>/releases")
@roles(*DESK)
def give(conversation_id: str) -> Response:
    """Their yes: each thing ticked, for whom, until when, and how it was given."""
    form = request.form
    days, how = form.get("days", ""), form.get("how", SPOKEN)
    yes = Yes(
        items=form.getlist("told"), days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,
        whole_organization=form.get("whole") == "1", message_id=None if how == SPOKEN else how[:32],
        first_name=form.get("first_name", ""), words=form.get("asked", "")[:400],
    )  # fmt: skip
    built = services()
    with built.database.reading() as tx:
        yes = replace(yes, program_id=carry.chosen_place(tx))
    answer = give_release(
        built.database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(), yes=yes
    )
    return carry.back(conversation_id, answer, phrase("Their yes is noted. Nothing else may be told."))


@blueprint.post("/conversations/<id:conversation_id>/releases/<id:release_id>/end")
@roles(*DESK)
def end(conversation_id: str, release_id: str) -> Response:
    """They took it back: in force before this answer is sent."""
    pages.talk(conversation_id)
    built = services()
    answer = take_back_release(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id, release_id=release_id
    )
    return carry.back(
        conversation_id, answer, phrase("Nothing more is told. For what was told already there is a task below.")
    )
