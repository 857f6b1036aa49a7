"""How can the line be tried without a telephone? A table of simulated phones; outside simulation, nothing.

The page goes through the simulated carrier like any phone would: it has no way into a conversation of its own.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.recipients import e164
from bot.simulator.control import Control, ControlError
from bot.store import directory
from bot.web.auth import anyone
from bot.web.context import services
from bot.web.simulator import views
from bot.web.unchanged import etag, unless_same

blueprint = Blueprint("simulator", __name__, url_prefix="/simulator")

_LONGEST = 1600


@blueprint.before_request
def _in_simulation_only() -> None:
    if not services().settings.simulation:
        abort(404)


def _control() -> Control:
    settings = services().settings
    return Control(settings.twilio_api_base, settings.twilio_auth_token)


def _reporters() -> dict[str, directory.ReporterPhone]:
    with services().database.reading() as tx:
        return {one.number: one for one in directory.every_reporter(tx)}


def _everything() -> bool:
    return request.args.get("all") == "1"


@blueprint.get("/")
@anyone
def table() -> str | tuple[str, int]:
    """The phones side by side, each with its thread and a line to type in."""
    try:
        shown = views.table(_control(), reporters := _reporters(), everything=_everything())
    except ControlError:
        return render_template("simulator/down.html"), 503
    beds_first = sorted(reporters.values(), key=lambda one: (one.region, one.need != "bed", one.code_name))
    places = [(views.phone_id(one.number), one) for one in beds_first]
    return render_template("simulator/table.html", table=shown, places=places, etag=etag(_live(shown)))


@blueprint.get("/live")
@anyone
def live() -> Response:
    """What changed on the phones since the page was made: 304 while nothing has. `on` names the phones of that page:
    one that came later has no place there yet."""
    on = frozenset(request.args["on"].split(",")) if "on" in request.args else None
    try:
        fragment = _live(views.table(_control(), _reporters(), everything=_everything()), on)
    except ControlError:
        return Response(status=503)
    return unless_same(fragment)


def _live(shown: views.Table, on: frozenset[str] | None = None) -> str:
    return render_template("simulator/_live.html", table=shown, on=on)


@blueprint.post("/phones")
@anyone
def add_phone() -> AnyResponse:
    """A phone more: the number typed, or any free one."""
    typed = request.form.get("number", "").strip()[:40]
    settings = services().settings
    number = e164(typed, settings.default_region) if typed else ""
    if number is None or (number and not views.is_fictional(number)):
        flash("Use a number that belongs to nobody: one that ends in 555-0100 to 555-0199, such as 206 555 0142.")
        return redirect(url_for("simulator.table"))
    try:
        # A place's own number would be heard as a place, not as a person.
        number = number or views.free_number(_control(), {*_reporters(), *settings.twilio_from})
    except ControlError as refused:
        flash(f"That did not work: {refused}.")
        return redirect(url_for("simulator.table"))
    return _put_on_the_table(number)


@blueprint.post("/places")
@anyone
def add_place() -> AnyResponse:
    """The phone of a place that reports what it has open."""
    wanted = request.form.get("place", "")
    number = next((number for number in _reporters() if views.phone_id(number) == wanted), None)
    if number is None:
        abort(404)
    return _put_on_the_table(number)


def _put_on_the_table(number: str | None) -> AnyResponse:
    if number is None:
        flash("Every number to play with is in use. Type one.")
        return redirect(url_for("simulator.table"))
    try:
        if number not in {str(one["number"]) for one in _control().phones()}:
            _control().add_phone(number)
        everything = _everything() or not views.is_shown(_control(), number)
    except ControlError as refused:
        flash(f"That did not work: {refused}.")
        return redirect(url_for("simulator.table"))
    return redirect(url_for("simulator.table", all="1" if everything else None, _anchor=views.phone_id(number)))


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
