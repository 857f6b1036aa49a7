"""pace: decisions kept for replay, campaigns that stopped by themselves, indexes for long lists"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_recipients_released", "recipients", ["released_at"], "released_at IS NOT NULL"),
    ("ix_recipients_released_of", "recipients", ["campaign_id", "released_at"], "released_at IS NOT NULL"),
    ("ix_recipients_ready", "recipients", ["campaign_id", "language", "ready_at"], "state = 'waiting'"),
    ("ix_messages_recipient", "messages", ["recipient_id"], "recipient_id IS NOT NULL"),
)
"""Each covers the rows it is asked about and no others."""


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("per_hour", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_decisions_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_index("ix_decisions_campaign_id_at", "decisions", ["campaign_id", "at"])
    op.create_table(
        "harm_stops",
        sa.Column("stop_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("out_of", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_harm_stops_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_harm_stops")),
    )
    op.create_index("ix_harm_stops_campaign_id", "harm_stops", ["campaign_id"])
    standing = sa.text("resumed_at IS NULL")
    op.create_index("uq_harm_stops_standing", "harm_stops", ["campaign_id"], unique=True, sqlite_where=standing,
                    postgresql_where=standing)  # fmt: skip
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_table("harm_stops")
    op.drop_table("decisions")
