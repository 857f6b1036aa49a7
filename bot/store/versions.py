"""On which versions of which rows does an open page of the desk stand? One number, and no row is opened for it.

PostgreSQL keeps with every version of a row the number of the transaction that wrote it, and its place; the page's
number is folded from those of all the rows that it shows. So nothing has to be written for it (a turn gains no
statement, and no counter makes turns wait for each other), and nothing can be missed: it is no cursor in a stream of
changes, which one that commits late under an earlier number slips past, but what is to be seen now. SQLite keeps no
such numbers; there the rows themselves are folded.

The number is asked for before the page is drawn, so that what is written between the two costs one drawing too many and
never one too few. What is no row of a conversation or of the queue (a colleague's name, a program's, the clock itself)
has no part in it: a page is drawn anew for that after `bot.web.unchanged.REDRAWN_AFTER`.
"""

# ruff: noqa: S608 — only the names of our own tables and columns become part of a statement, never what was given.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

from sqlalchemy import Integer, String, bindparam, text

from bot.store.db import Tx, UTCDateTime, metadata
from bot.store.drafts import SUGGESTED
from bot.store.prepared import Prepared

NOT_SHOWN = frozenset({"arrivals", "drafts", "searches"})
"""Tables about a conversation of which no page shows anything live: where they came from; the draft, which is kept with
every pause (but one that is suggested is in _AROUND); when openings were looked for last. Every other one with a
`conversation_id` counts, a new one too."""

_GIVEN = {"conversation_id": String(), "staff_id": String(), "now": UTCDateTime(), "most": Integer()}
_FREE = "owner_id IS NULL AND closed_at IS NULL"
_MINE = "owner_id = :staff_id AND closed_at IS NULL"
_OFFERED = "staff_id = :staff_id AND answered_at IS NULL AND expires_at > :now"
_PERSON = "(SELECT person_id FROM conversations WHERE conversation_id = :conversation_id)"
_THEIR_HANDOFFS = "handoff_id IN (SELECT handoff_id FROM handoffs WHERE conversation_id = :conversation_id)"

_QUEUE = (
    ("handoffs", _MINE),
    ("conversations", f"conversation_id IN (SELECT conversation_id FROM handoffs WHERE {_MINE})"),
    ("handoff_offers", _OFFERED),
    ("handoffs", f"handoff_id IN (SELECT handoff_id FROM handoff_offers WHERE {_OFFERED})"),
)
"""My people, and who was offered to me."""
_WAITING = f"SELECT tier || ':' || count(*) AS version FROM handoffs WHERE {_FREE} GROUP BY tier"

_AROUND = (
    ("handoff_offers", _THEIR_HANDOFFS),
    ("second_chairs", _THEIR_HANDOFFS),
    ("drafts", f"page_id = '{SUGGESTED}' AND message_id IS NULL AND conversation_id = :conversation_id"),
    ("people", f"person_id = {_PERSON}"),
    ("releases", f"person_id = {_PERSON}"),
    ("suppressions", f"phone_key = (SELECT phone_key FROM people WHERE person_id = {_PERSON})"),
)
"""What hangs on the person or the hand-off, and not on the conversation."""

_BOARD = (
    ("second_chairs", "ended_at IS NULL"),
    ("shifts", "starts_at <= :now AND ends_at > :now"),
)


def of_conversation(tx: Tx, conversation_id: str, staff_id: str) -> str:
    """Of one conversation, and of what stands beside it for this advocate: their people, their offers, who waits."""
    values = {"conversation_id": conversation_id, "staff_id": staff_id, "now": tx.now}
    return _number(tx, _conversation(tx.conn.dialect.name), values)


def of_board(tx: Tx, staff_id: str, most: int) -> str:
    """Of the board as this advocate sees it, with so many of those who wait."""
    return _number(tx, _board(tx.conn.dialect.name), {"staff_id": staff_id, "now": tx.now, "most": most})


def _number(tx: Tx, statement: Prepared, values: Mapping[str, Any]) -> str:
    versions = statement.one_or_none(tx, values).versions
    return blake2b((versions or "").encode(), digest_size=8).hexdigest()


@cache
def _conversation(dialect: str) -> Prepared:
    about = [one.name for one in metadata.sorted_tables if "conversation_id" in one.c and one.name not in NOT_SHOWN]
    rows = (*((name, "conversation_id = :conversation_id") for name in about), *_AROUND, *_QUEUE)
    return _folded(dialect, [*(_versions(dialect, *some) for some in rows), _WAITING])


@cache
def _board(dialect: str) -> Prepared:
    first = f"SELECT handoff_id FROM handoffs WHERE {_FREE} ORDER BY tier, opened_at LIMIT :most"
    rows = (("handoffs", f"handoff_id IN ({first})"), *_BOARD, *_QUEUE)
    on_break = "SELECT 'on a break' FROM presence WHERE staff_id = :staff_id AND on_break"
    held = "SELECT 'held:' || count(*) FROM handoffs WHERE owner_id IS NOT NULL AND closed_at IS NULL"
    return _folded(dialect, [*(_versions(dialect, *some) for some in rows), _WAITING, on_break, held])


def _versions(dialect: str, table: str, where: str) -> str:
    """SQL: the version of each of these rows."""
    parts = ["xmin", "ctid"] if dialect == "postgresql" else [f"quote({c.name})" for c in metadata.tables[table].c]
    version = " || ',' || ".join(parts)
    return f"SELECT '{table} ' || {version} AS version FROM {table} WHERE {where}"


def _folded(dialect: str, selects: Iterable[str]) -> Prepared:
    every = " UNION ALL ".join(selects)
    fold = "string_agg" if dialect == "postgresql" else "group_concat"
    statement = f"SELECT {fold}(version, ';') AS versions FROM ({every} ORDER BY 1) AS shown"
    given = [bindparam(name, type_=type_) for name, type_ in _GIVEN.items() if f":{name}" in statement]
    return Prepared(text(statement).bindparams(*given).columns(versions=String))
