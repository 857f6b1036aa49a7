"""reviews"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FIXED = "review_id, seq, key, language, fingerprint, act, staff_id, at"
"""What never changes. The remark may be sealed anew: keys are rotated."""
REFUSAL = "the record is append-only"


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remark", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("act IN ('signed', 'taken_back')", name=op.f("ck_reviews_act")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name=op.f("fk_reviews_staff_id")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("seq", name=op.f("uq_reviews_seq")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for name, act in (("update", f"UPDATE OF {FIXED}"), ("delete", "DELETE")):
            op.execute(
                f"CREATE TRIGGER reviews_no_{name} BEFORE {act} ON reviews BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER reviews_append_only BEFORE UPDATE OF {FIXED} OR DELETE OR TRUNCATE ON reviews "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("reviews")  # and its triggers with it
