"""Is the clock alive? One row a process name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, String, Table, select

from bot.store.db import Tx, UTCDateTime, metadata

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("at", UTCDateTime, nullable=False),
)


def beat(tx: Tx, name: str) -> None:
    if tx.conn.execute(heartbeats.update().where(heartbeats.c.name == name).values(at=tx.now)).rowcount == 0:
        tx.conn.execute(heartbeats.insert().values(name=name, at=tx.now))


def last_beat(tx: Tx, name: str) -> datetime | None:
    return tx.conn.execute(select(heartbeats.c.at).where(heartbeats.c.name == name)).scalar()
