"""Who asks to be listed, who looked at them, and what was found? An application, and its steps appended one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    func,
    or_,
    select,
)

from bot.rules.vetting import HEADINGS
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.directory import organizations

applications = Table(
    "applications",
    metadata,
    Column("application_id", String(32), primary_key=True),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id", ondelete="CASCADE"),
           nullable=False),
    Column("state", String(12), nullable=False),  # bot.rules.vetting.STATES
    # The four headings, in the applicant's words: sealed, and all of them there before anybody decides.
    Column("victim_centredness", LargeBinary),
    Column("sustainable_management", LargeBinary),
    Column("collaboration", LargeBinary),
    Column("ability_to_serve", LargeBinary),
    Column("recruited_by", String(32)),  # may not be one of the two who approve
    Column("approved_by", String(32)),
    Column("seconded_by", String(32)),
    Column("applied_at", UTCDateTime, nullable=False),
    Column("decided_at", UTCDateTime),
    CheckConstraint("approved_by <> seconded_by", name="two_people"),
    CheckConstraint("recruited_by <> approved_by AND recruited_by <> seconded_by", name="not_the_recruiter"),
    CheckConstraint("state <> 'approved' OR (approved_by IS NOT NULL AND seconded_by IS NOT NULL)", name="approved"),
    partial("uq_applications_open", "organization_id", where="decided_at IS NULL", unique=True),
)  # fmt: skip

vetting_events = Table(
    "vetting_events",
    metadata,
    Column("vetting_event_id", String(32), primary_key=True),
    Column("application_id", String(32), ForeignKey("applications.application_id", ondelete="CASCADE")),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("program_id", String(64)),  # when it is of one program alone
    Column("step", String(12), nullable=False),  # a state, or `site_visit`, `approval`, `suspension`
    Column("outcome", String(12), nullable=False),
    Column("by", String(32), nullable=False),
    Column("body", String(80)),  # the outside body that visited
    Column("evidence", LargeBinary),  # sealed
    Column("at", UTCDateTime, nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Application:
    """`answered` are the headings that have an answer."""

    application_id: str
    organization_id: str
    state: str
    recruited_by: str | None
    approved_by: str | None
    applied_at: datetime
    decided_at: datetime | None
    answered: tuple[str, ...]


def apply(tx: Tx, organization_id: str, answers: Mapping[str, str], *, recruited_by: str | None) -> str:
    """A new application; the constraint allows one open one of each organization."""
    application_id = new_id()
    row = {
        "application_id": application_id, "organization_id": organization_id, "state": "applied",
        "recruited_by": recruited_by, "applied_at": tx.now, **_sealed(tx, application_id, answers),
    }  # fmt: skip
    tx.conn.execute(applications.insert(), row)
    return application_id


def answer(tx: Tx, application_id: str, answers: Mapping[str, str]) -> None:
    sealed = _sealed(tx, application_id, answers)
    if sealed:
        where = applications.c.application_id == application_id
        tx.conn.execute(applications.update().where(where).values(**sealed))


def answers_of(tx: Tx, application_id: str) -> dict[str, str]:
    """What was answered, by heading, in clear."""
    query = select(*(applications.c[heading] for heading in HEADINGS))
    row = tx.conn.execute(query.where(applications.c.application_id == application_id)).one()
    return {
        heading: tx.keys.open(f"applications.{heading}", application_id, sealed)
        for heading, sealed in zip(HEADINGS, row, strict=True) if sealed is not None
    }  # fmt: skip


def _sealed(tx: Tx, application_id: str, answers: Mapping[str, str]) -> dict[str, bytes]:
    return {heading: tx.keys.seal(f"applications.{heading}", application_id, text) for heading, text in answers.items()}


def get(tx: Tx, application_id: str, *, lock: bool = False) -> Application | None:
    found = _select(tx, applications.c.application_id == application_id, lock=lock)
    return found[0] if found else None


def open_of(tx: Tx, organization_id: str) -> Application | None:
    found = _select(tx, applications.c.organization_id == organization_id, applications.c.decided_at.is_(None))
    return found[0] if found else None


def board(tx: Tx) -> list[Application]:
    """The open ones, the longest waiting first."""
    return _select(tx, applications.c.decided_at.is_(None))


def move(tx: Tx, application_id: str, to: str, *, decided: bool) -> None:
    values = {"state": to, "decided_at": tx.now if decided else None}
    tx.conn.execute(applications.update().where(applications.c.application_id == application_id).values(**values))


def approve_first(tx: Tx, application_id: str, staff_id: str) -> None:
    where = applications.c.application_id == application_id
    tx.conn.execute(applications.update().where(where).values(approved_by=staff_id))


def approve_second(tx: Tx, application_id: str, staff_id: str) -> None:
    values = {"seconded_by": staff_id, "state": "approved", "decided_at": tx.now}
    tx.conn.execute(applications.update().where(applications.c.application_id == application_id).values(**values))


def record(tx: Tx, *, organization_id: str, step: str, outcome: str, by: str, application_id: str | None = None,
           program_id: str | None = None, body: str | None = None, evidence: str | None = None) -> None:  # fmt: skip
    """Append a step; none is ever changed."""
    event_id = new_id()
    row = {
        "vetting_event_id": event_id, "application_id": application_id, "organization_id": organization_id,
        "program_id": program_id, "step": step, "outcome": outcome, "by": by, "body": body, "at": tx.now,
        "evidence": None if evidence is None else tx.keys.seal("vetting_events.evidence", event_id, evidence),
    }  # fmt: skip
    tx.conn.execute(vetting_events.insert(), row)


def visits(tx: Tx, application_id: str) -> list[tuple[str, str]]:
    """(outside body, outcome), the oldest first."""
    e = vetting_events.c
    query = select(e.body, e.outcome).where(e.application_id == application_id, e.step == "visit")
    return [(row[0], row[1]) for row in tx.conn.execute(query.order_by(e.at, e.vetting_event_id))]


def funnel(tx: Tx, since: datetime) -> dict[str, int]:
    """How many applications came to each step since then: 31 visited, 12 approved."""
    e = vetting_events.c
    counted = func.count(e.application_id.distinct())
    rows = tx.conn.execute(select(e.step, counted).where(e.at >= since).group_by(e.step))
    reached = {row[0]: row[1] for row in rows}
    decided = select(func.count()).select_from(applications)
    decided = decided.where(applications.c.state == "approved", applications.c.decided_at >= since)
    steps = {step: reached.get(step, 0) for step in ("applied", "in_review", "references", "visit", "declined")}
    return {**steps, "approved": tx.conn.execute(decided).scalar_one()}


def _select(tx: Tx, *where: ColumnElement[bool], lock: bool = False) -> list[Application]:
    a = applications.c
    query = select(a.application_id, a.organization_id, a.state, a.recruited_by, a.approved_by, a.applied_at,
                   a.decided_at, *(a[heading].is_not(None) for heading in HEADINGS))  # fmt: skip
    query = query.where(*where).order_by(a.applied_at, a.application_id)
    rows = tx.conn.execute(query.with_for_update() if lock else query)
    return [
        Application(*row[:7], answered=tuple(h for h, there in zip(HEADINGS, row[7:], strict=True) if there))
        for row in rows
    ]


def waiting(tx: Tx, *, words: str = "", most: int) -> list[tuple[str, str, str]]:
    """(id, name, vetting) of organizations nobody looks at now: no open application, and not approved or due again."""
    o = organizations.c
    opened = select(applications.c.organization_id).where(applications.c.decided_at.is_(None))
    due = or_(o.vetting != "approved", o.reverify_at <= tx.now)
    query = select(o.organization_id, o.name, o.vetting).where(o.organization_id.not_in(opened), due)
    if words:
        query = query.where(func.lower(o.name).startswith(words.lower(), autoescape=True))
    return [(row[0], row[1], row[2]) for row in tx.conn.execute(query.order_by(o.name, o.organization_id).limit(most))]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an application, as it was appended."""

    step: str
    outcome: str
    by: str
    body: str | None
    at: datetime
    evidence: str | None


def steps_of(tx: Tx, application_id: str) -> list[Step]:
    """The oldest first, what was found in clear."""
    e = vetting_events.c
    query = select(e.vetting_event_id, e.step, e.outcome, e.by, e.body, e.at, e.evidence)
    rows = tx.conn.execute(query.where(e.application_id == application_id).order_by(e.at, e.vetting_event_id))
    return [Step(*row[1:6], _evidence(tx, row.vetting_event_id, row.evidence)) for row in rows]


def _evidence(tx: Tx, vetting_event_id: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else tx.keys.open("vetting_events.evidence", vetting_event_id, sealed)
