"""Who works here, in which role, on which shift, and which of their sessions are open?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    func,
    or_,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.handoffs import handoffs
from bot.store.rota import closed_for

ROLES = ("advocate", "lead", "outreach", "approver", "directory", "reviewer", "admin", "auditor")

staff = Table(
    "staff",
    metadata,
    Column("staff_id", String(32), primary_key=True),
    Column("email_key", String(40), nullable=False, unique=True),
    Column("email", LargeBinary, nullable=False),  # sealed
    Column("alias", LargeBinary, nullable=False),  # sealed; the first name people are told, 8 letters at most
    Column("roles", String(80), nullable=False),  # comma-separated, of ROLES
    Column("password_hash", String(200)),
    Column("totp_secret", LargeBinary),  # sealed
    Column("totp_last_used", Integer),  # the last accepted time step: a code works once
    Column("setup_key", String(40)),  # keyed hash of the one-time link
    Column("setup_expires_at", UTCDateTime),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until", UTCDateTime),
    Column("active", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("languages", String(40)),  # comma-separated; empty: nothing said, everything fits
    Column("skills", String(120)),
    Column("regions", String(120)),
    Column("capacity", Integer),
    Column("page_language", String(5)),  # of the pages they are shown; none: as their browser asks
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_key", String(40), primary_key=True),  # keyed hash of the cookie: a dump opens no door
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), index=True),
    Column("data", LargeBinary, nullable=False),  # sealed JSON
    Column("created_at", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("passkey_id", String(32), primary_key=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("credential_key", String(40), nullable=False, unique=True),  # keyed hash of the credential's id
    Column("credential", LargeBinary, nullable=False),  # sealed: "id key", both in hexadecimal
    Column("name", LargeBinary, nullable=False),  # sealed: what its owner calls it
    Column("sign_count", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("used_at", UTCDateTime),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_key", String(40), primary_key=True),  # keyed hash: a dump opens no door
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False, index=True),
)

shifts = Table(
    "shifts",
    metadata,
    Column("shift_id", String(32), primary_key=True),
    Column("staff_id", String(32), ForeignKey("staff.staff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("starts_at", UTCDateTime, nullable=False),
    Column("ends_at", UTCDateTime, nullable=False, index=True),
    Column("planned", Boolean, nullable=False, default=False),  # a holiday or leave undoes it; who came by hand is here
    Column("rung_at", UTCDateTime),  # of a planned one: when it began, and every way of its advocate rang
)


@dataclass(frozen=True, slots=True)
class Staff:
    """One account. `passkeys` is how many of them open it."""

    staff_id: str
    alias: str
    roles: frozenset[str]
    password_hash: str | None
    totp_secret: str | None
    totp_last_used: int | None
    setup_expires_at: datetime | None
    failed_logins: int
    locked_until: datetime | None
    active: bool
    page_language: str | None
    passkeys: int

    @property
    def has_authenticator(self) -> bool:
        """A first code of it has been accepted."""
        return self.totp_last_used is not None

    @property
    def has_second_factor(self) -> bool:
        return self.has_authenticator or self.passkeys > 0

    def may(self, allowed: Iterable[str]) -> bool:
        """Whether any of these roles is theirs."""
        return self.active and not self.roles.isdisjoint(allowed)


class KeptSession(NamedTuple):
    """`data` is JSON; `seen_at` is when its owner last did something, and not when a page of theirs last polled."""

    key: str
    data: str
    created_at: datetime
    seen_at: datetime


_ACCOUNT = select(
    *(staff.c[name] for name in Staff.__dataclass_fields__ if name != "passkeys"),
    select(func.count()).where(passkeys.c.staff_id == staff.c.staff_id).scalar_subquery().label("passkeys"),
)
_SESSION = select(sessions.c.session_key, sessions.c.data, sessions.c.created_at, sessions.c.seen_at)


class OnShift(NamedTuple):
    staff_id: str
    alias: str
    owned_count: int
    ends_at: datetime
    languages: frozenset[str] | None
    """Those they speak; None while nobody has said."""


def normal_email(email: str) -> str:
    return email.strip().lower()


def add(tx: Tx, *, email: str, alias: str, roles: Iterable[str]) -> str:
    """A new account, without a password yet. The caller has checked that the address is new."""
    staff_id = new_id()
    row = {
        "staff_id": staff_id,
        "email_key": tx.keys.index("email", normal_email(email)),
        "email": tx.keys.seal("staff.email", staff_id, normal_email(email)),
        "alias": tx.keys.seal("staff.alias", staff_id, alias),
        "roles": ",".join(role for role in ROLES if role in set(roles)),
        "failed_logins": 0,
        "active": True,
        "created_at": tx.now,
    }
    tx.conn.execute(staff.insert(), row)
    return staff_id


def get(tx: Tx, staff_id: str) -> Staff | None:
    return _one(tx, staff.c.staff_id == staff_id)


def find_by_email(tx: Tx, email: str, *, lock: bool = False) -> Staff | None:
    """`lock` makes log-ins to one account count one after the other."""
    return _one(tx, staff.c.email_key == tx.keys.index("email", normal_email(email)), lock=lock)


def find_by_setup_token(tx: Tx, token: str) -> Staff | None:
    return _one(tx, staff.c.setup_key == tx.keys.index("setup", token), lock=True)


def email_of(tx: Tx, staff_id: str) -> str:
    """In clear, for the label in the person's own authenticator and nothing else."""
    sealed = tx.conn.execute(select(staff.c.email).where(staff.c.staff_id == staff_id)).scalar_one()
    return tx.keys.open("staff.email", staff_id, sealed)


def update(tx: Tx, staff_id: str, **values: Any) -> None:
    """Change an account's columns; `totp_secret` is given in clear and sealed here."""
    if values.get("totp_secret") is not None:
        values["totp_secret"] = tx.keys.seal("staff.totp_secret", staff_id, values["totp_secret"])
    tx.conn.execute(staff.update().where(staff.c.staff_id == staff_id).values(**values))


def use_code_step(tx: Tx, staff_id: str, step: int) -> bool:
    """Marks a code's time step as used. False when that step, or a later one, was used before."""
    fresh = staff.c.totp_last_used.is_(None) | (staff.c.totp_last_used < step)
    update_one = staff.update().where(staff.c.staff_id == staff_id, fresh).values(totp_last_used=step)
    return tx.conn.execute(update_one).rowcount == 1


def aliases(tx: Tx, staff_ids: Iterable[str]) -> dict[str, str]:
    """The first names of these accounts."""
    wanted = set(staff_ids)
    if not wanted:
        return {}
    query = select(staff.c.staff_id, staff.c.alias).where(staff.c.staff_id.in_(wanted))
    return {row.staff_id: tx.keys.open("staff.alias", row.staff_id, row.alias) for row in tx.conn.execute(query)}


def on_shift(tx: Tx, now: datetime) -> list[OnShift]:
    """Who can be given a hand-off now, least loaded first, then whoever stays longest."""
    owned = (
        select(handoffs.c.owner_id, func.count().label("n"))
        .where(handoffs.c.owner_id.is_not(None), handoffs.c.closed_at.is_(None))
        .group_by(handoffs.c.owner_id)
        .subquery()
    )
    until = func.max(shifts.c.ends_at)
    count = func.coalesce(func.max(owned.c.n), 0)
    query = (
        select(staff.c.staff_id, staff.c.alias, count, until, staff.c.languages)
        .join_from(staff, shifts, shifts.c.staff_id == staff.c.staff_id)
        .outerjoin(owned, owned.c.owner_id == staff.c.staff_id)
        .where(*_is_running(now))
        .group_by(staff.c.staff_id, staff.c.alias, staff.c.languages)
        .order_by(count, until.desc(), staff.c.staff_id)
    )
    rows = tx.conn.execute(query)
    return [
        OnShift(staff_id, tx.keys.open("staff.alias", staff_id, alias), n, ends,
                frozenset(spoken.split(",")) if spoken else None)
        for staff_id, alias, n, ends, spoken in rows
    ]  # fmt: skip


def _is_running(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Shifts count that began and have not ended; of planned ones those that no leave and no holiday undoes."""
    s = shifts.c
    counts = or_(~s.planned, ~closed_for(s.staff_id, now))
    return staff.c.active, s.starts_at <= now, s.ends_at > now, counts


def count_on_shift(tx: Tx) -> int:
    return tx.conn.execute(select(func.count()).select_from(running_shifts(tx.now).subquery())).scalar_one()


def running_shifts(now: datetime) -> Select[tuple[str, datetime]]:
    """SQL: who is on shift, and since when."""
    query = select(shifts.c.staff_id, func.min(shifts.c.starts_at).label("starts_at"))
    query = query.join_from(shifts, staff, shifts.c.staff_id == staff.c.staff_id)
    return query.where(*_is_running(now)).group_by(shifts.c.staff_id)


def plan_shift(tx: Tx, staff_id: str, starts_at: datetime, ends_at: datetime) -> str:
    """A shift to come; a day may have several."""
    shift_id = new_id()
    row = {"shift_id": shift_id, "staff_id": staff_id, "starts_at": starts_at, "ends_at": ends_at, "planned": True}
    tx.conn.execute(shifts.insert(), row)
    return shift_id


def beginning(tx: Tx) -> list[tuple[str, str]]:
    """Planned shifts that run now and whose beginning nobody has seen to: which, and whose."""
    query = select(shifts.c.shift_id, shifts.c.staff_id).join_from(shifts, staff, staff.c.staff_id == shifts.c.staff_id)
    query = query.where(*_is_running(tx.now), shifts.c.planned, shifts.c.rung_at.is_(None))
    return [(row.shift_id, row.staff_id) for row in tx.conn.execute(query.order_by(shifts.c.shift_id))]


def begun(tx: Tx, shift_id: str) -> bool:
    """True for whoever sees to it; False if that was done already."""
    update = shifts.update().where(shifts.c.shift_id == shift_id, shifts.c.rung_at.is_(None))
    return tx.conn.execute(update.values(rung_at=tx.now)).rowcount == 1


def drop_plans_of(tx: Tx, staff_id: str) -> None:
    """Shifts that have not begun are nobody's any more."""
    tx.conn.execute(shifts.delete().where(shifts.c.staff_id == staff_id, shifts.c.starts_at > tx.now))


def with_role(tx: Tx, role: str) -> list[str]:
    """Accounts that are open and have this role, the oldest first."""
    query = select(staff.c.staff_id, staff.c.roles).where(staff.c.active).order_by(staff.c.created_at, staff.c.staff_id)
    return [row.staff_id for row in tx.conn.execute(query) if role in row.roles.split(",")]


def next_shift_start(tx: Tx, now: datetime) -> datetime | None:
    """When the next planned shift begins, or None when none is planned."""
    query = select(func.min(shifts.c.starts_at)).join_from(shifts, staff, shifts.c.staff_id == staff.c.staff_id)
    counts = or_(~shifts.c.planned, ~closed_for(shifts.c.staff_id, shifts.c.starts_at))
    return tx.conn.execute(query.where(staff.c.active, shifts.c.starts_at > now, counts)).scalar()


def shift_of(tx: Tx, staff_id: str) -> datetime | None:
    """When this account's running shift ends, or None when it has none."""
    c = shifts.c
    running = (c.staff_id == staff_id, c.starts_at <= tx.now, c.ends_at > tx.now)
    return tx.conn.execute(select(func.max(c.ends_at)).where(*running)).scalar()


def begin_shift(tx: Tx, staff_id: str, ends_at: datetime) -> str:
    """On shift from now; a shift that runs already is ended first, so that there is one."""
    end_shift(tx, staff_id)
    shift_id = new_id()
    tx.conn.execute(shifts.insert().values(shift_id=shift_id, staff_id=staff_id, starts_at=tx.now, ends_at=ends_at))
    return shift_id


def end_shift(tx: Tx, staff_id: str) -> None:
    c = shifts.c
    running = (c.staff_id == staff_id, c.starts_at <= tx.now, c.ends_at > tx.now)
    tx.conn.execute(shifts.update().where(*running).values(ends_at=tx.now))


def _one(tx: Tx, where: ColumnElement[bool], *, lock: bool = False) -> Staff | None:
    query = _ACCOUNT.where(where)
    row = tx.conn.execute(query.with_for_update(of=staff) if lock else query).one_or_none()
    return None if row is None else _staff(tx, row)


def _staff(tx: Tx, row: Row[Any]) -> Staff:
    secret = row.totp_secret
    return Staff(
        staff_id=row.staff_id,
        alias=tx.keys.open("staff.alias", row.staff_id, row.alias),
        roles=frozenset(row.roles.split(",")) if row.roles else frozenset(),
        password_hash=row.password_hash,
        totp_secret=None if secret is None else tx.keys.open("staff.totp_secret", row.staff_id, secret),
        totp_last_used=row.totp_last_used,
        setup_expires_at=row.setup_expires_at,
        failed_logins=row.failed_logins,
        locked_until=row.locked_until,
        active=row.active,
        page_language=row.page_language,
        passkeys=row.passkeys,
    )


def session_key(tx: Tx, cookie: str) -> str:
    """Under which name a cookie's session is kept."""
    return tx.keys.index("session", cookie)


def read_session(tx: Tx, key: str) -> KeptSession | None:
    """None when it is unknown, revoked or over."""
    c = sessions.c
    row = tx.conn.execute(_SESSION.where(c.session_key == key, c.expires_at > tx.now)).one_or_none()
    return None if row is None else _opened_session(tx, row)


def sessions_of(tx: Tx, staff_id: str) -> list[KeptSession]:
    """The account's open sessions, the one used last first."""
    c = sessions.c
    query = _SESSION.where(c.staff_id == staff_id, c.expires_at > tx.now).order_by(c.seen_at.desc())
    return [_opened_session(tx, row) for row in tx.conn.execute(query)]


def touch_session(tx: Tx, key: str, seen_at: datetime) -> None:
    """Somebody is, or was, there at this moment."""
    tx.conn.execute(sessions.update().where(sessions.c.session_key == key).values(seen_at=seen_at))


def _opened_session(tx: Tx, row: Row[Any]) -> KeptSession:
    data = tx.keys.open("sessions.data", row.session_key, row.data)
    return KeptSession(row.session_key, data, row.created_at, row.seen_at)


def add_session(tx: Tx, key: str, data: str, *, staff_id: str | None, expires_at: datetime) -> None:
    """A new session; those that are over are swept out on the way, so that the table stays small."""
    tx.conn.execute(sessions.delete().where(sessions.c.expires_at <= tx.now))
    row = {
        "session_key": key, "staff_id": staff_id, "data": tx.keys.seal("sessions.data", key, data),
        "created_at": tx.now, "seen_at": tx.now, "expires_at": expires_at,
    }  # fmt: skip
    tx.conn.execute(sessions.insert(), row)


def write_session(tx: Tx, key: str, data: str) -> bool:
    """Changes a session that exists. One that was revoked meanwhile cannot come back: False."""
    values = {"data": tx.keys.seal("sessions.data", key, data)}
    return tx.conn.execute(sessions.update().where(sessions.c.session_key == key).values(**values)).rowcount == 1


def end_session(tx: Tx, *, staff_id: str, key: str) -> bool:
    """Ends one of the account's own. False when it has none of this name."""
    where = (sessions.c.session_key == key, sessions.c.staff_id == staff_id)
    return tx.conn.execute(sessions.delete().where(*where)).rowcount == 1


def every(tx: Tx) -> list[Staff]:
    """All accounts, those that are open first."""
    return [_staff(tx, row) for row in tx.conn.execute(_ACCOUNT.order_by(staff.c.active.desc(), staff.c.created_at))]


def drop_session(tx: Tx, key: str) -> None:
    tx.conn.execute(sessions.delete().where(sessions.c.session_key == key))


def drop_sessions_of(tx: Tx, staff_id: str, *, keep: str | None = None) -> int:
    """Ends every session of this account but `keep`; returns how many."""
    where = [sessions.c.staff_id == staff_id]
    if keep is not None:
        where.append(sessions.c.session_key != keep)
    return tx.conn.execute(sessions.delete().where(*where)).rowcount
