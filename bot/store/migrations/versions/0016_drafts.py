"""drafts of advocates, and which of them became a text"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("draft_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("answered_before", sa.Integer(), nullable=True),
        sa.CheckConstraint("(body IS NULL) = (message_id IS NOT NULL)", name=op.f("ck_drafts_words")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_drafts_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.message_id"], name=op.f("fk_drafts_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("message_id", name=op.f("uq_drafts_message_id")),
    )
    still_written = sa.text("message_id IS NULL")
    op.create_index("uq_drafts_open", "drafts", ["conversation_id", "staff_id"], unique=True,
                    sqlite_where=still_written, postgresql_where=still_written)  # fmt: skip


def downgrade() -> None:
    op.drop_index("uq_drafts_open", table_name="drafts")
    op.drop_table("drafts")
