"""May an owner look away, and until when? Until an hour that is safe, until tomorrow, or until they are safe."""

from __future__ import annotations

from datetime import datetime

from flask import request

from bot.rules.phrases import phrase
from bot.usecases import park
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import pages
from bot.web.desk.door import DESK, blueprint, epoch_shown
from bot.web.desk.pages import Answer


@blueprint.post("/conversations/<id:conversation_id>/park")
@roles(*DESK)
def park_until(conversation_id: str) -> Answer:
    """`until` is one of the hours the page offered; nothing is their next safe one, and `tomorrow` a look next day."""
    until, next_day = _moment(request.form.get("until", "")), "tomorrow" in request.form
    if isinstance(until, Refused) and not next_day:
        return pages.answer(conversation_id, until, "")
    at = park.park(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown(),
        until=None if next_day or isinstance(until, Refused) else until, next_day=next_day,
    )  # fmt: skip
    refused = at if isinstance(at, Refused) else None
    return pages.answer(
        conversation_id, refused, phrase("Parked. They come back at that hour, or as soon as they write.")
    )


@blueprint.post("/conversations/<id:conversation_id>/until-safe")
@roles(*DESK)
def until_safe(conversation_id: str) -> Answer:
    """No clock ends this; a human does."""
    refused = park.until_safe(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown()
    )
    return pages.answer(
        conversation_id, refused, phrase("Kept open until they are safe. You are reminded every half hour.")
    )


@blueprint.post("/conversations/<id:conversation_id>/resume")
@roles(*DESK)
def resume(conversation_id: str) -> Answer:
    """Back to the conversation."""
    refused = park.resume(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id, epoch=epoch_shown()
    )
    return pages.answer(conversation_id, refused, "You go on with them.")


def _moment(text: str) -> datetime | Refused | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    return moment if moment is not None and moment.tzinfo is not None else Refused("Choose one of the hours.")
