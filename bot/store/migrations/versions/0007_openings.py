"""openings: what each stock teaches, links, hours to be asked in, searches that go on, and unmet needs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unmet_needs",
        sa.Column("unmet_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("need", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("who", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("unmet_id", name=op.f("pk_unmet_needs")),
    )
    with op.batch_alter_table("unmet_needs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unmet_needs_day"), ["day"], unique=False)

    op.create_table(
        "ask_hours",
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=False),
        sa.Column("end_hour", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_ask_hours_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_ask_hours")),
    )
    op.create_table(
        "searches",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_searches_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_searches")),
    )
    op.create_table(
        "update_links",
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("token_key", sa.String(length=40), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_update_links_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_update_links")),
        sa.UniqueConstraint("token_key", name=op.f("uq_update_links_token_key")),
    )
    with op.batch_alter_table("update_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_update_links_program_id"), ["program_id"], unique=False)

    op.create_table(
        "stock_states",
        sa.Column("stock_id", sa.String(length=64), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("waitlist", sa.Boolean(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("silent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("yes_h", sa.Float(), nullable=False),
        sa.Column("full_h", sa.Float(), nullable=False),
        sa.Column("yes_floor", sa.Float(), nullable=False),
        sa.Column("full_top", sa.Float(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.Column("belief", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stocks.stock_id"], name=op.f("fk_stock_states_stock_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stock_id", name=op.f("pk_stock_states")),
    )
    with op.batch_alter_table("stock_states", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_states_received_at"), ["received_at"], unique=False)

    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facet", sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("observations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waitlist", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("by_id", sa.String(length=40), nullable=True))
    op.execute(_STANDING)

    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE programs ALTER COLUMN zip3 TYPE JSONB USING zip3::jsonb")
    op.create_index("ix_programs_zip3", "programs", ["zip3"], postgresql_using="gin")
    op.create_index(
        "ix_programs_everywhere",
        "programs",
        ["need"],
        postgresql_where=sa.text("zip3 = '[]'::jsonb"),
        sqlite_where=sa.text("json_array_length(zip3) = 0"),
    )


_STANDING = """
    INSERT INTO stock_states (stock_id, available, waitlist, observed_at, received_at, yes_h, full_h, yes_floor,
                              full_top, usual, belief)
    SELECT o.stock_id, o.available, o.waitlist, o.observed_at, o.received_at, h.hours, h.hours, 0, 0.48, 0.48,
           '{}'
    FROM observations o JOIN stocks s ON s.stock_id = o.stock_id
    JOIN (SELECT program_id, CASE kind WHEN 'night_shelter' THEN 3.0 WHEN 'hotel' THEN 12.0
                 WHEN 'emergency_house' THEN 66.0 WHEN 'transitional' THEN 120.0 WHEN 'apartment' THEN 120.0
                 WHEN 'outpatient' THEN 168.0 WHEN 'remote' THEN 168.0 ELSE 24.0 END AS hours
          FROM programs) h ON h.program_id = s.program_id
    WHERE o.observation_id = (
        SELECT l.observation_id FROM observations l WHERE l.stock_id = o.stock_id AND NOT l.undone
        ORDER BY l.observed_at DESC, l.received_at DESC, l.observation_id DESC LIMIT 1)
"""
"""What was last counted stands on; how it ages begins at what is believed of its kind."""


def downgrade() -> None:
    op.drop_index("ix_programs_everywhere", table_name="programs")
    op.drop_index("ix_programs_zip3", table_name="programs")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE programs ALTER COLUMN zip3 TYPE JSON USING zip3::json")
    with op.batch_alter_table("observations", schema=None) as batch_op:
        batch_op.drop_column("by_id")
        batch_op.drop_column("waitlist")

    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.drop_column("extended_at")
        batch_op.drop_column("facet")

    with op.batch_alter_table("stock_states", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stock_states_received_at"))

    op.drop_table("stock_states")
    with op.batch_alter_table("update_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_update_links_program_id"))

    op.drop_table("update_links")
    op.drop_table("searches")
    op.drop_table("ask_hours")
    with op.batch_alter_table("unmet_needs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unmet_needs_day"))

    op.drop_table("unmet_needs")
