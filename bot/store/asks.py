"""What has passed between us and those who may report for a program? Known from the texts themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Integer, String, Table, and_, case, exists, func, or_, select

from bot.store.consent import suppressions
from bot.store.conversations import conversations
from bot.store.db import Tx, metadata
from bot.store.directory import reporters
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.people import people

ask_hours = Table(
    "ask_hours",
    metadata,
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE"), primary_key=True),
    Column("first_hour", Integer, nullable=False),  # local; 0 to 23
    Column("end_hour", Integer, nullable=False),  # exclusive; 1 to 24
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One number that may report. `unanswered` counts the questions to it since a given moment, without those that we
    held back ourselves; `busy` is a number whose owner waits for an advocate or talks with one, about whatever."""

    number: str
    language: str
    suppressed: bool
    busy: bool
    wrote_at: datetime | None
    asked_at: datetime | None
    unanswered: int


_r, _p, _c, _m, _h = reporters.c, people.c, conversations.c, messages.c, handoffs.c
_TEXTS = (
    reporters.outerjoin(suppressions, suppressions.c.phone_key == _r.phone_key)
    .outerjoin(people, _p.phone_key == _r.phone_key)
    .outerjoin(conversations, _c.person_id == _p.person_id)
    .outerjoin(messages, _m.conversation_id == _c.conversation_id)
)


def asked_since(tx: Tx, key: str, since: datetime) -> set[str]:
    """Programs of which any number was written the text `key` to after this moment, whatever became of it."""
    query = select(_r.program_id).select_from(_TEXTS).where(_m.key == key, _m.created_at > since)
    return set(tx.conn.execute(query).scalars())


def spoken(tx: Tx, program_id: str, *, key: str, since: datetime, task: str) -> list[Spoken]:
    """Everyone who may report for a program, always in the same order. `key` is the text that asks them, `task` the
    reason of the hand-off that its silence leads to, which alone does not make anybody busy."""
    asked = and_(_m.direction == "out", _m.key == key)
    unanswered = and_(asked, _m.status != "refused", _m.created_at > since)
    theirs = select(_c.conversation_id).where(_c.person_id == _p.person_id).correlate(people)
    busy = exists().where(
        _h.conversation_id.in_(theirs), _h.closed_at.is_(None), or_(_h.reason != task, _h.owner_id.is_not(None))
    )
    query = (
        select(
            _r.phone_key, _r.phone, _r.language, suppressions.c.at, busy,
            func.max(case((_m.direction == "in", _m.created_at))), func.max(case((asked, _m.created_at))),
            func.count(case((unanswered, _m.message_id))),
        )
        .select_from(_TEXTS)
        .where(_r.program_id == program_id)
        .group_by(_r.phone_key, _r.phone, _r.language, suppressions.c.at, _p.person_id)
        .order_by(_r.phone_key)
    )  # fmt: skip
    return [
        Spoken(tx.keys.open("reporters.phone", phone_key, phone), language, stopped_at is not None, bool(busy), *rest)
        for phone_key, phone, language, stopped_at, busy, *rest in tx.conn.execute(query)
    ]


def told_since(tx: Tx, program_id: str, task: str, since: datetime) -> bool:
    """Whether a hand-off with this reason stands about one who may report, or was opened after this moment."""
    query = (
        select(_h.handoff_id)
        .join_from(reporters, people, _p.phone_key == _r.phone_key)
        .join(conversations, _c.person_id == _p.person_id)
        .join(handoffs, _h.conversation_id == _c.conversation_id)
        .where(_r.program_id == program_id, _h.reason == task, or_(_h.closed_at.is_(None), _h.opened_at > since))
    )
    return tx.conn.execute(query.limit(1)).first() is not None


def take_back(tx: Tx, key: str, written_before: datetime) -> int:
    """What still lies in the outbox of this text since before that moment will not leave; returns how many."""
    late = (_m.key == key, _m.status == "queued", _m.created_at <= written_before)
    values = {"status": "refused", "reason": "ask_late", "settled_at": tx.now}
    return tx.conn.execute(messages.update().where(*late).values(**values)).rowcount


def hours_of(tx: Tx, program_id: str) -> tuple[int, int] | None:
    """The local hours in which a program chose to be asked; None when it chose none."""
    c = ask_hours.c
    row = tx.conn.execute(select(c.first_hour, c.end_hour).where(c.program_id == program_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def choose_hours(tx: Tx, program_id: str, first: int, end: int) -> None:
    tx.conn.execute(ask_hours.delete().where(ask_hours.c.program_id == program_id))
    tx.conn.execute(ask_hours.insert(), {"program_id": program_id, "first_hour": first, "end_hour": end})
