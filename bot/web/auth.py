"""Who is at the door, and which rooms may they enter? Log-in, second factor, set-up links, and roles per route."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar, cast

import segno
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from bot.store import audit
from bot.store import staff as staff_store
from bot.store.staff import Staff
from bot.usecases import accounts
from bot.usecases.refusal import Refused
from bot.web.context import services
from bot.web.security import local_path
from bot.web.sessions import StoredSession

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
    if allowed is None or not account.may(allowed):
        abort(403)
    return None


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
    return url_for("auth.account")


@blueprint.route("/login", methods=["GET", "POST"])
@anyone
def log_in() -> AnyResponse | str | tuple[str, int]:
    """E-mail and password. One answer for everything that is wrong with them."""
    wanted = local_path(request.values.get("next", ""))
    if request.method == "GET":
        account = current_staff()
        return redirect(home_of(account)) if account else render_template("auth/log_in.html", next=wanted, email="")
    email = request.form.get("email", "")[:200]
    staff_id = accounts.check_password(services().database, email, request.form.get("password", ""))
    if staff_id is None:
        problem = "The e-mail or the password is not right, or there were too many tries. After five wrong ones, wait "
        problem += "five minutes."
        return render_template("auth/log_in.html", next=wanted, email=email, problem=problem), 400
    with services().database.reading() as tx:
        account = staff_store.get(tx, staff_id)
    if account is not None and not account.has_second_factor and not services().settings.require_second_factor:
        return _enter(staff_id, wanted)
    mine = stored_session()
    mine.renew()
    mine["pending_id"], mine["next"] = staff_id, wanted
    return redirect(url_for("auth.code" if account and account.has_second_factor else "auth.second_factor"))


def _enter(staff_id: str, wanted: str) -> AnyResponse:
    mine = stored_session()
    mine.renew()
    mine["staff_id"] = staff_id
    g.pop("staff", None)
    g.pop("csrf_token", None)
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
    if request.method == "GET":
        return render_template("auth/code.html")
    staff_id, wanted = pending
    if accounts.check_code(services().database, staff_id, request.form.get("code", "")):
        return _enter(staff_id, wanted)
    problem = "That code is not right, or it was used already. Wait for the next one. After five wrong ones, wait five "
    problem += "minutes."
    return render_template("auth/code.html", problem=problem), 400


def _setting_up() -> str | None:
    """Whose second factor may be set up: someone logged in, or someone whose password was just right. Never an
    account that has one already."""
    pending = _pending()
    account = current_staff()
    staff_id = account.staff_id if account else (pending[0] if pending else None)
    if staff_id is None:
        return None
    with services().database.reading() as tx:
        account = staff_store.get(tx, staff_id)
    return staff_id if account is not None and not account.has_second_factor else None


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
    problem = "That code is not right. Check the clock of your phone, and use the next one."
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
    database = services().database
    if request.method == "GET":
        return render_template("auth/set_up.html", live=accounts.link_is_live(database, token))
    refused = accounts.set_up(database, token, request.form.get("password", ""))
    if isinstance(refused, Refused):
        live = accounts.link_is_live(database, token)
        return render_template("auth/set_up.html", live=live, problem=refused.reason), 400
    flash("Your password is set. Log in with it.")
    return redirect(url_for("auth.log_in"))


@blueprint.post("/logout")
@anyone
def log_out() -> AnyResponse:
    """Ends this session. Anyone may: it only ever ends one's own."""
    account = current_staff()
    stored_session().renew()
    g.pop("staff", None)
    if account is not None:
        with services().database.transaction() as tx:
            audit.record(tx, act="log_out", staff_id=account.staff_id, object_id=account.staff_id)
    return redirect(url_for("auth.log_in"))


@blueprint.get("/account")
@roles(*staff_store.ROLES)
def account() -> str:
    """What we know about you, and your other sessions."""
    return render_template("auth/account.html")


@blueprint.post("/account/sessions/end")
@roles(*staff_store.ROLES)
def end_other_sessions() -> AnyResponse:
    """A device was lost or left open: everything but this session ends now."""
    staff_id = signed_in().staff_id
    with services().database.transaction() as tx:
        ended = staff_store.drop_sessions_of(tx, staff_id, keep=stored_session().key)
        audit.record(tx, act="sessions_ended", staff_id=staff_id, object_id=staff_id, detail=str(ended))
    flash("Your other sessions have ended." if ended else "There was no other session.")
    return redirect(url_for("auth.account"))
