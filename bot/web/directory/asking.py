"""What is worth a telephone call, and what did they say? The first page of the directory; a count is one tap."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from bot.rules.phrases import phrase
from bot.store import directory_board
from bot.store.directory_board import Program
from bot.usecases.hear_count import MAY, hear_count
from bot.usecases.unmet_needs import unmet_needs
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.directory import views
from bot.web.directory.door import blueprint, program_called, typed
from bot.web.openings import ONE_TAP

DEMAND_DAYS = 14
FOUND = 25
_NARROWED = "directory"
_ACTS = {"count": "Kept", "same": "Kept as before", "full": "Kept as full", "wait": "Kept as full, with a waiting list",
         "undo": "Your last count was taken back"}  # fmt: skip


@blueprint.get("/")
@roles(*MAY)
def index() -> str:
    """What is stale and worth a call, first; then the rest."""
    return _list()


@blueprint.post("/narrow")
@roles(*MAY)
def narrow() -> Response:
    """Only this need, only this region, until it is chosen otherwise."""
    session[_NARROWED] = {"need": typed("need", 20), "region": typed("region", 60)}
    return redirect(url_for("directory.index"))


@blueprint.post("/find")
@roles(*MAY)
def find() -> Response | str | tuple[str, int]:
    """A program by how its code name or its organization's name begins, whatever its state."""
    words = typed("words", 60)
    if not words:
        return _list(problem="Type how the code name or the organization begins."), 400
    with services().database.reading() as tx:
        found = directory_board.called(tx, words, most=FOUND)
    if len(found) == 1:
        return redirect(url_for("directory.program", code=found[0].code_name))
    return _list(found=found, words=words)


@blueprint.post("/programs/<code>/count")
@roles(*MAY)
def count(code: str) -> Response:
    """One tap: what they said on the telephone."""
    with services().database.reading() as tx:
        program_id = program_called(tx, code).program_id
    act, stock_id, n = request.form.get("act", "count"), request.form.get("stock", ""), request.form.get("n", "")
    counts = {stock_id: int(n)} if n.isascii() and n.isdigit() and len(n) < 5 else {}
    refused = hear_count(
        services().database, program_id=program_id, staff_id=signed_in().staff_id, act=act, counts=counts
    )
    flash(refused.reason if refused else phrase("%(code)s: %(_acts)s.", code=code, _acts=_ACTS[act]))
    if request.form.get("back") == "program":
        return redirect(url_for("directory.program", code=code))
    return redirect(url_for("directory.index"))


def _list(problem: str = "", found: list[Program] | None = None, words: str = "") -> str:
    database = services().database
    narrowed = session.get(_NARROWED, {"need": "", "region": ""})
    demand = views.shares(unmet_needs(database, days=DEMAND_DAYS))
    with database.reading() as tx:
        rows = views.asked(directory_board.known(tx, **narrowed), demand)
        regions = directory_board.regions(tx)
    return render_template(
        "directory/index.html", rows=rows[: views.SHOWN], more=max(0, len(rows) - views.SHOWN), narrowed=narrowed,
        regions=regions, needs=views.NEEDS, states=views.STATES, one_tap=ONE_TAP, problem=problem, found=found,
        words=words, stale=sum(row.worth > 0 for row in rows),
    )  # fmt: skip
