"""What is one program, all on one screen? What it asks, its counts and their history, who may report, what is due."""

from __future__ import annotations

import re

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.continuum import KINDS, SPECIALISATIONS
from bot.usecases import provider_link
from bot.usecases.edit_program import MAY, edit_program
from bot.usecases.invite_reporter import invite_reporter
from bot.usecases.mark_field import mark_field
from bot.usecases.refusal import Refused
from bot.usecases.remove_reporter import remove_reporter as remove
from bot.usecases.suspend_program import suspend_program
from bot.usecases.verify_criterion import BASES, verify_criterion
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.directory import views
from bot.web.directory.door import DECIDES, blueprint, program_called, typed
from bot.web.directory.record import BY_NAMES, HARDNESSES, HOLD_STATES, SOURCES, VIA, WHO_NAMES, shown
from bot.web.openings import ONE_TAP

_ZIP3 = re.compile(r"[0-9]{3}")


@blueprint.get("/programs/<code>")
@roles(*MAY)
def program(code: str) -> str:
    return page(code)


@blueprint.post("/programs/<code>/edit")
@roles(*MAY)
def edit(code: str) -> Response | tuple[str, int]:
    """What it is, which area it serves, who may see it, whether it hides."""
    areas = typed("zip3", 400).replace(",", " ").split()
    if not all(_ZIP3.fullmatch(area) for area in areas):
        return page(code, "An area is the first three digits of a ZIP, with spaces between. Nothing was changed."), 409
    changes = {
        "kind": typed("kind", 30), "need": typed("need", 20) or None, "region": typed("region", 60), "zip3": areas,
        "visibility": typed("visibility", 8), "confidential": "confidential" in request.form,
    }  # fmt: skip
    return after(code, _edited(code, changes), "It is changed.")


@blueprint.post("/programs/<code>/status")
@roles(*MAY)
def status(code: str) -> Response | tuple[str, int]:
    """Pause it, open it again, or close it."""
    to = typed("to", 8)
    said = {"paused": "Paused: nobody is sent there.", "active": "Open again.", "closed": "Closed."}.get(to, "")
    return after(code, _edited(code, {"status": to}), said)


@blueprint.post("/programs/<code>/suspend")
@roles(*DECIDES)
def suspend(code: str) -> Response | tuple[str, int]:
    """At once: it is matched no more, and whoever was sent there is somebody's task."""
    with services().database.reading() as tx:
        found = program_called(tx, code)
    evidence = request.form.get("evidence", "").strip()[:2000]
    if not evidence:
        return page(code, "Write down what was found. Nothing was changed."), 409
    which = {"organization_id": found.organization_id} if "all" in request.form else {"program_id": found.program_id}
    done = suspend_program(services().database, staff_id=signed_in().staff_id, evidence=evidence, **which)
    if isinstance(done, Refused):
        return after(code, done, "")
    return after(code, None, f"Suspended. {done} people were sent there: each is a task now.")


@blueprint.post("/programs/<code>/link")
@roles(*MAY)
def link(code: str) -> str | tuple[str, int]:
    """A link with which they put in their own counts: shown this once."""
    built = services()
    language = "es" if request.form.get("language") == "es" else "en"
    given = provider_link.give(built.database, program=id_of(code), staff_id=signed_in().staff_id, language=language)
    if isinstance(given, Refused):
        return page(code, given.reason), 409
    return page(code, link=f"{built.settings.public_url}{url_for('openings.show', token=given.token)}")


@blueprint.post("/programs/<code>/unlink")
@roles(*MAY)
def unlink(code: str) -> Response | tuple[str, int]:
    ended = provider_link.take_back(services().database, program=id_of(code), staff_id=signed_in().staff_id)
    return after(code, ended if isinstance(ended, Refused) else None, "No link opens it any more.")


@blueprint.post("/programs/<code>/reporters")
@roles(*MAY)
def add_reporter(code: str) -> Response | tuple[str, int]:
    """Ask a number whether it reports for this program; its yes makes it so."""
    built = services()
    language = "es" if request.form.get("language") == "es" else "en"
    refused = invite_reporter(
        built.database, built, program_id=id_of(code), number=typed("number", 30), language=language,
        staff_id=signed_in().staff_id,
    )  # fmt: skip
    return after(code, refused, "It is asked by text, and may report once it has answered YES.")


@blueprint.post("/programs/<code>/reporters/remove")
@roles(*MAY)
def remove_reporter(code: str) -> Response | tuple[str, int]:
    refused = remove(
        services().database, program_id=id_of(code), which=typed("which", 40), staff_id=signed_in().staff_id
    )
    return after(code, refused, "This number counts nothing any more.")


@blueprint.post("/programs/<code>/criteria/<id:criterion_id>")
@roles(*MAY)
def verify(code: str, criterion_id: str) -> Response | tuple[str, int]:
    """Somebody asked today, and it is so; from now on the matcher reads it."""
    with services().database.reading() as tx:
        record = shown(tx, program_called(tx, code))
    if criterion_id not in {line.criterion_id for line in record.criteria}:
        return page(code, "That is not one of this program's. Nothing was changed."), 409
    refused = verify_criterion(
        services().database, criterion_id=criterion_id, staff_id=signed_in().staff_id, basis=typed("basis", 8),
        hardness=typed("hardness", 9) or "hard",
    )  # fmt: skip
    return after(code, refused, "Verified today.")


@blueprint.post("/programs/<code>/mark")
@roles(*MAY)
def mark(code: str) -> Response | tuple[str, int]:
    """One field was found true today: its clock begins again."""
    refused = mark_field(
        services().database, subject_id=id_of(code), field=typed("field", 40), staff_id=signed_in().staff_id,
        verified=True,
    )  # fmt: skip
    return after(code, refused, "Found true today; its clock begins again.")


def id_of(code: str) -> str:
    with services().database.reading() as tx:
        return program_called(tx, code).program_id


def _edited(code: str, changes: dict[str, object]) -> Refused | None:
    return edit_program(services().database, program_id=id_of(code), staff_id=signed_in().staff_id, changes=changes)


def after(code: str, refused: Refused | None, said: str) -> Response | tuple[str, int]:
    if refused is not None:
        return page(code, refused.reason), 409
    flash(said)
    return redirect(url_for("directory.program", code=code))


def page(code: str, problem: str = "", link: str = "") -> str:
    with services().database.reading() as tx:
        record = shown(tx, program_called(tx, code))
        now = tx.now
    return render_template(
        "directory/program.html", record=record, problem=problem, link=link, states=views.STATES, needs=views.NEEDS,
        one_tap=ONE_TAP, bases=BASES, kinds=sorted(KINDS), decides=signed_in().may(DECIDES), now=now,
        typed=request.form if problem else {}, via=VIA, hold_states=HOLD_STATES, sources=SOURCES,
        hardnesses=HARDNESSES, by_names=BY_NAMES, who_names=WHO_NAMES, groups=SPECIALISATIONS,
    )  # fmt: skip
