"""What may a browser do with our pages, and what may another site make it do? Headers, CSRF, sizes, error pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from bot.rules.phrases import phrase, phrases
from bot.settings import Settings
from bot.web.tongue import say

csrf = CSRFProtect()
"""Blueprints that machines call with their own signature are exempted in bot/web/__init__.py, and no others."""

LARGEST_REQUEST = 6 * 1024 * 1024
"""Bytes, but for the one route that takes a list (bot/web/campaigns/spool.py)."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_PLAIN_WORDS = phrases(
    {
        401: ("This key opens nothing", "Check it, or ask for a new one. It may have been ended."),
        400: ("That did not arrive whole", "Go back, and try again. Nothing was changed."),
        403: ("This page is not for your role", "If you need it, ask the lead who gave you your account."),
        404: ("There is nothing here", "It may have been closed, or the address is not right."),
        405: ("That cannot be done this way", "Go back, and use the buttons on the page."),
        413: ("That is too large", "It is more than this page takes. Nothing was kept. Split a long list."),
        423: ("This page is locked", "Nobody was here for a while. Prove that it is you; nothing was lost."),
        429: ("Too many at once", "Wait a minute, and try again."),
        500: ("Something broke on our side", "Nothing was half-done. Try again; if it stays so, tell the operator."),
        503: ("Not ready", "The line is starting, or a part of it is down. Try again in a minute."),
    }
)
_DRAFT_FIELDS = ("text", "note", "brief")
"""Form fields whose words somebody typed with care: shown again when a form is turned away."""


def install(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a slow answer must not be lost to a clock
        # We send no referrer on purpose; SameSite=Strict and Sec-Fetch-Site do what the referrer check would.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.before_request(_refuse_other_sites)
    csrf.init_app(app)
    app.after_request(_protect)
    app.register_error_handler(CSRFError, _csrf_page)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(500, _error_page)


def local_path(address: str) -> str:
    """The address if it is a path of ours, else nothing: nobody is sent elsewhere after a log-in."""
    parts = urlsplit(address)
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if plain and not parts.scheme and not parts.netloc else ""


def drafts_in(form: Mapping[str, str]) -> list[str]:
    """What somebody typed with care into a form that is turned away."""
    return [form[name] for name in _DRAFT_FIELDS if form.get(name)]


def _refuse_other_sites() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get("Sec-Fetch-Site") in (
        "cross-site",
        "same-site",
    ):
        abort(403)


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    # Survivors' words must not lie in a browser's cache; our own stylesheet may, once it is checked for change.
    response.headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "no-store"
    return response


def _api_error(error: HTTPException, code: int) -> Response:
    """For a machine, and for the person who reads its log: what happened, and what to do."""
    title, advice = _PLAIN_WORDS.get(code, _PLAIN_WORDS[400 if code < 500 else 500])
    said = {"error": title, "advice": error.description if code in (400, 401, 404, 429) else advice, "status": code}
    response = jsonify(said)
    response.status_code = code
    kept = ("Allow", "Retry-After", "WWW-Authenticate")
    response.headers.extend({name: value for name, value in error.get_headers() if name in kept})
    return response


def _csrf_page(_error: CSRFError) -> tuple[str, int]:
    title = phrase("This page was open too long")
    advice = phrase("Your log-in has ended or changed, so nothing was sent. Open the page again and try once more.")
    return render_template("errors.html", title=title, advice=advice, drafts=drafts_in(request.form), code=400), 400


def _error_page(error: HTTPException) -> tuple[str, int] | Response:
    code = error.code or 500
    if code < 400 or error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    if request.path.startswith("/twilio/"):
        # Whatever goes wrong at the carrier's door, no word of a page may be texted to anybody.
        return Response("<Response/>", code, mimetype="text/xml")
    if request.path.startswith("/api/"):
        return _api_error(error, code)
    title, advice = _PLAIN_WORDS.get(code, _PLAIN_WORDS[400 if code < 500 else 500])
    # When the database is what broke, its page must not ask the database who is looking.
    g.bare = code >= 500
    if request.headers.get("HX-Request"):
        return say(title), code
    return render_template("errors.html", title=title, advice=advice, drafts=[], code=code), code
