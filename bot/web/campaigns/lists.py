"""How does somebody watch a list being read, say which column is what, and throw a list away?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.rules.recipients import masked
from bot.rules.sheet import FIELDS
from bot.store import lists
from bot.store.campaigns import Campaign
from bot.store.db import Database
from bot.store.lists import Reading
from bot.usecases.import_recipients import read_on
from bot.usecases.refusal import Refused
from bot.usecases.stage_list import choose_columns, discard_list
from bot.web.auth import current_staff, roles, signed_in
from bot.web.campaigns.spool import LARGEST_PASTE, LARGEST_UPLOAD
from bot.web.campaigns.views import FIELD_NAMES
from bot.web.context import services
from bot.web.unchanged import etag, tagged

blueprint = Blueprint("lists", __name__, url_prefix="/campaigns/lists")

LOOK = ("outreach", "approver", "lead", "admin")
MAKE = ("outreach", "lead", "admin")
AT_ONCE = 2
"""Pages that are read while the one who brought the list waits; a longer list is the worker's."""
_SHOWN = 3
_BATCH = 5000

def allow_larger() -> None:
    """Only the page that takes a list, and only from somebody who may bring one. Before anything reads the body."""
    if request.endpoint != "campaigns.create" or request.method != "POST":
        return
    account = current_staff()
    if account is not None and account.may(MAKE):
        request.max_content_length = LARGEST_UPLOAD
        request.max_form_memory_size = LARGEST_PASTE


def page_of(campaign: Campaign) -> str:
    """The page of a campaign whose list is not read yet."""
    with services().database.reading() as tx:
        reading = lists.of_campaign(tx, campaign.campaign_id)
        if reading is None:
            abort(404)
        sample = [masked(cells) for _, cells in lists.page(tx, reading.list_id, 0)[:_SHOWN]]
    account = signed_in()
    columns = [
        (at, reading.headings[at] if at < len(reading.headings) else "", [row[at] for row in sample if at < len(row)])
        for at in range(reading.width)
    ]
    fragment = _fragment(reading)
    return render_template(
        "campaigns/reading.html", campaign=campaign, reading=reading, columns=columns, fields=FIELD_NAMES,
        fragment=fragment, etag=etag(fragment), may_make=account.may(MAKE),
    )  # fmt: skip


@blueprint.get("/<id:campaign_id>/live")
@roles(*LOOK)
def live(campaign_id: str) -> Response:
    """How far it is; once it is read the page is asked for anew."""
    with services().database.reading() as tx:
        reading = lists.of_campaign(tx, campaign_id)
    if reading is None:
        abort(404)
    response = tagged(_fragment(reading))
    if reading.state == "done":
        response.headers["HX-Refresh"] = "true"
        return response
    return response.make_conditional(request)


@blueprint.post("/<id:campaign_id>/columns")
@roles(*MAKE)
def columns(campaign_id: str) -> AnyResponse:
    """Which column is what, as a person says; then it is read."""
    built, chosen = services(), {}
    for field in FIELDS:
        at = request.form.get(f"column-{field}", "")
        if at.isascii() and at.isdigit():
            chosen[field] = int(at)
    refused = choose_columns(
        built.database, campaign_id=campaign_id, columns=chosen, staff_id=signed_in().staff_id
    )  # fmt: skip
    if refused is not None:
        flash(refused.reason)
    else:
        read_short(campaign_id)
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))


@blueprint.post("/<id:campaign_id>/discard")
@roles(*MAKE)
def discard(campaign_id: str) -> AnyResponse:
    refused = discard_list(services().database, campaign_id=campaign_id, staff_id=signed_in().staff_id)
    if isinstance(refused, Refused):
        flash(refused.reason)
        return redirect(url_for("campaigns.show", campaign_id=campaign_id))
    flash("The list was thrown away. Nobody on it was texted.")
    return redirect(url_for("campaigns.index"))


def rejected(campaign_id: str) -> Response:
    """Row numbers, columns and reasons of what was left out; the numbers themselves were not kept."""
    headers = {"Content-Disposition": 'attachment; filename="rows-left-out.csv"'}
    return Response(_lines(services().database, campaign_id), mimetype="text/csv", headers=headers)


def read_short(campaign_id: str) -> None:
    """A short list is read before the answer; of a long one the worker hears at once."""
    built = services()
    with built.database.reading() as tx:
        reading = lists.of_campaign(tx, campaign_id)
    if reading is not None and reading.pages <= AT_ONCE:
        read_on(built.database, built, campaign_id)
    else:
        built.nudges.deliver()


def _lines(database: Database, campaign_id: str) -> Iterator[str]:
    after = 0
    yield "row,column,kind,reason\r\n"
    while True:
        with database.reading() as tx:
            rows = lists.rejected(tx, campaign_id, after=after, limit=_BATCH)
        out = io.StringIO()
        csv.writer(out).writerows((row, field, kind, reason) for row, kind, field, reason in rows)
        yield out.getvalue()
        if len(rows) < _BATCH:
            return
        after = rows[-1][0]


def _fragment(reading: Reading) -> str:
    return render_template("campaigns/_reading.html", reading=reading)
