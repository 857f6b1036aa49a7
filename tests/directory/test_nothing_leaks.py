"""Does anything leave for the public that must not? Every field of every document, by export and by API; and does the
walk see it when something does? Each guard is broken once, and must be missed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.adapters.clock import FakeClock
from bot.rules import hsds_export, visibility
from bot.rules.visibility import Audience
from bot.store import directory, directory_records, holds
from bot.store.db import Database, Tx, new_id
from bot.usecases.export_directory import export_directory
from bot.usecases.seed import add_demo_directory
from bot.web.api import query
from tests.usecases.line import PERSON, the_line
from tests.web.line import app_on, someone_waits

COUNTED = {"capacities", "unit", "unit_id", "available", "maximum", "waitlist"}
PEOPLE = {"contacts", "metadata", "assurer_email", "updated_by"}
HELD = {"hold", "holds", "hold_id", "referral", "consent"}
PLACED = {"service_at_locations", "location", "location_id", "addresses", "address_1", "latitude", "longitude"}
FREE = {"phones", "description", "url", "email", "schedules", "application_process"}
ROSALIND, STREET = "Rosalind Marlowe", "9 Maple Street"


def walk(value: Any, confidential: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Every name with its value, and whether it is said of a confidential program."""
    if isinstance(value, dict):
        labels = [one.get("label") for one in value.get("attributes", ()) if isinstance(one, dict)]
        here = confidential or "confidential" in labels
        for name, one in value.items():
            yield name, one if isinstance(one, str) else "", here and name != "organization"
            yield from walk(one, here and name not in ("organization", "taxonomy_term"))
    elif isinstance(value, list):
        for one in value:
            yield from walk(one, confidential)


def leaks(documents: Any) -> set[str]:
    found = set()
    for name, value, confidential in walk(documents):
        for kind, names in (("count", COUNTED), ("person", PEOPLE), ("hold", HELD)):
            if name in names:
                found.add(kind)
        if confidential and name in PLACED | FREE and name != "description":
            found.add("place" if name in PLACED else "words")
        if ROSALIND in value:
            found.add("person")
        if confidential and STREET in value:
            found.add("words")
    return found


@pytest.fixture
def house(sqlite_database: Database) -> Database:
    """A directory in which everything is public that may be, and full of what may not."""
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
        for table in (directory.organizations, directory.programs):
            tx.conn.execute(table.update().values(visibility="public"))
        p = directory.programs
        words = {"description": f"Behind {STREET}.", "url": "https://x.example", "phones": [{"id": "1", "number": "1"}]}
        tx.conn.execute(p.update().values(listing=words, intake={"hours": [
            {"byday": "MO", "opens_at": "09:00", "closes_at": "17:00"}]}))  # fmt: skip
        body = tx.keys.seal("contacts.body", "c1", json.dumps({"name": ROSALIND}))
        contact = {"contact_id": "c1", "program_id": "demo-cedar-1", "body": body}
        tx.conn.execute(directory_records.contacts.insert(), contact)
        conversation_id, _ = someone_waits(tx, PERSON)
        holds.add(tx, short_id="K7Q", stock_id="demo-cedar-1-room", conversation_id=conversation_id, staff_id=new_id(),
                  hours=4, answer_by=tx.now + timedelta(hours=1))  # fmt: skip
    return sqlite_database


def exported(database: Database, path: Path) -> Any:
    export_directory(database, path, Audience.PUBLIC)
    return json.loads(path.read_text(encoding="utf-8"))["contents"]


def test_the_public_export_leaks_nothing(house: Database, tmp_path: Path) -> None:
    documents = exported(house, tmp_path / "out.json")
    assert len(documents) > 20
    assert any(confidential for _, _, confidential in walk(documents))
    assert leaks(documents) == set()
    assert PERSON not in json.dumps(documents)


def test_no_endpoint_of_the_api_leaks_anything(house: Database, clock: FakeClock,
                                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(query, "MOST_A_MINUTE", 1_000_000)
    client = app_on(the_line(house, clock).services).test_client()
    for name in ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms"):
        for more in ("", "&full=true", "&minimal=true", "&full_service=true"):
            shown = client.get(f"/api/v1/{name}?per_page=100{more}").json["contents"]
            assert shown, name
            assert leaks(shown) <= ({"words"} if name == "organizations" else set()), (name, more)
        for one in shown[:40]:
            assert leaks(client.get(f"/api/v1/{name}/{one['id']}").json) == set(), name


def _counts(monkeypatch: pytest.MonkeyPatch, _tx: Tx) -> None:
    monkeypatch.setattr(hsds_export, "Audience", SimpleNamespace(PARTNER=Audience.PUBLIC))


def _words(monkeypatch: pytest.MonkeyPatch, _tx: Tx) -> None:
    monkeypatch.setattr(visibility, "_WRITTEN_FREELY", frozenset())


def _contacts(monkeypatch: pytest.MonkeyPatch, tx: Tx) -> None:
    monkeypatch.setattr(visibility, "SERVICE_FIELDS", (*visibility.SERVICE_FIELDS, "contacts"))
    p = directory.programs
    listing = {"contacts": [{"id": "1", "name": ROSALIND}]}
    tx.conn.execute(p.update().where(p.c.confidential.is_(False)).values(listing=listing))


def _places(monkeypatch: pytest.MonkeyPatch, _tx: Tx) -> None:
    made = hsds_export.service

    def beside(program: Any, audience: Audience, now: Any) -> dict[str, Any]:
        return {**made(program, audience, now), "service_at_locations": [{"id": "1", "location": {"id": "2"}}]}

    monkeypatch.setattr("bot.usecases.export_directory.service", beside)


@pytest.mark.parametrize(
    ("broken", "kind"), [(_words, "words"), (_contacts, "person"), (_places, "place"), (_counts, "count")]
)
def test_a_guard_that_is_broken_is_missed(
    house: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[pytest.MonkeyPatch, Tx], None], kind: str,
) -> None:  # fmt: skip
    with house.transaction() as tx:
        broken(monkeypatch, tx)
    assert kind in leaks(exported(house, tmp_path / "out.json"))


def test_a_hold_would_be_seen() -> None:
    assert leaks([{"id": "1", "holds": [{"id": "2"}]}]) == {"hold"}
