"""promises, and a second word"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promises",
        sa.Column("promise_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("wait", sa.Boolean(), nullable=False),
        sa.Column("soon", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.String(length=10), nullable=True),
        sa.CheckConstraint("ending IN ('kept', 'told', 'broken', 'let_go')", name=op.f("ck_promises_ending")),
        sa.CheckConstraint("(ending IS NULL) = (ended_at IS NULL)", name=op.f("ck_promises_ended")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_promises_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("promise_id", name=op.f("pk_promises")),
    )
    op.create_index(op.f("ix_promises_conversation_id"), "promises", ["conversation_id"], unique=False)
    still_stands = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_promises_due",
        "promises",
        ["due_at"],
        unique=False,
        sqlite_where=still_stands,
        postgresql_where=still_stands,
    )
    op.add_column("people", sa.Column("duress_word", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("people") as people:
        people.drop_column("duress_word")
    op.drop_index("ix_promises_due", table_name="promises")
    op.drop_index(op.f("ix_promises_conversation_id"), table_name="promises")
    op.drop_table("promises")
