"""What is an advocate writing to whom, and which of it has become a text? Sealed, one open draft a writer and person.

A draft's id is the key of the press that sends it: however often the same page, or another device with the same draft,
presses Send, there is one text. Once it is a text the words stand with the text, and only the id stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, partial

drafts = Table(
    "drafts",
    metadata,
    Column("draft_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False),
    Column("staff_id", String(32), nullable=False),
    Column("epoch", Integer, nullable=False),  # of the page it was written on
    Column("page_id", String(32), nullable=False),  # the page that wrote it last: another must have read it first
    Column("body", LargeBinary),  # sealed; empty once it is a text
    Column("saved_at", UTCDateTime, nullable=False),
    Column("message_id", String(32), ForeignKey("messages.message_id", ondelete="CASCADE"), unique=True),
    Column("answered_before", Integer),  # what had been answered before it: taken back, that stands again
    CheckConstraint("(body IS NULL) = (message_id IS NOT NULL)", name="words"),
    partial("uq_drafts_open", "conversation_id", "staff_id", where="message_id IS NULL", unique=True),
)  # fmt: skip

SUGGESTED = "suggested"
"""The page of a draft that its writer suggests to the owner, from the second chair."""

_d = drafts.c


@dataclass(frozen=True, slots=True)
class Draft:
    """One row, opened. Without `message_id` it is still being written."""

    draft_id: str
    conversation_id: str
    staff_id: str
    epoch: int
    page_id: str
    words: str
    saved_at: datetime
    message_id: str | None
    answered_before: int | None


_FIELDS = (_d.draft_id, _d.conversation_id, _d.staff_id, _d.epoch, _d.page_id, _d.body, _d.saved_at, _d.message_id,
           _d.answered_before)  # fmt: skip


def open_of(tx: Tx, conversation_id: str, staff_id: str) -> Draft | None:
    """What they are writing to this person."""
    where = (_d.conversation_id == conversation_id, _d.staff_id == staff_id, _d.message_id.is_(None))
    return _opened(tx, tx.conn.execute(select(*_FIELDS).where(*where)).one_or_none())


def get(tx: Tx, draft_id: str) -> Draft | None:
    return _opened(tx, tx.conn.execute(select(*_FIELDS).where(_d.draft_id == draft_id)).one_or_none())


def of_message(tx: Tx, message_id: str) -> Draft | None:
    """The draft that became this text."""
    return _opened(tx, tx.conn.execute(select(*_FIELDS).where(_d.message_id == message_id)).one_or_none())


def keep(tx: Tx, *, draft_id: str, conversation_id: str, staff_id: str, epoch: int, page_id: str, words: str) -> None:
    """This is now what they are writing to this person, in place of what stood there. The caller holds the
    conversation's lock, and has looked that this id is no other draft's."""
    drop(tx, conversation_id, staff_id)
    row = {"draft_id": draft_id, "conversation_id": conversation_id, "staff_id": staff_id, "epoch": epoch,
           "page_id": page_id, "body": tx.keys.seal("drafts.body", draft_id, words), "saved_at": tx.now}  # fmt: skip
    tx.conn.execute(drafts.insert(), row)


def drop(tx: Tx, conversation_id: str, staff_id: str) -> None:
    """They write nothing to this person any more. What became a text stays known."""
    where = (_d.conversation_id == conversation_id, _d.staff_id == staff_id, _d.message_id.is_(None))
    tx.conn.execute(drafts.delete().where(*where))


def became(tx: Tx, *, draft_id: str, conversation_id: str, staff_id: str, epoch: int, message_id: str,
           answered_before: int) -> None:  # fmt: skip
    """It is a text now: the same id pressed again is this text."""
    drop(tx, conversation_id, staff_id)
    row = {"draft_id": draft_id, "conversation_id": conversation_id, "staff_id": staff_id, "epoch": epoch,
           "page_id": "", "saved_at": tx.now, "message_id": message_id, "answered_before": answered_before}  # fmt: skip
    tx.conn.execute(drafts.insert(), row)


def _opened(tx: Tx, row: Row[Any] | None) -> Draft | None:
    if row is None:
        return None
    draft_id = row.draft_id
    words = "" if row.body is None else tx.keys.open("drafts.body", draft_id, row.body)
    return Draft(
        draft_id, row.conversation_id, row.staff_id, row.epoch, row.page_id, words, row.saved_at, row.message_id,
        row.answered_before,
    )  # fmt: skip
