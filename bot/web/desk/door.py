"""What do all pages of the desk share? The door, who may come in, how an id and an epoch are read from a request."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from bot.usecases import be_present
from bot.web.auth import current_staff, is_poll
from bot.web.context import services

blueprint = Blueprint("desk", __name__, url_prefix="/desk")

DESK = ("advocate", "lead")

_ID = re.compile(r"[0-9a-f]{32}")


@blueprint.after_request
def present(response: Response) -> Response:
    """A poll says that their page is open, anything else that they are there."""
    account = current_staff()
    if account is not None and response.status_code < 400:
        told = be_present.polled if is_poll() else be_present.typed
        told(services().database, staff_id=account.staff_id)
    return response


def epoch_shown() -> int:
    """The one the page was shown with; a page that names none was shown under no owner."""
    given = request.form.get("epoch", "")
    return int(given) if re.fullmatch(r"[0-9]{1,9}", given) else -1


def known(wanted_id: str) -> str:
    """An id that could be one of ours; anything else is not found."""
    if not _ID.fullmatch(wanted_id):
        abort(404)
    return wanted_id
