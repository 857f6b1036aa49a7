"""arrivals are indexed by recipient and by moment only where there is one: most first texts have neither, and each
index is a page of every one's commit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COLUMNS = ("recipient_id", "engaged_at")


def upgrade() -> None:
    for column in _COLUMNS:
        op.drop_index(f"ix_arrivals_{column}", table_name="arrivals")
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_arrivals_{column}", "arrivals", [column], sqlite_where=known, postgresql_where=known)


def downgrade() -> None:
    for column in _COLUMNS:
        op.drop_index(f"ix_arrivals_{column}", table_name="arrivals")
        op.create_index(f"ix_arrivals_{column}", "arrivals", [column])
