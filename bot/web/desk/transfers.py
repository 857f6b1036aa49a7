"""How does a person change hands, and who sits beside whoever has them? They stay whose they are until the other says
yes; a lead may take over, with a reason."""

from __future__ import annotations

from flask import redirect, request, url_for

from bot.rules.phrases import listed, phrase
from bot.usecases import note, second_chair, suggest, transfer
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import pages
from bot.web.desk.door import DESK, blueprint, epoch_shown
from bot.web.desk.pages import Answer
from bot.web.tongue import flash


@blueprint.post("/conversations/<id:conversation_id>/transfer")
@roles(*DESK)
def give_on(conversation_id: str) -> Answer:
    """Ask a colleague to take them, with a few words for the colleague. Nothing is said to the person."""
    built, brief = services(), request.form.get("brief", "")
    refused = transfer.transfer(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(),
        to_id=request.form.get("to_id", ""),
    )  # fmt: skip
    if refused:
        shown = pages.talk(conversation_id)
        return pages.page(shown, draft=request.form.get("text"), problem=refused.reason, brief=brief), 409
    unkept = note.note(built.database, conversation_id=conversation_id, staff_id=signed_in().staff_id, text=brief)
    asked = phrase("Asked. You keep this person until they say yes.")
    said = listed([asked, unkept.reason], " ") if unkept and brief.strip() else asked
    return pages.answer(conversation_id, None, said)


@blueprint.post("/conversations/<id:conversation_id>/transfer/back")
@roles(*DESK)
def call_back(conversation_id: str) -> Answer:
    """The offer is taken back."""
    refused = transfer.call_back(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown()
    )
    return pages.answer(conversation_id, refused, phrase("The offer is taken back. They are yours."))


@blueprint.post("/conversations/<id:conversation_id>/put-back")
@roles(*DESK)
def put_back(conversation_id: str) -> Answer:
    """Into the queue again, as urgent as they are."""
    shown, built = pages.talk(conversation_id), services()
    if problem := pages.unsent(shown, "put them back"):
        return pages.page(shown, draft=request.form.get("text"), problem=problem), 409
    refused = transfer.put_back(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown()
    )
    if refused:
        return pages.answer(conversation_id, refused, "")
    flash("They wait again, as urgent as before. The next advocate is asked now.")
    return redirect(url_for("desk.board"))


@blueprint.post("/conversations/<id:conversation_id>/take-over")
@roles("lead")
def take_over(conversation_id: str) -> Answer:
    """Out of a colleague's hands, into a lead's."""
    shown, built = pages.talk(conversation_id), services()
    taken = transfer.take_over(
        built.database, built, handoff_id=shown.handoff.handoff_id, lead_id=signed_in().staff_id,
        why=request.form.get("why", ""),
    )  # fmt: skip
    refused = taken if isinstance(taken, Refused) else None
    return pages.answer(conversation_id, refused, phrase("You hold them now. Whoever had them sees it on their page."))


@blueprint.post("/conversations/<id:conversation_id>/chair/ask")
@roles(*DESK)
def raise_a_hand(conversation_id: str) -> Answer:
    """Call a lead to sit beside me."""
    built = services()
    refused = second_chair.ask(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown()
    )
    return pages.answer(conversation_id, refused, phrase("Your hand is up. A lead is called; you go on meanwhile."))


@blueprint.post("/conversations/<id:conversation_id>/chair/sit")
@roles(*DESK)
def sit_beside(conversation_id: str) -> Answer:
    """Read along beside whoever has them; only they write."""
    shown = pages.talk(conversation_id)
    refused = second_chair.sit(
        services().database, handoff_id=shown.handoff.handoff_id, staff_id=signed_in().staff_id
    )
    return pages.answer(conversation_id, refused, phrase("You sit beside them. Only they write; a note reaches them."))


@blueprint.post("/conversations/<id:conversation_id>/chair/suggest")
@roles(*DESK)
def suggest_words(conversation_id: str) -> Answer:
    """From the second chair: words for the owner's next text, which only they send."""
    shown, text = pages.talk(conversation_id), request.form.get("text", "")
    refused = suggest.suggest(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, text=text
    )
    if refused:
        return pages.page(shown, problem=refused.reason, suggest_draft=text), 409
    flash("They see what you suggest." if text.strip() else "Taken back.")
    return pages.back_to(conversation_id)


@blueprint.post("/conversations/<id:conversation_id>/chair/leave")
@roles(*DESK)
def leave_the_chair(conversation_id: str) -> Answer:
    """The hand is down, or the chair is empty again."""
    shown = pages.talk(conversation_id)
    refused = second_chair.leave(
        services().database, handoff_id=shown.handoff.handoff_id, staff_id=signed_in().staff_id
    )
    return pages.answer(conversation_id, refused, phrase("The second chair is empty again."))
