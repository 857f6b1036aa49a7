"""Where does each provider's vetting stand, and what is the next step? The board, and one application on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.rules.vetting import HEADINGS, STATES, may_approve, may_move
from bot.store import directory_board, directory_vetting, staff
from bot.store import vetting as store
from bot.store.db import Tx
from bot.store.directory_board import Program
from bot.store.vetting import Application, Step
from bot.usecases import vet_organization
from bot.usecases.refusal import Refused
from bot.usecases.vet_organization import MAY
from bot.web.auth import roles, signed_in
from bot.web.context import services
from bot.web.directory.door import DECIDES, blueprint, typed

FUNNEL = timedelta(days=365)
WAITING = 25
COLUMNS = {"applied": "Applied", "in_review": "In review", "references": "References", "site_visit": "Site visit"}
HEADING_NAMES = {
    "victim_centredness": "Centred on the people it serves", "sustainable_management": "Sustainable management",
    "collaboration": "Collaboration", "ability_to_serve": "Ability to serve",
}  # fmt: skip
REACHED = {"applied": "applied", "in_review": "reviewed", "references": "references asked", "visit": "visited",
           "approved": "approved", "declined": "declined"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """One application as it stands on the board."""

    application: Application
    name: str
    visits: int


@dataclass(frozen=True, slots=True)
class Applied:
    """One application, whole."""

    application: Application
    name: str
    answers: Mapping[str, str]
    steps: tuple[Step, ...]
    programs: tuple[Program, ...]
    aliases: Mapping[str, str]
    onward: tuple[str, ...]
    """Where it may go from here, but for approval."""
    may_not_approve: str | None


@blueprint.get("/vetting")
@roles(*MAY)
def vetting() -> str:
    return _board()


@blueprint.post("/vetting/find")
@roles(*DECIDES)
def find_waiting() -> str:
    """An organization that waits, by how its name begins."""
    return _board(words=typed("words", 60))


@blueprint.post("/vetting/begin")
@roles(*DECIDES)
def begin() -> Response | tuple[str, int]:
    """Open an application; or the one that is open already."""
    done = vet_organization.apply_for(
        services().database, organization_id=typed("organization", 64), staff_id=signed_in().staff_id, answers={},
        recruited="recruited" in request.form,
    )  # fmt: skip
    if isinstance(done, Refused):
        return _board(done.reason), 409
    return redirect(url_for("directory.application", application_id=done))


@blueprint.get("/vetting/<id:application_id>")
@roles(*MAY)
def application(application_id: str) -> str:
    return _page(application_id)


@blueprint.post("/vetting/<id:application_id>/answers")
@roles(*DECIDES)
def answer(application_id: str) -> Response | tuple[str, int]:
    """The four headings, in the applicant's words; what is left empty stays as it was."""
    with services().database.reading() as tx:
        organization_id = _known(tx, application_id).organization_id
    answers = {heading: request.form.get(heading, "")[:5000] for heading in HEADINGS}
    done = vet_organization.apply_for(
        services().database, organization_id=organization_id, staff_id=signed_in().staff_id, answers=answers
    )
    return _after(application_id, done if isinstance(done, Refused) else None, "Kept.")


@blueprint.post("/vetting/<id:application_id>/move")
@roles(*DECIDES)
def move(application_id: str) -> Response | tuple[str, int]:
    refused = vet_organization.move_on(
        services().database, application_id=application_id, to=typed("to", 12), staff_id=signed_in().staff_id,
        evidence=request.form.get("evidence", "").strip()[:5000],
    )  # fmt: skip
    return _after(application_id, refused, "It has moved on.")


@blueprint.post("/vetting/<id:application_id>/visit")
@roles(*DECIDES)
def visit(application_id: str) -> Response | tuple[str, int]:
    """Somebody who is not of our house went there."""
    refused = vet_organization.record_visit(
        services().database, application_id=application_id, body=typed("body", 80), outcome=typed("outcome", 8),
        staff_id=signed_in().staff_id, evidence=request.form.get("evidence", "").strip()[:5000],
    )  # fmt: skip
    return _after(application_id, refused, "The visit is recorded.")


@blueprint.post("/vetting/<id:application_id>/approve")
@roles(*DECIDES)
def approve(application_id: str) -> Response | tuple[str, int]:
    """The first yes, or the second, of another person: then it is matched."""
    done = vet_organization.approve(services().database, application_id=application_id, staff_id=signed_in().staff_id)
    said = {"first": "Your yes is kept. A second person must say yes as well.",
            "approved": "Approved by two people: its programs are matched from now on."}  # fmt: skip
    return _after(application_id, done if isinstance(done, Refused) else None, said.get(str(done), ""))


def _after(application_id: str, refused: Refused | None, said: str) -> Response | tuple[str, int]:
    if refused is not None:
        return _page(application_id, refused.reason), 409
    flash(said)
    return redirect(url_for("directory.application", application_id=application_id))


def _known(tx: Tx, application_id: str) -> Application:
    found = store.get(tx, application_id)
    if found is None:
        abort(404)
    return found


def _board(problem: str = "", words: str = "") -> str:
    with services().database.reading() as tx:
        cards = [
            Card(one, directory_vetting.organization(tx, one.organization_id) or "",
                 len(store.visits(tx, one.application_id)))
            for one in store.board(tx)
        ]  # fmt: skip
        funnel, waiting = store.funnel(tx, tx.now - FUNNEL), store.waiting(tx, words=words, most=WAITING + 1)
    by_state = {state: [card for card in cards if card.application.state == state] for state in COLUMNS}
    return render_template(
        "directory/vetting.html", by_state=by_state, columns=COLUMNS, funnel=funnel, reached=REACHED, problem=problem,
        waiting=waiting[:WAITING], more=len(waiting) > WAITING, words=words, headings=len(HEADINGS),
        decides=signed_in().may(DECIDES),
    )  # fmt: skip


def _page(application_id: str, problem: str = "") -> str:
    with services().database.reading() as tx:
        applied = _applied(tx, _known(tx, application_id))
    return render_template(
        "directory/application.html", applied=applied, headings=HEADING_NAMES, columns=COLUMNS, problem=problem,
        decides=signed_in().may(DECIDES), typed=request.form if problem else {},
    )  # fmt: skip


def _applied(tx: Tx, found: Application) -> Applied:
    steps = store.steps_of(tx, found.application_id)
    people = {step.by for step in steps} | {one for one in (found.recruited_by, found.approved_by) if one}
    onward = tuple(to for to in STATES if to != "approved" and may_move(found.state, to))
    return Applied(
        application=found,
        name=directory_vetting.organization(tx, found.organization_id) or "",
        answers=store.answers_of(tx, found.application_id),
        steps=tuple(steps),
        programs=tuple(directory_board.programs_of(tx, found.organization_id)),
        aliases=staff.aliases(tx, people),
        onward=onward if found.decided_at is None else (),
        may_not_approve=may_approve(signed_in().staff_id, recruited_by=found.recruited_by, first=found.approved_by),
    )
