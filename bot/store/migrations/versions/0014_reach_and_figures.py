"""reach and figures: a name for a device that is called, when a place said yes, when a planned shift began"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert_channels", sa.Column("name", sa.String(length=40), nullable=True))
    op.add_column("holds", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shifts", sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE shifts SET rung_at = starts_at WHERE starts_at <= CURRENT_TIMESTAMP")
    # Of places that are held now the answer was the yes; of those moved into, when it was given is not known any more.
    op.execute("UPDATE holds SET held_at = answered_at WHERE state = 'held'")


def downgrade() -> None:
    op.drop_column("shifts", "rung_at")
    op.drop_column("holds", "held_at")
    op.drop_column("alert_channels", "name")
