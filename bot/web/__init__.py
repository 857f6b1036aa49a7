"""Which doors does the line have? Everything that answers over HTTP is put together here.

The application is a `Web`, made under this package's name, so that templates and static files are found beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.phrases import phrase
from bot.services import Services
from bot.store.staff import ROLES
from bot.web import (
    account,
    api,
    auth,
    away,
    campaigns,
    desk,
    directory,
    flows,
    health,
    moments,
    observations,
    openings,
    security,
    simulator,
    staff,
    tongue,
    twilio,
)
from bot.web.campaigns import doors, lists, one_by_one, results, spool, trying
from bot.web.context import EXTENSION, services
from bot.web.desk import composing, duties, follow_ups, promises, releases, rooms, search, warm
from bot.web.ids import IdConverter
from bot.web.sessions import StoredSessions, device_words


class Web(Flask):
    """Guards against what other sites make a browser do stand at every door but the carrier's: it is no browser, it
    has a signature to show instead, and every text comes through there."""

    def __init__(self) -> None:
        super().__init__(__name__)

    def preprocess_request(self) -> ResponseReturnValue | None:
        return None if request.blueprint == twilio.blueprint.name else super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        return response if request.blueprint == twilio.blueprint.name else super().process_response(response)


@dataclass(frozen=True, slots=True)
class Room:
    """One entry of the navigation."""

    name: str
    href: str
    roles: frozenset[str]

    @property
    def here(self) -> bool:
        return request.path.startswith(self.href)


_DESK = Room(phrase("Desk"), "/desk/", frozenset({"advocate", "lead"}))
_CAMPAIGNS = Room(phrase("Campaigns"), "/campaigns/", frozenset({"outreach", "approver", "lead", "admin"}))
_DIRECTORY = Room(phrase("Directory"), "/directory/", frozenset({"directory", "lead", "admin"}))
_SCRIPT = Room(phrase("Script"), "/flows/", frozenset(ROLES))
_STAFF = Room(phrase("Staff"), "/staff/", frozenset({"admin"}))
_RECORD = Room(phrase("Record"), "/desk/audit", frozenset({"auditor"}))
_REACH = Room(phrase("Reach"), "/desk/reach", frozenset({"admin"}))
_FIGURES = Room(phrase("Figures"), "/desk/figures", frozenset({"admin", "auditor"}))
_SIMULATOR = Room(phrase("Simulator"), "/simulator/", auth.ANYONE)

_ENGLISH = ("/campaigns/", "/directory/", "/flows/", "/simulator/")
"""Rooms whose pages nobody has put into another language yet: marked as what they are."""


def register(app: Flask, built: Services) -> None:
    """Sessions first, then security, then who may enter, then the rooms."""
    app.extensions[EXTENSION] = built
    app.url_map.converters["id"] = IdConverter
    app.session_interface = StoredSessions(built.database, secure=built.settings.secure_cookies)
    app.request_class = spool.ListRequest
    app.before_request(lists.allow_larger)  # before anything reads the body
    app.before_request(directory.imports.allow_larger)
    security.install(app, built.settings)
    app.before_request(auth.enforce)
    tongue.install(app, auth.current_staff)
    app.context_processor(_frame)
    app.jinja_env.globals.update(
        when=moments.when, clock=moments.clock, role_words=staff.ROLE_WORDS, device_words=device_words
    )
    app.add_url_rule("/", "front", _front)
    for room in (
        twilio, health, api, auth, account, away, staff, desk, campaigns, lists, one_by_one, trying, doors, results,
        directory, flows, simulator, openings, observations, search, rooms, composing, releases, warm, follow_ups,
        promises, duties,
    ):  # fmt: skip
        app.register_blueprint(room.blueprint)
    for machines in (twilio, health, api, openings, observations):  # each proves itself: a signature, a link, a key
        security.csrf.exempt(machines.blueprint)
        auth.open_to_anyone(app, machines.blueprint)


@auth.anyone
def _front() -> AnyResponse:
    """The bare address: to one's own room, or to the door. In simulation a newcomer meets the phones first."""
    account = auth.current_staff()
    if account is not None:
        return redirect(auth.home_of(account))
    return redirect(_SIMULATOR.href if services().settings.simulation else "/desk/login")


def _frame() -> dict[str, Any]:
    """What the frame of every page needs to know."""
    settings = services().settings
    bare = g.get("bare", False)
    account = None if bare else auth.current_staff()
    mine = (_DESK, _CAMPAIGNS, _DIRECTORY, _SCRIPT, _STAFF, _REACH, _RECORD, _FIGURES)
    rooms = [room for room in mine if account is not None and account.may(room.roles)]
    if settings.simulation:
        rooms.append(_SIMULATOR)
    return {
        "bare": bare,
        "staff": account,
        "locked": account is not None and auth.stored_session().is_idle(),
        "rooms": rooms,
        "home": auth.home_of(account) if account else "/desk/login",
        "brand": settings.brand,
        "simulation": settings.simulation,
        "english_only": tongue.language() != "en" and request.path.startswith(_ENGLISH),
    }
