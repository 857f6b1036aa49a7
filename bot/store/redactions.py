"""Which of the carrier's copies are still to be emptied? One row a text, which outlives the text's own row.

It holds the carrier's id and nothing of a person: who is erased here takes no place there either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    Select,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.messages import messages

redactions = Table(
    "redactions",
    metadata,
    Column("redaction_id", String(32), primary_key=True),  # in order of time
    Column("provider_sid", String(40), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("state", String(10), nullable=False),  # due · done · given_up
    Column("attempts", Integer, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("reason", String(40)),  # the carrier's last refusal
    Column("done_at", UTCDateTime),
    UniqueConstraint("provider_sid", "direction"),
    CheckConstraint("state IN ('due', 'done', 'given_up')", name="state"),
    partial("ix_redactions_due", "due_at", where="state = 'due'"),
    Index("ix_redactions_direction", "direction", "redaction_id"),
)


@dataclass(frozen=True, slots=True)
class Copy:
    redaction_id: str
    provider_sid: str
    attempts: int


def add(tx: Tx, provider_sids: Iterable[str], direction: str, due_at: datetime) -> None:
    """Each of these is to be emptied; one that stands in the list already stays as it is."""
    rows = [
        {"redaction_id": new_id(), "provider_sid": sid, "direction": direction, "state": "due", "attempts": 0,
         "due_at": due_at}
        for sid in provider_sids
    ]  # fmt: skip
    if rows:
        insert = postgresql.insert if tx.conn.dialect.name == "postgresql" else sqlite.insert
        tx.conn.execute(insert(redactions).on_conflict_do_nothing(index_elements=["provider_sid", "direction"]), rows)


def claim(tx: Tx, limit: int, lease: timedelta) -> list[Copy]:
    """Due ones, oldest first, put off by the lease: whoever dies over one leaves it due."""
    r = redactions.c
    query = (
        select(r.redaction_id, r.provider_sid, r.attempts)
        .where(r.state == "due", r.due_at <= tx.now)
        .order_by(r.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [Copy(*row) for row in tx.conn.execute(query)]
    if found:
        ids = [copy.redaction_id for copy in found]
        values = {"attempts": r.attempts + 1, "due_at": tx.now + lease}
        tx.conn.execute(redactions.update().where(r.redaction_id.in_(ids)).values(**values))
    return found


def any_due(tx: Tx) -> bool:
    r = redactions.c
    query = select(r.redaction_id).where(r.state == "due", r.due_at <= tx.now)
    return tx.conn.execute(query.limit(1)).first() is not None


def done(tx: Tx, copies: Iterable[Copy]) -> None:
    some = list(copies)
    if not some:
        return
    r, m = redactions.c, messages.c
    values = {"state": "done", "done_at": tx.now, "reason": None}
    ids, sids = [copy.redaction_id for copy in some], [copy.provider_sid for copy in some]
    tx.conn.execute(redactions.update().where(r.redaction_id.in_(ids)).values(**values))
    tx.conn.execute(messages.update().where(m.provider_sid.in_(sids)).values(redacted_at=tx.now))


def failed(tx: Tx, copy: Copy, *, reason: str, again_at: datetime | None) -> None:
    """Try again then; or give up, which `doctor` tells."""
    values = {"reason": reason[:40], "state": "given_up"} if again_at is None else {"reason": reason[:40],
                                                                                   "due_at": again_at}  # fmt: skip
    tx.conn.execute(redactions.update().where(redactions.c.redaction_id == copy.redaction_id).values(**values))


def enlist_inbound(tx: Tx, before: datetime, limit: int) -> int:
    """What people wrote lies at the carrier too: texts that came in before that moment and since the last one enlisted.
    Ids are in order of time; the first that is too young ends the look, so that none is ever passed over."""
    rows = list(takewhile(lambda row: row.created_at < before, tx.conn.execute(_inbound_after(tx).limit(limit))))
    if rows:
        # The text's own id, so that the newest row says how far this went.
        values = [
            {"redaction_id": row.message_id, "provider_sid": row.provider_sid, "direction": "in", "state": "due",
             "attempts": 0, "due_at": tx.now}
            for row in rows
        ]  # fmt: skip
        insert = postgresql.insert if tx.conn.dialect.name == "postgresql" else sqlite.insert
        tx.conn.execute(insert(redactions).on_conflict_do_nothing(), values)
    return len(rows)


def any_inbound(tx: Tx, before: datetime) -> bool:
    """Whether `enlist_inbound` would find something."""
    row = tx.conn.execute(_inbound_after(tx).limit(1)).one_or_none()
    return row is not None and bool(row.created_at < before)


def _inbound_after(tx: Tx) -> Select[Any]:
    m, r = messages.c, redactions.c
    newest = select(r.redaction_id).where(r.direction == "in").order_by(r.redaction_id.desc()).limit(1)
    query = select(m.message_id, m.provider_sid, m.created_at).where(m.direction == "in", m.provider_sid.is_not(None))
    return query.where(m.message_id > (tx.conn.execute(newest).scalar() or "")).order_by(m.message_id)


def counts(tx: Tx) -> dict[str, int]:
    """How many are in each state."""
    r = redactions.c
    return {str(state): n for state, n in tx.conn.execute(select(r.state, func.count()).group_by(r.state))}
