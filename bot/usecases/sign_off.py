"""Who says that a wording may be sent? One line that is never changed, for exactly the words that were read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from bot import log
from bot.rules.phrases import phrase
from bot.rules.wording import check
from bot.services import Services
from bot.store import audit, reviews, staff
from bot.store.db import Database, Tx
from bot.usecases.refusal import Refused
from bot.usecases.signed_off import wording_now

REVIEWERS = ("reviewer", "lead", "admin")
LONGEST_REMARK = 500


@dataclass(frozen=True, slots=True)
class Read:
    """The words somebody read: which text, in which language, and exactly which wording of it."""

    key: str
    language: str
    fingerprint: str


def sign_off(database: Database, services: Services, read: Read, *, staff_id: str, remark: str = "",
             back: bool = False) -> Refused | None:  # fmt: skip
    """Sign one wording off, or take its sign-off `back`. None means done."""
    act = "taken_back" if back else "signed"
    if len(remark) > LONGEST_REMARK:
        return Refused(phrase("A remark has at most %(most)s letters.", most=LONGEST_REMARK))
    try:
        with database.transaction() as tx:
            newest = reviews.newest(tx)
            refused = _why_not(tx, services, read, staff_id, back)
            if refused is not None:
                return refused
            line = reviews.Line(read.key, read.language, read.fingerprint, not back, staff_id, tx.now, remark)
            reviews.add(tx, line, after=newest)
            audit.record(tx, act=f"text_{act}", staff_id=staff_id, object_id=read.fingerprint,
                         detail=f"{read.key} {read.language}")  # fmt: skip
    except IntegrityError:
        return Refused("Somebody else signed at this very moment. Nothing of yours was kept: press once more.")
    log.event(f"text_{act}", staff_id=staff_id)
    return None


def _why_not(tx: Tx, services: Services, read: Read, staff_id: str, back: bool) -> Refused | None:
    account = staff.get(tx, staff_id)
    if account is None or not account.active or not account.may(REVIEWERS):
        return Refused("Only a reviewer, a lead or an admin may sign texts off.")
    wording = wording_now(tx, services)
    if wording.text(read.key, read.language).fingerprint != read.fingerprint:
        return Refused("These words were changed since you opened the page. Read them again, and sign what stands now.")
    if back:
        return None if wording.is_reviewed(read.key, read.language) else Refused("This wording is not signed off.")
    if wording.is_reviewed(read.key, read.language):
        return Refused("This wording is signed off already.")
    if any((one.key, one.language) == (read.key, read.language) for one in check(wording)):
        return Refused("This wording breaks a rule of the texts, named below. Have it mended first.")
    return None
