"""How is somebody brought together with a place, from their page? One button a deed, with what the person reads."""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from bot.rules.phrases import phrase, phrases
from bot.rules.warm_transfer import SAYS, WHO_ACTS, Deed, State
from bot.usecases import warm
from bot.usecases.refusal import Refused
from bot.usecases.warm import Done
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import carry
from bot.web.desk.door import DESK, epoch_shown, present

blueprint = Blueprint("warm", __name__, url_prefix="/desk")
blueprint.after_request(present)

STATES = {
    State.TO_CALL: (
        phrase("Call the place first"),
        "info",
        phrase("Is there room, and does it fit? Then say here what they said."),
    ),
    State.AGREED: (phrase("The place said yes"), "good", phrase("Ask the person how they wish to talk.")),
    State.ASKED: (phrase("They were asked"), "info", phrase("They answer when they can. Nobody presses them.")),
    State.READY: (phrase("They chose how"), "good", phrase("Bring the two together, and stay.")),
    State.TOGETHER: (phrase("All three are on the line"), "good", phrase("Leave only when both sides say so.")),
    State.DONE: (phrase("The other side has them"), "good", ""),
    State.REFUSED: (phrase("The place said no"), "warn", ""),
    State.NO_ANSWER: (phrase("Nobody answered there"), "warn", ""),
    State.NOT_WANTED: (phrase("They did not want this one"), "plain", ""),
    State.WITHDRAWN: (phrase("Ended: nothing may be told there"), "plain", ""),
}
"""In words, how loud, and what is next."""
DEEDS = phrases(
    {
        Deed.PROGRAM_YES: "The place says yes",
        Deed.PROGRAM_NO: "The place says no",
        Deed.PROGRAM_SILENT: "Nobody answers there",
        Deed.ASK_PERSON: "They were asked how they wish to talk",
        Deed.PERSON_CHOSE: "They chose",
        Deed.PERSON_NO: "They do not want this, or not now",
        Deed.START: "All three are on the line now",
        Deed.DROPPED: "The line broke: begin again",
        Deed.PERSON_OK: "The person says it is OK",
        Deed.PROGRAM_OK: "The place says they have them",
    }
)
ACTS = phrases({"advocate": "Whoever has them acts", "person": "The person answers", "both": "Both sides say when"})
WHY = phrases({"": "No reason given", "full": "Full", "fit": "Not the right fit", "staffing": "Nobody to take them in",
       "safety": "Not safe for them there", "conditions": "Not on their terms", "paused": "Paused"})  # fmt: skip


@blueprint.app_template_global("warm_words")
def words() -> dict[str, object]:
    """What the part of the page needs to say."""
    return {"states": STATES, "deeds": DEEDS, "why": WHY, "acts": {state: ACTS[who] for state, who in WHO_ACTS.items()}}


@blueprint.post("/conversations/<id:conversation_id>/warm")
@roles(*DESK)
def begin(conversation_id: str) -> Response:
    built = services()
    with built.database.reading() as tx:
        program_id = carry.chosen_place(tx)
    answer: object = Refused("Choose a place, or write its code name.")
    if program_id is not None:
        answer = warm.begin(
            built.database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(),
            program_id=program_id,
        )  # fmt: skip
    return carry.back(conversation_id, answer)


@blueprint.post("/conversations/<id:conversation_id>/warm/<id:transfer_id>")
@roles(*DESK)
def do(conversation_id: str, transfer_id: str) -> Response:
    form = request.form
    if form.get("deed", "") not in {str(deed) for deed in DEEDS}:
        abort(400)
    built = services()
    deed = Deed(form["deed"])
    done = Done(
        deed, way=form.get("way", ""), say=form.get("say") == "1" and deed in SAYS,
        spoke_with=form.get("spoke_with", ""), reason=form.get("reason", "") if deed is Deed.PROGRAM_NO else "",
    )  # fmt: skip
    answer = warm.do(
        built.database, built, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(),
        transfer_id=transfer_id, done=done,
    )  # fmt: skip
    return carry.back(conversation_id, answer)
