"""Which texts of an advocate's can still be taken back, wait for their hour, or never left?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from bot.store.db import Tx
from bot.store.messages import messages

SCHEDULED = "scheduled"
"""The kind of a text that waits for an hour of the person's (messages.kind)."""
TAKEN_BACK = "taken_back"
"""Why a text never left: its writer took it back, or cancelled it."""

_m = messages.c


@dataclass(frozen=True, slots=True)
class OwnText:
    """One text that somebody of ours wrote. `due_at` is when it may leave."""

    message_id: str
    conversation_id: str
    staff_id: str
    seq: int
    kind: str
    status: str
    reason: str | None
    words: str
    created_at: datetime
    due_at: datetime


def find(tx: Tx, message_id: str) -> OwnText | None:
    """None unless somebody of ours wrote it."""
    found = _found(tx, _m.message_id == message_id)
    return found[0] if found else None


def get(tx: Tx, message_id: str) -> OwnText:
    """One that is known to be there."""
    return _found(tx, _m.message_id == message_id)[0]


def waiting(tx: Tx, conversation_id: str) -> list[OwnText]:
    """Not tried yet, the one that leaves first before the others: those of a moment ago, and the scheduled ones."""
    return _found(tx, _m.conversation_id == conversation_id, _m.status == "queued", _m.attempts == 0)


def dropped(tx: Tx, conversation_id: str) -> list[OwnText]:
    """Scheduled texts that will never leave, though nobody took them back, until an advocate has written since."""
    written = select(func.max(_m.created_at)).where(
        _m.conversation_id == conversation_id, _m.kind == "advocate", _m.status != "refused"
    )
    since = tx.conn.execute(written).scalar()
    lost = [_m.conversation_id == conversation_id, _m.kind == SCHEDULED, _m.status == "refused",
            _m.reason != TAKEN_BACK]  # fmt: skip
    return _found(tx, *lost, *([] if since is None else [_m.settled_at > since]))


def wrote_after(tx: Tx, text: OwnText) -> bool:
    """Whether somebody of ours wrote to them after this text, and that stands."""
    later = (_m.conversation_id == text.conversation_id, _m.seq > text.seq, _m.staff_id.is_not(None))
    query = select(_m.message_id).where(*later, _m.status != "refused").limit(1)
    return tx.conn.execute(query).first() is not None


def take_back(tx: Tx, message_id: str, staff_id: str) -> bool:
    """It will never leave, if nobody has begun to hand it over. One UPDATE: of it and a claim in the same moment, the
    second finds what the first has done."""
    mine = (_m.message_id == message_id, _m.staff_id == staff_id, _m.status == "queued", _m.attempts == 0)
    values = {"status": "refused", "reason": TAKEN_BACK, "settled_at": tx.now}
    return tx.conn.execute(messages.update().where(*mine).values(**values)).rowcount == 1


def drop_scheduled(tx: Tx, conversation_id: str) -> None:
    """What waits for its hour never leaves: the conversation has changed hands."""
    theirs = (_m.conversation_id == conversation_id, _m.kind == SCHEDULED, _m.status == "queued")
    values = {"status": "refused", "reason": "stale_epoch", "settled_at": tx.now}
    tx.conn.execute(messages.update().where(*theirs).values(**values))


def _found(tx: Tx, *where: ColumnElement[bool]) -> list[OwnText]:
    query = select(_m.message_id, _m.conversation_id, _m.staff_id, _m.seq, _m.kind, _m.status, _m.reason, _m.body,
                   _m.created_at, _m.due_at)  # fmt: skip
    mine = (_m.direction == "out", _m.staff_id.is_not(None), *where)
    return [
        OwnText(
            row.message_id, row.conversation_id, row.staff_id, row.seq, row.kind, row.status, row.reason,
            tx.keys.open("messages.body", row.message_id, row.body), row.created_at, row.due_at,
        )
        for row in tx.conn.execute(query.where(*mine).order_by(_m.due_at, _m.seq))
    ]  # fmt: skip
