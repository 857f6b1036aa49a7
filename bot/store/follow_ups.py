"""Who answered a campaign's first text, fell silent on the way, and has not been written to since?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select

from bot.store.arrivals import arrivals
from bot.store.bulk import insert_many
from bot.store.campaigns import recipients
from bot.store.consent import suppressions
from bot.store.conversations import conversations
from bot.store.db import Tx, new_id
from bot.store.handoffs import handoffs
from bot.store.people import people

_AT_REST = ("paused", "stopped", "stop_check", "declined", "crisis", "waiting", "waiting_off", "lapsed", "erase")
"""States of a conversation that somebody chose, or that is an advocate's: not a silence on the way."""


def enlist(tx: Tx, campaign_id: str, *, first: datetime, last: datetime, limit: int) -> int:
    """Put those on the list once more, for the one gentle text: texted between the two moments, talked with us, not a
    word from either side since `last`, nobody's hand-off, nothing said against it. Returns how many."""
    r, k, h = recipients.c, conversations.c, handoffs.c
    later = recipients.alias()
    query = (
        select(r.person_id, r.basis, r.language)
        .join_from(recipients, people, people.c.person_id == r.person_id)
        .join(conversations, (k.person_id == r.person_id) & k.closed_at.is_(None))
        .where(
            r.campaign_id == campaign_id, r.state == "released", r.step == 0, r.released_at >= first,
            r.released_at <= last, k.last_inbound_at >= r.released_at, k.last_activity_at <= last,
            k.state.not_in(_AT_REST), k.held_by == "bot",
            (people.c.safe_hours.is_(None)) | (people.c.safe_hours != ""),
            exists().where(arrivals.c.recipient_id == r.recipient_id, arrivals.c.engaged_at.is_not(None)),
            ~exists().where(h.conversation_id == k.conversation_id, h.opened_at >= r.released_at),
            ~exists().where(suppressions.c.phone_key == people.c.phone_key),
            ~exists().where(later.c.person_id == r.person_id, later.c.recipient_id != r.recipient_id,
                            (later.c.state == "waiting") | (later.c.released_at >= r.released_at)),
        )
        .limit(limit)
    )  # fmt: skip
    found = [(new_id(), campaign_id, *row, "waiting", 1) for row in tx.conn.execute(query)]
    columns = ("recipient_id", "campaign_id", "person_id", "basis", "language", "state", "step")
    insert_many(tx, recipients, columns, found)
    return len(found)
