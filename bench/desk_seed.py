"""A desk with so many open conversations, quickly: every row sealed and valid, so that its page opens.

One in sixteen was handed over and is held by an evening's team that is not on now: parked, until they are safe, or
answered and looked at again within hours. The others are with the bot. Rows go in by COPY.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Table

from bench import load
from bot.store import conversations, handoffs, messages, pages, people, staff
from bot.store.db import Database, Tx, new_id
from flows.conversation import Conversation, Holder

TEXTS = (("in", "hi"), ("out", "A text line. Is it safe to text now?"), ("in", "yes"), ("out", "How old are you?"))
ONE_IN = 16
EACH = 5
"""People of the evening's team: so many each."""


@dataclass(frozen=True, slots=True)
class Advocate:
    cookie: str
    staff_id: str


def advocates(database: Database, count: int) -> list[Advocate]:
    """On shift, logged in, and heard by their desk a moment ago: offers go to them."""
    made = []
    with database.transaction() as tx:
        for n in range(count):
            staff_id = staff.add(tx, email=f"a{n}@bench.example", alias=f"A{n}", roles=("advocate",))
            staff.begin_shift(tx, staff_id, tx.now + timedelta(hours=4))
            pages.add_channel(tx, staff_id, "desk", "desk")
            cookie = f"bench-{n:04d}-{new_id()}"
            staff.add_session(tx, staff.session_key(tx, cookie), json.dumps({"staff_id": staff_id}), staff_id=staff_id,
                              expires_at=tx.now + timedelta(hours=4))  # fmt: skip
            made.append(Advocate(cookie, staff_id))
        tx.conn.execute(pages.alert_channels.update().values(proved_at=tx.now))
    return made


def grow(database: Database, begin: int, end: int) -> None:
    """Conversations `begin` to `end`, of the numbers of `load`."""
    dice = random.Random(begin)
    numbers = itertools.islice(load.numbers(0), begin, end)
    with database.transaction() as tx:
        team = [staff.add(tx, email=f"e{begin}-{n}@bench.example", alias="Eve", roles=("advocate",))
                for n in range(max(1, (end - begin) // ONE_IN // EACH))]  # fmt: skip
        rows: dict[Table, list[dict[str, Any]]] = {
            one: [] for one in (people.people, conversations.conversations, messages.messages, handoffs.handoffs)
        }
        for n, number in enumerate(numbers):
            _person(tx, rows, number, team[n // ONE_IN % len(team)] if n % ONE_IN == 0 else None, dice)
        for table, some in rows.items():
            _copy(tx, table, some)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")


def _person(tx: Tx, rows: dict[Table, list[dict[str, Any]]], number: str, owner_id: str | None,
            dice: random.Random) -> None:  # fmt: skip
    at = tx.now - timedelta(minutes=dice.randint(20, 6_000))
    person = people._new(tx, number, "en")
    conversation_id, held = new_id(), owner_id is not None
    mind = Conversation(state="held" if held else "idle", language="en", answers={"age": "25up"},
                        held_by=Holder.ADVOCATE if held else Holder.BOT)  # fmt: skip
    rows[people.people].append({**person, "created_at": at})
    rows[conversations.conversations].append({
        "conversation_id": conversation_id, "person_id": person["person_id"], "flow_version": "bench",
        "state": mind.state, "turn": len(TEXTS), "held_by": mind.held_by.value, "epoch": int(held),
        "mind": conversations.seal_mind(tx, conversation_id, mind), "last_seq": len(TEXTS), "last_inbound_at": at,
        "last_activity_at": at, "burst": 0, "opened_at": at,
    })  # fmt: skip
    rows[messages.messages].extend(_texts(tx, conversation_id, at))
    if owner_id is not None:
        rows[handoffs.handoffs].append({
            "handoff_id": new_id(), "conversation_id": conversation_id, "tier": dice.choice(("P1", "P2", "P3")),
            "reason": "human", "state": dice.choice(("owned", "parked", "until_safe")), "owner_id": owner_id, "step": 0,
            "next_at": tx.now + timedelta(minutes=dice.randint(5, 480)), "opened_at": at, "claimed_at": at, "climb": 1,
            "inbound_seq": len(TEXTS), "seen_seq": len(TEXTS), "answered_seq": len(TEXTS), "climb_at": at,
        })  # fmt: skip


def _texts(tx: Tx, conversation_id: str, at: Any) -> Iterator[dict[str, Any]]:
    for seq, (direction, body) in enumerate(TEXTS, 1):
        message_id, ours = new_id(), direction == "out"
        yield {
            "message_id": message_id, "conversation_id": conversation_id, "direction": direction, "seq": seq,
            "provider_sid": f"SM{new_id()}", "language": "en", "kind": "reply" if ours else "inbound",
            "priority": 3 if ours else 0, "status": "delivered" if ours else "received",
            "body": tx.keys.seal("messages.body", message_id, body), "segments": int(ours), "media": 0, "epoch": 0,
            "attempts": int(ours), "created_at": at, "sent_at": at, "settled_at": at, "redacted_at": at,
            "confirmed_at": at,
        }  # fmt: skip


def _copy(tx: Tx, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    some = list(rows)
    if not some:
        return
    names = list(some[0])
    connection: Any = tx.conn.connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in some:
            copy.write_row([row[name] for name in names])
