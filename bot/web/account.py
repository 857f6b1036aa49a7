"""What may somebody see and change about their own account? Passkeys, codes, devices, and the lock on an idle page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from webauthn.helpers import base64url_to_bytes
from werkzeug.wrappers import Response as AnyResponse

from bot.store import audit, passkeys, staff
from bot.usecases import accounts, recovery
from bot.usecases import passkeys as keys
from bot.usecases.refusal import Refused
from bot.web import tongue
from bot.web.auth import door, roles, signed_in, stored_session, works_while_locked
from bot.web.context import services
from bot.web.security import drafts_in, local_path
from bot.web.tongue import flash, say

blueprint = Blueprint("account", __name__, url_prefix="/desk")


@dataclass(frozen=True, slots=True)
class Device:
    """One log-in. `name` is what its browser calls itself, coarsely."""

    key: str
    name: str
    since: datetime
    seen_at: datetime
    here: bool


@blueprint.get("/account")
@roles(*staff.ROLES)
def show() -> str:
    """What we know about you, what opens your account, and where you are logged in."""
    me = signed_in()
    with services().database.reading() as tx:
        known, left = passkeys.of(tx, me.staff_id), passkeys.recovery_codes_left(tx, me.staff_id)
        open_sessions = staff.sessions_of(tx, me.staff_id)
    here = stored_session().key
    devices = [
        Device(one.key, json.loads(one.data).get("device", ""), one.created_at, one.seen_at, one.key == here)
        for one in open_sessions
    ]
    return render_template("auth/account.html", passkeys=known, codes_left=left, devices=devices, door=door())


@blueprint.post("/account/sessions/end")
@roles(*staff.ROLES)
def end_other_sessions() -> AnyResponse:
    """A device was lost or left open: everything but this session ends now."""
    staff_id = signed_in().staff_id
    with services().database.transaction() as tx:
        ended = staff.drop_sessions_of(tx, staff_id, keep=stored_session().key)
        audit.record(tx, act="sessions_ended", staff_id=staff_id, object_id=staff_id, detail=str(ended))
    return _back(say("Your other log-ins have ended.") if ended else say("There was no other log-in."))


@blueprint.post("/account/sessions/<id(40):session_key>/end")
@roles(*staff.ROLES)
def end_session(session_key: str) -> AnyResponse:
    """End one of one's own log-ins."""
    staff_id = signed_in().staff_id
    with services().database.transaction() as tx:
        ended = staff.end_session(tx, staff_id=staff_id, key=session_key)
        if ended:
            audit.record(tx, act="sessions_ended", staff_id=staff_id, object_id=staff_id, detail="1")
    return _back(say("That log-in has ended.") if ended else say("That log-in had ended already."))


@blueprint.post("/account/passkeys/options")
@roles(*staff.ROLES)
def passkey_options() -> Response | tuple[str, int]:
    """What this browser needs to make a passkey."""
    where = door()
    if where is None:
        return say("Passkeys do not work at this address."), 400
    built = services()
    offered = keys.offer_registration(
        built.database, where, staff_id=signed_in().staff_id, issuer=built.settings.brand
    )  # fmt: skip
    if isinstance(offered, Refused):
        return say(offered.reason), 409
    stored_session()["challenge"] = offered.secret
    return Response(offered.options, mimetype="application/json")


@blueprint.post("/account/passkeys")
@roles(*staff.ROLES)
def add_passkey() -> Response | tuple[str, int]:
    """The passkey it made. The browser is told where to go next."""
    where, challenge = door(), stored_session().pop("challenge", "")
    sent = request.get_json(silent=True)
    if where is None or not challenge or not isinstance(sent, dict):
        return say("That did not arrive whole. Try once more."), 400
    refused = keys.register(
        services().database, where, staff_id=signed_in().staff_id, challenge=base64url_to_bytes(challenge),
        answer=sent.get("credential"), name=str(sent.get("name", "")),
    )  # fmt: skip
    if refused:
        return say(refused.reason), 409
    flash("Your passkey is kept. From now on it opens your account by itself.")
    return Response(json.dumps({"go": url_for("account.show")}), mimetype="application/json")


@blueprint.post("/account/passkeys/<id:passkey_id>/remove")
@roles(*staff.ROLES)
def remove_passkey(passkey_id: str) -> AnyResponse:
    refused = keys.remove(services().database, staff_id=signed_in().staff_id, passkey_id=passkey_id)
    return _back(refused.reason if refused else say("That passkey opens nothing any more."))


@blueprint.post("/account/language")
@roles(*staff.ROLES)
def choose_language() -> AnyResponse:
    """The language of one's own pages."""
    chosen, staff_id = request.form.get("page_language", ""), signed_in().staff_id
    if chosen not in tongue.NAMES:
        abort(400)
    with services().database.transaction() as tx:
        staff.update(tx, staff_id, page_language=chosen)
    tongue.use(chosen)
    return _back(say("Your pages are in English now."))


@blueprint.post("/account/recovery")
@roles(*staff.ROLES)
def new_recovery_codes() -> str:
    """Ten codes, shown this once."""
    codes = recovery.make_codes(services().database, signed_in().staff_id)
    return render_template("auth/recovery.html", codes=codes)


@blueprint.post("/here")
@roles(*staff.ROLES)
def here() -> tuple[str, int]:
    """Somebody types or reads here: the page says so, at most once a minute."""
    return "", 204


@blueprint.post("/lock")
@roles(*staff.ROLES)
@works_while_locked
def lock() -> AnyResponse:
    """Leave the screen without leaving the shift."""
    stored_session().lock()
    return redirect(url_for("account.unlock"))


@blueprint.route("/unlock", methods=["GET", "POST"])
@roles(*staff.ROLES)
@works_while_locked
def unlock() -> AnyResponse | str | tuple[str, int]:
    """The password again, or a passkey (whose log-in is a new one)."""
    wanted = local_path(request.values.get("next", ""))
    if request.method == "GET":
        return render_template("auth/unlock.html", next=wanted, drafts=[])
    built, me = services(), signed_in()
    with built.database.reading() as tx:
        email = staff.email_of(tx, me.staff_id)
    if accounts.check_password(built.database, email, request.form.get("password", "")) != me.staff_id:
        problem = say("That password is not right. After five wrong ones, wait five minutes.")
        if "HX-Request" in request.headers:
            return problem, 400
        drafts = drafts_in(request.form)
        return render_template("auth/unlock.html", next=wanted, drafts=drafts, problem=problem), 400
    stored_session().unlock()
    return ("", 204) if "HX-Request" in request.headers else redirect(wanted or url_for("front"))


def _back(message: str) -> AnyResponse:
    flash(message)
    return redirect(url_for("account.show"))
