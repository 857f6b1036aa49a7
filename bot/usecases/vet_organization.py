"""How does a provider come to be approved? Step by step, each with a name: applied, reviewed, asked about, visited, and
then two people say yes. Every refusal says what is missing; nothing unapproved is ever matched.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot import log
from bot.rules.phrases import phrase
from bot.rules.vetting import HEADINGS, REVERIFY_AFTER, Visit, may_approve, may_move, missing_for_approval
from bot.store import audit, directory_vetting, staff, vetting
from bot.store.db import Database, Tx
from bot.store.vetting import Application
from bot.usecases.refusal import Refused

MAY = ("directory", "lead", "admin")


def apply_for(database: Database, *, organization_id: str, staff_id: str, answers: Mapping[str, str],
              recruited: bool = False) -> str | Refused:  # fmt: skip
    """Begin an application, or add answers to the open one; `recruited` says that this person brought them."""
    with database.transaction() as tx:
        if refused := _not_staff(tx, staff_id):
            return refused
        found = directory_vetting.organization(tx, organization_id)
        if found is None:
            return Refused("There is no such organization.")
        kept = {heading: text.strip() for heading, text in answers.items() if heading in HEADINGS and text.strip()}
        standing = vetting.open_of(tx, organization_id)
        if standing is not None:
            vetting.answer(tx, standing.application_id, kept)
            return standing.application_id
        application_id = vetting.apply(tx, organization_id, kept, recruited_by=staff_id if recruited else None)
        vetting.record(tx, organization_id=organization_id, application_id=application_id, step="applied",
                       outcome="applied", by=staff_id)  # fmt: skip
    return application_id


def move_on(database: Database, *, application_id: str, to: str, staff_id: str, evidence: str = "") -> Refused | None:
    """In review, references, site visit, or declined; approval has a door of its own."""
    with database.transaction() as tx:
        if refused := _not_staff(tx, staff_id):
            return refused
        found = vetting.get(tx, application_id, lock=True)
        if found is None or found.decided_at is not None:
            return Refused("There is no such open application.")
        if to == "approved" or not may_move(found.state, to):
            return Refused(phrase("From %(state)s it does not go to %(to)s.", state=found.state, to=to))
        vetting.move(tx, application_id, to, decided=to == "declined")
        vetting.record(tx, organization_id=found.organization_id, application_id=application_id, step=to, outcome=to,
                       by=staff_id, evidence=evidence or None)  # fmt: skip
    return None


def record_visit(database: Database, *, application_id: str, body: str, outcome: str, staff_id: str,
                 evidence: str) -> Refused | None:  # fmt: skip
    """Somebody who is not of our house went there; `outcome` is good, mixed or bad."""
    with database.transaction() as tx:
        if refused := _not_staff(tx, staff_id):
            return refused
        found = vetting.get(tx, application_id, lock=True)
        if found is None or found.state != "site_visit":
            return Refused("A visit is recorded when the application has come to it.")
        if outcome not in ("good", "mixed", "bad") or not body.strip():
            return Refused("Say which body went there, and how it was.")
        vetting.record(tx, organization_id=found.organization_id, application_id=application_id, step="visit",
                       outcome=outcome, by=staff_id, body=body.strip()[:80], evidence=evidence or None)  # fmt: skip
    return None


def approve(database: Database, *, application_id: str, staff_id: str) -> str | Refused:
    """The first yes is kept (`first`); the second, of another person, approves all its programs (`approved`)."""
    with database.transaction() as tx:
        if refused := _not_staff(tx, staff_id):
            return refused
        found = vetting.get(tx, application_id, lock=True)
        if found is None or found.state != "site_visit":
            return Refused("Only what has been reviewed, asked about and visited is approved.")
        why = may_approve(staff_id, recruited_by=found.recruited_by, first=found.approved_by)
        if why is not None:
            return Refused(why)
        if missing := _missing(tx, found):
            return Refused(" ".join(missing))
        vetting.record(tx, organization_id=found.organization_id, application_id=application_id, step="approval",
                       outcome="yes", by=staff_id)  # fmt: skip
        if found.approved_by is None:
            vetting.approve_first(tx, application_id, staff_id)
            return "first"
        vetting.approve_second(tx, application_id, staff_id)
        directory_vetting.approve(tx, found.organization_id, reverify_at=tx.now + REVERIFY_AFTER)
        audit.record(tx, act="provider_approved", staff_id=staff_id, object_id=found.organization_id[:40])
    log.event("provider_approved")
    return "approved"


def _missing(tx: Tx, found: Application) -> list[str]:
    visits = [Visit(body, outcome) for body, outcome in vetting.visits(tx, found.application_id)]
    organization = directory_vetting.organization(tx, found.organization_id)
    programs = directory_vetting.sorted_and_placed(tx, found.organization_id)
    return missing_for_approval(
        headings=found.answered, visits=visits, kinds_sorted=all(kind for kind, _ in programs),
        areas_known=all(area for _, area in programs), organization=organization or "", programs=len(programs),
    )  # fmt: skip


def _not_staff(tx: Tx, staff_id: str) -> Refused | None:
    account = staff.get(tx, staff_id)
    if account is None or not account.may(MAY):
        return Refused("Only directory staff, a lead or an admin may do this.")
    return None
