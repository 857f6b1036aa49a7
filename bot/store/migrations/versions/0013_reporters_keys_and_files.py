"""numbers asked to confirm that they report, keys with names, files read by the worker, live holds by index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LIVE = "state IN ('asked', 'held')"


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.add_column(sa.Column("name", sa.String(length=60), server_default="", nullable=False))
        batch.add_column(sa.Column("made_by", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("imports") as batch:
        batch.add_column(sa.Column("total", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("done", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "import_pages",
        sa.Column("page_id", sa.String(length=32), nullable=False),
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.import_id"], name=op.f("fk_import_pages_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_import_pages")),
        sa.UniqueConstraint("import_id", "n", name=op.f("uq_import_pages_import_id_n")),
    )
    op.create_table(
        "reporter_invites",
        sa.Column("phone_key", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_reporter_invites_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("phone_key", name=op.f("pk_reporter_invites")),
    )
    op.create_index("ix_reporter_invites_program_id", "reporter_invites", ["program_id"])
    live = sa.text(_LIVE)
    op.create_index("ix_holds_live", "holds", ["stock_id"], sqlite_where=live, postgresql_where=live)


def downgrade() -> None:
    op.drop_index("ix_holds_live", table_name="holds")
    op.drop_table("reporter_invites")
    op.drop_table("import_pages")
    with op.batch_alter_table("imports") as batch:
        for name in ("lease_until", "done", "total"):
            batch.drop_column(name)
    with op.batch_alter_table("api_keys") as batch:
        for name in ("last_used_at", "made_by", "name"):
            batch.drop_column(name)
