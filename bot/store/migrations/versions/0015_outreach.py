"""several first texts beside each other, what people may ask for, one follow-up; who came by which door; test texts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NOT_PLACED = "state IS NULL"


def upgrade() -> None:
    with op.batch_alter_table("campaigns") as batch:
        batch.add_column(sa.Column("also", sa.String(length=16), server_default="", nullable=False))
        batch.add_column(sa.Column("needs", sa.String(length=60), server_default="bed", nullable=False))
        batch.add_column(sa.Column("follow_up", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("recipients") as batch:
        batch.add_column(sa.Column("variant", sa.String(length=4), nullable=True))
        batch.add_column(sa.Column("step", sa.Integer(), server_default="0", nullable=False))
        batch.drop_constraint(op.f("uq_recipients_campaign_id_person_id"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_recipients_campaign_id_person_id_step"), ["campaign_id", "person_id", "step"]
        )
        batch.create_check_constraint(op.f("ck_recipients_step"), "step IN (0, 1)")
    op.create_table(
        "arrivals",
        sa.Column("arrival_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("recipient_id", sa.String(length=32), nullable=True),
        sa.Column("door", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=2), nullable=True),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("engaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"],
                                name=op.f("fk_arrivals_conversation_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.recipient_id"], name=op.f("fk_arrivals_recipient_id"),
                                ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("arrival_id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_arrivals_conversation_id")),
    )  # fmt: skip
    op.create_index("ix_arrivals_recipient_id", "arrivals", ["recipient_id"])
    op.create_index("ix_arrivals_engaged_at", "arrivals", ["engaged_at"])
    where = sa.text(_NOT_PLACED)
    op.create_index("ix_arrivals_not_placed", "arrivals", ["came_at"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "variant_stops",
        sa.Column("stop_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=4), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("out_of", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_variant_stops_campaign_id"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_variant_stops")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_variant_stops_campaign_id_key")),
    )  # fmt: skip
    op.create_table(
        "test_texts",
        sa.Column("test_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=4), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.CheckConstraint("status IN ('sending', 'sent', 'failed')", name=op.f("ck_test_texts_status")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_test_texts_campaign_id"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name=op.f("fk_test_texts_staff_id"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("test_id", name=op.f("pk_test_texts")),
    )  # fmt: skip
    op.create_index("ix_test_texts_staff_id_at", "test_texts", ["staff_id", "at"])
    op.create_index("ix_test_texts_campaign_id", "test_texts", ["campaign_id"])


def downgrade() -> None:
    for table in ("test_texts", "variant_stops", "arrivals"):
        op.drop_table(table)
    # The text that followed up had no place before; the first one, with its silence, stays.
    op.execute("DELETE FROM recipients WHERE step = 1")
    with op.batch_alter_table("recipients") as batch:
        batch.drop_constraint(op.f("ck_recipients_step"), type_="check")
        batch.drop_constraint(op.f("uq_recipients_campaign_id_person_id_step"), type_="unique")
        batch.create_unique_constraint(op.f("uq_recipients_campaign_id_person_id"), ["campaign_id", "person_id"])
        batch.drop_column("step")
        batch.drop_column("variant")
    with op.batch_alter_table("campaigns") as batch:
        for name in ("follow_up", "needs", "also"):
            batch.drop_column(name)
