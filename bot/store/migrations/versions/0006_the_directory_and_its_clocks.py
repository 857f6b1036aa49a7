"""The directory: who was looked at and by whom, what is known until when, tasks with clocks, keys of machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # First, for a place's row refers to it.
    op.create_index("uq_programs_place", "programs", ["program_id", "confidential"], unique=True)
    op.create_table(
        "field_marks",
        sa.Column("field_mark_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("visibility", sa.String(length=8), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(length=32), nullable=True),
        sa.Column("reverify_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("visibility IN ('private', 'partner', 'public')", name=op.f("ck_field_marks_visibility")),
        sa.PrimaryKeyConstraint("field_mark_id", name=op.f("pk_field_marks")),
    )
    op.create_index("uq_field_marks_field", "field_marks", ["subject_id", "field"], unique=True)

    op.create_table(
        "imports",
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=True),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.String(length=40), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_at"), "imports", ["at"], unique=False)

    op.create_table(
        "taxonomies",
        sa.Column("taxonomy_id", sa.String(length=64), nullable=False),
        sa.Column("listing", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("taxonomy_id", name=op.f("pk_taxonomies")),
    )
    op.create_table(
        "taxonomy_terms",
        sa.Column("taxonomy_term_id", sa.String(length=64), nullable=False),
        sa.Column("taxonomy_id", sa.String(length=64), nullable=True),
        sa.Column("listing", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("taxonomy_term_id", name=op.f("pk_taxonomy_terms")),
    )
    op.create_index(op.f("ix_taxonomy_terms_taxonomy_id"), "taxonomy_terms", ["taxonomy_id"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("api_key_id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.String(length=40), nullable=False),
        sa.Column("scopes", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_api_keys_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("api_key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(op.f("ix_api_keys_organization_id"), "api_keys", ["organization_id"], unique=False)

    op.create_table(
        "applications",
        sa.Column("application_id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("victim_centredness", sa.LargeBinary(), nullable=True),
        sa.Column("sustainable_management", sa.LargeBinary(), nullable=True),
        sa.Column("collaboration", sa.LargeBinary(), nullable=True),
        sa.Column("ability_to_serve", sa.LargeBinary(), nullable=True),
        sa.Column("recruited_by", sa.String(length=32), nullable=True),
        sa.Column("approved_by", sa.String(length=32), nullable=True),
        sa.Column("seconded_by", sa.String(length=32), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'approved' OR (approved_by IS NOT NULL AND seconded_by IS NOT NULL)",
            name=op.f("ck_applications_approved"),
        ),
        sa.CheckConstraint("approved_by <> seconded_by", name=op.f("ck_applications_two_people")),
        sa.CheckConstraint(
            "recruited_by <> approved_by AND recruited_by <> seconded_by",
            name=op.f("ck_applications_not_the_recruiter"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_applications_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_applications")),
    )
    op.create_index(
        "uq_applications_open",
        "applications",
        ["organization_id"],
        unique=True,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )

    op.create_table(
        "locations",
        sa.Column("location_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=True),
        sa.Column("listing", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_locations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("location_id", name=op.f("pk_locations")),
    )
    op.create_index(op.f("ix_locations_organization_id"), "locations", ["organization_id"], unique=False)

    op.create_table(
        "contacts",
        sa.Column("contact_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=True),
        sa.Column("program_id", sa.String(length=64), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_contacts_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_contacts_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_organization_id"), "contacts", ["organization_id"], unique=False)
    op.create_index(op.f("ix_contacts_program_id"), "contacts", ["program_id"], unique=False)

    op.create_table(
        "service_at_locations",
        sa.Column("service_at_location_id", sa.String(length=64), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("location_id", sa.String(length=64), nullable=False),
        sa.Column("listing", sa.JSON(), nullable=False),
        sa.CheckConstraint("confidential = false", name=op.f("ck_service_at_locations_open")),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.location_id"],
            name=op.f("fk_service_at_locations_location_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id", "confidential"],
            ["programs.program_id", "programs.confidential"],
            name="fk_service_at_locations_program",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_at_location_id", name=op.f("pk_service_at_locations")),
    )
    op.create_index(op.f("ix_service_at_locations_location_id"), "service_at_locations", ["location_id"], unique=False)
    op.create_index(op.f("ix_service_at_locations_program_id"), "service_at_locations", ["program_id"], unique=False)

    op.create_table(
        "specialisations",
        sa.Column("specialisation_id", sa.String(length=32), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=30), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_specialisations_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("specialisation_id", name=op.f("pk_specialisations")),
    )
    op.create_index("uq_specialisations_tag", "specialisations", ["program_id", "tag"], unique=True)

    op.create_table(
        "vetting_events",
        sa.Column("vetting_event_id", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.String(length=32), nullable=True),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=True),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.application_id"],
            name=op.f("fk_vetting_events_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_vetting_events_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("vetting_event_id", name=op.f("pk_vetting_events")),
    )
    op.create_index(op.f("ix_vetting_events_organization_id"), "vetting_events", ["organization_id"], unique=False)

    op.create_table(
        "criteria",
        sa.Column("criterion_id", sa.String(length=32), nullable=False),
        sa.Column("program_id", sa.String(length=64), nullable=False),
        sa.Column("stock_id", sa.String(length=64), nullable=True),
        sa.Column("facet", sa.String(length=30), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("hardness", sa.String(length=9), nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "basis IN ('law', 'funder', 'building', 'policy', 'choice')", name=op.f("ck_criteria_basis")
        ),
        sa.CheckConstraint("hardness IN ('hard', 'soft', 'ask_human')", name=op.f("ck_criteria_hardness")),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_criteria_program_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stock_id"], ["stocks.stock_id"], name=op.f("fk_criteria_stock_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("criterion_id", name=op.f("pk_criteria")),
    )
    op.create_index(op.f("ix_criteria_program_id_facet"), "criteria", ["program_id", "facet"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("task_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("organization_id", sa.String(length=64), nullable=True),
        sa.Column("program_id", sa.String(length=64), nullable=True),
        sa.Column("hold_id", sa.String(length=32), nullable=True),
        sa.Column("trigger", sa.String(length=30), nullable=True),
        sa.Column("script", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_to", sa.String(length=32), nullable=True),
        sa.Column("backup_id", sa.String(length=32), nullable=True),
        sa.Column("backup_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=30), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("done_at IS NOT NULL OR backup_at IS NOT NULL", name=op.f("ck_tasks_alarm")),
        sa.CheckConstraint(
            "done_at IS NULL OR (done_by IS NOT NULL AND outcome IS NOT NULL)", name=op.f("ck_tasks_done")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.conversation_id"],
            name=op.f("fk_tasks_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.hold_id"], name=op.f("fk_tasks_hold_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_tasks_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.program_id"], name=op.f("fk_tasks_program_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_tasks")),
    )
    op.create_index(
        "ix_tasks_alarm",
        "tasks",
        ["backup_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(op.f("ix_tasks_conversation_id"), "tasks", ["conversation_id"], unique=False)

    op.add_column("organizations", sa.Column("kind", sa.String(length=20), server_default="service", nullable=False))
    op.add_column(
        "organizations", sa.Column("visibility", sa.String(length=8), server_default="private", nullable=False)
    )
    op.add_column("organizations", sa.Column("jurisdictions", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("organizations", sa.Column("listing", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("organizations", sa.Column("source", sa.String(length=8), server_default="staff", nullable=False))
    op.add_column("organizations", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("organizations", sa.Column("reverify_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("organizations", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("programs", sa.Column("vetting", sa.String(length=12), server_default="applied", nullable=False))
    op.add_column("programs", sa.Column("visibility", sa.String(length=8), server_default="private", nullable=False))
    op.add_column("programs", sa.Column("listing", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("programs", sa.Column("intake", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("programs", sa.Column("source", sa.String(length=8), server_default="staff", nullable=False))
    op.add_column("programs", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("programs", sa.Column("reverify_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("programs", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("stocks", sa.Column("staffed", sa.Integer(), nullable=True))
    op.add_column("stocks", sa.Column("facets", sa.JSON(), server_default="{}", nullable=False))

    # What was matched until now was approved as a whole, with its organization; what comes from now on is not.
    op.execute("UPDATE programs SET vetting = 'approved'")


def downgrade() -> None:
    op.drop_column("stocks", "facets")
    op.drop_column("stocks", "staffed")

    op.drop_column("programs", "updated_at")
    op.drop_column("programs", "reverify_at")
    op.drop_column("programs", "verified_at")
    op.drop_column("programs", "source")
    op.drop_column("programs", "intake")
    op.drop_column("programs", "listing")
    op.drop_column("programs", "visibility")
    op.drop_column("programs", "vetting")

    op.drop_column("organizations", "updated_at")
    op.drop_column("organizations", "reverify_at")
    op.drop_column("organizations", "verified_at")
    op.drop_column("organizations", "source")
    op.drop_column("organizations", "listing")
    op.drop_column("organizations", "jurisdictions")
    op.drop_column("organizations", "visibility")
    op.drop_column("organizations", "kind")

    op.drop_index(op.f("ix_tasks_conversation_id"), table_name="tasks")
    op.drop_index(
        "ix_tasks_alarm",
        table_name="tasks",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )

    op.drop_table("tasks")
    op.drop_index(op.f("ix_criteria_program_id_facet"), table_name="criteria")

    op.drop_table("criteria")
    op.drop_index(op.f("ix_vetting_events_organization_id"), table_name="vetting_events")

    op.drop_table("vetting_events")
    op.drop_index("uq_specialisations_tag", table_name="specialisations")

    op.drop_table("specialisations")
    op.drop_index(op.f("ix_service_at_locations_program_id"), table_name="service_at_locations")
    op.drop_index(op.f("ix_service_at_locations_location_id"), table_name="service_at_locations")

    op.drop_table("service_at_locations")
    op.drop_index(op.f("ix_contacts_program_id"), table_name="contacts")
    op.drop_index(op.f("ix_contacts_organization_id"), table_name="contacts")

    op.drop_table("contacts")
    op.drop_index(op.f("ix_locations_organization_id"), table_name="locations")

    op.drop_table("locations")
    op.drop_index(
        "uq_applications_open",
        table_name="applications",
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )

    op.drop_table("applications")
    op.drop_index(op.f("ix_api_keys_organization_id"), table_name="api_keys")

    op.drop_table("api_keys")
    op.drop_index(op.f("ix_taxonomy_terms_taxonomy_id"), table_name="taxonomy_terms")

    op.drop_table("taxonomy_terms")
    op.drop_table("taxonomies")
    op.drop_index(op.f("ix_imports_at"), table_name="imports")

    op.drop_table("imports")
    op.drop_index("uq_field_marks_field", table_name="field_marks")

    op.drop_table("field_marks")
    op.drop_index("uq_programs_place", table_name="programs")
