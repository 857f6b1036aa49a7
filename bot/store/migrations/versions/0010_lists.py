"""lists read page by page, what was turned away, lines looked up; the silence of 180 days; what was approved"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from bot.store.db import UTCDateTime, new_id

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UNANSWERED = "state = 'released' AND silence_over_at IS NULL"
_SILENCE_OVER = (
    "(silence_over_at IS NULL) = (silence_over IS NULL) AND (silence_over_at IS NULL"
    " OR (silence_over = 'answered' AND silence_over_at >= released_at)"
    " OR (silence_over = 'lapsed' AND silence_over_at >= silence_ends_at))"
)
_SILENCE = "(state = 'released') = (silence_ends_at IS NOT NULL)"


_CAMPAIGNS = {
    "state": "state IN ('importing', 'draft', 'approved', 'running', 'paused', 'done')",
    "approved": "state IN ('importing', 'draft') OR approver_id IS NOT NULL",
    "second_person": "approver_id IS NULL OR approver_id <> author_id",
}
_CAMPAIGNS_BEFORE = {
    "state": "state IN ('draft', 'approved', 'running', 'paused', 'done')",
    "approved": "state = 'draft' OR approver_id IS NOT NULL",
    "second_person": _CAMPAIGNS["second_person"],
}
_RECIPIENTS_BEFORE = {
    "lifetime": "nth IS NULL OR nth BETWEEN 1 AND 3",
    "released": "(state = 'released') = (nth IS NOT NULL AND released_at IS NOT NULL)",
    "basis": "basis IN ('inbound_first', 'opted_in', 'partner_referral')",
    "state": "state IN ('waiting', 'released', 'refused')",
}
_RECIPIENTS = {**_RECIPIENTS_BEFORE, "silence": _SILENCE, "silence_over": _SILENCE_OVER}


def upgrade() -> None:
    _new_tables()
    with op.batch_alter_table("campaigns") as batch:
        batch.add_column(sa.Column("provenance", sa.String(length=10), nullable=True))
        batch.add_column(sa.Column("approved_hash", sa.String(length=64), nullable=True))
    with op.batch_alter_table("recipients") as batch:
        batch.add_column(sa.Column("silence_ends_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("silence_over_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("silence_over", sa.String(length=10), nullable=True))
        batch.add_column(sa.Column("row", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("proof", sa.LargeBinary(), nullable=True))
    _reports_into_rows()
    _fill_silences()
    _rule("campaigns", _CAMPAIGNS_BEFORE, _CAMPAIGNS, required="provenance")
    _rule("recipients", _RECIPIENTS_BEFORE, _RECIPIENTS)
    where = sa.text(_UNANSWERED)
    op.create_index("uq_recipients_unanswered", "recipients", ["person_id"], unique=True, sqlite_where=where,
                    postgresql_where=where)  # fmt: skip


def downgrade() -> None:
    conn = op.get_bind()
    # A list that was not read whole was never a campaign.
    importing = sa.select(_campaigns.c.campaign_id).where(_campaigns.c.state == "importing")
    for table in (_rejected, _recipients):
        conn.execute(sa.delete(table).where(table.c.campaign_id.in_(importing)))
    _rows_into_reports()
    gone = ("presses", "first_contacts", "sign_offs", "column_maps", "lines", "rejected_rows", "list_pages", "lists")
    for table in gone:
        op.drop_table(table)
    conn.execute(sa.delete(_campaigns).where(_campaigns.c.state == "importing"))
    op.drop_index("uq_recipients_unanswered", "recipients")
    _rule("recipients", _RECIPIENTS, _RECIPIENTS_BEFORE,
          gone=("proof", "row", "silence_over", "silence_over_at", "silence_ends_at"))  # fmt: skip
    _rule("campaigns", _CAMPAIGNS, _CAMPAIGNS_BEFORE, gone=("approved_hash", "provenance"))


def _rule(table: str, before: dict[str, str], after: dict[str, str], *, required: str = "",
          gone: tuple[str, ...] = ()) -> None:  # fmt: skip
    """The checks of a table from now on."""
    with op.batch_alter_table(table) as batch:
        for name in (name for name in before if before[name] != after.get(name)):
            batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        if required:
            batch.alter_column(required, existing_type=sa.String(length=10), nullable=False)
        for name in gone:
            batch.drop_column(name)
        for name in (name for name in after if after[name] != before.get(name)):
            batch.create_check_constraint(op.f(f"ck_{table}_{name}"), after[name])


_campaigns = sa.table(
    "campaigns", sa.column("campaign_id"), sa.column("state"), sa.column("report", sa.JSON), sa.column("provenance")
)
_rejected = sa.table("rejected_rows", *map(sa.column, ("rejected_id", "campaign_id", "row", "kind", "field", "reason")))
_recipients = sa.table(
    "recipients", sa.column("recipient_id"), sa.column("campaign_id"), sa.column("person_id"), sa.column("state"),
    sa.column("released_at", UTCDateTime), sa.column("silence_ends_at", UTCDateTime),
    sa.column("silence_over_at", UTCDateTime), sa.column("silence_over"),
)  # fmt: skip


def _reports_into_rows() -> None:
    """The rows turned away, one each; of the report its counts stay."""
    conn = op.get_bind()
    for campaign_id, report in conn.execute(sa.select(_campaigns.c.campaign_id, _campaigns.c.report)).all():
        report = report if isinstance(report, dict) else {}
        rows = [
            {"rejected_id": new_id(), "campaign_id": campaign_id, "row": one["row"], "kind": one["kind"],
             "field": "", "reason": one["reason"][:120]}
            for one in report.get("rejected", ())
        ]  # fmt: skip
        if rows:
            conn.execute(_rejected.insert(), rows)
        counts = {name: len(n) if isinstance(n, list) else n for name, n in report.items() if name != "rejected"}
        mine = _campaigns.update().where(_campaigns.c.campaign_id == campaign_id)
        conn.execute(mine.values(report=counts, provenance="own"))


def _rows_into_reports() -> None:
    conn = op.get_bind()
    for campaign_id, report in conn.execute(sa.select(_campaigns.c.campaign_id, _campaigns.c.report)).all():
        c = _rejected.c
        query = sa.select(c.row, c.kind, c.reason).where(c.campaign_id == campaign_id).order_by(c.row)
        rejected = [{"row": row, "kind": kind, "reason": reason} for row, kind, reason in conn.execute(query)]
        invalid = [{"row": one["row"], "reason": one["reason"]} for one in rejected if one["kind"] == "invalid"]
        if report:
            whole = {**report, "invalid": invalid, "rejected": rejected}
            conn.execute(_campaigns.update().where(_campaigns.c.campaign_id == campaign_id).values(report=whole))


def _fill_silences() -> None:
    """Of each person the latest text is the one still to be answered; those before it are over."""
    conn = op.get_bind()
    r = _recipients.c
    query = sa.select(r.recipient_id, r.person_id, r.released_at).where(r.state == "released")
    latest: dict[str, str] = {}
    for recipient_id, person_id, released_at in conn.execute(query.order_by(r.person_id, r.released_at)).all():
        ends_at = released_at + timedelta(days=180)
        mine = _recipients.update().where(r.recipient_id == recipient_id)
        conn.execute(mine.values(silence_ends_at=ends_at))
        if person_id in latest:
            before = _recipients.update().where(r.recipient_id == latest[person_id])
            conn.execute(before.values(silence_over_at=r.silence_ends_at, silence_over="lapsed"))
        latest[person_id] = recipient_id


def _new_tables() -> None:
    op.create_table(
        "lists",
        sa.Column("list_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("doubt", sa.String(length=200), nullable=False),
        sa.Column("headings", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("looked_up", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('columns', 'reading', 'done', 'failed')", name=op.f("ck_lists_state")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_lists_campaign_id"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_lists")),
        sa.UniqueConstraint("campaign_id", name=op.f("uq_lists_campaign_id")),
    )  # fmt: skip
    op.create_index("ix_lists_state", "lists", ["state"], unique=False)
    op.create_table(
        "list_pages",
        sa.Column("page_id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["lists.list_id"], name=op.f("fk_list_pages_list_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_list_pages")),
        sa.UniqueConstraint("list_id", "n", name=op.f("uq_list_pages_list_id_n")),
    )
    op.create_table(
        "rejected_rows",
        sa.Column("rejected_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("field", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_rejected_rows_campaign_id"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rejected_id", name=op.f("pk_rejected_rows")),
        sa.UniqueConstraint("campaign_id", "row", name=op.f("uq_rejected_rows_campaign_id_row")),
    )  # fmt: skip
    op.create_table(
        "lines",
        sa.Column("phone_key", sa.String(length=40), nullable=False),
        sa.Column("line_type", sa.String(length=10), nullable=False),
        sa.Column("reassigned", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_key", name=op.f("pk_lines")),
    )
    op.create_table(
        "column_maps",
        sa.Column("map_id", sa.String(length=40), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("map_id", name=op.f("pk_column_maps")),
    )
    op.create_table(
        "sign_offs",
        sa.Column("sign_off_id", sa.String(length=32), nullable=False),
        sa.Column("signed_by", sa.LargeBinary(), nullable=False),
        sa.Column("signed_on", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("way IN ('handset', 'carrier')", name=op.f("ck_sign_offs_way")),
        sa.PrimaryKeyConstraint("sign_off_id", name=op.f("pk_sign_offs")),
    )
    op.create_table(
        "first_contacts",
        sa.Column("contact_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.campaign_id"], name=op.f("fk_first_contacts_campaign_id"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_first_contacts_person_id"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_first_contacts")),
        sa.UniqueConstraint("campaign_id", "person_id", name=op.f("uq_first_contacts_campaign_id_person_id")),
    )  # fmt: skip
    op.create_index("ix_first_contacts_person", "first_contacts", ["person_id"], unique=False)
    op.create_table(
        "presses",
        sa.Column("press_id", sa.String(length=32), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("token_key", sa.String(length=40), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nth", sa.Integer(), nullable=True),
        sa.CheckConstraint("(pressed_at IS NULL) = (nth IS NULL)", name=op.f("ck_presses_pressed")),
        sa.CheckConstraint("nth IS NULL OR nth BETWEEN 1 AND 3", name=op.f("ck_presses_lifetime")),
        sa.ForeignKeyConstraint(["contact_id"], ["first_contacts.contact_id"], name=op.f("fk_presses_contact_id"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_presses_person_id"),
                                ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("press_id", name=op.f("pk_presses")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_presses_contact_id")),
        sa.UniqueConstraint("person_id", "nth", name=op.f("uq_presses_person_id_nth")),
        sa.UniqueConstraint("token_key", name=op.f("uq_presses_token_key")),
    )  # fmt: skip
    op.create_index("ix_presses_staff", "presses", ["staff_id", "pressed_at"], unique=False)
