"""Where does somebody leave to when a visitor comes? A page that says nothing of us, with the screen behind it shut."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from bot.store import staff
from bot.web.auth import anyone, roles, stored_session, works_while_locked

blueprint = Blueprint("away", __name__)


@blueprint.post("/desk/leave")
@roles(*staff.ROLES)
@works_while_locked
def leave() -> Response:
    """Locks this session first: whoever goes back finds a closed door, and what was promised to people stands."""
    stored_session().lock()
    return redirect(url_for("away.page"))


@blueprint.get("/measures")
@anyone
def page() -> str:
    """Kitchen measures. No name, no colour and no word of ours."""
    return render_template("away/page.html")
