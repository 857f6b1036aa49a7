"""the carrier's own list: up to when it was read, what of it was erased; and what came with a text"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watermarks",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("good_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watermarks")),
    )
    op.create_table(
        "erased_texts",
        sa.Column("sid_key", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sid_key", name=op.f("pk_erased_texts")),
    )
    op.add_column("messages", sa.Column("media_kinds", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "media_kinds")
    op.drop_table("erased_texts")
    op.drop_table("watermarks")
