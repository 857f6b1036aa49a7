"""How does it end, when did that come about, and was the end none? Only a human closes, and a human opens again."""

from __future__ import annotations

from datetime import timedelta

from flask import redirect, request, url_for

from bot.rules.phrases import phrase
from bot.usecases import finish, park, reopen
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import act_words, pages
from bot.web.desk.door import DESK, blueprint, epoch_shown, known
from bot.web.desk.pages import Answer
from bot.web.tongue import flash


@blueprint.post("/conversations/<id:conversation_id>/wrap-up")
@roles(*DESK)
def all_said(conversation_id: str) -> Answer:
    """Nothing more is to be said; how it ended is written next."""
    refused = park.wrap_up(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown()
    )
    return pages.answer(conversation_id, refused, phrase("All said. Write down how it ended, while you remember."))


@blueprint.post("/conversations/<conversation_id>/finish")
@roles(*DESK)
def end(conversation_id: str) -> Answer:
    """Finish with an outcome, or hand back to the bot; but not over a text that was typed and never sent."""
    built = services()
    outcome = "returned" if "returned" in request.form else request.form.get("outcome", "")
    text, when = request.form.get("text", ""), request.form.get("when", "")
    shown = pages.talk(known(conversation_id))
    again = {"draft": text, "outcome": outcome, "when_value": when}
    if pages.unsent(shown, "finish"):
        problem = phrase("Your text was not sent. Send it, or empty the box; then finish. Nothing was closed.")
        return pages.page(shown, problem=problem, **again), 409
    if when not in act_words.WHEN:
        return pages.page(shown, problem=phrase("Choose when it came about."), **again), 409
    refused = finish.finish(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id,
        outcome=outcome, feedback=request.form.get("feedback") == "1",
        hello_in_days={str(n): n for n in finish.HELLOS}.get(request.form.get("hello", "")),
        epoch=epoch_shown() if "epoch" in request.form else None,
        outcome_at=shown.now - timedelta(hours=int(when)) if when else None,
    )  # fmt: skip
    if refused:
        return pages.page(pages.talk(conversation_id), problem=refused.reason, **again), 409
    flash("Handed back to the bot." if outcome == "returned" else "Finished. Take a breath before the next one.")
    return redirect(url_for("desk.board"))


@blueprint.post("/conversations/<id:conversation_id>/reopen")
@roles(*DESK)
def open_again(conversation_id: str) -> Answer:
    """Something was left undone: I hold them again."""
    built = services()
    answer = reopen.by_hand(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id
    )
    if isinstance(answer, Refused):
        return pages.answer(conversation_id, answer, "")
    said = phrase("Opened again, and in your hands. Nothing was said to them.")
    return pages.answer(answer.conversation_id, None, said)
