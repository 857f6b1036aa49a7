"""Who has no basis for a campaign's text, who signed that they may be written to one by one, and who pressed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    func,
    select,
)

from bot.store.db import Tx, UTCDateTime, metadata, new_id
from bot.store.people import call_sign, people

sign_offs = Table(
    "sign_offs",
    metadata,
    Column("sign_off_id", String(32), primary_key=True),
    Column("signed_by", LargeBinary, nullable=False),  # sealed: the name of whoever answers for it in law
    Column("signed_on", String(10), nullable=False),  # a date
    Column("way", String(10), nullable=False),  # handset · carrier
    Column("staff_id", String(32), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("withdrawn_at", UTCDateTime),
    CheckConstraint("way IN ('handset', 'carrier')", name="way"),
)

first_contacts = Table(
    "first_contacts",
    metadata,
    Column("contact_id", String(32), primary_key=True),
    Column("campaign_id", String(32), ForeignKey("campaigns.campaign_id", ondelete="CASCADE"), nullable=False),
    Column("person_id", String(32), ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    Column("language", String(2), nullable=False),
    UniqueConstraint("campaign_id", "person_id"),
    Index("ix_first_contacts_person", "person_id"),
)

presses = Table(
    "presses",
    metadata,
    Column("press_id", String(32), primary_key=True),
    Column("contact_id", String(32), ForeignKey("first_contacts.contact_id", ondelete="CASCADE"), nullable=False),
    Column("person_id", String(32), ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    Column("staff_id", String(32), nullable=False),
    Column("token_key", String(40), nullable=False, unique=True),  # a keyed hash; the token is good once
    Column("given_at", UTCDateTime, nullable=False),
    Column("pressed_at", UTCDateTime),
    Column("nth", Integer),  # which first text of a lifetime this was
    UniqueConstraint("contact_id"),
    UniqueConstraint("person_id", "nth"),
    CheckConstraint("(pressed_at IS NULL) = (nth IS NULL)", name="pressed"),
    CheckConstraint("nth IS NULL OR nth BETWEEN 1 AND 3", name="lifetime"),
    Index("ix_presses_staff", "staff_id", "pressed_at"),
)


@dataclass(frozen=True, slots=True)
class SignOff:
    sign_off_id: str
    signed_by: str
    signed_on: str
    way: str


@dataclass(frozen=True, slots=True)
class Contact:
    """One person without a basis. `number` is E.164, in clear: for hours and for the one text."""

    contact_id: str
    campaign_id: str
    person_id: str
    phone_key: str
    number: str
    call_sign: str
    language: str


def sign(tx: Tx, *, signed_by: str, signed_on: str, way: str, staff_id: str) -> None:
    """One at a time: an earlier one ends."""
    withdraw(tx)
    sign_off_id = new_id()
    row = {
        "sign_off_id": sign_off_id, "signed_by": tx.keys.seal("sign_offs.signed_by", sign_off_id, signed_by),
        "signed_on": signed_on, "way": way, "staff_id": staff_id, "at": tx.now,
    }  # fmt: skip
    tx.conn.execute(sign_offs.insert(), row)


def withdraw(tx: Tx) -> None:
    tx.conn.execute(sign_offs.update().where(sign_offs.c.withdrawn_at.is_(None)).values(withdrawn_at=tx.now))


def signed(tx: Tx, *, lock: bool = False) -> SignOff | None:
    """The sign-off in force. Locked, it lets one press happen after the other."""
    query = select(sign_offs).where(sign_offs.c.withdrawn_at.is_(None))
    row = tx.conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    name = tx.keys.open("sign_offs.signed_by", row.sign_off_id, row.signed_by)
    return SignOff(row.sign_off_id, name, row.signed_on, row.way)


def add(tx: Tx, campaign_id: str, rows: Sequence[tuple[str, str, str]], known: dict[str, str]) -> None:
    """Rows of number, phone key and language; `known` is phone key -> person_id. Nobody twice on one list."""
    for number, key, language in rows:
        person_id = known.get(key)
        if person_id is None:
            person_id = known[key] = new_id()
            row = {
                "person_id": person_id, "phone_key": key, "phone": tx.keys.seal("people.phone", person_id, number),
                "call_sign": call_sign(person_id), "language": language, "created_at": tx.now,
            }  # fmt: skip
            tx.conn.execute(people.insert(), row)
        values = {"contact_id": new_id(), "campaign_id": campaign_id, "person_id": person_id, "language": language}
        standing = select(first_contacts.c.contact_id).where(
            first_contacts.c.campaign_id == campaign_id, first_contacts.c.person_id == person_id
        )
        if tx.conn.execute(standing).first() is None:
            tx.conn.execute(first_contacts.insert(), values)


def waiting(tx: Tx, campaign_id: str, limit: int) -> list[Contact]:
    """Those for whom nobody has pressed, oldest first."""
    pressed = select(presses.c.press_id).where(
        presses.c.contact_id == first_contacts.c.contact_id, presses.c.pressed_at.is_not(None)
    )
    where = (first_contacts.c.campaign_id == campaign_id) & ~pressed.exists()
    return _contacts(tx, where, limit)


def counts(tx: Tx, campaign_id: str) -> tuple[int, int]:
    """How many of them there are, and for how many somebody pressed."""
    c = first_contacts.c
    of_it = select(func.count()).select_from(first_contacts).where(c.campaign_id == campaign_id)
    done = (
        select(func.count())
        .select_from(presses.join(first_contacts))
        .where(c.campaign_id == campaign_id, presses.c.pressed_at.is_not(None))
    )
    return tx.conn.execute(of_it).scalar_one(), tx.conn.execute(done).scalar_one()


def give_token(tx: Tx, contact: Contact, *, staff_id: str, token: str) -> None:
    """A token for this person and this staff; whatever either had before is void."""
    p = presses.c
    void = p.pressed_at.is_(None) & ((p.staff_id == staff_id) | (p.contact_id == contact.contact_id))
    tx.conn.execute(presses.delete().where(void))
    row = {
        "press_id": new_id(), "contact_id": contact.contact_id, "person_id": contact.person_id, "staff_id": staff_id,
        "token_key": tx.keys.index("press", token), "given_at": tx.now,
    }  # fmt: skip
    tx.conn.execute(presses.insert(), row)


def by_token(tx: Tx, token: str, *, staff_id: str, since: datetime) -> tuple[str, Contact] | None:
    """The press this token is good for, and its person; None for a token that was used, is old, or is not theirs."""
    p = presses.c
    query = select(p.press_id, p.contact_id).where(
        p.token_key == tx.keys.index("press", token), p.staff_id == staff_id, p.pressed_at.is_(None), p.given_at > since
    )
    row = tx.conn.execute(query).one_or_none()
    return None if row is None else (row.press_id, _contacts(tx, first_contacts.c.contact_id == row.contact_id, 1)[0])


def press(tx: Tx, press_id: str, nth: int) -> None:
    tx.conn.execute(presses.update().where(presses.c.press_id == press_id).values(pressed_at=tx.now, nth=nth))


def pressed_by(tx: Tx, staff_id: str, since: datetime) -> list[datetime]:
    """When this person pressed since then, oldest first."""
    p = presses.c
    query = select(p.pressed_at).where(p.staff_id == staff_id, p.pressed_at >= since).order_by(p.pressed_at)
    return list(tx.conn.execute(query).scalars())


def pressed_for(tx: Tx, person_id: str) -> list[datetime]:
    """When somebody wrote to this person by hand, oldest first."""
    p = presses.c
    query = select(p.pressed_at).where(p.person_id == person_id, p.pressed_at.is_not(None)).order_by(p.pressed_at)
    return list(tx.conn.execute(query).scalars())


def _contacts(tx: Tx, where: Any, limit: int) -> list[Contact]:
    c, p = first_contacts.c, people.c
    query = (
        select(c.contact_id, c.campaign_id, c.person_id, p.phone_key, p.phone, p.call_sign, c.language)
        .join_from(first_contacts, people, p.person_id == c.person_id)
        .where(where)
        .order_by(c.contact_id)
        .limit(limit)
    )
    return [
        Contact(row.contact_id, row.campaign_id, row.person_id, row.phone_key,
                tx.keys.open("people.phone", row.person_id, row.phone), row.call_sign, row.language)
        for row in tx.conn.execute(query)
    ]  # fmt: skip
