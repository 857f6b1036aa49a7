"""How can the line be tried without a telephone? A table of simulated phones; outside simulation, nothing.

The page goes through the simulated carrier like any phone would: it has no way into a conversation of its own.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.recipients import e164
from bot.simulator.control import Control, ControlError
from bot.web.auth import anyone
from bot.web.context import services
from bot.web.simulator import views

blueprint = Blueprint("simulator", __name__, url_prefix="/simulator")

_LONGEST = 1600


@blueprint.before_request
def _in_simulation_only() -> None:
    if not services().settings.simulation:
        abort(404)


def _control() -> Control:
    settings = services().settings
    return Control(settings.twilio_api_base, settings.twilio_auth_token)


def _everything() -> bool:
    return request.args.get("all") == "1"


@blueprint.get("/")
@anyone
def table() -> str | tuple[str, int]:
    """The phones side by side, each with its thread and a line to type in."""
    try:
        shown = views.table(_control(), everything=_everything())
    except ControlError:
        return render_template("simulator/down.html"), 503
    fragment = _live(shown)
    return render_template(
        "simulator/table.html", table=shown, fragment=fragment, etag=_response(fragment).headers["ETag"]
    )


@blueprint.get("/live")
@anyone
def live() -> Response:
    """What changed on the phones since the page was made: 304 while nothing has."""
    try:
        fragment = _live(views.table(_control(), everything=_everything()))
    except ControlError:
        return Response(status=503)
    return _response(fragment).make_conditional(request)


def _live(shown: views.Table) -> str:
    return render_template("simulator/_live.html", table=shown)


def _response(fragment: str) -> Response:
    response = make_response(fragment)
    response.add_etag(weak=True)
    return response


@blueprint.post("/phones")
@anyone
def add_phone() -> AnyResponse:
    """A phone more: the number typed, or any free one."""
    typed = request.form.get("number", "").strip()[:40]
    number = e164(typed, services().settings.default_region) if typed else ""
    if number is None or (number and not views.is_fictional(number)):
        flash("Use a number that belongs to nobody: one that ends in 555-0100 to 555-0199, such as 206 555 0142.")
        return redirect(url_for("simulator.table"))
    try:
        phone = _control().add_phone(number)
    except ControlError as refused:
        flash(f"That did not work: {refused}.")
        return redirect(url_for("simulator.table"))
    return redirect(
        url_for("simulator.table", all="1" if _everything() else None, _anchor=views.phone_id(phone["number"]))
    )


@blueprint.post("/text")
@anyone
def text() -> AnyResponse:
    """Send what was typed, or the quick answer that was pressed, from one of the phones."""
    body = (request.form.get("quick") or request.form.get("body", "")).strip()[:_LONGEST]
    try:
        number = views.number_of(_control(), request.form.get("phone", ""))
        if number is None:
            abort(404)
        if body:
            _control().text(number, "", body)
    except ControlError as refused:
        flash(f"That did not work: {refused}.")
    if request.headers.get("HX-Request"):
        return Response(status=204)
    anchor = request.form.get("phone", "") if number else None
    return redirect(url_for("simulator.table", all="1" if _everything() else None, _anchor=anchor))
