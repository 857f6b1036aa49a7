"""What did we promise this person, by when, and what became of it? Every promise is a row: a text's, and a colleague's.

A colleague's promise has words (sealed) and a name. It is kept when somebody says so, not by any text that happens to
be sent; whoever has the person now owns it, and its maker while nobody has them.
"""

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
    LargeBinary,
    String,
    Table,
    case,
    func,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial

promises = Table(
    "promises",
    metadata,
    Column("promise_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("key", String(20), nullable=False),  # the text that made it; `said`, when a colleague did
    Column("wait", Boolean, nullable=False),  # a person will write; else a task, which a new wait does not replace
    Column("soon", Boolean, nullable=False),  # "as soon as one is on": due_at is when we look again
    Column("made_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("ended_at", UTCDateTime),
    Column("ending", String(10)),
    Column("staff_id", String(32)),  # who made it, when a colleague did
    Column("what", LargeBinary),  # sealed: in their words
    Column("safe_hours", String(40)),  # when it may be kept by text, as the person had chosen
    Column("warned_at", UTCDateTime),  # when its owner was told that it is near
    Column("made_good_at", UTCDateTime),  # broken, and done all the same, later
    CheckConstraint("ending IN ('kept', 'told', 'broken', 'let_go')", name="ending"),
    CheckConstraint("(ending IS NULL) = (ended_at IS NULL)", name="ended"),
    CheckConstraint("made_good_at IS NULL OR ending = 'broken'", name="made_good"),
    partial("ix_promises_due", "due_at", where="ended_at IS NULL"),
    partial("ix_promises_missed", "due_at",
            where="ending = 'broken' AND made_good_at IS NULL AND staff_id IS NOT NULL"),
)  # fmt: skip

HELLO = "V1"
"""A hello some days after the end, which the person wished for. Its row is due that day."""

ENDINGS = ("kept", "told", "broken", "let_go")
"""A human wrote · the person was told a new wait first · neither, in time · the person wants nothing more for now."""
SAID = "said"
"""The key of a promise that a colleague made."""


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
    staff_id: str | None = None
    safe_hours: str | None = None
    warned_at: datetime | None = None
    made_good_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Still to be done: it stands, or was broken and never made good."""
        return self.ending is None or (self.staff_id is not None and self.is_missed)

    @property
    def is_missed(self) -> bool:
        return self.ending == "broken" and self.made_good_at is None


_c = promises.c
FIELDS = tuple(_c[name] for name in Promise.__dataclass_fields__)


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


def give(tx: Tx, *, conversation_id: str, staff_id: str, what: str, due_at: datetime,
         safe_hours: str | None) -> str:  # fmt: skip
    """A colleague's word."""
    promise_id = new_id()
    row = {
        "promise_id": promise_id, "conversation_id": conversation_id, "key": SAID, "wait": False, "soon": False,
        "made_at": tx.now, "due_at": due_at, "staff_id": staff_id, "safe_hours": safe_hours,
        "what": tx.keys.seal("promises.what", promise_id, what),
    }  # fmt: skip
    tx.conn.execute(promises.insert(), row)
    return promise_id


def end(tx: Tx, conversation_id: str, ending: str, *, waits_only: bool = False, but: Sequence[str] = ()) -> None:
    """Every promise that a text made to this person and that still stands ends so; those made by the texts in `but`
    stay, and so does a colleague's word."""
    where = [_c.conversation_id == conversation_id, _c.ended_at.is_(None), _c.key.not_in([SAID, *but])]
    if waits_only:
        where.append(_c.wait)
    tx.conn.execute(promises.update().where(*where).values(ending=ending, ended_at=tx.now))


def not_kept(tx: Tx, conversation_id: str, at: datetime) -> None:
    """What was written at that moment was taken back: the promises it kept stand again, and a colleague's word that
    went with it was never given."""
    then = (_c.conversation_id == conversation_id, _c.ending == "kept", _c.ended_at == at)
    tx.conn.execute(promises.update().where(*then).values(ending=None, ended_at=None))
    given = (_c.conversation_id == conversation_id, _c.key == SAID, _c.made_at == at, _c.ended_at.is_(None))
    tx.conn.execute(promises.update().where(*given).values(ending="let_go", ended_at=tx.now))


def end_one(tx: Tx, promise_id: str, ending: str) -> bool:
    """False when it had ended before."""
    update = promises.update().where(_c.promise_id == promise_id, _c.ended_at.is_(None))
    return tx.conn.execute(update.values(ending=ending, ended_at=tx.now)).rowcount == 1


def make_good(tx: Tx, promise_id: str) -> bool:
    """Broken, and done now. It stays a broken one."""
    missed = (_c.promise_id == promise_id, _c.ending == "broken", _c.made_good_at.is_(None))
    return tx.conn.execute(promises.update().where(*missed).values(made_good_at=tx.now)).rowcount == 1


def put_off(tx: Tx, promise_id: str, due_at: datetime) -> None:
    """One that gave no time is still true: when to look again."""
    tx.conn.execute(promises.update().where(_c.promise_id == promise_id).values(due_at=due_at))


def wake(tx: Tx, due_at: datetime) -> None:
    """Somebody is on now: what was promised "as soon as one is on" has a time from here on."""
    where = (_c.soon, _c.ended_at.is_(None), _c.due_at > due_at)
    tx.conn.execute(promises.update().where(*where).values(due_at=due_at))


def warn(tx: Tx, promise_id: str) -> bool:
    """Its owner is told that it is near, once."""
    where = (_c.promise_id == promise_id, _c.ended_at.is_(None), _c.warned_at.is_(None))
    return tx.conn.execute(promises.update().where(*where).values(warned_at=tx.now)).rowcount == 1


def get(tx: Tx, promise_id: str) -> Promise | None:
    row = tx.conn.execute(select(*FIELDS).where(_c.promise_id == promise_id)).one_or_none()
    return None if row is None else Promise(*row)


def due(tx: Tx, before: datetime) -> list[Promise]:
    """Those that wait for a human, still stand and end before then, the earliest first."""
    return _due(tx, before, _c.key != HELLO)


def hellos_due(tx: Tx, now: datetime) -> list[Promise]:
    """Whom a hello was promised for today."""
    return _due(tx, now, _c.key == HELLO)


def _due(tx: Tx, before: datetime, which: ColumnElement[bool]) -> list[Promise]:
    query = select(*FIELDS).where(_c.ended_at.is_(None), _c.due_at <= before, which)
    return [Promise(*row) for row in tx.conn.execute(query.order_by(_c.due_at, _c.promise_id))]


def near(tx: Tx, before: datetime) -> list[Promise]:
    """Colleagues' words that are due before then, and whose owner has not been told so."""
    return [one for one in due(tx, before) if one.staff_id is not None and one.warned_at is None]


def standing_of(tx: Tx, conversation_id: str) -> list[Promise]:
    return [one for one in all_of(tx, conversation_id) if one.ended_at is None]


def all_of(tx: Tx, conversation_id: str) -> list[Promise]:
    """In the order in which they were made."""
    query = select(*FIELDS).where(_c.conversation_id == conversation_id)
    return [Promise(*row) for row in tx.conn.execute(query.order_by(_c.made_at, _c.promise_id))]


def what_of(tx: Tx, promise_id: str) -> str:
    """A colleague's words; empty for a text's promise."""
    sealed = tx.conn.execute(select(_c.what).where(_c.promise_id == promise_id)).scalar_one_or_none()
    return "" if sealed is None else tx.keys.open("promises.what", promise_id, sealed)


def told_since(tx: Tx, conversation_id: str, at: datetime) -> int:
    """How often a later wait was told after that moment."""
    where = (_c.conversation_id == conversation_id, _c.ending == "told", _c.ended_at > at)
    return int(tx.conn.execute(select(func.count()).select_from(promises).where(*where)).scalar_one())


def counts(tx: Tx, since: datetime) -> dict[tuple[str, str], int]:
    """How those ended that ended since then: by who made them (`text`, `colleague`) and how."""
    maker = case((_c.staff_id.is_(None), "text"), else_="colleague").label("maker")
    query = select(maker, _c.ending, func.count()).where(_c.ended_at >= since)
    return {(row[0], row[1]): row[2] for row in tx.conn.execute(query.group_by(maker, _c.ending))}
