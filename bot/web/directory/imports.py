"""How does a directory file come in from a browser? Put down under a name of its own, read whole, and reported."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from bot.store import directory_import, import_files, staff
from bot.store.directory_import import Import
from bot.usecases.hear_count import MAY
from bot.usecases.import_directory import LONGEST_REPORT, import_directory
from bot.usecases.refusal import Refused
from bot.web.auth import current_staff, roles, signed_in
from bot.web.campaigns.spool import LARGEST_UPLOAD
from bot.web.context import services
from bot.web.directory.door import blueprint

SHOWN = 20
AT_ONCE = 1024 * 1024
"""Bytes that are read while the one who brought them waits; a larger file is the worker's."""
_PIECE = 256 * 1024
FORMATS = {"waiting": "not read yet", "json": "HSDS, JSON", "tabular": "HSDS, JSON tables", "csv": "HSDS, CSV",
           "ours": "our own CSV", "unknown": "not known"}  # fmt: skip


@blueprint.get("/import")
@roles(*MAY)
def imports() -> str:
    return _page()


@blueprint.post("/import")
@roles(*MAY)
def bring() -> AnyResponse | tuple[str, int]:
    """Take the file, then show what became of it; a refusal leaves everything as it was."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _page("Choose a file. Nothing was changed."), 400
    # A table is known by its file's name, and by nothing else of it.
    name = secure_filename(upload.filename) or "file"
    size = upload.stream.seek(0, os.SEEK_END)
    upload.stream.seek(0)
    if size > AT_ONCE:
        return redirect(url_for("directory.import_report", import_id=_put_down(upload.stream, name[-80:])))
    with TemporaryDirectory() as place:
        path = Path(place) / name[-80:]
        upload.save(path)
        report = import_directory(services().database, path, staff_id=signed_in().staff_id)
    if isinstance(report, Refused):
        return _page(report.reason), 409
    with services().database.reading() as tx:
        newest = directory_import.recent_imports(tx, limit=1, staff_id=signed_in().staff_id)[0]
    return redirect(url_for("directory.import_report", import_id=newest.import_id))


def _put_down(stream: IO[bytes], name: str) -> str:
    """Sealed, for the worker."""
    built = services()
    with built.database.transaction() as tx:
        import_id = import_files.stage(
            tx, staff_id=signed_in().staff_id, name=name, pieces=iter(lambda: stream.read(_PIECE), b"")
        )
        tx.after_commit(built.nudges.deliver)
    return import_id


def allow_larger() -> None:
    """Only the page that takes a directory file, and only from somebody who may bring one."""
    if request.endpoint == "directory.bring" and request.method == "POST":
        account = current_staff()
        if account is not None and account.may(MAY):
            request.max_content_length = LARGEST_UPLOAD


@blueprint.get("/import/<id:import_id>")
@roles(*MAY)
def import_report(import_id: str) -> str:
    return render_template(
        "directory/import_report.html", done=_import(import_id), most=LONGEST_REPORT, formats=FORMATS
    )


@blueprint.get("/import/<id:import_id>/quarantined.csv")
@roles(*MAY)
def quarantined(import_id: str) -> Response:
    """Table, id and reason of what was left out, for whoever mends the file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("table", "id", "reason"))
    writer.writerows((one["table"], _no_formula(one["id"]), one["reason"]) for one in _import(import_id).report)
    headers = {"Content-Disposition": 'attachment; filename="quarantined.csv"'}
    return Response(out.getvalue(), mimetype="text/csv", headers=headers)


def _no_formula(words: str) -> str:
    """An id is somebody else's words: a spreadsheet must not run them."""
    return f"'{words}" if words[:1] in "=+-@\t\r" else words


def _import(import_id: str) -> Import:
    with services().database.reading() as tx:
        found = directory_import.import_of(tx, import_id)
    if found is None:
        abort(404)
    return found


def _page(problem: str = "") -> str:
    with services().database.reading() as tx:
        done = directory_import.recent_imports(tx, limit=SHOWN)
        aliases = staff.aliases(tx, {one.staff_id for one in done if one.staff_id})
    return render_template("directory/import.html", done=done, aliases=aliases, problem=problem, formats=FORMATS)
