"""Who is holding the phone? The owner looks, and says so."""

from __future__ import annotations

from flask import request

from bot.rules.phrases import phrase
from bot.usecases import holder
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import glance, pages
from bot.web.desk.door import DESK, blueprint, epoch_shown
from bot.web.desk.pages import Answer


@blueprint.post("/conversations/<id:conversation_id>/holder")
@roles(*DESK)
def looked(conversation_id: str) -> Answer:
    """It is them, it is not, or nobody can tell."""
    outcome = request.form.get("holder", "")
    refused = holder.check(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(),
        outcome=outcome,
    )  # fmt: skip
    them = phrase("Noted: it is them. Automatic texts may go out again.")
    return pages.answer(
        conversation_id, refused, them if outcome == "them" else phrase("Noted. Nothing automatic goes out.")
    )


@blueprint.post("/conversations/<id:conversation_id>/neutral")
@roles(*DESK)
def ask_in_neutral_words(conversation_id: str) -> str:
    """The question that says nothing of us stands in the box, behind what was typed. Nothing is sent."""
    shown, text = pages.talk(conversation_id), request.form.get("text", "")
    with services().database.reading() as tx:
        doubt = glance.of(tx, services(), shown).doubt
    words = doubt.challenge.text if doubt is not None and doubt.challenge is not None else ""
    typed = text.rstrip() if pages.unsent(shown, "") else ""
    return pages.page(shown, draft=f"{typed} {words}".strip())
