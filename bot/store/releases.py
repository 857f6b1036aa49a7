"""To what has this person said yes, for whom, until when? `consent.releases`, read, and the yes that names a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select

from bot.store.consent import releases
from bot.store.db import Tx, new_id
from bot.store.directory import organizations, programs


@dataclass(frozen=True, slots=True)
class Release:
    """One yes, opened. Without a program and an organization it is the open one: any place that is asked for a spot."""

    release_id: str
    person_id: str
    words: str
    told: tuple[str, ...]
    given_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    way: str
    message_id: str | None
    noted_by: str | None
    program_id: str | None
    organization_id: str | None
    first_name: str
    ended_at: datetime | None

    def stands(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


_c = releases.c
_COLUMNS = (
    _c.release_id, _c.person_id, _c["items"], _c.told, _c.given_at, _c.expires_at, _c.revoked_at, _c.way,
    _c.message_id, _c.noted_by, _c.program_id, _c.organization_id, _c.first_name, _c.ended_at,
)  # fmt: skip


def of_person(tx: Tx, person_id: str) -> list[Release]:
    """Every one there ever was, the latest first."""
    query = select(*_COLUMNS).where(_c.person_id == person_id).order_by(_c.given_at.desc(), _c.release_id.desc())
    return [_opened(tx, row) for row in tx.conn.execute(query)]


def get(tx: Tx, release_id: str) -> Release | None:
    row = tx.conn.execute(select(*_COLUMNS).where(_c.release_id == release_id)).one_or_none()
    return None if row is None else _opened(tx, row)


def to_place(tx: Tx, person_id: str, *, told: Iterable[str], days: int, words: str, way: str,
             message_id: str | None = None, noted_by: str | None = None, program_id: str | None = None,
             organization_id: str | None = None, first_name: str = "") -> str:  # fmt: skip
    """Keep a yes that names a place or an organization."""
    release_id = new_id()
    row = {
        "release_id": release_id, "person_id": person_id, "purpose": "place", "told": ",".join(told), "way": way,
        "items": tx.keys.seal("releases.items", release_id, words), "message_id": message_id, "noted_by": noted_by,
        "program_id": program_id, "organization_id": organization_id, "given_at": tx.now,
        "expires_at": tx.now + timedelta(days=days),
        "first_name": tx.keys.seal("releases.first_name", release_id, first_name) if first_name else None,
    }  # fmt: skip
    tx.conn.execute(releases.insert(), row)
    return release_id


MOST_AT_ONCE = 200
"""People in one look: the alarms that come after it in a round must not wait for a long list."""


def ended_unseen(tx: Tx) -> list[str]:
    """People with a release that was taken back or has run out, and whose end nobody has acted on; not all at once."""
    over = or_(_c.expires_at <= tx.now, _c.revoked_at.is_not(None))
    query = select(_c.person_id).where(_c.ended_at.is_(None), over).distinct().order_by(_c.person_id)
    return list(tx.conn.execute(query.limit(MOST_AT_ONCE)).scalars())


def end(tx: Tx, release_id: str, ending: str) -> bool:
    """Its end is being acted on, once. False when it was before."""
    where = (_c.release_id == release_id, _c.ended_at.is_(None))
    return tx.conn.execute(releases.update().where(*where).values(ended_at=tx.now, ending=ending)).rowcount == 1


def place_of(tx: Tx, program_id: str) -> tuple[str, str] | None:
    """A program's organization, and its code name."""
    p = programs.c
    row = tx.conn.execute(select(p.organization_id, p.code_name).where(p.program_id == program_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def organization_names(tx: Tx, organization_ids: Iterable[str]) -> dict[str, str]:
    """For staff: what an organization is called."""
    o, wanted = organizations.c, set(organization_ids)
    if not wanted:
        return {}
    query = select(o.organization_id, o.name).where(o.organization_id.in_(wanted))
    return {row[0]: row[1] for row in tx.conn.execute(query)}


def _opened(tx: Tx, row: Row[Any]) -> Release:
    release_id = row.release_id
    name = row.first_name
    return Release(
        release_id, row.person_id, tx.keys.open("releases.items", release_id, row[2]),
        tuple(item for item in row.told.split(",") if item), row.given_at, row.expires_at, row.revoked_at, row.way,
        row.message_id, row.noted_by, row.program_id, row.organization_id,
        "" if name is None else tx.keys.open("releases.first_name", release_id, name), row.ended_at,
    )  # fmt: skip
