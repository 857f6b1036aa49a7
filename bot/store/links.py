"""Who may put in a program's counts by a link? Its token is kept as a keyed hash only, and can be taken back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.directory import programs

update_links = Table(
    "update_links",
    metadata,
    Column("link_id", String(32), primary_key=True),
    Column("token_key", String(40), nullable=False, unique=True),
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("staff_id", String(32)),  # who gave it; none: an operator at the command line
    Column("language", String(2), nullable=False),
    Column("made_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A door to one program's own counts."""

    link_id: str
    program_id: str
    code_name: str
    status: str
    timezone: str | None
    language: str
    expires_at: datetime


def add(tx: Tx, *, program_id: str, staff_id: str | None, language: str, expires_at: datetime) -> tuple[str, str]:
    """A new link; returns its id and its token, which is not kept and cannot be shown again."""
    link_id, token = new_id(), secrets.token_urlsafe(24)
    row = {
        "link_id": link_id, "token_key": tx.keys.index("update_link", token), "program_id": program_id,
        "staff_id": staff_id, "language": language, "made_at": tx.now, "expires_at": expires_at,
    }  # fmt: skip
    tx.conn.execute(update_links.insert(), row)
    return link_id, token


def find(tx: Tx, token: str) -> Link | None:
    """The link of this token, unless it has expired, was taken back, or its program is closed."""
    u, p = update_links.c, programs.c
    query = select(u.link_id, u.program_id, p.code_name, p.status, p.facets, u.language, u.expires_at)
    query = query.join_from(update_links, programs, p.program_id == u.program_id)
    live = (u.revoked_at.is_(None), u.expires_at > tx.now, p.status != "closed")
    row = tx.conn.execute(query.where(u.token_key == tx.keys.index("update_link", token), *live)).one_or_none()
    return None if row is None else Link(*row[:4], row[4].get("timezone"), *row[5:])


def revoke(tx: Tx, program_id: str) -> int:
    """Take back every link of a program; returns how many were still good."""
    u = update_links.c
    live = (u.program_id == program_id, u.revoked_at.is_(None), u.expires_at > tx.now)
    return tx.conn.execute(update_links.update().where(*live).values(revoked_at=tx.now)).rowcount


@dataclass(frozen=True, slots=True)
class Given:
    """A link that opens, as the staff who gave it see it: the token is not kept."""

    staff_id: str | None
    language: str
    made_at: datetime
    expires_at: datetime


def live_of(tx: Tx, program_id: str) -> list[Given]:
    """The links that still open this program's counts, the newest first."""
    u = update_links.c
    query = select(u.staff_id, u.language, u.made_at, u.expires_at).order_by(u.made_at.desc(), u.link_id)
    live = (u.program_id == program_id, u.revoked_at.is_(None), u.expires_at > tx.now)
    return [Given(*row) for row in tx.conn.execute(query.where(*live))]
