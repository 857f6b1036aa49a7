"""releases that name a place, warm transfers, referrals until stable, a colleague's word"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL")
_RELEASES = ("message_id", "noted_by", "program_id", "organization_id", "first_name", "ended_at", "ending")
_RELEASE_CHECKS = {
    "way": "way IN ('text', 'spoken')",
    "noted": "way = 'text' OR noted_by IS NOT NULL",
    "ended": "(ended_at IS NULL) = (ending IS NULL)",
}
_PROMISES = ("staff_id", "what", "safe_hours", "warned_at", "made_good_at")
_MADE_GOOD = "made_good_at IS NULL OR ending = 'broken'"


def _releases_up() -> None:
    """Every yes there is was given to SH1, by text, for who would come and how soon."""
    with op.batch_alter_table("releases") as batch:
        batch.add_column(sa.Column("told", sa.String(length=120), nullable=False, server_default="party,urgency"))
        batch.add_column(sa.Column("way", sa.String(length=6), nullable=False, server_default="text"))
        batch.add_column(sa.Column("message_id", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("noted_by", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("program_id", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("organization_id", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("first_name", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("ending", sa.String(length=8), nullable=True))
    op.execute("UPDATE releases SET ended_at = revoked_at, ending = 'revoked' WHERE revoked_at IS NOT NULL")
    op.execute(
        "UPDATE releases SET ended_at = expires_at, ending = 'expired'"
        " WHERE revoked_at IS NULL AND expires_at <= CURRENT_TIMESTAMP"
    )
    with op.batch_alter_table("releases") as batch:
        batch.alter_column("told", server_default=None)
        batch.alter_column("way", server_default=None)
        batch.create_foreign_key(op.f("fk_releases_program_id"), "programs", ["program_id"], ["program_id"])
        batch.create_foreign_key(
            op.f("fk_releases_organization_id"), "organizations", ["organization_id"], ["organization_id"]
        )
        for name, check in _RELEASE_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_releases_{name}"), check)
    op.create_index("ix_releases_standing", "releases", ["expires_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def _releases_down() -> None:
    """A yes that named a place means nothing to what was there before: it goes, and so does nobody's protection."""
    op.drop_index("ix_releases_standing", table_name="releases")
    op.execute("DELETE FROM releases WHERE purpose <> 'ask_for_spot'")
    with op.batch_alter_table("releases") as batch:
        for name in _RELEASE_CHECKS:
            batch.drop_constraint(op.f(f"ck_releases_{name}"), type_="check")
        batch.drop_constraint(op.f("fk_releases_program_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_releases_organization_id"), type_="foreignkey")
        for name in ("told", "way", *_RELEASES):
            batch.drop_column(name)


def _promises_up() -> None:
    with op.batch_alter_table("promises") as batch:
        batch.add_column(sa.Column("staff_id", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("what", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("safe_hours", sa.String(length=40), nullable=True))
        batch.add_column(sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("made_good_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_check_constraint(op.f("ck_promises_made_good"), _MADE_GOOD)


def _promises_down() -> None:
    """What a colleague promised cannot be kept there: only what texts promised stays."""
    op.execute("DELETE FROM promises WHERE staff_id IS NOT NULL")
    with op.batch_alter_table("promises") as batch:
        batch.drop_constraint(op.f("ck_promises_made_good"), type_="check")
        for name in _PROMISES:
            batch.drop_column(name)


def _transfers_up() -> None:
    op.create_table(
        "warm_transfers",
        sa.Column("transfer_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("way", sa.String(length=4), nullable=True),
        sa.Column("spoke_with", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("person_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("program_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (due_at IS NOT NULL)", name=op.f("ck_warm_transfers_alarm")),
        sa.CheckConstraint(
            "(state IN ('to_call', 'agreed', 'asked', 'ready', 'together')) = (ended_at IS NULL)",
            name=op.f("ck_warm_transfers_state"),
        ),
        sa.CheckConstraint(
            "state <> 'done' OR (person_ok_at IS NOT NULL AND program_ok_at IS NOT NULL)",
            name=op.f("ck_warm_transfers_both"),
        ),
        sa.CheckConstraint("way IN ('text', 'call')", name=op.f("ck_warm_transfers_way")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_warm_transfers_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.program_id"], name=op.f("fk_warm_transfers_program_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_warm_transfers")),
    )
    op.create_index(op.f("ix_warm_transfers_conversation_id"), "warm_transfers", ["conversation_id"])
    op.create_index("ix_warm_transfers_due", "warm_transfers", ["due_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "uq_warm_transfers_open", "warm_transfers", ["conversation_id"], unique=True, sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )  # fmt: skip
    op.create_table(
        "warm_steps",
        sa.Column("warm_step_id", sa.String(length=32), nullable=False),
        sa.Column("transfer_id", sa.String(length=32), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["warm_transfers.transfer_id"],
            name=op.f("fk_warm_steps_transfer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("warm_step_id", name=op.f("pk_warm_steps")),
    )
    op.create_index(op.f("ix_warm_steps_transfer_id"), "warm_steps", ["transfer_id"])


def _disclosures_up() -> None:
    op.create_table(
        "disclosures",
        sa.Column("disclosure_id", sa.String(length=32), nullable=False),
        sa.Column("release_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("told", sa.String(length=120), nullable=False),
        sa.Column("how", sa.String(length=6), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("hold_id", sa.String(length=32), nullable=True),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("how IN ('text', 'call', 'line')", name=op.f("ck_disclosures_how")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_disclosures_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["holds.hold_id"], name=op.f("fk_disclosures_hold_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.program_id"], name=op.f("fk_disclosures_program_id")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.release_id"], name=op.f("fk_disclosures_release_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_disclosures")),
    )
    op.create_index(op.f("ix_disclosures_conversation_id"), "disclosures", ["conversation_id"])
    op.create_index(op.f("ix_disclosures_release_id"), "disclosures", ["release_id"])


def _referrals_up() -> None:
    op.create_table(
        "referrals",
        sa.Column("referral_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=True),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("referred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("intake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("noted_by", sa.String(length=32), nullable=True),
        sa.Column("check_n", sa.Integer(), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=14), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR (ended_by IS NOT NULL AND outcome IS NOT NULL)", name=op.f("ck_referrals_ended")
        ),
        sa.CheckConstraint(
            "ended_at IS NOT NULL OR intake_at IS NOT NULL OR alarm_at IS NOT NULL", name=op.f("ck_referrals_alarm")
        ),
        sa.CheckConstraint("NOT agreed OR agreed_at IS NOT NULL", name=op.f("ck_referrals_agreed")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_referrals_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["program_id"], ["programs.program_id"], name=op.f("fk_referrals_program_id")),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referrals")),
    )
    op.create_index("ix_referrals_alarm", "referrals", ["alarm_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_referrals_check", "referrals", ["check_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(op.f("ix_referrals_conversation_id"), "referrals", ["conversation_id"])
    op.create_index(
        "uq_referrals_open", "referrals", ["conversation_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_table(
        "referral_events",
        sa.Column("referral_event_id", sa.String(length=32), nullable=False),
        sa.Column("referral_id", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=14), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.referral_id"], name=op.f("fk_referral_events_referral_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("referral_event_id", name=op.f("pk_referral_events")),
    )
    op.create_index(op.f("ix_referral_events_referral_id"), "referral_events", ["referral_id"])


def upgrade() -> None:
    _releases_up()
    _promises_up()
    _disclosures_up()
    _transfers_up()
    _referrals_up()


def downgrade() -> None:
    for table in ("referral_events", "referrals", "warm_steps", "warm_transfers", "disclosures"):
        op.drop_table(table)
    _promises_down()
    _releases_down()
