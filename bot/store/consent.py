"""May we text this number? An append-only log whose last line rules, and suppressions that outlive a person's rows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    ScalarSelect,
    Select,
    String,
    Table,
    bindparam,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.prepared import Prepared

consent = Table(
    "consent",
    metadata,
    Column("consent_id", String(32), primary_key=True),
    Column("phone_key", String(40), nullable=False),
    Column("state", String(10), nullable=False),
    Column("how", String(60), nullable=False),  # which rule, text or staff act; never a word of the person's
    Column("message_id", String(32)),  # the inbound text that is the proof
    Column("staff_id", String(32)),
    Column("at", UTCDateTime, nullable=False),
    CheckConstraint("state IN ('given', 'withdrawn')", name="state"),
    Index(None, "phone_key", "at"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("phone_key", String(40), primary_key=True),  # kept for ever, as a keyed hash (Virginia SB 1339: 10 years)
    Column("how", String(60), nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("release_id", String(32), primary_key=True),
    Column("person_id", String(32), nullable=False, index=True),
    Column("purpose", String(40), nullable=False),  # ask_for_spot
    Column("items", LargeBinary, nullable=False),  # sealed: the very words of SH1 that were agreed to
    Column("given_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
)


def state_of(tx: Tx, phone_key: str) -> str:
    """`given`, `withdrawn` or `none`: the last line of the log."""
    last = _LAST.one_or_none(tx, {"phone_key": phone_key})
    return "none" if last is None else str(last.state)


def last_state(phone_key: ColumnElement[str]) -> ScalarSelect[str]:
    """The same within another query; NULL for none."""
    return _last(phone_key).scalar_subquery()


def _last(phone_key: ColumnElement[str]) -> Select[tuple[str]]:
    lines = select(consent.c.state).where(consent.c.phone_key == phone_key)
    return lines.order_by(consent.c.at.desc(), consent.c.consent_id.desc()).limit(1)


_LAST = Prepared(_last(bindparam("phone_key")))


def is_suppressed(tx: Tx, phone_key: str) -> bool:
    query = select(suppressions.c.phone_key).where(suppressions.c.phone_key == phone_key)
    return tx.conn.execute(query).scalar() is not None


def give(tx: Tx, phone_key: str, *, how: str, message_id: str | None = None) -> None:
    """One line in the log. It lifts no suppression: only `restore` does."""
    _append(tx, phone_key, "given", how, message_id, None)


def withdraw(tx: Tx, phone_key: str, *, how: str, message_id: str | None = None, staff_id: str | None = None) -> bool:
    """In force at once, for every campaign and every conversation. False when it was in force already."""
    if is_suppressed(tx, phone_key):
        return False
    tx.conn.execute(suppressions.insert().values(phone_key=phone_key, how=how, at=tx.now))
    _append(tx, phone_key, "withdrawn", how, message_id, staff_id)
    return True


def suppress(tx: Tx, phone_key: str, *, how: str) -> bool:
    """Nothing more goes to this number, though its owner withdrew nothing: the carrier says that it is of no use."""
    if is_suppressed(tx, phone_key):
        return False
    tx.conn.execute(suppressions.insert().values(phone_key=phone_key, how=how, at=tx.now))
    return True


def lift_learned(tx: Tx, phone_key: str) -> bool:
    """They wrote: so the number can be texted, whatever the carrier told us of it. A STOP, also one told by the carrier
    (21610), is never lifted by this. True if something was."""
    s = suppressions.c
    learned = (s.phone_key == phone_key, s.how.startswith("carrier_", autoescape=True), s.how != "carrier_21610")
    if not tx.conn.execute(suppressions.delete().where(*learned)).rowcount:
        return False
    if state_of(tx, phone_key) == "withdrawn":  # the number was given up; whoever has it now has written to us
        give(tx, phone_key, how="inbound_first")
    return True


def restore(tx: Tx, phone_key: str, *, message_id: str | None) -> None:
    """The person's own START, and nothing else, ends a suppression; the text is the proof."""
    tx.conn.execute(suppressions.delete().where(suppressions.c.phone_key == phone_key))
    _append(tx, phone_key, "given", "start", message_id, None)


def release(tx: Tx, person_id: str, *, items: str, hours: int) -> str:
    """Keep a yes to SH1: the very words agreed to, and until when. One at a time: an earlier one ends."""
    revoke_release(tx, person_id)
    release_id = new_id()
    row = {
        "release_id": release_id,
        "person_id": person_id,
        "purpose": "ask_for_spot",
        "items": tx.keys.seal("releases.items", release_id, items),
        "given_at": tx.now,
        "expires_at": tx.now + timedelta(hours=hours),
    }
    tx.conn.execute(releases.insert(), row)
    return release_id


def revoke_release(tx: Tx, person_id: str) -> None:
    c = releases.c
    live = (c.person_id == person_id, c.revoked_at.is_(None))
    tx.conn.execute(releases.update().where(*live).values(revoked_at=tx.now))


def _append(tx: Tx, phone_key: str, state: str, how: str, message_id: str | None, staff_id: str | None) -> None:
    row = {
        "consent_id": new_id(), "phone_key": phone_key, "state": state, "how": how, "message_id": message_id,
        "staff_id": staff_id, "at": tx.now,
    }  # fmt: skip
    _APPEND.run(tx, row)


_APPEND = Prepared(consent.insert())
