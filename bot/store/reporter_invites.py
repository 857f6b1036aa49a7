"""Which numbers were asked whether they report for a program, and have not said yes? Until they do they may nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, delete, select

from bot.store.db import Tx, UTCDateTime, metadata
from bot.store.directory import programs

STANDS = timedelta(days=7)
"""Longer nobody remembers having been asked."""

reporter_invites = Table(
    "reporter_invites",
    metadata,
    Column("phone_key", String(40), primary_key=True),
    Column("phone", LargeBinary, nullable=False),  # sealed
    Column("program_id", String(64), ForeignKey("programs.program_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("language", String(2), nullable=False),
    Column("asked_at", UTCDateTime, nullable=False),
    Column("staff_id", String(32), nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invite:
    number: str
    program_id: str
    code_name: str
    language: str
    asked_at: datetime


def ask(tx: Tx, *, number: str, program_id: str, language: str, staff_id: str) -> None:
    """One question stands a number: asked again, about whatever, it is asked anew."""
    phone_key = tx.keys.index("phone", number)
    drop(tx, number)
    row = {
        "phone_key": phone_key, "phone": tx.keys.seal("reporter_invites.phone", phone_key, number),
        "program_id": program_id, "language": language, "asked_at": tx.now, "staff_id": staff_id,
    }  # fmt: skip
    tx.conn.execute(reporter_invites.insert(), row)


def standing(tx: Tx, number: str) -> Invite | None:
    """What this number was asked and may still say yes to."""
    found = _select(tx, reporter_invites.c.phone_key == tx.keys.index("phone", number))
    return found[0] if found else None


def of_program(tx: Tx, program_id: str) -> list[Invite]:
    return _select(tx, reporter_invites.c.program_id == program_id)


def drop(tx: Tx, number: str) -> bool:
    where = reporter_invites.c.phone_key == tx.keys.index("phone", number)
    return tx.conn.execute(delete(reporter_invites).where(where)).rowcount == 1


def take_back(tx: Tx, phone_key: str, program_id: str) -> bool:
    """By its keyed hash, of this program alone."""
    i = reporter_invites.c
    where = (i.phone_key == phone_key, i.program_id == program_id)
    return tx.conn.execute(delete(reporter_invites).where(*where)).rowcount == 1


def _select(tx: Tx, where: object) -> list[Invite]:
    i = reporter_invites.c
    query = select(i.phone_key, i.phone, i.program_id, programs.c.code_name, i.language, i.asked_at)
    query = query.join(programs, programs.c.program_id == i.program_id)
    query = query.where(where, i.asked_at > tx.now - STANDS).order_by(i.asked_at, i.phone_key)  # type: ignore[arg-type]
    return [
        Invite(tx.keys.open("reporter_invites.phone", phone_key, phone), *rest)
        for phone_key, phone, *rest in tx.conn.execute(query)
    ]
