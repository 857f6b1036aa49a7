"""How does an advocate get a person: the next one, one by hand, or one they were offered? And when do they rest?"""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.store import handoffs, threads
from bot.usecases import answer_offer, be_present, claim
from bot.usecases.claim import Claimed
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import act_words, boards, words
from bot.web.desk.door import DESK, blueprint, known
from bot.web.desk.pages import Answer
from bot.web.tongue import flash


@blueprint.post("/take")
@roles(*DESK)
def take_next() -> Answer:
    """The most urgent one who waits."""
    built = services()
    return _taken(claim.claim(built.database, built, handoff_id=None, staff_id=signed_in().staff_id))


@blueprint.post("/handoffs/<handoff_id>/claim")
@roles(*DESK)
def take(handoff_id: str) -> Answer:
    """This one, and no other: out of their turn only with a reason, which is asked for."""
    built, why = services(), request.form.get("why", "")
    answer = claim.pull(built.database, built, handoff_id=known(handoff_id), staff_id=signed_in().staff_id, why=why)
    with built.database.reading() as tx:
        standing = handoffs.get(tx, handoff_id)
        row = threads.among(tx, [handoff_id]).get(handoff_id)
    if isinstance(answer, Refused) and standing is not None and standing.is_free and row is not None:
        why_not = {"reasons": act_words.PULLS, "words": words, "problem": answer.reason}
        return render_template("desk/take_why.html", row=row, **why_not), 409
    return _taken(answer)


@blueprint.post("/offers/<id:handoff_offer_id>/accept")
@roles(*DESK)
def accept(handoff_offer_id: str) -> Answer:
    """Yes: in my hands from this moment."""
    built = services()
    return _taken(answer_offer.accept(
        built.database, built, handoff_offer_id=handoff_offer_id, staff_id=signed_in().staff_id,
    ))  # fmt: skip


@blueprint.post("/offers/<id:handoff_offer_id>/decline")
@roles(*DESK)
def decline(handoff_offer_id: str) -> Answer:
    """No, with a reason: the next one is asked at once."""
    refused = answer_offer.decline(
        services().database, handoff_offer_id=handoff_offer_id, staff_id=signed_in().staff_id,
        reason=request.form.get("reason", ""),
    )  # fmt: skip
    if refused:
        return boards.page(refused.reason), 409
    flash("Passed on. The next one is asked now.")
    return redirect(url_for("desk.board"))


@blueprint.post("/break")
@roles(*DESK)
def take_a_break() -> Response:
    """Nobody is offered to me, until I come back."""
    on_break = request.form.get("on") == "1"
    be_present.rest(services().database, staff_id=signed_in().staff_id, on_break=on_break)
    flash("You are on a break. Nobody is offered to you." if on_break else "Welcome back.")
    return redirect(url_for("desk.board"))


def _taken(answer: Claimed | Refused) -> Answer:
    if isinstance(answer, Refused):
        return boards.page(answer.reason), 409
    return redirect(url_for("desk.conversation", conversation_id=answer.conversation_id))
