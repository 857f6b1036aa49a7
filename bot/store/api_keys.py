"""Which machine is asking, for which organization, and what may it do? Keys are shown once and kept as a keyed hash."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, String, Table, or_, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.directory import organizations

SCOPES = ("read", "report")
"""`read`: what partners may see. `report`: append counts of the organization's own stocks."""

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
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApiKey:
    api_key_id: str
    organization_id: str
    scopes: frozenset[str]


def add(tx: Tx, organization_id: str, scopes: Collection[str]) -> str:
    """A new key of this organization, in clear: nobody can read it again."""
    key = "ql_" + secrets.token_urlsafe(32)
    row = {
        "api_key_id": new_id(), "organization_id": organization_id, "key_hash": tx.keys.index("api_key", key),
        "scopes": ",".join(scope for scope in SCOPES if scope in scopes), "created_at": tx.now,
    }  # fmt: skip
    tx.conn.execute(api_keys.insert(), row)
    return key


def find(tx: Tx, key: str) -> ApiKey | None:
    """Whose key this is; None for one that never was or was revoked."""
    k = api_keys.c
    query = select(k.api_key_id, k.organization_id, k.scopes)
    row = tx.conn.execute(query.where(k.key_hash == tx.keys.index("api_key", key), k.revoked_at.is_(None))).first()
    return None if row is None else ApiKey(row[0], row[1], frozenset(row[2].split(",")))


def is_approved(tx: Tx, organization_id: str) -> bool:
    """A key is as good as its organization: suspended, it opens nothing, in the same moment."""
    query = select(organizations.c.vetting).where(organizations.c.organization_id == organization_id)
    return tx.conn.execute(query).scalar_one_or_none() == "approved"


def organizations_named(tx: Tx, name: str) -> list[tuple[str, str]]:
    """Id and vetting state of those with this id or whole name."""
    o = organizations.c
    query = select(o.organization_id, o.vetting).where(or_(o.organization_id == name, o.name == name))
    return [(row[0], row[1]) for row in tx.conn.execute(query)]


def revoke(tx: Tx, organization_id: str) -> int:
    """Every key of this organization, at once; returns how many."""
    where = (api_keys.c.organization_id == organization_id, api_keys.c.revoked_at.is_(None))
    return tx.conn.execute(api_keys.update().where(*where).values(revoked_at=tx.now)).rowcount
