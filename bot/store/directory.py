"""Which programs are there, and what fits whom? What was last seen open is in bot/store/openings.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from bot.store.db import Tx, UTCDateTime, metadata, new_id, partial

organizations = Table(
    "organizations",
    metadata,
    Column("organization_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("vetting", String(12), nullable=False),  # bot.rules.vetting.STATES; only "approved" is ever matched
    Column("created_at", UTCDateTime, nullable=False),
    Column("kind", String(20), nullable=False, server_default="service"),  # service · law_enforcement · hotline …
    Column("visibility", String(8), nullable=False, server_default="private"),  # private · partner · public
    Column("jurisdictions", JSON, nullable=False, server_default="[]"),  # US-TX, US …: whose protocols bind it
    Column("listing", JSON, nullable=False, server_default="{}"),  # what it says of itself, by HSDS field
    Column("source", String(8), nullable=False, server_default="staff"),  # seed · hsds · csv · staff
    Column("verified_at", UTCDateTime),
    Column("reverify_at", UTCDateTime),
    Column("updated_at", UTCDateTime),
)

programs = Table(
    "programs",
    metadata,
    Column("program_id", String(64), primary_key=True),
    Column("organization_id", String(64), ForeignKey("organizations.organization_id"), nullable=False),
    Column("code_name", String(8), nullable=False, unique=True),  # the only name that may leave, to the provider
    Column("need", String(20), nullable=False),  # bed · advocacy · health · legal · basics · other
    Column("kind", String(30), nullable=False),  # night_shelter · emergency_house · transitional · outpatient …
    Column("status", String(8), nullable=False),  # active · paused · closed
    Column("region", String(60), nullable=False),  # metro or state, for staff; never a street
    # Served areas as three-digit ZIPs; [] means everywhere.
    Column("zip3", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    Column("facets", JSON, nullable=False),  # facet -> value, as `domain.md` 3.2 names them; absent is unknown
    Column("traits", JSON, nullable=False),  # keys of [traits] in the copy files, for M2
    Column("confidential", Boolean, nullable=False),
    Column("vetting", String(12), nullable=False, server_default="applied"),  # as its organization's: both must be
    Column("visibility", String(8), nullable=False, server_default="private"),
    Column("listing", JSON, nullable=False, server_default="{}"),  # what it says of itself, by HSDS field
    Column("intake", JSON, nullable=False, server_default="{}"),  # warm_transfer, by, who_calls, hours …
    Column("source", String(8), nullable=False, server_default="staff"),
    Column("verified_at", UTCDateTime),
    Column("reverify_at", UTCDateTime),
    Column("updated_at", UTCDateTime),
    # What a place's row points at (bot/store/directory_records.py): the database itself refuses a confidential one.
    Index("uq_programs_place", "program_id", "confidential", unique=True),
    CheckConstraint("status IN ('active', 'paused', 'closed')", name="status"),
    Index("ix_programs_zip3", "zip3", postgresql_using="gin"),
    Index("ix_programs_everywhere", "need", postgresql_where=text("zip3 = '[]'::jsonb"),
          sqlite_where=text("json_array_length(zip3) = 0")),
)

stocks = Table(
    "stocks",
    metadata,
    Column("stock_id", String(64), primary_key=True),
    Column("program_id", String(64), ForeignKey("programs.program_id"), nullable=False, index=True),
    Column("unit", String(16), nullable=False),  # bed · women_bed · men_bed · room · family_unit · slot · appointment …
    Column("maximum", Integer, nullable=False),
    Column("staffed", Integer),  # how many of them there are hands for
    Column("facets", JSON, nullable=False, server_default="{}"),  # what this one opening overrides of its program's
)

reporters = Table(
    "reporters",
    metadata,
    Column("phone_key", String(40), primary_key=True),  # a number that may report for this program
    Column("phone", LargeBinary, nullable=False),  # sealed
    Column("program_id", String(64), ForeignKey("programs.program_id"), nullable=False),
    Column("language", String(2), nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("offer_id", String(32), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("program_id", String(64), ForeignKey("programs.program_id"), nullable=False),
    Column("label", String(4), nullable=False),  # A or B, as the person was told
    Column("observed_at", UTCDateTime, nullable=False),
    Column("made_at", UTCDateTime, nullable=False),
)  # fmt: skip

holds = Table(
    "holds",
    metadata,
    Column("hold_id", String(32), primary_key=True),
    Column("short_id", String(3), nullable=False),  # {ID} in the provider's texts
    Column("stock_id", String(64), ForeignKey("stocks.stock_id"), nullable=False, index=True),
    Column("conversation_id", String(32), ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
           nullable=False, index=True),
    Column("state", String(10), nullable=False),  # asked · held · declined · expired · withdrawn · arrived · no_show
    Column("reason", String(20)),
    Column("requested_at", UTCDateTime, nullable=False),
    Column("answered_at", UTCDateTime),
    Column("expires_at", UTCDateTime),  # asked: when the question lapses; held: when the place does
    Column("hours", Integer, nullable=False),  # how long it would be held, as the provider was asked
    Column("staff_id", String(32), nullable=False),  # the advocate who asked, and who will tell the way
    Column("facet", String(12)),  # what did not fit, when they said so
    Column("extended_at", UTCDateTime),  # once, by a person
    Column("held_at", UTCDateTime),  # when the place said yes; it stays when they arrive
    CheckConstraint("state IN ('asked','held','declined','expired','withdrawn','arrived','no_show')", name="state"),
    partial("ix_holds_live", "stock_id", where="state IN ('asked', 'held')"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stock:
    stock_id: str
    program_id: str
    unit: str
    maximum: int


@dataclass(frozen=True, slots=True)
class Reporter:
    """A number that may speak for one program."""

    program_id: str
    code_name: str
    kind: str
    timezone: str | None
    language: str


MATCHED = (programs.c.status == "active", programs.c.vetting == "approved", organizations.c.vetting == "approved")
"""What a program must be before anybody is told, asked or texted about it."""


def reporter(tx: Tx, number: str) -> Reporter | None:
    """Who this E.164 number may report for; None for everyone else."""
    p, r = programs.c, reporters.c
    query = select(p.program_id, p.code_name, p.kind, p.facets, r.language)
    query = query.join(reporters, r.program_id == p.program_id)
    row = tx.conn.execute(query.where(r.phone_key == tx.keys.index("phone", number))).one_or_none()
    return None if row is None else Reporter(row[0], row[1], row[2], row[3].get("timezone"), row[4])


def add_reporter(tx: Tx, *, number: str, program_id: str, language: str) -> None:
    phone_key = tx.keys.index("phone", number)
    phone = tx.keys.seal("reporters.phone", phone_key, number)
    row = {"phone_key": phone_key, "phone": phone, "program_id": program_id, "language": language}
    tx.conn.execute(reporters.insert(), row)


def remove_reporter(tx: Tx, phone_key: str, program_id: str) -> bool:
    """By its keyed hash, of this program alone; False when there is none."""
    where = (reporters.c.phone_key == phone_key, reporters.c.program_id == program_id)
    return tx.conn.execute(reporters.delete().where(*where)).rowcount == 1


def reporters_of(tx: Tx, program_id: str) -> list[tuple[str, str]]:
    """Number and language of everyone who may report for a program."""
    r = reporters.c
    query = select(r.phone_key, r.phone, r.language).where(r.program_id == program_id).order_by(r.phone_key)
    rows = tx.conn.execute(query)
    return [(tx.keys.open("reporters.phone", row.phone_key, row.phone), row.language) for row in rows]


def lock_reporters(tx: Tx, program_id: str) -> None:
    """Two who want to ask the same program do so one after the other. No text that comes in takes this lock, so
    nobody who reports waits for it."""
    r = reporters.c
    query = select(r.phone_key).where(r.program_id == program_id).order_by(r.phone_key).with_for_update()
    tx.conn.execute(query).all()


@dataclass(frozen=True, slots=True)
class ReporterPhone:
    """A number that may report, with the program it speaks for and how many kinds of places that has."""

    number: str
    language: str
    code_name: str
    need: str
    region: str
    units: int


def every_reporter(tx: Tx) -> list[ReporterPhone]:
    """By region, then by code name."""
    p, r, s = programs.c, reporters.c, stocks.c
    units = select(func.count()).select_from(stocks).where(s.program_id == p.program_id).scalar_subquery()
    query = select(r.phone_key, r.phone, r.language, p.code_name, p.need, p.region, units)
    query = query.join(reporters, r.program_id == p.program_id).order_by(p.region, p.code_name, r.phone_key)
    return [
        ReporterPhone(tx.keys.open("reporters.phone", phone_key, phone), *about)
        for phone_key, phone, *about in tx.conn.execute(query)
    ]


def program_id_of(tx: Tx, name: str) -> str | None:
    """By id or by code name, whatever the case of the code name."""
    p = programs.c
    same = or_(p.program_id == name, func.lower(p.code_name) == name.lower())
    return tx.conn.execute(select(p.program_id).where(same)).scalars().first()


def about(tx: Tx, program_ids: Collection[str]) -> dict[str, tuple[str, str, str]]:
    """Code name, kind and region of these programs: what staff see of a place."""
    if not program_ids:
        return {}
    p = programs.c
    rows = tx.conn.execute(select(p.program_id, p.code_name, p.kind, p.region).where(p.program_id.in_(program_ids)))
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def organization_of(tx: Tx, program_id: str) -> str | None:
    query = select(programs.c.organization_id).where(programs.c.program_id == program_id)
    return tx.conn.execute(query).scalars().first()


def set_status(tx: Tx, program_id: str, status: str, *, only_from: str) -> bool:
    """Pause or resume. False when it was not in the state it should leave: a closed program stays closed."""
    where = (programs.c.program_id == program_id, programs.c.status == only_from)
    return tx.conn.execute(programs.update().where(*where).values(status=status)).rowcount == 1


def stocks_of(tx: Tx, program_id: str, *, lock: bool = False) -> list[Stock]:
    """A program's stocks; `lock` makes counts and holds of the same places happen one after the other."""
    return _stocks(tx, stocks.c.program_id == program_id, lock=lock)


def stock(tx: Tx, stock_id: str, *, lock: bool = False) -> Stock | None:
    found = _stocks(tx, stocks.c.stock_id == stock_id, lock=lock)
    return found[0] if found else None


def _stocks(tx: Tx, where: ColumnElement[bool], *, lock: bool) -> list[Stock]:
    s = stocks.c
    query: Select[Any] = select(s.stock_id, s.program_id, s.unit, s.maximum).where(where).order_by(s.stock_id)
    return [Stock(*row) for row in tx.conn.execute(query.with_for_update() if lock else query)]


def add_offers(tx: Tx, conversation_id: str, told: Mapping[str, tuple[str, datetime]]) -> None:
    """What a person was told, by label (A, B): the program and the age of its count."""
    rows = [
        {"offer_id": new_id(), "conversation_id": conversation_id, "program_id": program_id, "label": label,
         "observed_at": observed_at, "made_at": tx.now}
        for label, (program_id, observed_at) in told.items()
    ]  # fmt: skip
    if rows:
        tx.conn.execute(offers.insert(), rows)


def add_organization(tx: Tx, *, organization_id: str, name: str, vetting: str, **values: Any) -> None:
    row = {"organization_id": organization_id, "name": name, "vetting": vetting, "created_at": tx.now, **values}
    tx.conn.execute(organizations.insert(), row)


def add_program(tx: Tx, *, vetting: str, **values: Any) -> None:
    """A new, active program; `values` are its columns."""
    tx.conn.execute(programs.insert(), {"status": "active", "vetting": vetting, **values})


def add_stock(tx: Tx, *, stock_id: str, program_id: str, unit: str, maximum: int, **values: Any) -> None:
    row = {"stock_id": stock_id, "program_id": program_id, "unit": unit, "maximum": maximum, **values}
    tx.conn.execute(stocks.insert(), row)
