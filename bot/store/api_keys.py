"""Which machine is asking, for which organization, and what may it do? Keys are shown once and kept as a keyed hash."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, ForeignKey, String, Table, or_, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.directory import organizations

SCOPES = ("read", "report")
"""`read`: what partners may see. `report`: append counts of the organization's own stocks."""
NOTED_EVERY = timedelta(hours=1)
"""A use is noted this often at most: whether a key is still used is a question of days."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("api_key_id", String(32), primary_key=True),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("key_hash", String(40), nullable=False, unique=True),
    Column("scopes", String(40), nullable=False),  # comma-separated, of SCOPES
    Column("created_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
    Column("name", String(60), nullable=False, server_default=""),  # which of their systems has it
    Column("made_by", String(32)),
    Column("last_used_at", UTCDateTime),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApiKey:
    api_key_id: str
    organization_id: str
    scopes: frozenset[str]
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One key as staff see it: everything but what opens the door."""

    api_key_id: str
    organization: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    made_by: str | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def add(tx: Tx, organization_id: str, scopes: Collection[str], *, name: str = "", made_by: str | None = None) -> str:
    """A new key of this organization, in clear: nobody can read it again."""
    key = "ql_" + secrets.token_urlsafe(32)
    row = {
        "api_key_id": new_id(), "organization_id": organization_id, "key_hash": tx.keys.index("api_key", key),
        "scopes": ",".join(scope for scope in SCOPES if scope in scopes), "created_at": tx.now, "name": name,
        "made_by": made_by,
    }  # fmt: skip
    tx.conn.execute(api_keys.insert(), row)
    return key


def find(tx: Tx, key: str) -> ApiKey | None:
    """Whose key this is; None for one that never was or was revoked."""
    k = api_keys.c
    query = select(k.api_key_id, k.organization_id, k.scopes, k.last_used_at)
    row = tx.conn.execute(query.where(k.key_hash == tx.keys.index("api_key", key), k.revoked_at.is_(None))).first()
    return None if row is None else ApiKey(row[0], row[1], frozenset(row[2].split(",")), row[3])


def note_use(tx: Tx, api_key_id: str) -> None:
    k = api_keys.c
    due = or_(k.last_used_at.is_(None), k.last_used_at <= tx.now - NOTED_EVERY)
    tx.conn.execute(api_keys.update().where(k.api_key_id == api_key_id, due).values(last_used_at=tx.now))


def is_approved(tx: Tx, organization_id: str) -> bool:
    """A key is as good as its organization: suspended, it opens nothing, in the same moment."""
    query = select(organizations.c.vetting).where(organizations.c.organization_id == organization_id)
    return tx.conn.execute(query).scalar_one_or_none() == "approved"


def organizations_named(tx: Tx, name: str) -> list[tuple[str, str]]:
    """Id and vetting state of those with this id or whole name."""
    o = organizations.c
    query = select(o.organization_id, o.vetting).where(or_(o.organization_id == name, o.name == name))
    return [(row[0], row[1]) for row in tx.conn.execute(query)]


def listed(tx: Tx) -> list[Listed]:
    """Every key there was, those that open something first, the newest first among them."""
    k, o = api_keys.c, organizations.c
    query = select(k.api_key_id, o.name, k.name, k.scopes, k.created_at, k.made_by, k.last_used_at, k.revoked_at)
    query = query.join(organizations, o.organization_id == k.organization_id)
    rows = tx.conn.execute(query.order_by(k.revoked_at.is_not(None), k.created_at.desc(), k.api_key_id))
    return [Listed(*row[:3], tuple(row[3].split(",")), *row[4:]) for row in rows]


def revoke(tx: Tx, organization_id: str) -> int:
    """Every key of this organization, at once; returns how many."""
    return _revoke(tx, api_keys.c.organization_id == organization_id)


def revoke_one(tx: Tx, api_key_id: str) -> bool:
    """False when there is no such key, or it has ended already."""
    return _revoke(tx, api_keys.c.api_key_id == api_key_id) == 1


def _revoke(tx: Tx, which: ColumnElement[bool]) -> int:
    where = (which, api_keys.c.revoked_at.is_(None))
    return tx.conn.execute(api_keys.update().where(*where).values(revoked_at=tx.now)).rowcount
