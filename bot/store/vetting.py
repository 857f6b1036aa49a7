"""Who asks to be listed, who looked at them, and what was found? An application, and its steps appended one by one."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, text

from bot.store.db import UTCDateTime, metadata

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
    Index("uq_applications_open", "organization_id", unique=True, sqlite_where=text("decided_at IS NULL"),
          postgresql_where=text("decided_at IS NULL")),
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
