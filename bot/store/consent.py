"""May we text this number? An append-only log whose last line rules, and suppressions that outlive a person's rows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    ScalarSelect,
    Select,
    String,
    Table,
    bindparam,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
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
    Column("purpose", String(40), nullable=False),  # ask_for_spot, for the open one · place, for one that names it
    Column("items", LargeBinary, nullable=False),  # sealed: the very words that were agreed to
    Column("given_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
    Column("told", String(120), nullable=False),  # comma-separated, of bot.rules.sharing.ITEMS
    Column("way", String(6), nullable=False),  # text · spoken
    Column("message_id", String(32)),  # their yes, when it was a text
    Column("noted_by", String(32)),  # who heard their yes, when it was spoken
    Column("program_id", String(64), ForeignKey("programs.program_id")),  # for whom; neither: any place, for a spot
    Column("organization_id", String(64), ForeignKey("organizations.organization_id")),
    Column("first_name", LargeBinary),  # sealed: the one they chose, if it may be told
    Column("ended_at", UTCDateTime),  # when its end was acted on: nothing more leaves, and a task for what has
    Column("ending", String(8)),  # revoked · expired · replaced
    CheckConstraint("way IN ('text', 'spoken')", name="way"),
    CheckConstraint("way = 'text' OR noted_by IS NOT NULL", name="noted"),
    CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
    partial("ix_releases_standing", "expires_at", where="ended_at IS NULL"),
)  # fmt: skip


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


def release(tx: Tx, person_id: str, *, items: str, hours: int, told: str = "party,urgency",
            message_id: str | None = None) -> str:  # fmt: skip
    """Keep a yes to SH1: the very words agreed to, and until when. One open release at a time: an earlier one ends."""
    c = releases.c
    earlier = (c.person_id == person_id, c.purpose == "ask_for_spot", c.ended_at.is_(None))
    over = {"ended_at": tx.now, "ending": "replaced"}
    tx.conn.execute(releases.update().where(*earlier, c.revoked_at.is_(None)).values(revoked_at=tx.now, **over))
    release_id = new_id()
    row = {
        "release_id": release_id,
        "person_id": person_id,
        "purpose": "ask_for_spot",
        "items": tx.keys.seal("releases.items", release_id, items),
        "told": told,
        "way": "text",
        "message_id": message_id,
        "given_at": tx.now,
        "expires_at": tx.now + timedelta(hours=hours),
    }
    tx.conn.execute(releases.insert(), row)
    return release_id


def revoke_release(tx: Tx, person_id: str, release_id: str | None = None) -> int:
    """Taken back: all they gave, or this one. In force with the next look at it; what follows is `end_sharing`."""
    c = releases.c
    live = [c.person_id == person_id, c.revoked_at.is_(None)]
    if release_id is not None:
        live.append(c.release_id == release_id)
    return tx.conn.execute(releases.update().where(*live).values(revoked_at=tx.now)).rowcount


def _append(tx: Tx, phone_key: str, state: str, how: str, message_id: str | None, staff_id: str | None) -> None:
    row = {
        "consent_id": new_id(), "phone_key": phone_key, "state": state, "how": how, "message_id": message_id,
        "staff_id": staff_id, "at": tx.now,
    }  # fmt: skip
    _APPEND.run(tx, row)


_APPEND = Prepared(consent.insert())
