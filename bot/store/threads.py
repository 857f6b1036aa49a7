"""What does an advocate see of one conversation, and which of the bot's words must not leave any more?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from bot.store.consent import releases, suppressions
from bot.store.conversations import COLUMNS, Stored, conversations, from_row
from bot.store.db import Tx
from bot.store.directory import holds, offers, organizations, programs, stocks
from bot.store.handoffs import handoffs, notes
from bot.store.messages import messages
from bot.store.people import people

LONGEST_THREAD = 300
"""Texts shown, the latest ones."""


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One text, opened. `staff_id` says which advocate wrote it; without one an outbound text is the bot's."""

    message_id: str
    direction: str
    key: str | None
    kind: str
    status: str
    reason: str | None
    body: str
    media: int
    staff_id: str | None
    created_at: datetime
    media_kinds: tuple[str, ...] = ()
    sent_at: datetime | None = None
    """Of a text that came in late, when the carrier took it; of one of ours, when it left."""
    due_at: datetime | None = None
    """When it may leave, or might have."""
    retry_of: str | None = None
    """The text this one says once more, which did not arrive."""

    @property
    def is_a_humans(self) -> bool:
        """Whether somebody of ours wrote it, and has not taken it back."""
        return self.kind in ("advocate", "scheduled") and self.reason != "taken_back"

    @property
    def stands_at(self) -> datetime:
        """Where in the thread it stands. What waited for its hour was not said when it was written."""
        if self.kind != "scheduled" or self.status == "refused":
            return self.created_at
        return self.sent_at or self.due_at or self.created_at


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An open hand-off with what the board may show: a call-sign, never a number."""

    handoff_id: str
    conversation_id: str
    call_sign: str
    language: str
    tier: str
    reason: str
    owner_id: str | None
    opened_at: datetime
    promised_at: datetime | None
    last_inbound_at: datetime | None
    state: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    label: str
    code_name: str
    kind: str
    region: str
    traits: tuple[str, ...]
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """A person's consent to share, and the very words they agreed to."""

    items: str
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Note:
    staff_id: str
    body: str
    at: datetime


def thread(tx: Tx, conversation_id: str) -> list[ThreadMessage]:
    """Oldest to newest."""
    c = messages.c
    query = select(
        c.message_id, c.direction, c.key, c.kind, c.status, c.reason, c.body, c.media, c.staff_id, c.created_at,
        c.media_kinds, c.sent_at, c.due_at, c.retry_of,
    ).where(c.conversation_id == conversation_id)  # fmt: skip
    rows = tx.conn.execute(query.order_by(c.seq.desc()).limit(LONGEST_THREAD)).all()
    return _in_place(
        ThreadMessage(
            row.message_id, row.direction, row.key, row.kind, row.status, row.reason,
            tx.keys.open("messages.body", row.message_id, row.body), row.media, row.staff_id, row.created_at,
            tuple((row.media_kinds or "").split(",")) if row.media_kinds else (), row.sent_at, row.due_at,
            row.retry_of,
        )
        for row in reversed(rows)
    )  # fmt: skip


def _in_place(texts: Iterable[ThreadMessage]) -> list[ThreadMessage]:
    """In their order, and what waited for an hour where that hour is."""
    every = list(texts)
    placed = [text for text in every if text.stands_at == text.created_at]
    for text in every:
        if text.stands_at != text.created_at:
            at = next((n for n, other in enumerate(placed) if other.stands_at > text.stands_at), len(placed))
            placed.insert(at, replace(text, created_at=text.stands_at))
    return placed


def queue(tx: Tx, *where: ColumnElement[bool], most: int | None = None) -> list[QueueRow]:
    """Open hand-offs, most urgent first, then longest waiting; `where` narrows it, and so many at the most."""
    h, c, p = handoffs.c, conversations.c, people.c
    query = (
        select(h.handoff_id, h.conversation_id, p.call_sign, p.language, h.tier, h.reason, h.owner_id, h.opened_at,
               h.promised_at, c.last_inbound_at, h.state, h.next_at)
        .join_from(handoffs, conversations, h.conversation_id == c.conversation_id)
        .join(people, people.c.person_id == c.person_id)
        .where(h.closed_at.is_(None), *where)
        .order_by(h.tier, h.opened_at, h.handoff_id)
        .limit(most)
    )  # fmt: skip
    return [QueueRow(*row) for row in tx.conn.execute(query)]


def held_by(tx: Tx, staff_id: str) -> list[QueueRow]:
    return queue(tx, handoffs.c.owner_id == staff_id)


def first_waiting(tx: Tx, most: int) -> list[QueueRow]:
    return queue(tx, handoffs.c.owner_id.is_(None), most=most)


def count_held(tx: Tx) -> int:
    """How many somebody has."""
    h = handoffs.c
    return tx.conn.execute(select(func.count()).where(h.owner_id.is_not(None), h.closed_at.is_(None))).scalar_one()


def among(tx: Tx, handoff_ids: Collection[str]) -> dict[str, QueueRow]:
    """Those of these hand-offs that are open, by id."""
    return {row.handoff_id: row for row in queue(tx, handoffs.c.handoff_id.in_(handoff_ids))} if handoff_ids else {}


def waiting_by_tier(tx: Tx) -> dict[str, int]:
    """How many nobody has yet."""
    h = handoffs.c
    query = select(h.tier, func.count()).where(h.owner_id.is_(None), h.closed_at.is_(None)).group_by(h.tier)
    return {row.tier: row[1] for row in tx.conn.execute(query.order_by(h.tier))}


def offers_of(tx: Tx, conversation_id: str) -> list[Offer]:
    """What the person was told of, as they were told: the latest first."""
    o, p = offers.c, programs.c
    query = (
        select(o.label, p.code_name, p.kind, p.region, p.traits, o.observed_at)
        .join_from(offers, programs, o.program_id == p.program_id)
        .where(o.conversation_id == conversation_id)
        .order_by(o.made_at.desc(), o.label)
    )
    rows = tx.conn.execute(query)
    return [Offer(label, code, kind, region, tuple(traits), at) for label, code, kind, region, traits, at in rows]


def held_until(tx: Tx, conversation_id: str) -> datetime | None:
    """Until when a place is held for this conversation, if one is."""
    c = holds.c
    query = select(func.max(c.expires_at)).where(c.conversation_id == conversation_id, c.state == "held")
    return tx.conn.execute(query.where(c.expires_at > tx.now)).scalar()


def release_of(tx: Tx, person_id: str) -> Release | None:
    """The latest consent to share that stands; if none does, the latest there was."""
    c = releases.c
    rows = tx.conn.execute(
        select(c.release_id, c["items"], c.expires_at, c.revoked_at).where(c.person_id == person_id)
        .order_by(c.given_at.desc(), c.release_id.desc())
    ).all()  # fmt: skip
    standing = (row for row in rows if row.revoked_at is None and row.expires_at > tx.now)
    row = next(standing, rows[0] if rows else None)
    if row is None:
        return None
    return Release(tx.keys.open("releases.items", row.release_id, row.items), row.expires_at, row.revoked_at)


def notes_of(tx: Tx, conversation_id: str) -> list[Note]:
    """The latest first."""
    c = notes.c
    query = select(c.note_id, c.staff_id, c.body, c.at).where(c.conversation_id == conversation_id)
    rows = tx.conn.execute(query.order_by(c.at.desc(), c.note_id.desc()))
    return [Note(row.staff_id, tx.keys.open("notes.body", row.note_id, row.body), row.at) for row in rows]


def read(tx: Tx, conversation_id: str) -> Stored | None:
    """The conversation without its lock: for looking, never for changing."""
    query = (
        select(*COLUMNS, people.c.phone_key, suppressions.c.at.label("suppressed_at"))
        .join_from(conversations, people, people.c.person_id == conversations.c.person_id)
        .outerjoin(suppressions, suppressions.c.phone_key == people.c.phone_key)
        .where(conversations.c.conversation_id == conversation_id)
    )
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else from_row(tx, row)


def refuse_queued(tx: Tx, conversation_id: str, kinds: Iterable[str], reason: str) -> int:
    """Texts of these kinds that have not left never will; returns how many. Those on their way are not touched."""
    c = messages.c
    where = (c.conversation_id == conversation_id, c.status == "queued", c.kind.in_(set(kinds)))
    values = {"status": "refused", "reason": reason, "settled_at": tx.now}
    return tx.conn.execute(messages.update().where(*where).values(**values)).rowcount


def names_of_places(tx: Tx, conversation_id: str) -> list[str]:
    """Every name of the places they were told of, or that were asked for them: the organization's and our code name."""
    told = select(offers.c.program_id).where(offers.c.conversation_id == conversation_id)
    asked = (
        select(stocks.c.program_id)
        .join_from(holds, stocks, stocks.c.stock_id == holds.c.stock_id)
        .where(holds.c.conversation_id == conversation_id)
    )
    query = (
        select(organizations.c.name, programs.c.code_name)
        .join_from(programs, organizations, organizations.c.organization_id == programs.c.organization_id)
        .where(programs.c.program_id.in_(told.union(asked)))
    )
    return [name for row in tx.conn.execute(query) for name in row]
