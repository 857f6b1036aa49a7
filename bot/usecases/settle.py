"""What became of a text whose fate is unknown? Look it up at the carrier; never send it again on a guess.

A row is in doubt when the process that was sending it died (`sending`, lease over) or the carrier did not answer
(`unknown`). Its receipt may settle it at any time. Otherwise the carrier's own list is asked: the same number, the
same words, created since our attempt, under an id that no other row of ours has.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, or_, select

from bot import log, metrics
from bot.errors import SendError
from bot.ports import CarrierMessage
from bot.services import Services
from bot.store import people
from bot.store.conversations import conversations
from bot.store.db import Database, Tx
from bot.store.messages import messages

AT_ONCE = 20
CLOCKS_APART = timedelta(seconds=60)
"""How far the carrier's clock may be from ours."""
MOST_ATTEMPTS = 5
"""After so many posts whose fate had to be looked up a human looks (the desk shows the text as failed)."""

_m, _c, _p = messages.c, conversations.c, people.people.c


def settle(database: Database, services: Services) -> int:
    """Settle what is in doubt; returns how many were settled. Each look-up is made with nothing open."""
    with database.reading() as tx:
        doubtful = tx.conn.execute(_in_doubt(tx.now)).all()
    return sum(_settle_one(database, services, row) for row in doubtful)


def _in_doubt(now: datetime):  # type: ignore[no-untyped-def]
    return (
        select(_m.message_id, _m.body, _m.created_at, _m.attempts, _c.person_id, _p.phone)
        .join_from(messages, conversations, _c.conversation_id == _m.conversation_id)
        .join(people.people, _p.person_id == _c.person_id)
        .where(_m.direction == "out", or_(_m.status == "sending", _m.status == "unknown"), _m.lease_until <= now)
        .order_by(_m.priority, _m.created_at)
        .limit(AT_ONCE)
    )


def anything_in_doubt(tx: Tx) -> bool:
    return tx.conn.execute(_in_doubt(tx.now).limit(1)).first() is not None


def _settle_one(database: Database, services: Services, row: Row) -> bool:
    body = database.keys.open("messages.body", row.message_id, row.body)
    number = database.keys.open("people.phone", row.person_id, row.phone)
    try:
        there = services.carrier.look_up(to=number, since=row.created_at - CLOCKS_APART)
    except SendError as error:
        log.event("look_up_failed", level="warning", message_id=row.message_id, code=error.code)
        return False
    with database.transaction() as tx:
        if not _still_in_doubt(tx, row.message_id):
            return False
        match = _ours(tx, there, body)
        if match is not None:
            values = {"status": "sent", "provider_sid": match.provider_sid, "sent_at": tx.now, "lease_until": None}
        elif row.attempts < MOST_ATTEMPTS:
            # The carrier's list is complete after the lease, and it is not there: it never left.
            values = {"status": "queued", "due_at": tx.now, "lease_until": None}
            tx.after_commit(services.nudges.deliver)
        else:
            values = {"status": "failed", "reason": "never_taken", "settled_at": tx.now, "lease_until": None}
        tx.conn.execute(messages.update().where(_m.message_id == row.message_id).values(**values))
    metrics.sends.count("settled")
    log.event("fate_settled", message_id=row.message_id, status=str(values["status"]))
    return True


def _still_in_doubt(tx: Tx, message_id: str) -> bool:
    query = select(_m.status).where(_m.message_id == message_id, _m.lease_until <= tx.now).with_for_update()
    return tx.conn.execute(query).scalar() in ("sending", "unknown")


def _ours(tx: Tx, there: Sequence[CarrierMessage], body: str) -> CarrierMessage | None:
    """The oldest of the carrier's messages with these words whose id no row of ours has."""
    for message in sorted((m for m in there if m.body == body), key=lambda m: str(m.date_created)):
        taken = select(_m.message_id).where(_m.provider_sid == message.provider_sid, _m.direction == "out")
        if tx.conn.execute(taken).first() is None:
            return message
    return None
