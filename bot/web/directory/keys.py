"""Which machines may ask and report? Keys by name: made and shown once, seen to be used or not, ended one by one."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.store import api_keys, staff
from bot.store.api_keys import SCOPES
from bot.usecases.end_key import end_key
from bot.usecases.hear_count import MAY
from bot.usecases.make_key import make_key
from bot.usecases.refusal import Refused
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.directory.door import DECIDES, blueprint, typed

SCOPE_NAMES = {"read": "Read what partners see", "report": "Report counts of its own places"}


@blueprint.get("/keys")
@roles(*MAY)
def keys() -> str:
    return _page()


@blueprint.post("/keys")
@roles(*DECIDES)
def new_key() -> str | tuple[str, int]:
    """The key stands on this one page, and never again."""
    organization, name = typed("organization", 200), typed("name", 60)
    scopes = [scope for scope in request.form.getlist("scopes") if scope in SCOPES]
    if not name or not scopes:
        return _page("Say what the key is for, and what it may do. Nothing was made."), 409
    made = make_key(services().database, organization, scopes, name=name, staff_id=signed_in().staff_id)
    if isinstance(made, Refused):
        return _page(made.reason), 409
    return _page(key=made, of=f"{organization}, {name}")


@blueprint.post("/keys/<id:api_key_id>/end")
@roles(*DECIDES)
def old_key(api_key_id: str) -> Response | tuple[str, int]:
    refused = end_key(services().database, api_key_id, staff_id=signed_in().staff_id)
    if refused is not None:
        return _page(refused.reason), 409
    flash("It has ended: whoever has it reads nothing more.")
    return redirect(url_for("directory.keys"))


def _page(problem: str = "", key: str = "", of: str = "") -> str:
    with services().database.reading() as tx:
        listed = api_keys.listed(tx)
        aliases = staff.aliases(tx, {one.made_by for one in listed if one.made_by})
    return render_template(
        "directory/keys.html", keys=listed, aliases=aliases, problem=problem, key=key, of=of, scopes=SCOPE_NAMES,
        decides=signed_in().may(DECIDES), typed=request.form if problem else {},
        chosen=request.form.getlist("scopes") if problem else ["read"],
    )  # fmt: skip
