"""What stands in the rows about one conversation, or about everyone who waits? For operators and for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.store import consent, conversations, handoffs, people, promises, staff, threads
from bot.store.db import Database, Tx
from bot.store.messages import messages
from flows.wording import NEVER_READ_BACK

_PRIVATE = NEVER_READ_BACK
"""Answers that no page and no command shows."""


def show_conversation(database: Database, number: str) -> dict[str, Any] | None:
    """The latest conversation with this E.164 number, as `contract.md` words it; None when nobody has it."""
    with database.reading() as tx:
        person = people.find(tx, number)
        if person is None:
            return None
        stored = _latest(tx, person.person_id)
        return {
            "number_masked": f"…{number[-2:]}",
            "person_id": person.person_id,
            "language": stored.conversation.language if stored else person.language,
            "consent": consent.state_of(tx, person.phone_key),
            "suppressed": consent.is_suppressed(tx, person.phone_key),
            "state": stored.conversation.state if stored else None,
            "held_by": stored.conversation.held_by.value if stored else "nobody",
            "answers": shown_answers(stored.conversation.answers) if stored else {},
            "flags": list(stored.conversation.flags) if stored else [],
            "safe_hours": person.safe_hours,
            "handoff": _handoff(tx, stored.conversation_id) if stored else None,
            "promises": _promises(tx, stored.conversation_id) if stored else [],
            "messages": thread(tx, stored.conversation_id) if stored else [],
        }


def shown_answers(answers: Mapping[str, object]) -> dict[str, object]:
    return {slot: value for slot, value in answers.items() if slot not in _PRIVATE}


def _promises(tx: Tx, conversation_id: str) -> list[dict[str, Any]]:
    return [
        {"key": p.key, "made_at": _iso(p.made_at), "due_at": _iso(p.due_at), "ending": p.ending}
        for p in promises.all_of(tx, conversation_id)
    ]


def show_handoffs(database: Database) -> list[dict[str, Any]]:
    """Every open hand-off, most urgent first."""
    with database.reading() as tx:
        waiting = handoffs.list_open(tx)
        names = staff.aliases(tx, [h.owner_id for h in waiting if h.owner_id])
        return [_shown(h, names) | {"call_sign": _call_sign(tx, h.conversation_id)} for h in waiting]


def thread(tx: Tx, conversation_id: str) -> list[dict[str, Any]]:
    """Every text of a conversation, oldest first, opened."""
    m = messages.c
    query = select(m.message_id, m.direction, m.key, m.status, m.created_at, m.body).where(
        m.conversation_id == conversation_id
    )
    return [
        {
            "direction": row.direction,
            "key": row.key,
            "status": row.status,
            "at": _iso(row.created_at),
            "body": tx.keys.open("messages.body", row.message_id, row.body),
        }
        for row in tx.conn.execute(query.order_by(m.seq))
    ]


def _latest(tx: Tx, person_id: str) -> conversations.Stored | None:
    c = conversations.conversations.c
    query = (
        select(c.conversation_id).where(c.person_id == person_id).order_by(c.opened_at.desc(), c.conversation_id.desc())
    )
    conversation_id = tx.conn.execute(query.limit(1)).scalar()
    return None if conversation_id is None else threads.read(tx, conversation_id)


def _handoff(tx: Tx, conversation_id: str) -> dict[str, Any] | None:
    standing = handoffs.open_of(tx, conversation_id)
    return None if standing is None else _shown(standing, staff.aliases(tx, [standing.owner_id or ""]))


def _shown(handoff: handoffs.Handoff, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": handoff.handoff_id,
        "state": handoff.state,
        "tier": handoff.tier,
        "reason": handoff.reason,
        "owner": names.get(handoff.owner_id or ""),
        "opened_at": _iso(handoff.opened_at),
        "next_at": _iso(handoff.next_at),
    }


def _call_sign(tx: Tx, conversation_id: str) -> str:
    c, p = conversations.conversations.c, people.people.c
    query = select(p.call_sign).join_from(people.people, conversations.conversations, p.person_id == c.person_id)
    return str(tx.conn.execute(query.where(c.conversation_id == conversation_id)).scalar_one())


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
