"""What is said between us and one person, up to now? One open conversation a person, by constraint."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    select,
)

from bot.store.bulk import among, chunks
from bot.store.consent import suppressions
from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.people import people
from bot.store.prepared import Prepared
from flows.conversation import Conversation, Holder

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("person_id", String(32), ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    Column("flow_version", String(16), nullable=False),
    Column("state", String(40), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("held_by", String(10), nullable=False),
    Column("epoch", Integer, nullable=False),  # grows with every change of holder; fences stale writers
    Column("mind", LargeBinary, nullable=False),  # sealed JSON: answers, flags, misses, last_key, resume …
    Column("last_seq", Integer, nullable=False),
    Column("last_inbound_at", UTCDateTime),
    Column("last_activity_at", UTCDateTime, nullable=False),
    Column("burst_from_at", UTCDateTime),  # floods are bounded per person
    Column("burst", Integer, nullable=False),
    Column("opened_at", UTCDateTime, nullable=False),
    Column("closed_at", UTCDateTime),
    CheckConstraint("held_by IN ('bot', 'advocate', 'nobody')", name="held_by"),
    partial("uq_conversations_open", "person_id", where="closed_at IS NULL", unique=True),
    Index("ix_conversations_person", "person_id", "opened_at"),  # every one there was, not only the open one
)  # fmt: skip


COLUMNS = tuple(
    conversations.c[name]
    for name in ("conversation_id", "person_id", "epoch", "last_seq", "last_activity_at", "last_inbound_at",
                 "burst_from_at", "burst",
                 "closed_at", "state", "turn", "held_by", "mind")
)  # fmt: skip
_LOAD = (
    select(*COLUMNS, people.c.phone_key, suppressions.c.at.label("suppressed_at"))
    .join_from(conversations, people, people.c.person_id == conversations.c.person_id)
    .outerjoin(suppressions, suppressions.c.phone_key == people.c.phone_key)
    .where(conversations.c.conversation_id == bindparam("conversation_id"))
    .with_for_update(of=conversations)
)
_STARTED = ("conversation_id", "person_id", "flow_version", "state", "turn", "held_by", "epoch", "mind", "last_seq",
            "last_activity_at", "burst", "opened_at")  # fmt: skip
_START = Prepared(conversations.insert().values({name: bindparam(name) for name in _STARTED}))
SAVED = ("flow_version", "state", "turn", "held_by", "epoch", "mind", "last_seq", "last_inbound_at",
          "last_activity_at", "burst_from_at", "burst")  # fmt: skip
"""Not `closed_at`: SQLite would write its index anew at every turn, and hardly any turn is the last."""
_SAVE = Prepared(
    conversations.update()
    .where(conversations.c.conversation_id == bindparam("id"))
    .values({name: bindparam(name) for name in SAVED})
)

_MIND = ("language", "answers", "flags", "misses", "last_key", "marks", "found", "resume", "safe_now", "asked", "hand")
"""The fields of a Conversation that are kept sealed, in one value."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A conversation as the engine knows it, and where it is kept."""

    conversation_id: str
    person_id: str
    phone_key: str
    epoch: int
    last_seq: int
    last_activity_at: datetime
    last_inbound_at: datetime | None
    burst_from_at: datetime | None
    burst: int
    closed: bool
    conversation: Conversation


def seal_mind(tx: Tx, conversation_id: str, conversation: Conversation) -> bytes:
    mind = {name: getattr(conversation, name) for name in _MIND}
    return tx.keys.seal("conversations.mind", conversation_id, json.dumps(mind, separators=(",", ":")))


def open_mind(tx: Tx, *, conversation_id: str, state: str, turn: int, held_by: str, mind: bytes,
              suppressed: bool) -> Conversation:  # fmt: skip
    kept = json.loads(tx.keys.open("conversations.mind", conversation_id, mind))
    kept["flags"] = tuple(kept["flags"])
    kept["marks"] = tuple(kept["marks"])
    kept["hand"] = tuple(kept.get("hand", ()))  # a conversation of an earlier version has none
    return Conversation(state=state, turn=turn, held_by=Holder(held_by), suppressed=suppressed, **kept)


def start(tx: Tx, *, person_id: str, phone_key: str, language: str, flow_version: str,
          suppressed: bool = False, words: Mapping[str, str] | None = None,
          marks: tuple[str, ...] = ()) -> Stored:  # fmt: skip
    """A new conversation; the caller holds the person's lock or accepts the constraint's refusal. `words` are the code
    word and the second word they chose before, `marks` what need not be asked again."""
    conversation_id = new_id()
    conversation = Conversation(
        state="stopped" if suppressed else "idle", language=language, answers=dict(words or {}), marks=marks,
        suppressed=suppressed,
    )
    row = {
        "conversation_id": conversation_id,
        "person_id": person_id,
        "flow_version": flow_version,
        "state": conversation.state,
        "turn": 0,
        "held_by": conversation.held_by.value,
        "epoch": 0,
        "mind": seal_mind(tx, conversation_id, conversation),
        "last_seq": 0,
        "last_activity_at": tx.now,
        "burst": 0,
        "opened_at": tx.now,
    }
    _START.run(tx, row)
    return Stored(conversation_id, person_id, phone_key, 0, 0, tx.now, None, None, 0, False, conversation)


def load(tx: Tx, conversation_id: str) -> Stored | None:
    """Read and lock one conversation: turns of one person happen one at a time."""
    row = tx.conn.execute(_LOAD, {"conversation_id": conversation_id}).one_or_none()
    return None if row is None else from_row(tx, row)


def lock_if_free(tx: Tx, conversation_id: str) -> bool:
    """Lock it without ever waiting; False when somebody else has it now."""
    query = select(conversations.c.conversation_id).where(conversations.c.conversation_id == conversation_id)
    return tx.conn.execute(query.with_for_update(skip_locked=True)).first() is not None


def routing_of(tx: Tx, conversation_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """By conversation: the person's language, and the first digits of the ZIP code of the area they named, or empty."""
    c, found = conversations.c, {}
    query = select(c.conversation_id, c.mind).where(c.conversation_id.in_(conversation_ids))
    for conversation_id, mind in tx.conn.execute(query):
        kept = json.loads(tx.keys.open("conversations.mind", conversation_id, mind))
        area = kept["answers"].get("area")
        found[conversation_id] = kept["language"], (area.get("zip3") or "") if isinstance(area, dict) else ""
    return found


def from_row(tx: Tx, row: Row[Any]) -> Stored:
    """A row that has COLUMNS, `phone_key` and `suppressed_at`."""
    conversation = open_mind(
        tx, conversation_id=row.conversation_id, state=row.state, turn=row.turn, held_by=row.held_by, mind=row.mind,
        # A STOP that committed while we waited for the lock shows in the state before it shows in the joined row.
        suppressed=row.suppressed_at is not None or row.state == "stopped",
    )  # fmt: skip
    return Stored(
        row.conversation_id, row.person_id, row.phone_key, row.epoch, row.last_seq, row.last_activity_at,
        row.last_inbound_at, row.burst_from_at, row.burst, row.closed_at is not None, conversation,
    )  # fmt: skip


def save(tx: Tx, values: Mapping[str, Any]) -> None:
    """Write the whole of a turn's outcome; `values` has every column of SAVED, and the conversation's id as `id`."""
    _SAVE.run(tx, values)


def close(tx: Tx, conversation_id: str) -> None:
    """It is over; what they write next begins another."""
    tx.conn.execute(
        conversations.update().where(conversations.c.conversation_id == conversation_id).values(closed_at=tx.now)
    )


def open_of(tx: Tx, person_id: str) -> str | None:
    """The id of the person's open conversation."""
    c = conversations.c
    return tx.conn.execute(select(c.conversation_id).where(c.person_id == person_id, c.closed_at.is_(None))).scalar()


def living(tx: Tx, conversation_id: str) -> Stored | None:
    """This conversation, locked; if it was closed, the one that is open with the same person, or itself, opened again:
    something about it must be put before a human."""
    stored = load(tx, conversation_id)
    if stored is None or not stored.closed:
        return stored
    standing = open_of(tx, stored.person_id)
    if standing is None:
        values = {"closed_at": None, "held_by": Holder.BOT.value}
        c = conversations.c
        tx.conn.execute(conversations.update().where(c.conversation_id == conversation_id).values(**values))
        standing = conversation_id
    return load(tx, standing)


def stated_zip3s(tx: Tx, person_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """By person: the first digits of the ZIP codes of the area they named last, in any conversation. Who named none is
    left out."""
    c, found = conversations.c, {}
    query = select(c.conversation_id, c.person_id, c.mind).where(c.person_id.in_(person_ids))
    for conversation_id, person_id, mind in tx.conn.execute(query.order_by(c.opened_at.desc())):
        if person_id in found:
            continue
        kept = json.loads(tx.keys.open("conversations.mind", conversation_id, mind))
        area = kept["answers"].get("area")
        if isinstance(area, dict) and (area.get("zip3") or area.get("zip3s")):
            found[person_id] = (area["zip3"],) if area.get("zip3") else tuple(area["zip3s"])
    return found


def flagged(tx: Tx, person_ids: Collection[str], flag: str) -> frozenset[str]:
    """Of these people, whom any conversation has marked with this flag."""
    c, found = conversations.c, set[str]()
    for some in chunks(person_ids):
        query = select(c.conversation_id, c.person_id, c.mind).where(among(tx, c.person_id, some), c.turn > 0)
        for conversation_id, person_id, mind in tx.conn.execute(query):
            if flag in json.loads(tx.keys.open("conversations.mind", conversation_id, mind))["flags"]:
                found.add(person_id)
    return frozenset(found)


def take_seqs(tx: Tx, conversation_id: str, n: int) -> int:
    """Reserve `n` places in the thread; returns the first."""
    c = conversations.c
    update = conversations.update().where(c.conversation_id == conversation_id).values(last_seq=c.last_seq + n)
    return tx.conn.execute(update.returning(c.last_seq)).scalar_one() - n + 1
