"""What do people ask for that nobody can give? Sums for planning and for whoever pays for beds; nobody is in them."""

from __future__ import annotations

import csv
import io

from flask import Response, render_template, request

from bot.rules.unmet import SMALLEST, Unmet
from bot.usecases.hear_count import MAY
from bot.usecases.unmet_needs import unmet_needs
from bot.web.auth import roles
from bot.web.context import services
from bot.web.directory.door import blueprint
from bot.web.directory.views import NEEDS

SPANS = {"30": "30 days", "90": "90 days", "365": "A year"}
BY = {"reason": "Why", "area": "Where, by three ZIP digits", "who": "Who it was for"}
WORDS = {
    Unmet.NO_PROGRAM: "nobody offers it there", Unmet.DOES_NOT_FIT: "what there is does not fit",
    Unmet.FULL: "full", Unmet.NOT_SURE: "there may be room: it must be asked",
    "": "anywhere, or not said", "under18": "under 18", "family": "with children, or pregnant", "men": "men",
    "women": "women", "trans": "trans welcome", "other": "not said",
}  # fmt: skip
FEW = f"fewer than {SMALLEST}, or hidden beside one"


@blueprint.get("/unmet")
@roles(*MAY)
def unmet() -> str:
    """By need: the sum, and why, where and for whom, one at a time."""
    span = _span()
    return render_template(
        "directory/unmet.html", needs=unmet_needs(services().database, days=int(span)), spans=SPANS, span=span, by=BY,
        words=WORDS, names=NEEDS, few=FEW,
    )  # fmt: skip


@blueprint.get("/unmet.csv")
@roles(*MAY)
def unmet_csv() -> Response:
    """The same numbers for a spreadsheet; a hidden one is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("need", "by", "value", "number"))
    span = _span()
    for need, one in unmet_needs(services().database, days=int(span)).items():
        writer.writerow((need, "all", "", one["total"]))
        writer.writerows((need, by, value, n) for by in BY for value, n in one["by"][by])
    headers = {"Content-Disposition": f'attachment; filename="unmet-{span}-days.csv"'}
    return Response(out.getvalue(), mimetype="text/csv", headers=headers)


def _span() -> str:
    asked = request.args.get("days", "")
    return asked if asked in SPANS else "90"
