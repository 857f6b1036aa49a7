"""What do the rooms beside the board share? Their door, and that whoever looks in is there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Blueprint, Response, request

from bot.usecases import be_present
from bot.web.auth import current_staff, is_poll
from bot.web.context import services
from bot.web.desk.door import DESK

blueprint = Blueprint("team", __name__, url_prefix="/desk")

LEAD = ("lead",)
CALLED = (*DESK, "admin")
"""Whoever may be called: an admin is, where nobody else can be."""
COUNTS = ("lead", "admin", "auditor")
"""Who sees numbers in which nobody can be found."""
RECORD = ("lead", "auditor")
FETCHED_ALONE = ("team.bell", "team.manifest")


@blueprint.after_request
def _present(response: Response) -> Response:
    """A poll says that their page is open, anything else that they are there."""
    if request.endpoint in FETCHED_ALONE:
        return response  # a browser looks for a newer one by itself
    account = current_staff()
    if account is not None and response.status_code < 400 and account.may(DESK):
        told = be_present.polled if is_poll() else be_present.typed
        told(services().database, staff_id=account.staff_id)
    return response


def as_csv(name: str, rows: Iterable[Sequence[object]]) -> Response:
    """A file for a spreadsheet. A cell that would begin a formula there is written as words."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    response = Response(out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
