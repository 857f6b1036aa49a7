"""What does a database look like in which every table holds a row? Filled from the tables themselves.

A new column or table is filled without a change here, unless a CHECK wants a certain word: then name it in `CHOSEN`.
Every sealed column, the ones that may be empty too, is given a text of its own to look for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, String, Table

from bot.store.db import Tx, UTCDateTime, new_id
from bot.store.schema import metadata

NOON = datetime(2026, 6, 15, 17, 0, tzinfo=UTC)

CHOSEN: dict[str, Any] = {
    "applications.state": "applied",
    "absences.ends_at": NOON + timedelta(days=1000),
    "alert_channels.kind": "sms",
    "campaigns.state": "draft",
    "consent.state": "given",
    "conversations.held_by": "bot",
    "criteria.basis": "law",
    "criteria.hardness": "hard",
    "drafts.message_id": None,
    "handoffs.tier": "P1",
    "handoffs.state": "waiting",
    "handoffs.owner_id": None,
    "handoffs.next_at": NOON,
    "handoff_offers.kind": "next",
    "holds.state": "asked",
    "lists.state": "done",
    "messages.direction": "in",
    "messages.status": "received",
    "on_calls.ends_at": NOON + timedelta(days=1000),
    "on_calls.line": 1,
    "pages.state": "due",
    "pages.why": "waits",
    "programs.facets": {},
    "programs.status": "active",
    "programs.vetting": "approved",
    "recipients.basis": "opted_in",
    "second_chairs.sat_at": NOON,
    "recipients.state": "waiting",
    "recipients.step": 0,
    "service_at_locations.confidential": False,
    "tasks.backup_at": NOON,
    "sign_offs.way": "handset",
    "test_texts.status": "sent",
    "presses.nth": 1,
    "presses.pressed_at": NOON,
    "redactions.state": "due",
    "reviews.act": "signed",
    "disclosures.how": "text",
    "releases.way": "text",
    "referrals.agreed_at": NOON,
    "referrals.alarm_at": NOON,
    "warm_transfers.state": "to_call",
    "warm_transfers.due_at": NOON,
}


@dataclass(slots=True)
class Filled:
    """The primary key of each table's row, and the clear text behind each sealed column."""

    ids: dict[str, str] = field(default_factory=dict)
    clear: dict[str, str] = field(default_factory=dict)


def fill(tx: Tx, *, only: set[str] | None = None) -> Filled:
    """One row in every table (or in `only` those), parents first."""
    filled = Filled()
    for table in metadata.sorted_tables:
        if only is None or table.name in only:
            tx.conn.execute(table.insert(), _row(tx, table, filled))
    return filled


def _row(tx: Tx, table: Table, filled: Filled) -> dict[str, Any]:
    key = next(iter(table.primary_key.columns))
    width = getattr(key.type, "length", None) or 32
    filled.ids[table.name] = new_id()[-width:]
    row = {column.name: _value(tx, column, filled) for column in table.columns}
    if key.foreign_keys:  # it stands beside its parent, under the same id
        filled.ids[table.name] = row[key.name]
    if isinstance(key.type, String):
        row[key.name] = filled.ids[table.name]
    for column in table.columns:
        if isinstance(column.type, LargeBinary):
            name = f"{table.name}.{column.name}"
            filled.clear[name] = f"said in {name} by {filled.ids[table.name]}"
            row[column.name] = tx.keys.seal(name, filled.ids[table.name], filled.clear[name])
    return row


def _value(tx: Tx, column: Column[Any], filled: Filled) -> Any:
    name = f"{column.table.name}.{column.name}"
    if name in CHOSEN:
        return CHOSEN[name]
    for foreign in column.foreign_keys:
        return filled.ids[foreign.column.table.name]
    if column.nullable:
        return None
    match column.type:
        case UTCDateTime():
            return tx.now
        case JSON():
            return []
        case Boolean():
            return False
        case Integer() | Float():
            return 1
        case String():
            # Random, for some columns are unique; never longer than the column.
            return new_id()[-(column.type.length or 32) :]
    return None
