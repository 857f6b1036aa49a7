"""How does a program bring somebody in, in which languages, and can a wheelchair get in? Written down on its page."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from bot.rules.intake import BY, WHO_CALLS, read_hours
from bot.usecases.edit_program import MAY, edit_program
from bot.usecases.specialise import specialise
from bot.usecases.state_criterion import state_criterion
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.directory import programs
from bot.web.directory.door import blueprint, typed

_YES_NO = {"yes": True, "no": False, "ask": "ask"}


@blueprint.post("/programs/<code>/intake")
@roles(*MAY)
def intake(code: str) -> Response | tuple[str, int]:
    """The protocol as they told it; what is left empty is not known."""
    hours = read_hours(request.form.get("hours", "")[:2000])
    if isinstance(hours, str):
        return programs.page(code, f"Which days and hours are these: {hours[:60]}? Write Mon-Fri 9:00-17:00."), 409
    docs = [word for part in typed("needs_docs", 400).split(",") if (word := part.strip())]
    said: dict[str, Any] = {
        "warm_transfer": {"yes": True, "no": False}.get(typed("warm_transfer", 3)),
        "by": [way for way in request.form.getlist("by") if way in BY],
        "who_calls": who if (who := typed("who_calls", 10)) in WHO_CALLS else None,
        "interview_minutes": _number("interview_minutes"),
        "decision_within_h": _number("decision_within_h"),
        "needs_docs": docs,
        "hours": hours,
    }
    known = {name: value for name, value in said.items() if value not in (None, [])}
    refused = edit_program(
        services().database, program_id=programs.id_of(code), staff_id=signed_in().staff_id, changes={"intake": known}
    )
    return programs.after(code, refused, "How somebody is brought in is written down.")


@blueprint.post("/programs/<code>/access")
@roles(*MAY)
def access(code: str) -> Response | tuple[str, int]:
    """Languages of the staff, and whether there are steps: asked today, so it is verified and the matcher reads it."""
    program_id, staff_id = programs.id_of(code), signed_in().staff_id
    languages = typed("languages", 200).lower().replace(",", " ").split()
    said = [("languages", languages, "policy")] if languages else []
    if (steps := _YES_NO.get(typed("step_free", 3))) is not None:
        said.append(("step_free", steps, "building"))  # type: ignore[arg-type]
    for facet, value, basis in said:
        refused = state_criterion(
            services().database, program_id=program_id, staff_id=staff_id, facet=facet, value=value, basis=basis
        )
        if refused is not None:
            return programs.page(code, refused.reason), 409
    flash("Verified today." if said else "Nothing was said, and nothing was changed.")
    return redirect(url_for("directory.program", code=code))


@blueprint.post("/programs/<code>/knows")
@roles(*MAY)
def knows(code: str) -> Response | tuple[str, int]:
    """Whom it knows well: seen today, or seen not to be so."""
    said = request.form.get("act") == "verify"
    refused = specialise(
        services().database, program_id=programs.id_of(code), staff_id=signed_in().staff_id, tag=typed("tag", 30),
        knows=said,
    )  # fmt: skip
    return programs.after(code, refused, "Verified today." if said else "Taken away.")


def _number(name: str) -> int | None:
    words = typed(name, 5)
    return int(words) if words.isascii() and words.isdigit() else None
