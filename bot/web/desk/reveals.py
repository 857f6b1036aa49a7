"""How does somebody see what the desk hides? By a press with a reason; for half a minute; on the record."""

from __future__ import annotations

from flask import make_response, render_template, request, url_for

from bot.usecases import reveal
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.desk import pages, views, words
from bot.web.desk.door import DESK, blueprint
from bot.web.desk.pages import Answer

SHOWN_S = 30


@blueprint.post("/conversations/<id:conversation_id>/number")
@roles(*DESK)
def number(conversation_id: str) -> Answer:
    """The number, on a page that leaves by itself."""
    shown = pages.talk(conversation_id)
    found = reveal.number(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id,
        why=request.form.get("why", ""),
    )  # fmt: skip
    if isinstance(found, Refused):
        return _not_shown(shown, found)
    page = make_response(render_template("desk/revealed.html", talk=shown, number=found.number, seconds=SHOWN_S))
    page.headers["Refresh"] = f"{SHOWN_S}; url={url_for('desk.conversation', conversation_id=conversation_id)}"
    return page


@blueprint.post("/conversations/<id:conversation_id>/earlier")
@roles(*DESK)
def earlier(conversation_id: str) -> Answer:
    """When this person was handed over before, and how that ended; each a door to its own page."""
    shown = pages.talk(conversation_id)
    found = reveal.earlier(
        services().database, conversation_id=conversation_id, staff_id=signed_in().staff_id,
        why=request.form.get("why", ""),
    )  # fmt: skip
    if isinstance(found, Refused):
        return _not_shown(shown, found)
    return make_response(render_template("desk/revealed.html", talk=shown, earlier=found, words=words))


def _not_shown(shown: views.Talk, refused: Refused) -> Answer:
    """Beside the press, for whoever has one."""
    beside = shown.mine or signed_in().may(("lead",))
    return pages.page(shown, **{"reveal_problem" if beside else "problem": refused.reason}), 409
