"""Which tables are there, all told, and how do they come to be? Imports every aggregate, so that the metadata is whole.

`upgrade` and `downgrade` run the migrations without a configuration file, each as one transaction that a second
process waits for: a machine that starts web, worker and clock at once migrates once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from bot.store import (
    alerts,
    api_keys,
    arrivals,
    asks,
    audit,
    campaign_harm,
    campaigns,
    canaries,
    consent,
    conversations,
    directory,
    directory_records,
    disclosures,
    drafts,
    first_contacts,
    handoff_offers,
    handoffs,
    heartbeats,
    ladder_steps,
    links,
    lists,
    messages,
    openings,
    pacing,
    pages,
    people,
    presence,
    promises,
    redactions,
    referrals,
    reporter_invites,
    reviews,
    rota,
    senders,
    staff,
    tasks,
    unmet,
    vetting,
    warm_transfers,
    watermarks,
    wording_tests,
)
from bot.store.db import make_engine, metadata

__all__ = ["SEALED", "config", "downgrade", "is_current", "metadata", "migrating", "upgrade"]

AGGREGATES = (
    alerts, api_keys, arrivals, asks, audit, campaign_harm, campaigns, canaries, consent, conversations, directory,
    directory_records, disclosures, drafts, first_contacts, handoff_offers, handoffs, heartbeats, ladder_steps, links,
    lists, messages, openings, pacing, pages, people, presence, promises, redactions, referrals, reporter_invites,
    reviews, rota, senders, staff, tasks, unmet, vetting, warm_transfers, watermarks, wording_tests,
)  # fmt: skip
"""Imported for their tables; whoever needs every table asks this module for `metadata`."""

SEALED = (
    "alert_channels.address",
    "applications.ability_to_serve",
    "applications.collaboration",
    "applications.sustainable_management",
    "applications.victim_centredness",
    "campaigns.area",
    "campaigns.name",
    "campaigns.sender",
    "contacts.body",
    "conversations.mind",
    "drafts.body",
    "import_pages.body",
    "list_pages.rows",
    "lists.headings",
    "messages.body",
    "notes.body",
    "passkeys.credential",
    "passkeys.name",
    "people.code_word",
    "people.duress_word",
    "people.phone",
    "promises.what",
    "recipients.proof",
    "releases.first_name",
    "releases.items",
    "reporter_invites.phone",
    "reporters.phone",
    "reviews.remark",
    "sessions.data",
    "sign_offs.signed_by",
    "staff.alias",
    "staff.email",
    "staff.totp_secret",
    "tasks.note",
    "tasks.script",
    "vetting_events.evidence",
    "warm_transfers.spoke_with",
)
"""Every sealed column, for the rotation of keys. A value is bound to this name and to its row's primary key."""

_MIGRATIONS = Path(__file__).with_name("migrations")
_ADVISORY_LOCK = 7_122_019
"""Any number, as long as nothing else of ours takes the same PostgreSQL advisory lock."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to this revision; nothing happens when it is there already."""
    with migrating(url) as conn:
        command.upgrade(config(conn), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database back to this revision; `base` is an empty database. What later tables held is lost."""
    with migrating(url) as conn:
        command.downgrade(config(conn), revision)


def is_current(engine: Engine) -> bool:
    """Whether every step has been taken. False for an empty database, and for one that a newer release migrated."""
    with engine.connect().execution_options(read_only=True) as conn:
        steps = ScriptDirectory.from_config(config(conn))
        return MigrationContext.configure(conn).get_current_heads() == tuple(steps.get_heads())


def config(conn: Connection) -> Config:
    """Alembic's settings, in memory. The percent sign is doubled because alembic reads options as templates."""
    made = Config()
    made.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = conn
    return made


@contextmanager
def migrating(url: str) -> Iterator[Connection]:
    """The one connection on which tables change; whoever else wants to migrate waits until the block has committed."""
    engine = make_engine(url)
    try:
        with engine.connect() as conn:
            if conn.dialect.name == "sqlite":
                yield from _sqlite_alone(conn)
            else:
                yield from _postgres_alone(conn)
    finally:
        engine.dispose()


def _sqlite_alone(conn: Connection) -> Iterator[Connection]:
    # A changed table is copied and the old one dropped; with foreign keys on, the drop would delete every row that
    # refers to it. The pragma does nothing inside a transaction, so it comes before BEGIN IMMEDIATE.
    raw = conn.connection.driver_connection
    assert raw is not None
    raw.execute("PRAGMA foreign_keys=OFF")
    with conn.begin():
        yield conn
        broken = conn.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            tables = sorted({row[0] for row in broken})
            raise RuntimeError(f"the migration leaves rows without their parent, in {tables}")


def _postgres_alone(conn: Connection) -> Iterator[Connection]:
    with conn.begin():
        # Wait as long as another process migrates; but never make the line's own traffic wait long behind a DDL lock.
        conn.execute(text("SET LOCAL lock_timeout = 0"))
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        conn.execute(text("SET LOCAL lock_timeout = '5s'"))
        yield conn
