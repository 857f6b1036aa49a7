"""What may be told of this person, to whom, until when? Noted by whoever has them; ended by anybody who hears it."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from bot.rules.sharing import DAYS, ITEMS
from bot.usecases.give_release import Yes, give_release, take_back_release
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import carry, views
from bot.web.desk.carry import Carry
from bot.web.desk.views import Talk

blueprint = Blueprint("releases", __name__, url_prefix="/desk")

DESK = ("advocate", "lead")
SPOKEN = "spoken"


@blueprint.app_template_global("carry_of")
def carry_of(talk: Talk) -> Carry:
    """For every part of a conversation's page that shows what is carried through."""
    return carry.of(services(), talk)


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
        built.database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch(), yes=yes
    )
    return carry.back(conversation_id, answer, "Their yes is noted. Nothing else may be told.")


@blueprint.post("/conversations/<id:conversation_id>/releases/<id:release_id>/end")
@roles(*DESK)
def end(conversation_id: str, release_id: str) -> Response:
    """They took it back: in force before this answer is sent."""
    seen(conversation_id)
    built = services()
    answer = take_back_release(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id, release_id=release_id
    )
    return carry.back(conversation_id, answer, "Nothing more is told. For what was told already there is a task below.")


def epoch() -> int:
    """The one the page was shown with; a page that names none was shown under no owner."""
    typed = request.form.get("epoch", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def seen(conversation_id: str) -> None:
    """Not found, unless it is one that advocates see."""
    with services().database.reading() as tx:
        if views.talk(tx, services(), signed_in(), conversation_id) is None:
            abort(404)
