"""What do both databases refuse to hold, whatever the code above them believes?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.store.db import Database, Tx, new_id
from bot.store.schema import metadata
from tests.store.rows import NOON, fill

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("an open hand-off without an alarm", "handoffs", {"next_at": None}),
    ("an owned hand-off without an owner", "handoffs", {"state": "owned"}),
    ("a waiting hand-off with an owner", "handoffs", {"owner_id": "staff"}),
    ("a hand-off somebody is moving that nobody has", "handoffs", {"state": "transferring"}),
    ("a parked hand-off without an owner", "handoffs", {"state": "parked"}),
    ("an until-safe hand-off without an owner", "handoffs", {"state": "until_safe"}),
    ("a closed hand-off that has no end", "handoffs", {"state": "closed", "next_at": None}),
    ("a hand-off closed by nobody", "handoffs", {"state": "closed", "closed_at": NOON, "next_at": None}),
    ("an open hand-off that has an end", "handoffs", {"closed_at": NOON, "closed_by_id": "a"}),
    ("an offer answered with no word of ours", "handoff_offers", {"answer": "maybe", "answered_at": NOON}),
    ("a call that is neither heard nor not", "pages", {"state": "perhaps"}),
    ("a line of on-call that does not exist", "on_calls", {"line": 4}),
    ("leave that ends before it begins", "absences", {"ends_at": NOON - timedelta(days=9999)}),
    ("a tier that is not one", "handoffs", {"tier": "P9"}),
    ("a hand-off in no known state", "handoffs", {"state": "lost"}),
    ("a conversation held by two", "conversations", {"held_by": "both"}),
    ("a text that goes nowhere", "messages", {"direction": "up"}),
    ("a text of unknown fate without the word", "messages", {"status": "maybe"}),
    ("a campaign approved by its author", "campaigns", {"state": "approved", "author_id": "a", "approver_id": "a"}),
    ("a running campaign nobody approved", "campaigns", {"state": "running"}),
    ("a recipient without a basis", "recipients", {"basis": "bought_list"}),
    ("less than no opening", "observations", {"available": -1}),
    ("consent that is neither", "consent", {"state": "perhaps"}),
    ("a hold in no known state", "holds", {"state": "maybe"}),
]


@pytest.mark.parametrize(("table", "values"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_is_refused(database: Database, table: str, values: dict[str, Any]) -> None:
    with database.transaction() as tx:
        filled = fill(tx)
    if values.get("owner_id") == "staff":
        values = {"owner_id": filled.ids["staff"]}
    with pytest.raises(IntegrityError, match=f"ck_{table}_"), database.transaction() as tx:
        tx.conn.execute(metadata.tables[table].update().values(values))


def _again(tx: Tx, table: str, **changed: Any) -> None:
    """A second row like the first, with an id of its own."""
    tables = metadata.tables[table]
    row = dict(tx.conn.execute(tables.select()).mappings().first() or {})
    (key,) = tables.primary_key.columns
    tx.conn.execute(tables.insert(), {**row, key.name: new_id(), **changed})


TWICE: list[tuple[str, str, dict[str, Any]]] = [
    ("the same number", "people", {}),
    ("a second open conversation with one person", "conversations", {}),
    ("a second open hand-off of one conversation", "handoffs", {}),
    ("the carrier's same message", "messages", {"seq": 99, "provider_sid": "SM1"}),
    ("the same place in a thread", "messages", {"provider_sid": "SM2"}),
    ("the same address among the staff", "staff", {}),
    ("the same person in one campaign", "recipients", {}),
]


@pytest.mark.parametrize(("table", "changed"), [row[1:] for row in TWICE], ids=[row[0] for row in TWICE])
def test_is_refused_twice(database: Database, table: str, changed: dict[str, Any]) -> None:
    with database.transaction() as tx:
        fill(tx)
        tx.conn.execute(metadata.tables["messages"].update().values(provider_sid="SM1"))
    with pytest.raises(IntegrityError, match=r"(?i)unique"), database.transaction() as tx:
        _again(tx, table, **changed)


def test_a_closed_conversation_or_hand_off_makes_room_for_the_next(database: Database) -> None:
    with database.transaction() as tx:
        fill(tx)
        closed_at = tx.now + timedelta(hours=1)
        for table in ("conversations", "handoffs"):
            over = {"state": "closed", "next_at": None, "closed_by_id": "a"} if table == "handoffs" else {}
            tx.conn.execute(metadata.tables[table].update().values(closed_at=closed_at, **over))
            open_again = {"state": "waiting", "next_at": closed_at, "closed_by_id": None} if over else {}
            _again(tx, table, closed_at=None, **open_again)


def test_a_person_who_is_forgotten_takes_everything_of_theirs_along(database: Database) -> None:
    with database.transaction() as tx:
        fill(tx)
        tx.conn.execute(metadata.tables["people"].delete())
        left = {name for name, table in metadata.tables.items() if tx.conn.execute(table.select()).first()}
    gone = {"people", "conversations", "messages", "handoffs", "notes", "offers", "holds", "recipients"}
    assert gone.isdisjoint(left)
    assert {"suppressions", "consent", "programs", "staff", "campaigns", "audit"} <= left
