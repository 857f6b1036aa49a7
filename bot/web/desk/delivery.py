"""What can be done about a text that did not arrive? It is said once more; one whose fate is unknown never is."""

from __future__ import annotations

from bot.rules.phrases import phrase
from bot.usecases import send_again
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import pages
from bot.web.desk.door import DESK, blueprint, epoch_shown
from bot.web.desk.pages import Answer


@blueprint.post("/conversations/<id:conversation_id>/texts/<id:message_id>/again")
@roles(*DESK)
def text_again(conversation_id: str, message_id: str) -> Answer:
    """Say once more what did not arrive: a text of its own."""
    built = services()
    refused = send_again.send_again(
        built.database, built, conversation_id=conversation_id, message_id=message_id,
        staff_id=signed_in().staff_id, epoch=epoch_shown(),
    )  # fmt: skip
    return pages.answer(conversation_id, refused, phrase("It is sent again. You see below what becomes of it."))
