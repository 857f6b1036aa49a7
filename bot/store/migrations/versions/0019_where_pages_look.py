"""indexes for what the desk's pages look for: conversations of a person, chairs that stand, words that were missed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_STANDING = sa.text("ended_at IS NULL")
_MISSED = sa.text("ending = 'broken' AND made_good_at IS NULL AND staff_id IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_conversations_person", "conversations", ["person_id", "opened_at"])
    op.create_index(
        "ix_second_chairs_open", "second_chairs", ["asked_at"], sqlite_where=_STANDING, postgresql_where=_STANDING
    )
    op.create_index("ix_promises_missed", "promises", ["due_at"], sqlite_where=_MISSED, postgresql_where=_MISSED)


def downgrade() -> None:
    op.drop_index("ix_promises_missed", table_name="promises")
    op.drop_index("ix_second_chairs_open", table_name="second_chairs")
    op.drop_index("ix_conversations_person", table_name="conversations")
