"""Who did what, and who looked? Append-only; ids and acts, never content; chained, so that a changed line shows.

Lines are written in the transaction of what they tell of, and linked into the chain a moment later (`link`), in the
order of their ids: a chain that every claim had to append to would make all of them wait for each other. The database
itself refuses to change or delete a line (a trigger, migration 0002). A link is a keyed hash over the link before it,
so that whoever can write to the database, but does not know SECRET_KEY, cannot make a chain that fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Integer, Row, Select, String, Table, exists, func, select

from bot.store.db import Tx, UTCDateTime, metadata, new_id

audit = Table(
    "audit",
    metadata,
    Column("audit_id", String(32), primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("staff_id", String(32)),
    Column("act", String(40), nullable=False),
    Column("object_id", String(40)),
    Column("detail", String(80)),  # a code, never a word of a person's
)

audit_links = Table(
    "audit_links",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("audit_id", String(32), nullable=False, unique=True),  # no foreign key: a lost line must leave its link
    Column("digest", String(40), nullable=False),
)

SETTLED = timedelta(minutes=10)
"""No transaction of ours lives so long: a line whose id is older and that has no link was slipped in afterwards, or the
clock has not run since."""

_AT_ONCE = 1_000
_HAS_LINK = exists().where(audit_links.c.audit_id == audit.c.audit_id)


@dataclass(frozen=True, slots=True)
class Link:
    """One place in the chain. `line` is None when the line it stands for is gone."""

    seq: int
    audit_id: str
    digest: str
    line: Row[Any] | None


def record(
    tx: Tx, *, act: str, staff_id: str | None = None, object_id: str | None = None, detail: str | None = None
) -> None:
    """Add one line, in the transaction of what it tells of."""
    row = {
        "audit_id": new_id(),
        "at": tx.now,
        "staff_id": staff_id,
        "act": act,
        "object_id": object_id,
        "detail": detail,
    }
    tx.conn.execute(audit.insert(), row)


def count_since(tx: Tx, staff_id: str, act: str, since: datetime) -> int:
    """How often somebody did this since then."""
    c = audit.c
    query = select(func.count()).select_from(audit).where(c.at >= since, c.staff_id == staff_id, c.act == act)
    return int(tx.conn.execute(query).scalar_one())


def head(tx: Tx) -> tuple[int, str, str]:
    """The newest link: its number, digest and line's id; nought and nothing while there is none."""
    c = audit_links.c
    row = tx.conn.execute(select(c.seq, c.digest, c.audit_id).order_by(c.seq.desc()).limit(1)).one_or_none()
    return (0, "", "") if row is None else (row.seq, row.digest, row.audit_id)


def any_new(tx: Tx) -> bool:
    """Whether a line waits for its link."""
    return tx.conn.execute(_without_link(head(tx)[2]).limit(1)).first() is not None


def link(tx: Tx) -> int:
    """Append up to a thousand lines that have no link yet; returns how many. Of two that link at once the second gets
    an IntegrityError, and nothing of its is kept."""
    seq, digest, newest_id = head(tx)
    rows = []
    for line in tx.conn.execute(_without_link(newest_id).order_by(audit.c.audit_id).limit(_AT_ONCE)):
        seq += 1
        digest = _digest(tx, seq, digest, line)
        rows.append({"seq": seq, "audit_id": line.audit_id, "digest": digest})
    if rows:
        tx.conn.execute(audit_links.insert(), rows)
    return len(rows)


def links(tx: Tx) -> Iterator[tuple[Link, str]]:
    """The whole chain in its order, each link with the digest it ought to have."""
    before, seq = "", 0
    lines = audit_links.outerjoin(audit, audit.c.audit_id == audit_links.c.audit_id)
    while True:
        query = select(audit_links.c.audit_id.label("linked_id"), audit_links.c.seq, audit_links.c.digest, audit)
        batch = tx.conn.execute(
            query.select_from(lines).where(audit_links.c.seq > seq).order_by(audit_links.c.seq).limit(_AT_ONCE)
        ).all()
        for row in batch:
            line = None if row.audit_id is None else row
            ought = "" if line is None else _digest(tx, row.seq, before, line)
            yield Link(row.seq, row.linked_id, row.digest, line), ought
            before, seq = row.digest, row.seq
        if len(batch) < _AT_ONCE:
            return


def unlinked(tx: Tx, before: datetime) -> list[str]:
    """Lines with an id older than this moment that no link stands for; a thousand at the most."""
    floor = int(before.timestamp() * 1000).to_bytes(6, "big").hex()
    query = select(audit.c.audit_id).where(audit.c.audit_id < floor, ~_HAS_LINK).order_by(audit.c.audit_id)
    return list(tx.conn.execute(query.limit(_AT_ONCE)).scalars())


def _without_link(newest_id: str) -> Select[Any]:
    """Lines no link stands for; looked for only from a little before the newest that has one."""
    return select(audit).where(audit.c.audit_id >= _earlier(newest_id), ~_HAS_LINK)


def _earlier(audit_id: str) -> str:
    """The id a line had that was begun SETTLED before this one: ids begin with their milliseconds."""
    if not audit_id:
        return ""
    milliseconds = int(audit_id[:12], 16) - int(SETTLED.total_seconds() * 1000)
    return max(milliseconds, 0).to_bytes(6, "big").hex()


def _digest(tx: Tx, seq: int, before: str, line: Row[Any]) -> str:
    said = [seq, before, line.audit_id, line.at.isoformat(), line.staff_id, line.act, line.object_id, line.detail]
    return tx.keys.index("audit", json.dumps(said, separators=(",", ":")))
