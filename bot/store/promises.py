"""What did we promise this person, by when, and what became of it? Every promise a text makes is a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    func,
    select,
    text,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id

promises = Table(
    "promises",
    metadata,
    Column("promise_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("key", String(20), nullable=False),  # the text that made it
    Column("wait", Boolean, nullable=False),  # a person will write; else a task, which a new wait does not replace
    Column("soon", Boolean, nullable=False),  # "as soon as one is on": due_at is when we look again
    Column("made_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("ended_at", UTCDateTime),
    Column("ending", String(10)),
    CheckConstraint("ending IN ('kept', 'told', 'broken', 'let_go')", name="ending"),
    CheckConstraint("(ending IS NULL) = (ended_at IS NULL)", name="ended"),
    Index("ix_promises_due", "due_at",
          sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
)  # fmt: skip

HELLO = "V1"
"""A hello some days after the end, which the person wished for. Its row is due that day."""

ENDINGS = ("kept", "told", "broken", "let_go")
"""A human wrote · the person was told a new wait first · neither, in time · the person wants nothing more for now."""


@dataclass(frozen=True, slots=True)
class Promise:
    promise_id: str
    conversation_id: str
    key: str
    wait: bool
    soon: bool
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None
    ending: str | None


_FIELDS = tuple(promises.c[name] for name in Promise.__dataclass_fields__)


def make(tx: Tx, *, conversation_id: str, key: str, due_at: datetime, wait: bool, soon: bool = False) -> str:
    """A new wait takes the place of every wait told before: the person has been told. A task is made once."""
    if wait:
        end(tx, conversation_id, "told", waits_only=True)
    elif any(standing.key == key for standing in standing_of(tx, conversation_id)):
        return ""
    promise_id = new_id()
    row = {"promise_id": promise_id, "conversation_id": conversation_id, "key": key, "wait": wait, "soon": soon,
           "made_at": tx.now, "due_at": due_at}  # fmt: skip
    tx.conn.execute(promises.insert(), row)
    return promise_id


def end(tx: Tx, conversation_id: str, ending: str, *, waits_only: bool = False, but: Sequence[str] = ()) -> None:
    """Every promise to this person that still stands ends so; those made by the texts in `but` stay."""
    p = promises.c
    where = [p.conversation_id == conversation_id, p.ended_at.is_(None), p.key.not_in(but)]
    if waits_only:
        where.append(p.wait)
    tx.conn.execute(promises.update().where(*where).values(ending=ending, ended_at=tx.now))


def not_kept(tx: Tx, conversation_id: str, at: datetime) -> None:
    """What was written at that moment was taken back: the promises it kept stand again."""
    p = promises.c
    where = (p.conversation_id == conversation_id, p.ending == "kept", p.ended_at == at)
    tx.conn.execute(promises.update().where(*where).values(ending=None, ended_at=None))


def end_one(tx: Tx, promise_id: str, ending: str) -> None:
    p = promises.c
    update = promises.update().where(p.promise_id == promise_id, p.ended_at.is_(None))
    tx.conn.execute(update.values(ending=ending, ended_at=tx.now))


def put_off(tx: Tx, promise_id: str, due_at: datetime) -> None:
    """One that gave no time is still true: when to look again."""
    tx.conn.execute(promises.update().where(promises.c.promise_id == promise_id).values(due_at=due_at))


def wake(tx: Tx, due_at: datetime) -> None:
    """Somebody is on now: what was promised "as soon as one is on" has a time from here on."""
    p = promises.c
    where = (p.soon, p.ended_at.is_(None), p.due_at > due_at)
    tx.conn.execute(promises.update().where(*where).values(due_at=due_at))


def get(tx: Tx, promise_id: str) -> Promise | None:
    row = tx.conn.execute(select(*_FIELDS).where(promises.c.promise_id == promise_id)).one_or_none()
    return None if row is None else Promise(*row)


def due(tx: Tx, before: datetime) -> list[Promise]:
    """Those that wait for a human, still stand and end before then, the earliest first."""
    return _due(tx, before, promises.c.key != HELLO)


def hellos_due(tx: Tx, now: datetime) -> list[Promise]:
    """Whom a hello was promised for today."""
    return _due(tx, now, promises.c.key == HELLO)


def _due(tx: Tx, before: datetime, which: ColumnElement[bool]) -> list[Promise]:
    query = select(*_FIELDS).where(promises.c.ended_at.is_(None), promises.c.due_at <= before, which)
    return [Promise(*row) for row in tx.conn.execute(query.order_by(promises.c.due_at, promises.c.promise_id))]


def standing_of(tx: Tx, conversation_id: str) -> list[Promise]:
    return [one for one in all_of(tx, conversation_id) if one.ended_at is None]


def all_of(tx: Tx, conversation_id: str) -> list[Promise]:
    """In the order in which they were made."""
    query = select(*_FIELDS).where(promises.c.conversation_id == conversation_id)
    return [Promise(*row) for row in tx.conn.execute(query.order_by(promises.c.made_at, promises.c.promise_id))]


def told_since(tx: Tx, conversation_id: str, at: datetime) -> int:
    """How often a later wait was told after that moment."""
    p = promises.c
    where = (p.conversation_id == conversation_id, p.ending == "told", p.ended_at > at)
    return int(tx.conn.execute(select(func.count()).select_from(promises).where(*where)).scalar_one())
