"""Which texts came and went, and what became of each? Inbound and outbound rows; the outbox is the due ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    select,
    text,
)

from bot.rules.segments import count_segments
from bot.store import conversations
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.prepared import Prepared

messages = Table(
    "messages",
    metadata,
    Column("message_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False),
    Column("direction", String(3), nullable=False),
    Column("seq", Integer, nullable=False),  # order within the conversation
    Column("provider_sid", String(40)),
    Column("key", String(20)),  # the copy key of a fixed text; None for words a human typed
    Column("language", String(2)),
    Column("kind", String(12), nullable=False),  # inbound, or a name of PRIORITY
    Column("priority", Integer, nullable=False),  # lower leaves first
    Column("status", String(12), nullable=False),
    Column("reason", String(40)),  # why refused or failed
    Column("body", LargeBinary, nullable=False),  # sealed
    Column("segments", Integer, nullable=False),
    Column("media", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),  # the holder's epoch it was written under
    Column("staff_id", String(32)),
    Column("recipient_id", String(32)),  # the campaign recipient it serves, if any
    Column("due_at", UTCDateTime),
    Column("lease_until", UTCDateTime),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("sent_at", UTCDateTime),  # of a text that came in: when the carrier took it, where it has said so
    Column("settled_at", UTCDateTime),
    Column("redacted_at", UTCDateTime),  # when the carrier's copy was emptied
    Column("media_kinds", String(40)),  # of what came with it: "picture,voice"; never an address
    Column("sender", String(40)),  # which of our numbers (or which service) it was handed over for
    Column("begun_at", UTCDateTime),  # when the latest attempt began
    Column("absent_at", UTCDateTime),  # when the carrier's list first did not show that attempt
    Column("confirmed_at", UTCDateTime),  # when the carrier said that it passed it on
    Column("retry_of", String(32)),  # the text this one repeats, which is known not to have arrived
    CheckConstraint("direction IN ('in', 'out')", name="direction"),
    CheckConstraint(
        "status IN ('received','queued','sending','unknown','sent','delivered','undelivered','failed','refused')",
        name="status",
    ),
    partial("uq_messages_provider_sid", "provider_sid", "direction", where="provider_sid IS NOT NULL", unique=True),
    Index("uq_messages_seq", "conversation_id", "seq", unique=True),
    partial("uq_messages_retry_of", "retry_of", where="retry_of IS NOT NULL", unique=True),
    partial("ix_messages_at_carrier", "sender", "begun_at", where="sender IS NOT NULL AND confirmed_at IS NULL"),
    partial("ix_messages_silent", "sent_at", where="status = 'sent'"),
    partial("ix_messages_outbox", "priority", "due_at", where="status IN ('queued','sending','unknown')"),
)  # fmt: skip

PRIORITY = {"crisis": 0, "confirmation": 1, "advocate": 2, "scheduled": 2, "reply": 3, "notice": 4, "ask": 5,
            "campaign": 9}  # fmt: skip


def outbound_row(tx: Tx, *, conversation_id: str, seq: int, epoch: int, kind: str, body: str, language: str,
                 key: str | None = None, due_at: datetime | None = None, staff_id: str | None = None,
                 recipient_id: str | None = None, created_at: datetime | None = None) -> dict[str, Any]:  # fmt: skip
    """One row of the outbox, ready to insert. `kind` is a name of PRIORITY; from `created_at` on its age counts."""
    message_id = new_id()
    return {
        "message_id": message_id,
        "conversation_id": conversation_id,
        "direction": "out",
        "seq": seq,
        "provider_sid": None,
        "key": key,
        "language": language,
        "kind": kind,
        "priority": PRIORITY[kind],
        "status": "queued",
        "body": tx.keys.seal("messages.body", message_id, body),
        "segments": count_segments(body),
        "media": 0,
        "epoch": epoch,
        "staff_id": staff_id,
        "recipient_id": recipient_id,
        "due_at": due_at or tx.now,
        "attempts": 0,
        "created_at": created_at or tx.now,
    }


def queue_text(tx: Tx, *, conversation_id: str, **text: Any) -> str:
    """Put one text in the outbox, last in its thread; returns its id. Arguments as for `outbound_row` but `seq`.
    The caller rings `nudges.deliver` after commit."""
    seq = conversations.take_seqs(tx, conversation_id, 1)
    row = outbound_row(tx, conversation_id=conversation_id, seq=seq, **text)
    tx.conn.execute(messages.insert(), row)
    return str(row["message_id"])


def inbound_row(tx: Tx, *, conversation_id: str, provider_sid: str, body: str, media: int,
                media_kinds: str | None = None, sent_at: datetime | None = None) -> dict[str, Any]:  # fmt: skip
    """One text that came in, ready to insert with the turn it caused; `seq` is the turn's to give."""
    message_id = new_id()
    return {
        "message_id": message_id,
        "conversation_id": conversation_id,
        "direction": "in",
        "provider_sid": provider_sid,
        "key": None,
        "language": None,
        "kind": "inbound",
        "priority": 0,
        "status": "received",
        "body": tx.keys.seal("messages.body", message_id, body),
        "segments": 0,
        "media": media,
        "media_kinds": media_kinds,
        "sent_at": sent_at,
        "epoch": 0,
        "staff_id": None,
        "recipient_id": None,
        "due_at": None,
        "attempts": 0,
        "created_at": tx.now,
    }


def known_sids(tx: Tx, sids: Collection[str]) -> set[str]:
    """Which of these carrier's ids are of texts that came in and are kept."""
    c = messages.c
    query = select(c.provider_sid).where(c.direction == "in", c.provider_sid.in_(sids))
    return {str(sid) for sid in tx.conn.execute(query).scalars()}


def rewrite(tx: Tx, message_id: str, body: str) -> None:
    """Keep these words in place of those that came in."""
    sealed = tx.keys.seal("messages.body", message_id, body)
    tx.conn.execute(messages.update().where(messages.c.message_id == message_id).values(body=sealed))


def insert_rows(tx: Tx, rows: list[dict[str, Any]], *, saving: Mapping[str, Any] | None = None) -> None:
    """All texts of one turn in one statement; the rows are those of `inbound_row` and `outbound_row`. `saving` is what
    the turn made of its conversation (`conversations.save`), with its id as `id`: PostgreSQL takes both in one."""
    shape = tuple([tuple([name for name in _WRITTEN if row.get(name) is not None]) for row in rows])
    given = {f"{name}_{n}": rows[n][name] for n, names in enumerate(shape) for name in names}
    if saving is None:
        _insert(shape).run(tx, given)
    elif tx.conn.dialect.name == "postgresql":
        _insert(shape, conversations.SAVED).run(tx, {**given, **{f"saved_{name}": saving[name] for name in saving}})
    else:
        _insert(shape).run(tx, given)
        conversations.save(tx, saving)


_WRITTEN = (
    "message_id", "conversation_id", "direction", "seq", "provider_sid", "key", "language", "kind", "priority",
    "status", "body", "segments", "media", "media_kinds", "epoch", "staff_id", "recipient_id", "due_at", "attempts",
    "created_at", "sent_at",
)  # fmt: skip
"""The columns a text has from the start; the others come with what becomes of it."""


@lru_cache(maxsize=256)
def _insert(shape: tuple[tuple[str, ...], ...], saved: tuple[str, ...] = ()) -> Prepared:
    """Rows with these columns filled, in one statement and one round trip. SQLAlchemy's own many-row insert is compiled
    anew each time; this one is made once for each shape, and a column that is empty costs no parameter."""
    places = ", ".join(
        "(" + ", ".join(f":{name}_{n}" if name in names else "NULL" for name in _WRITTEN) + ")"
        for n, names in enumerate(shape)
    )
    types = {f"{name}_{n}": messages.c[name].type for n, names in enumerate(shape) for name in names}
    first = ""
    if saved:
        talks = conversations.conversations.c
        values = ", ".join(f"{name} = :saved_{name}" for name in saved)
        first = f"WITH saved AS (UPDATE conversations SET {values} WHERE conversation_id = :saved_id) "  # noqa: S608
        types |= {"saved_id": talks.conversation_id.type, **{f"saved_{name}": talks[name].type for name in saved}}
    # The names are our own columns: nothing that was given becomes part of the statement.
    statement = text(f"{first}INSERT INTO messages ({', '.join(_WRITTEN)}) VALUES {places}")  # noqa: S608
    return Prepared(statement.bindparams(*(bindparam(name, type_=type_) for name, type_ in types.items())))


def refuse_queued(tx: Tx, person_id: str, reason: str) -> None:
    """What has not left yet will not leave: every queued text to this person, in every conversation."""
    theirs = select(conversations.conversations.c.conversation_id).where(
        conversations.conversations.c.person_id == person_id
    )
    c = messages.c
    waiting = (c.status == "queued", c.conversation_id.in_(theirs))
    tx.conn.execute(messages.update().where(*waiting).values(status="refused", reason=reason, settled_at=tx.now))


def overtake(tx: Tx, conversation_id: str) -> None:
    """The bot's queued answers in this conversation will not leave: what follows is about somebody's safety."""
    c = messages.c
    waiting = (c.conversation_id == conversation_id, c.status == "queued", c.kind == "reply")
    tx.conn.execute(messages.update().where(*waiting).values(status="refused", reason="overtaken", settled_at=tx.now))
