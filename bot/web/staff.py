"""Who works here, and who invites them or lets them go? For admins."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.phrases import phrases
from bot.store import staff
from bot.usecases import accounts
from bot.usecases.end_account import end_account
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.tongue import NAMES, flash, say

blueprint = Blueprint("staff", __name__, url_prefix="/staff")

ROLE_WORDS = phrases({
    "advocate": "Advocate", "lead": "Lead", "outreach": "Outreach", "approver": "Approver", "directory": "Directory",
    "reviewer": "Reviewer", "admin": "Admin", "auditor": "Auditor",
})  # fmt: skip


@blueprint.get("/")
@roles("admin")
def index() -> str:
    """Every account, its roles, and what opens it."""
    return _page()


@blueprint.post("/invite")
@roles("admin")
def invite() -> str | tuple[str, int]:
    """Make an account, or start one afresh; the one-time link is shown this once."""
    typed = {name: request.form.get(name, "").strip()[:200] for name in ("email", "alias")}
    chosen = [role for role in request.form.getlist("roles") if role in staff.ROLES]
    built, reads = services(), request.form.get("page_language", "")
    try:
        token = accounts.add_staff(
            built.database, roles=chosen, by_id=signed_in().staff_id,
            page_language=reads if reads in NAMES else None, **typed,
        )  # fmt: skip
    except ValueError as refusal:
        return _page(problem=say(refusal.args[0]), chosen=chosen, **typed), 400
    return _page(link=f"{built.settings.public_url}{url_for('auth.set_up', token=token)}")


@blueprint.post("/<id:staff_id>/end")
@roles("admin")
def end(staff_id: str) -> AnyResponse:
    """It opens nothing any more; whoever they held waits in the queue again."""
    built = services()
    refused = end_account(built.database, built, staff_id=staff_id, by_id=signed_in().staff_id)
    flash(refused.reason if refused else "The account has ended. Whoever they held is back in the queue.")
    return redirect(url_for("staff.index"))


def _page(**more: object) -> str:
    with services().database.reading() as tx:
        everyone = staff.every(tx)
    return render_template("auth/staff.html", everyone=everyone, all_roles=staff.ROLES, **more)
