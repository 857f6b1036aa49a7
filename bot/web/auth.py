"""Who is at the door, and which rooms may they enter? Log-in, second factor, set-up links, and roles per route."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import segno
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from webauthn.helpers import base64url_to_bytes
from werkzeug.wrappers import Response as AnyResponse

from bot.store import audit
from bot.store import staff as staff_store
from bot.store.staff import Staff
from bot.usecases import accounts, passkeys, recovery
from bot.usecases.passkeys import Door
from bot.usecases.refusal import Refused
from bot.web import tongue
from bot.web.context import services
from bot.web.security import drafts_in, local_path
from bot.web.sessions import StoredSession, device_of
from bot.web.tongue import flash, say

_LONGEST_CODE = 9
"""Of an authenticator, with spaces; a recovery code has more."""

_A_YEAR_S = 365 * 24 * 60 * 60

blueprint = Blueprint("auth", __name__, url_prefix="/desk")

View = TypeVar("View", bound=Callable[..., Any])
ANYONE = frozenset({"anyone"})
"""What a route declares that needs no log-in: a signed webhook, a health check, the log-in page itself."""


def roles(*names: str) -> Callable[[View], View]:
    """Declares who may use a route. It is the outermost decorator but the route's own. Raises ValueError for a role
    that does not exist."""
    if not names or not set(names) <= set(staff_store.ROLES):
        raise ValueError(f"not roles: {names}")
    return _declare(frozenset(names))


def anyone(view: View) -> View:
    """Declares that a route needs no log-in."""
    return _declare(ANYONE)(view)


def open_to_anyone(app: Flask, blueprint: Blueprint) -> None:
    """Declares it for every route of a blueprint that machines call; they prove themselves in another way."""
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(f"{blueprint.name}."):
            anyone(view)


def _declare(allowed: frozenset[str]) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.allowed_roles = allowed  # type: ignore[attr-defined]
        return view

    return mark


def allowed_roles(endpoint: str) -> frozenset[str] | None:
    """What a route declared; None when it declared nothing, and then nobody may use it."""
    if endpoint == "static":
        return ANYONE
    allowed: frozenset[str] | None = getattr(current_app.view_functions.get(endpoint), "allowed_roles", None)
    return allowed


def enforce() -> AnyResponse | None:
    """Before every request: let in, send to the log-in, or refuse."""
    if request.endpoint is None:
        return None  # no such route: Flask answers 404
    allowed = allowed_roles(request.endpoint)
    if allowed is ANYONE:
        return None
    account = current_staff()
    if account is None:
        return _to_log_in()
    if stored_session().is_idle():
        if not getattr(current_app.view_functions[request.endpoint], "works_while_locked", False):
            return _locked()
    elif not is_poll():
        stored_session().seen()
    if allowed is None or not account.may(allowed):
        abort(403)
    return None


def works_while_locked(view: View) -> View:
    """Declares that a route is for someone whose session is locked: to unlock it, or to leave."""
    view.works_while_locked = True  # type: ignore[attr-defined]
    return view


def is_poll() -> bool:
    """A page that asks for news by itself: no sign that anybody is there."""
    return request.method == "GET" and "HX-Request" in request.headers


def _locked() -> AnyResponse:
    """Nothing is shown and nothing is done until they prove that it is them; what was typed comes back."""
    if "HX-Request" in request.headers:
        return Response(status=423)
    if request.method == "GET":
        return redirect(url_for("account.unlock", next=local_path(request.full_path.rstrip("?")) or None))
    page = render_template("auth/unlock.html", next=local_path(request.path), drafts=drafts_in(request.form))
    return Response(page, status=423)


def current_staff() -> Staff | None:
    """Who is logged in, read once a request, so that a role taken away is gone at once."""
    if "staff" not in g:
        g.staff = _load_staff()
    return cast("Staff | None", g.staff)


def signed_in() -> Staff:
    """Who is logged in, in a view whose route demands it."""
    account = current_staff()
    assert account is not None
    return account


def _load_staff() -> Staff | None:
    staff_id = stored_session().get("staff_id")
    if staff_id is None:
        return None
    with services().database.reading() as tx:
        account = staff_store.get(tx, staff_id)
    return account if account is not None and account.active else None


def stored_session() -> StoredSession:
    return cast(StoredSession, session._get_current_object())  # type: ignore[attr-defined]


def _to_log_in() -> AnyResponse:
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("auth.log_in")})
    wanted = local_path(request.full_path.rstrip("?")) if request.method == "GET" else ""
    return redirect(url_for("auth.log_in", next=wanted or None))


def home_of(account: Staff) -> str:
    """The room an account's work is in."""
    if account.may({"advocate", "lead"}):
        return url_for("desk.board")
    if account.may({"outreach", "approver", "admin"}):
        return "/campaigns/"
    if account.may({"directory"}):
        return url_for("directory.index")
    if account.may({"auditor"}):
        return url_for("team.record")
    if account.may({"reviewer"}):
        return "/flows/"
    return url_for("account.show")


@blueprint.route("/login", methods=["GET", "POST"])
@anyone
def log_in() -> AnyResponse | str | tuple[str, int]:
    """E-mail and password. One answer for everything that is wrong with them."""
    wanted = local_path(request.values.get("next", ""))
    if request.method == "GET":
        account = current_staff()
        return redirect(home_of(account)) if account else _log_in_page(wanted)
    email = request.form.get("email", "")[:200]
    staff_id = accounts.check_password(services().database, email, request.form.get("password", ""))
    if staff_id is None:
        problem = say(
            "The e-mail or the password is not right, or there were too many tries. After five wrong ones, wait "
            "five minutes."
        )
        return _log_in_page(wanted, email, problem), 400
    with services().database.reading() as tx:
        account = staff_store.get(tx, staff_id)
    if account is not None and not account.has_second_factor and not services().settings.require_second_factor:
        return _enter(staff_id, wanted)
    mine = stored_session()
    mine.renew()
    mine["pending_id"], mine["next"] = staff_id, wanted
    return redirect(url_for("auth.code" if account and account.has_second_factor else "auth.second_factor"))


def _log_in_page(wanted: str, email: str = "", problem: str = "") -> str:
    return render_template("auth/log_in.html", next=wanted, email=email, problem=problem, door=door())


@blueprint.get("/language/<language>")
@anyone
def speak(language: str) -> AnyResponse:
    """Before a log-in: this browser's pages in another language, until an account has its own."""
    if language not in tongue.NAMES:
        abort(404)
    answer = redirect(local_path(request.args.get("next", "")) or url_for("auth.log_in"))
    secure = services().settings.secure_cookies
    answer.set_cookie(tongue.COOKIE, language, max_age=_A_YEAR_S, secure=secure, httponly=True, samesite="Lax")
    return answer


def door() -> Door | None:
    """The address passkeys are made for; None where the line has no name but a number, which browsers refuse."""
    settings = services().settings
    origin = request.host_url.rstrip("/") if settings.simulation else settings.public_url.rstrip("/")
    host = urlsplit(origin).hostname or ""
    return None if re.fullmatch(r"[0-9.]+|.*:.*", host) else Door(host, origin)


def _enter(staff_id: str, wanted: str) -> AnyResponse:
    mine = stored_session()
    mine.renew()
    mine["staff_id"], mine["device"] = staff_id, device_of(request.user_agent.string)
    for name in ("staff", "csrf_token", "language"):
        g.pop(name, None)
    with services().database.transaction() as tx:
        audit.record(tx, act="log_in", staff_id=staff_id, object_id=staff_id)
    return redirect(wanted or home_of(signed_in()))


def _pending() -> tuple[str, str] | None:
    """Whose password was right and whose code is still to come."""
    mine = stored_session()
    return (mine["pending_id"], mine.get("next", "")) if "pending_id" in mine else None


@blueprint.route("/login/code", methods=["GET", "POST"])
@anyone
def code() -> AnyResponse | str | tuple[str, int]:
    """The second factor, for an account that has one."""
    pending = _pending()
    if pending is None:
        return redirect(url_for("auth.log_in"))
    staff_id, wanted = pending
    if request.method == "GET":
        return _code_page(staff_id)
    database, typed = services().database, request.form.get("code", "")
    check = recovery.check_recovery_code if "-" in typed or len(typed) > _LONGEST_CODE else accounts.check_code
    if check(database, staff_id, typed):
        return _enter(staff_id, wanted)
    problem = say(
        "That code is not right, or it was used already. Wait for the next one. After five wrong ones, wait five "
        "minutes."
    )
    return _code_page(staff_id, problem), 400


def _code_page(staff_id: str, problem: str = "") -> str:
    with services().database.reading() as tx:
        account = staff_store.get(tx, staff_id)
    return render_template("auth/code.html", account=account, door=door(), problem=problem)


@blueprint.post("/login/passkey/options")
@anyone
def passkey_options() -> Response | tuple[str, int]:
    """What a browser needs to look for a passkey of ours."""
    where = door()
    if where is None:
        return say("Passkeys do not work at this address."), 400
    offered = passkeys.offer_log_in(where)
    stored_session()["challenge"] = offered.secret
    return Response(offered.options, mimetype="application/json")


@blueprint.post("/login/passkey")
@anyone
def log_in_with_passkey() -> AnyResponse | tuple[str, int]:
    """Its answer: both factors at once. The browser is told where to go next."""
    where, challenge = door(), stored_session().pop("challenge", "")
    answer = request.get_json(silent=True)
    staff_id = None
    if where is not None and challenge:
        staff_id = passkeys.log_in(services().database, where, challenge=base64url_to_bytes(challenge), answer=answer)
    if staff_id is None:
        return say("That passkey does not open this line. Use your password, or another passkey."), 400
    pending = _pending()
    wanted = pending[1] if pending else local_path(request.args.get("next", ""))
    place = _enter(staff_id, wanted).headers["Location"]
    return Response(json.dumps({"go": place}), mimetype="application/json")


def _setting_up() -> str | None:
    """Whose authenticator may be set up: someone logged in who has none, or someone whose password was just right and
    who has no second factor at all."""
    pending = _pending()
    account = current_staff()
    staff_id = account.staff_id if account else (pending[0] if pending else None)
    if staff_id is None:
        return None
    with services().database.reading() as tx:
        kept = staff_store.get(tx, staff_id)
    if kept is None:
        return None
    has_one = kept.has_authenticator if account else kept.has_second_factor
    return None if has_one else staff_id


@blueprint.route("/second-factor", methods=["GET", "POST"])
@anyone
def second_factor() -> AnyResponse | str | tuple[str, int]:
    """Set up an authenticator: a square to scan, and a first code to prove it."""
    staff_id = _setting_up()
    if staff_id is None:
        return redirect(url_for("auth.log_in"))
    database = services().database
    if request.method == "POST" and accounts.check_code(database, staff_id, request.form.get("code", "")):
        pending = _pending()
        response = _enter(staff_id, pending[1] if pending else "")
        flash("Your second step is set up. From now on you need it to log in.")
        return response
    secret = accounts.begin_second_factor(database, staff_id)
    groups = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    problem = say("That code is not right. Check the clock of your phone, and use the next one.")
    page = render_template(
        "auth/second_factor.html", secret=groups, problem=problem if request.method == "POST" else ""
    )
    return page, 400 if request.method == "POST" else 200


@blueprint.get("/second-factor.svg")
@anyone
def second_factor_square() -> Response:
    """The square an authenticator scans."""
    staff_id = _setting_up()
    if staff_id is None:
        abort(404)
    address = accounts.second_factor_address(services().database, staff_id, services().settings.brand)
    # Without style attributes, which the content security policy would drop; dark on light in both themes.
    picture = io.BytesIO()
    segno.make(address, error="m").save(picture, kind="svg", scale=5, border=3, light="#fff")
    return Response(picture.getvalue(), mimetype="image/svg+xml")


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@anyone
def set_up(token: str) -> AnyResponse | str | tuple[str, int]:
    """The one-time link: choose a password."""
    database, chosen = services().database, request.form.get("page_language", "")
    wished = chosen or accounts.language_of_link(database, token)
    if wished in tongue.NAMES:
        tongue.use(wished)
    if request.method == "GET":
        return render_template("auth/set_up.html", live=accounts.link_is_live(database, token))
    known = chosen if chosen in tongue.NAMES else None
    refused = accounts.set_up(database, token, request.form.get("password", ""), known)
    if isinstance(refused, Refused):
        live = accounts.link_is_live(database, token)
        return render_template("auth/set_up.html", live=live, problem=refused.reason), 400
    flash("Your password is set. Log in with it.")
    return redirect(url_for("auth.log_in"))


@blueprint.post("/logout")
@anyone
@works_while_locked
def log_out() -> AnyResponse:
    """Ends this session. Anyone may: it only ever ends one's own."""
    account = current_staff()
    stored_session().renew()
    g.pop("staff", None)
    if account is not None:
        with services().database.transaction() as tx:
            audit.record(tx, act="log_out", staff_id=account.staff_id, object_id=account.staff_id)
    return redirect(url_for("auth.log_in"))
