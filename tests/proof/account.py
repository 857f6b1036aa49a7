"""What happened, all told? The carrier's own truth, the rows, and every word that was written anywhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from bot.store import consent, handoffs
from bot.store.conversations import conversations
from bot.store.db import Database
from bot.store.messages import messages
from bot.store.people import people


@dataclass
class Taken:
    """A text of ours that the carrier took: it reaches the phone, unless it ends undelivered."""

    sid: str
    message_id: str
    to: str
    body: str
    at: datetime
    claimed_at: datetime | None = None
    """When the line decided that it leaves, if that is known."""
    ends: str = ""
    told: list[str] = field(default_factory=list)
    """The receipts the line has said yes to."""


@dataclass
class Heard:
    """A text from a phone, as the carrier has it."""

    sid: str
    from_: str
    body: str
    at: datetime
    answered_at: list[datetime] = field(default_factory=list)
    """When the line said 200."""
    missing_at_200: bool = False
    """It said 200 and the row was not there."""
    open_at_200: bool = False
    """It said 200 to a STOP that was not in force."""
    given_up: bool = False
    """The carrier has stopped telling the line of it."""


@dataclass(frozen=True)
class Row:
    """One text as the line has it."""

    message_id: str
    conversation_id: str
    number: str
    direction: str
    kind: str
    key: str | None
    status: str
    reason: str | None
    seq: int
    body: str
    provider_sid: str | None
    attempts: int
    created_at: datetime
    due_at: datetime | None
    staff_id: str | None
    sent_at: datetime | None
    """Of a text from a phone: when it was written, if the carrier's list brought it."""


@dataclass(frozen=True)
class Queue:
    """One hand-off."""

    handoff_id: str
    conversation_id: str
    state: str
    owner_id: str | None
    next_at: datetime | None
    claimed_at: datetime | None
    closed_at: datetime | None
    held_by: str


@dataclass(frozen=True)
class Consent:
    """One line of the consent log."""

    number: str
    state: str
    at: datetime


@dataclass
class Account:
    """Everything the checker looks at."""

    now: datetime
    taken: list[Taken]
    heard: list[Heard]
    rows: list[Row]
    queue: list[Queue]
    consents: list[Consent]
    suppressed: set[str]
    """Numbers."""
    stops: frozenset[str]
    """The words among those texted that mean STOP."""
    paged: set[str] = field(default_factory=set)
    repeats: list[str] = field(default_factory=list)
    """What changed although it only came again."""
    written: dict[str, str] = field(default_factory=dict)
    """Where, and what: logs, metrics, the queue's memory."""
    secrets: set[str] = field(default_factory=set)
    """What must not be written there."""
    exact_claims: bool = True
    """Every `claimed_at` is known: it was a simulation."""


def read_rows(database: Database) -> dict[str, object]:
    """What stands in the database, opened."""
    m, c, p, h, s, k = (
        messages.c, conversations.c, people.c, handoffs.handoffs.c, consent.suppressions.c, consent.consent.c,
    )  # fmt: skip
    with database.reading() as tx:
        persons = tx.conn.execute(select(p.person_id, p.phone_key, p.phone)).all()
        number = {row.person_id: tx.keys.open("people.phone", row.person_id, row.phone) for row in persons}
        by_key = {row.phone_key: number[row.person_id] for row in persons}
        texts = tx.conn.execute(
            select(m.message_id, m.conversation_id, c.person_id, m.direction, m.kind, m.key, m.status, m.reason, m.seq,
                   m.body, m.provider_sid, m.attempts, m.created_at, m.due_at, m.staff_id,
                   m.sent_at)
            .join_from(messages, conversations, c.conversation_id == m.conversation_id)
            .order_by(m.created_at, m.conversation_id, m.seq)
        ).all()  # fmt: skip
        queue = tx.conn.execute(
            select(h.handoff_id, h.conversation_id, h.state, h.owner_id, h.next_at, h.claimed_at, h.closed_at,
                   c.held_by)
            .join_from(handoffs.handoffs, conversations, c.conversation_id == h.conversation_id)
        ).all()  # fmt: skip
        suppressed = tx.conn.execute(select(s.phone_key)).scalars().all()
        consents = tx.conn.execute(select(k.phone_key, k.state, k.at).order_by(k.at, k.consent_id)).all()
        rows = [
            Row(r.message_id, r.conversation_id, number[r.person_id], r.direction, r.kind, r.key, r.status, r.reason,
                r.seq, tx.keys.open("messages.body", r.message_id, r.body), r.provider_sid, r.attempts, r.created_at,
                r.due_at, r.staff_id, r.sent_at)
            for r in texts
        ]  # fmt: skip
    return {
        "rows": rows,
        "queue": [Queue(*row) for row in queue],
        "suppressed": {by_key[key] for key in suppressed if key in by_key},
        "consents": [Consent(by_key[key], state, at) for key, state, at in consents if key in by_key],
    }
