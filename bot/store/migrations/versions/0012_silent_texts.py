"""an index over the texts that the carrier took and has said nothing final of"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    silent = sa.text("status = 'sent'")
    op.create_index("ix_messages_silent", "messages", ["sent_at"], sqlite_where=silent, postgresql_where=silent)


def downgrade() -> None:
    op.drop_index("ix_messages_silent", "messages")
