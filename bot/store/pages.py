"""How is each colleague called, and which calls are due, under way, heard? Pages are rows: an outbox of their own.

A page holds no word of anyone: an id, a tier and a code to answer with. "Sent" is never "heard": only an answer is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    or_,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial
from bot.store.staff import staff

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("channel_id", String(32), primary_key=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("address", LargeBinary, nullable=False),  # sealed: a number, an address, a URL
    Column("address_key", String(40), nullable=False, index=True),
    Column("place", Integer, nullable=False),  # the first is tried first
    Column("proved_at", UTCDateTime),  # when an alert by it was last heard
    Column("failed_at", UTCDateTime),  # since when it does not work
    Column("created_at", UTCDateTime, nullable=False),
    Column("name", String(40)),  # what its browser calls itself, coarsely: to tell one device from another
    CheckConstraint("kind IN ('desk', 'sms', 'email', 'webhook', 'push')", name="kind"),
    UniqueConstraint("staff_id", "kind", "address_key"),
)

pages = Table(
    "pages",
    metadata,
    Column("page_id", String(32), primary_key=True),
    Column("handoff_id", String(32), ForeignKey("handoffs.handoff_id", ondelete="CASCADE"), index=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", String(32), ForeignKey("alert_channels.channel_id", ondelete="CASCADE"), nullable=False),
    Column("why", String(12), nullable=False),
    Column("tier", String(2), nullable=False),
    Column("call_key", String(80), nullable=False),  # one call: the same staff, by several channels
    Column("code", String(8), nullable=False),  # what to answer with; worth nothing without the channel
    Column("state", String(8), nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", UTCDateTime),
    Column("sent_at", UTCDateTime),
    Column("heard_at", UTCDateTime),
    Column("created_at", UTCDateTime, nullable=False),
    CheckConstraint("why IN ('waits', 'silent', 'proof', 'second_chair', 'clock', 'canary', 'promise')", name="why"),
    CheckConstraint("state IN ('due', 'sending', 'sent', 'failed', 'heard', 'dropped')", name="state"),
    UniqueConstraint("call_key", "channel_id"),
    partial("ix_pages_due", "due_at", where="state IN ('due', 'sending')"),
    Index("ix_pages_staff", "staff_id", "state"),
)  # fmt: skip

ATTEMPTS = 3


class Channel(NamedTuple):
    channel_id: str
    staff_id: str
    kind: str
    place: int
    proved_at: datetime | None
    failed_at: datetime | None
    name: str | None = None


class DuePage(NamedTuple):
    page_id: str
    channel_id: str
    kind: str
    address: str
    why: str
    tier: str
    code: str
    nth: int
    language: str
    """Of whoever is called, as they chose for their pages; English until they have."""


_a, _p = alert_channels.c, pages.c
_CHANNEL = tuple(_a[name] for name in Channel._fields)


def add_channel(tx: Tx, staff_id: str, kind: str, address: str, *, name: str | None = None, key: str = "") -> str:
    """One way to call somebody, after those they have. The same again is the one that stands; `key` is what makes it
    the same where that is not the whole address."""
    key = tx.keys.index("channel", key or address)
    where = (_a.staff_id == staff_id, _a.kind == kind, _a.address_key == key)
    standing = tx.conn.execute(select(_a.channel_id).where(*where)).scalar()
    if kind == "push":  # whoever subscribes a device has it in hand: a call to it would not reach who had it before
        tx.conn.execute(alert_channels.delete().where(_a.kind == kind, _a.address_key == key, _a.staff_id != staff_id))
    if standing is not None:
        return standing
    channel_id = new_id()
    row = {"channel_id": channel_id, "staff_id": staff_id, "kind": kind, "address_key": key,
           "address": tx.keys.seal("alert_channels.address", channel_id, address),
           "place": len(channels_of(tx, [staff_id])), "created_at": tx.now, "name": name}  # fmt: skip
    tx.conn.execute(alert_channels.insert(), row)
    return channel_id


def drop_channel(tx: Tx, staff_id: str, channel_id: str) -> bool:
    where = (_a.channel_id == channel_id, _a.staff_id == staff_id)
    return tx.conn.execute(alert_channels.delete().where(*where)).rowcount == 1


def drop_channels_of(tx: Tx, staff_id: str) -> None:
    """Nobody who has left is called."""
    tx.conn.execute(alert_channels.delete().where(_a.staff_id == staff_id))


def channels_of(tx: Tx, staff_ids: Collection[str]) -> list[Channel]:
    """In the order in which they are tried: those that work before those that failed."""
    query = select(*_CHANNEL).where(_a.staff_id.in_(staff_ids))
    return [Channel(*row) for row in tx.conn.execute(query.order_by(_a.failed_at.is_not(None), _a.place))]


def staff_by_number(tx: Tx, number: str) -> list[str]:
    """Whose phone is this? Their channels' ids, for an answer by text."""
    where = (_a.kind == "sms", _a.address_key == tx.keys.index("channel", number))
    return list(tx.conn.execute(select(_a.channel_id).where(*where)).scalars())


def proven_phones(tx: Tx, staff_id: str) -> list[tuple[str, str]]:
    """Their own phones that a call by text has been answered from, and that work: each with its last two digits."""
    where = (_a.staff_id == staff_id, _a.kind == "sms", _a.proved_at.is_not(None), _a.failed_at.is_(None))
    rows = tx.conn.execute(select(_a.channel_id, _a.address).where(*where).order_by(_a.place))
    return [(one.channel_id, tx.keys.open("alert_channels.address", one.channel_id, one.address)[-2:]) for one in rows]


def proven_number(tx: Tx, staff_id: str, channel_id: str) -> str | None:
    """The number of that phone, in clear; None for what is not theirs, not a phone, or not proven."""
    where = (_a.staff_id == staff_id, _a.channel_id == channel_id, _a.kind == "sms", _a.proved_at.is_not(None))
    sealed = tx.conn.execute(select(_a.address).where(*where)).scalar()
    return None if sealed is None else tx.keys.open("alert_channels.address", channel_id, sealed)


def add(tx: Tx, rows: Iterable[Mapping[str, Any]]) -> None:
    made = [{"page_id": new_id(), "state": "due", "attempts": 0, "created_at": tx.now, **row} for row in rows]
    if made:
        tx.conn.execute(pages.insert(), made)


def calls_made(tx: Tx, call_keys: Collection[str]) -> set[str]:
    """Those of these calls that were made."""
    if not call_keys:
        return set()
    return set(tx.conn.execute(select(_p.call_key).where(_p.call_key.in_(call_keys))).scalars())


def claim_due(tx: Tx, limit: int, lease: timedelta) -> list[DuePage]:
    """Put under our lease what is to be sent now. One whose sender died is due again when its lease ends."""
    due = or_(_p.state == "due", (_p.state == "sending") & (_p.lease_until <= tx.now))
    query = (
        select(_p.page_id, _p.channel_id, _a.kind, _a.address, _p.why, _p.tier, _p.code, _p.attempts,
               staff.c.page_language)
        .join_from(pages, alert_channels, _a.channel_id == _p.channel_id)
        .join(staff, staff.c.staff_id == _a.staff_id)
        .where(due, _p.due_at <= tx.now)
        .order_by(_p.due_at).limit(limit).with_for_update(of=pages, skip_locked=True)
    )  # fmt: skip
    rows = tx.conn.execute(query).all()
    if rows:
        mine = pages.update().where(_p.page_id.in_([row.page_id for row in rows]))
        tx.conn.execute(mine.values(state="sending", lease_until=tx.now + lease, attempts=_p.attempts + 1))
    return [
        DuePage(row.page_id, row.channel_id, row.kind,
                tx.keys.open("alert_channels.address", row.channel_id, row.address), row.why, row.tier, row.code,
                row.attempts + 1, row.page_language or "en")
        for row in rows
    ]  # fmt: skip


def anything_due(tx: Tx) -> bool:
    due = or_(_p.state == "due", (_p.state == "sending") & (_p.lease_until <= tx.now))
    return tx.conn.execute(select(_p.page_id).where(due, _p.due_at <= tx.now).limit(1)).first() is not None


def sent(tx: Tx, page_id: str) -> None:
    where = (_p.page_id == page_id, _p.state == "sending")
    tx.conn.execute(pages.update().where(*where).values(state="sent", sent_at=tx.now, lease_until=None))


def failed(tx: Tx, page: DuePage, again_at: datetime) -> None:
    """Tried again a few times; and the next channel of the same call need not wait for it."""
    more = {"state": "due", "due_at": again_at} if page.nth < ATTEMPTS else {"state": "failed"}
    where = (_p.page_id == page.page_id, _p.state == "sending")
    tx.conn.execute(pages.update().where(*where).values(lease_until=None, **more))
    tx.conn.execute(alert_channels.update().where(_a.channel_id == page.channel_id).values(failed_at=tx.now))
    call = select(_p.call_key).where(_p.page_id == page.page_id).scalar_subquery()
    following = select(_p.page_id).where(_p.call_key == call, _p.state == "due", _p.due_at > tx.now, _p.attempts == 0)
    next_id = tx.conn.execute(following.order_by(_p.due_at).limit(1)).scalar()
    if next_id is not None:
        tx.conn.execute(pages.update().where(_p.page_id == next_id).values(due_at=tx.now))


def hear(tx: Tx, page_id: str) -> None:
    """They answered: the channel is proven, and the same call by other channels is over."""
    row = tx.conn.execute(select(_p.call_key, _p.channel_id).where(_p.page_id == page_id)).one()
    tx.conn.execute(pages.update().where(_p.page_id == page_id).values(state="heard", heard_at=tx.now))
    channel = alert_channels.update().where(_a.channel_id == row.channel_id)
    tx.conn.execute(channel.values(proved_at=tx.now, failed_at=None))
    drop(tx, _p.call_key == row.call_key)


def drop(tx: Tx, *where: Any) -> None:
    """What has not left never will."""
    tx.conn.execute(pages.update().where(_p.state == "due", *where).values(state="dropped"))


def drop_of(tx: Tx, handoff_id: str) -> None:
    """Somebody has them: nobody else is called any more."""
    drop(tx, _p.handoff_id == handoff_id, _p.why.in_(("waits", "promise")))


def find_by_code(tx: Tx, code: str, *, staff_id: str | None = None, channel_ids: Collection[str] = ()) -> Any | None:
    """The page of this account, or by one of these channels, that is answered with this code."""
    mine = _p.staff_id == staff_id if staff_id else _p.channel_id.in_(channel_ids)
    query = select(_p.page_id, _p.handoff_id, _p.staff_id, _p.channel_id, _p.why, _p.state).where(
        _p.code == code, mine, _p.state.in_(("sending", "sent", "heard"))
    )
    return tx.conn.execute(query.order_by(_p.created_at.desc()).limit(1)).one_or_none()


def unheard(tx: Tx, staff_id: str) -> list[Any]:
    """Calls to this account that it has not answered, the latest first."""
    query = select(_p.page_id, _p.handoff_id, _p.why, _p.tier, _p.code, _p.created_at, _a.kind).join_from(
        pages, alert_channels, _a.channel_id == _p.channel_id
    )
    where = (_p.staff_id == staff_id, _p.state.in_(("sending", "sent")))
    return list(tx.conn.execute(query.where(*where).order_by(_p.created_at.desc())).all())


def of_handoff(tx: Tx, handoff_id: str) -> list[Any]:
    """Every call about it, in the order in which they were made."""
    query = select(_p.page_id, _p.staff_id, _a.kind, _p.why, _p.state, _p.call_key, _p.created_at, _p.sent_at,
                   _p.heard_at).join_from(pages, alert_channels, _a.channel_id == _p.channel_id)  # fmt: skip
    return list(tx.conn.execute(query.where(_p.handoff_id == handoff_id).order_by(_p.page_id)).all())


def gone(tx: Tx, page: DuePage) -> None:
    """Its address is no more: the next channel of the same call rings now, and this one is forgotten."""
    failed(tx, page, tx.now)
    tx.conn.execute(alert_channels.delete().where(_a.channel_id == page.channel_id))
