"""What else is known of an organization or a program, beside what the matcher reads: criteria, specialisations, who may
see which field and until when it is true, private contacts, and places that may be shown?

`programs.facets` is the projection of the criteria (`bot.rules.criteria`), made anew when one of them changes: the
matcher reads one document, staff see where each line of it comes from.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from bot.store.db import UTCDateTime, metadata

criteria = Table(
    "criteria",
    metadata,
    Column("criterion_id", String(32), primary_key=True),
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE"), nullable=False),
    Column("stock_id", String(64), ForeignKey("stocks.stock_id", ondelete="CASCADE")),  # an opening's own, if it has
    Column("facet", String(30), nullable=False),  # `domain.md` 3.2
    Column("value", JSON, nullable=False),
    Column("hardness", String(9), nullable=False),  # hard · soft · ask_human
    Column("basis", String(8), nullable=False),  # law · funder · building · policy · choice: only a law is not asked
    Column("source", String(8), nullable=False),  # staff · csv · hsds · refusal
    Column("verified_at", UTCDateTime),  # NULL: a draft; it is not in the projection until somebody verified it
    Column("verified_by", String(32)),
    CheckConstraint("hardness IN ('hard', 'soft', 'ask_human')", name="hardness"),
    CheckConstraint("basis IN ('law', 'funder', 'building', 'policy', 'choice')", name="basis"),
    Index(None, "program_id", "facet"),
)

specialisations = Table(
    "specialisations",
    metadata,
    Column("specialisation_id", String(32), primary_key=True),
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE"), nullable=False),
    Column("tag", String(30), nullable=False),  # bot.rules.continuum.SPECIALISATIONS
    Column("claimed_at", UTCDateTime, nullable=False),
    Column("verified_at", UTCDateTime),
    Column("verified_by", String(32)),
    Index("uq_specialisations_tag", "program_id", "tag", unique=True),
)

field_marks = Table(
    "field_marks",
    metadata,
    Column("field_mark_id", String(32), primary_key=True),
    Column("subject_id", String(64), nullable=False),  # an organization's or a program's id
    Column("field", String(40), nullable=False),  # an HSDS field or table, or `facets.<facet>`
    Column("visibility", String(8)),  # NULL: as its record
    Column("verified_at", UTCDateTime),
    Column("verified_by", String(32)),
    Column("reverify_at", UTCDateTime),
    CheckConstraint("visibility IN ('private', 'partner', 'public')", name="visibility"),
    Index("uq_field_marks_field", "subject_id", "field", unique=True),
)

contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", String(64), primary_key=True),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id", ondelete="CASCADE"),
           index=True),
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE"), index=True),
    Column("body", LargeBinary, nullable=False),  # sealed: a person at a provider; never exported, never public
)  # fmt: skip

locations = Table(
    "locations",
    metadata,
    Column("location_id", String(64), primary_key=True),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id", ondelete="CASCADE"), index=True),
    Column("listing", JSON, nullable=False),  # by HSDS field, with its addresses, languages, accessibility
    Column("source", String(8), nullable=False),
)

service_at_locations = Table(
    "service_at_locations",
    metadata,
    Column("service_at_location_id", String(64), primary_key=True),
    Column("program_id", String(64), nullable=False, index=True),
    Column("confidential", Boolean, nullable=False),  # always false; with the foreign key it makes the database refuse
    Column("location_id", String(64), ForeignKey("locations.location_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("listing", JSON, nullable=False),
    ForeignKeyConstraint(("program_id", "confidential"), ("programs.program_id", "programs.confidential"),
                         name="fk_service_at_locations_program", ondelete="CASCADE"),
    CheckConstraint("confidential = false", name="open"),
)  # fmt: skip

taxonomies = Table(
    "taxonomies",
    metadata,
    Column("taxonomy_id", String(64), primary_key=True),
    Column("listing", JSON, nullable=False),
)

taxonomy_terms = Table(
    "taxonomy_terms",
    metadata,
    Column("taxonomy_term_id", String(64), primary_key=True),
    Column("taxonomy_id", String(64), index=True),  # no foreign key: a term of a taxonomy nobody sent is quarantined
    Column("listing", JSON, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", String(32), primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("staff_id", String(32)),
    Column("format", String(8), nullable=False),  # json · tabular · csv · ours · unknown
    Column("imported", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("finished_at", UTCDateTime),  # NULL: cut short; what is in is whole, and running it again goes on
    Column("refused", String(40)),  # why nothing of it was taken, as a code
    Column("report", JSON, nullable=False),  # the first quarantined records: table, id and reason, never a value
    Column("total", Integer, nullable=False, server_default="0"),  # records there are; 0 until it was read whole
    Column("done", Integer, nullable=False, server_default="0"),  # records gone through
    Column("lease_until", UTCDateTime),  # the worker that reads it on
)

import_pages = Table(
    "import_pages",
    metadata,
    Column("page_id", String(32), primary_key=True),
    Column("import_id", String(32), ForeignKey("imports.import_id", ondelete="CASCADE"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed: a piece of the file; the first is its name
    UniqueConstraint("import_id", "n"),
)
