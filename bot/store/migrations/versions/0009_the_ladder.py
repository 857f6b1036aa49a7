"""hand-offs by a ladder, calls that are heard"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


OPEN, FREE = "closed_at IS NULL", "owner_id IS NULL AND closed_at IS NULL"
OLD_CHECKS = {
    "state": "state IN ('waiting', 'owned', 'closed')",
    "owner": "(state = 'owned') = (owner_id IS NOT NULL AND closed_at IS NULL)",
}
CHECKS = {
    "state": "state IN ('waiting', 'offered', 'owned', 'transferring', 'parked', 'until_safe', 'wrap_up', 'closed')",
    "owner": "(state IN ('owned', 'transferring', 'parked', 'until_safe', 'wrap_up')) = "
    "(owner_id IS NOT NULL AND closed_at IS NULL)",
    "closed": "(state = 'closed') = (closed_at IS NOT NULL)",
    "closer": "(closed_at IS NULL) = (closed_by_id IS NULL)",
}
COUNTERS = ("climb", "inbound_seq", "seen_seq", "answered_seq")
INDEXES = {
    "ix_handoffs_free": (["tier", "opened_at"], FREE),
    "ix_handoffs_owner": (["owner_id"], OPEN),
    "ix_handoffs_conversation": (["conversation_id", "closed_at"], None),
}


def _hand_offs_up() -> None:
    with op.batch_alter_table("handoffs") as batch:
        batch.alter_column("state", type_=sa.String(length=12), existing_type=sa.String(length=10))
        for name in COUNTERS:
            batch.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("climb_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("closed_by_id", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("reopens_id", sa.String(length=32), nullable=True))
        for name in OLD_CHECKS:
            batch.drop_constraint(op.f(f"ck_handoffs_{name}"), type_="check")
    op.execute("UPDATE handoffs SET climb_at = opened_at")
    op.execute(
        "UPDATE handoffs SET closed_by_id = COALESCE(owner_id, ''), outcome_at = closed_at WHERE closed_at IS NOT NULL"
    )
    with op.batch_alter_table("handoffs") as batch:
        for name in COUNTERS:
            batch.alter_column(name, server_default=None)
        for name, check in CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_handoffs_{name}"), check)
    for name, (columns, where) in INDEXES.items():
        condition = sa.text(where) if where else None
        op.create_index(name, "handoffs", columns, sqlite_where=condition, postgresql_where=condition)


def _hand_offs_down() -> None:
    """Whoever has somebody keeps them; an offer that stands is forgotten, and they wait."""
    for name in INDEXES:
        op.drop_index(name, table_name="handoffs")
    with op.batch_alter_table("handoffs") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_handoffs_{name}"), type_="check")
    op.execute("UPDATE handoffs SET state = 'waiting' WHERE state = 'offered'")
    op.execute("UPDATE handoffs SET state = 'owned' WHERE state IN ('transferring', 'parked', 'until_safe', 'wrap_up')")
    with op.batch_alter_table("handoffs") as batch:
        batch.alter_column("state", type_=sa.String(length=10), existing_type=sa.String(length=12))
        for name in (*COUNTERS, "climb_at", "closed_by_id", "outcome_at", "reopens_id"):
            batch.drop_column(name)
        for name, check in OLD_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_handoffs_{name}"), check)


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("absence_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_absences_span")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.staff_id"], name=op.f("fk_absences_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("absence_id", name=op.f("pk_absences")),
    )
    with op.batch_alter_table("absences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_absences_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_absences_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "alert_channels",
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("address_key", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('desk', 'sms', 'email', 'webhook', 'push')", name=op.f("ck_alert_channels_kind")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.staff_id"], name=op.f("fk_alert_channels_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_alert_channels")),
        sa.UniqueConstraint(
            "staff_id", "kind", "address_key", name=op.f("uq_alert_channels_staff_id_kind_address_key")
        ),
    )
    with op.batch_alter_table("alert_channels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_channels_address_key"), ["address_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_channels_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "on_calls",
        sa.Column("on_call_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_on_calls_span")),
        sa.CheckConstraint("line IN (1, 2, 3)", name=op.f("ck_on_calls_line")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.staff_id"], name=op.f("fk_on_calls_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("on_call_id", name=op.f("pk_on_calls")),
    )
    with op.batch_alter_table("on_calls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_on_calls_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_on_calls_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "presence",
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_break", sa.Boolean(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.staff_id"], name=op.f("fk_presence_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_presence")),
    )
    op.create_table(
        "canaries",
        sa.Column("canary_id", sa.String(length=32), nullable=False),
        sa.Column("handoff_id", sa.String(length=32), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["handoff_id"], ["handoffs.handoff_id"], name=op.f("fk_canaries_handoff_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("canary_id", name=op.f("pk_canaries")),
    )
    with op.batch_alter_table("canaries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_canaries_began_at"), ["began_at"], unique=False)

    op.create_table(
        "handoff_offers",
        sa.Column("handoff_offer_id", sa.String(length=32), nullable=False),
        sa.Column("handoff_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("climb", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "answer IN ('accepted', 'declined', 'timed_out', 'rescinded')", name=op.f("ck_handoff_offers_answer")
        ),
        sa.CheckConstraint("kind IN ('next', 'transfer', 'rescue')", name=op.f("ck_handoff_offers_kind")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_handoff_offers_answered")),
        sa.ForeignKeyConstraint(
            ["handoff_id"], ["handoffs.handoff_id"], name=op.f("fk_handoff_offers_handoff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.staff_id"], name=op.f("fk_handoff_offers_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("handoff_offer_id", name=op.f("pk_handoff_offers")),
    )
    with op.batch_alter_table("handoff_offers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_handoff_offers_expiry",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_handoff_offers_handoff_id"), ["handoff_id"], unique=False)
        batch_op.create_index("ix_handoff_offers_staff", ["staff_id", "answered_at"], unique=False)
        batch_op.create_index(
            "uq_handoff_offers_open",
            ["handoff_id", "staff_id"],
            unique=True,
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )

    op.create_table(
        "ladder_steps",
        sa.Column("handoff_id", sa.String(length=32), nullable=False),
        sa.Column("climb", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("acts", sa.String(length=80), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["handoff_id"], ["handoffs.handoff_id"], name=op.f("fk_ladder_steps_handoff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("handoff_id", "climb", "step", name=op.f("pk_ladder_steps")),
    )
    with op.batch_alter_table("ladder_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ladder_steps_at"), ["at"], unique=False)

    op.create_table(
        "pages",
        sa.Column("page_id", sa.String(length=32), nullable=False),
        sa.Column("handoff_id", sa.String(length=32), nullable=True),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("tier", sa.String(length=2), nullable=False),
        sa.Column("call_key", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('due', 'sending', 'sent', 'failed', 'heard', 'dropped')", name=op.f("ck_pages_state")
        ),
        sa.CheckConstraint(
            "why IN ('waits', 'silent', 'proof', 'second_chair', 'clock', 'canary', 'promise')",
            name=op.f("ck_pages_why"),
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["alert_channels.channel_id"], name=op.f("fk_pages_channel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["handoff_id"], ["handoffs.handoff_id"], name=op.f("fk_pages_handoff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name=op.f("fk_pages_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_pages")),
        sa.UniqueConstraint("call_key", "channel_id", name=op.f("uq_pages_call_key_channel_id")),
    )
    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pages_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'sending')"),
            postgresql_where=sa.text("state IN ('due', 'sending')"),
        )
        batch_op.create_index(batch_op.f("ix_pages_handoff_id"), ["handoff_id"], unique=False)
        batch_op.create_index("ix_pages_staff", ["staff_id", "state"], unique=False)

    op.create_table(
        "second_chairs",
        sa.Column("second_chair_id", sa.String(length=32), nullable=False),
        sa.Column("handoff_id", sa.String(length=32), nullable=False),
        sa.Column("asked_by_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("sat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(staff_id IS NULL) = (sat_at IS NULL)", name=op.f("ck_second_chairs_sat")),
        sa.ForeignKeyConstraint(
            ["handoff_id"], ["handoffs.handoff_id"], name=op.f("fk_second_chairs_handoff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.staff_id"], name=op.f("fk_second_chairs_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("second_chair_id", name=op.f("pk_second_chairs")),
    )
    with op.batch_alter_table("second_chairs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_second_chairs_handoff_id"), ["handoff_id"], unique=False)

    _hand_offs_up()
    with op.batch_alter_table("shifts") as batch_op:
        batch_op.add_column(sa.Column("planned", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("shifts") as batch_op:
        batch_op.alter_column("planned", server_default=None)

    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("languages", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("skills", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("regions", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("capacity", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("capacity")
        batch_op.drop_column("regions")
        batch_op.drop_column("skills")
        batch_op.drop_column("languages")

    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.drop_column("planned")

    _hand_offs_down()

    with op.batch_alter_table("second_chairs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_second_chairs_handoff_id"))

    op.drop_table("second_chairs")
    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.drop_index("ix_pages_staff")
        batch_op.drop_index(batch_op.f("ix_pages_handoff_id"))
        batch_op.drop_index(
            "ix_pages_due",
            sqlite_where=sa.text("state IN ('due', 'sending')"),
            postgresql_where=sa.text("state IN ('due', 'sending')"),
        )

    op.drop_table("pages")
    with op.batch_alter_table("ladder_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ladder_steps_at"))

    op.drop_table("ladder_steps")
    with op.batch_alter_table("handoff_offers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_handoff_offers_open",
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )
        batch_op.drop_index("ix_handoff_offers_staff")
        batch_op.drop_index(batch_op.f("ix_handoff_offers_handoff_id"))
        batch_op.drop_index(
            "ix_handoff_offers_expiry",
            sqlite_where=sa.text("answered_at IS NULL"),
            postgresql_where=sa.text("answered_at IS NULL"),
        )

    op.drop_table("handoff_offers")
    with op.batch_alter_table("canaries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_canaries_began_at"))

    op.drop_table("canaries")
    op.drop_table("presence")
    with op.batch_alter_table("on_calls", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_on_calls_staff_id"))
        batch_op.drop_index(batch_op.f("ix_on_calls_ends_at"))

    op.drop_table("on_calls")
    with op.batch_alter_table("alert_channels", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_channels_staff_id"))
        batch_op.drop_index(batch_op.f("ix_alert_channels_address_key"))

    op.drop_table("alert_channels")
    with op.batch_alter_table("absences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_absences_staff_id"))
        batch_op.drop_index(batch_op.f("ix_absences_ends_at"))

    op.drop_table("absences")
