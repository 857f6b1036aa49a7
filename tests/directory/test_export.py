"""Does what leaves the house validate, and does it say no more than it may? A walk through every field of it."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.rules.visibility import Audience
from bot.store import candidates, directory, directory_places, directory_records
from bot.store.db import Database, new_id
from bot.usecases.export_directory import Exported, export_directory
from bot.usecases.import_directory import Report, import_directory
from bot.usecases.refusal import Refused
from bot.usecases.seed import add_demo_directory
from tests.directory.official import faults, table_faults

PUBLIC, PARTNER = Audience.PUBLIC, Audience.PARTNER
SECRET = "Rosalind's House on 9 Maple Street"


@pytest.fixture
def seeded(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    return sqlite_database


def _documents(database: Database, path: Path, audience: Audience) -> list[dict[str, Any]]:
    assert isinstance(export_directory(database, path, audience), Exported)
    contents: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["contents"]
    return contents


def _walk(value: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _walk(one, (*trail, name))
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one, trail)
    else:
        yield trail, value


@pytest.mark.parametrize("audience", [PUBLIC, PARTNER])
def test_documents_and_tables_validate_against_the_official_schemas(seeded: Database, tmp_path: Path,
                                                                    audience: Audience) -> None:  # fmt: skip
    documents = _documents(seeded, tmp_path / "out.json", audience)
    assert len(documents) >= 15
    for document in documents:
        assert faults("service", document) == []
    assert export_directory(seeded, tmp_path / "tables", audience) == Exported(len(documents))
    assert list(table_faults(tmp_path / "tables")) == []
    assert export_directory(seeded, tmp_path / "out.zip", audience) == Exported(len(documents))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {"organizations.csv", "services.csv", "datapackage.json"} <= set(archive.namelist())


def test_the_public_sees_no_count_no_contact_no_hold_and_no_confidential_place(seeded: Database,
                                                                              tmp_path: Path) -> None:  # fmt: skip
    documents = _documents(seeded, tmp_path / "out.json", PUBLIC)
    fields = {trail for document in documents for trail, _ in _walk(document)}
    names = {name for trail in fields for name in trail}
    assert not names & {"capacities", "unit", "unit_id", "available", "maximum", "contacts", "metadata",
                        "assurer_email", "hold", "holds"}  # fmt: skip
    with seeded.reading() as tx:
        hidden = {o.program_id: o for o in candidates.every(tx)}
    assert any(document.get("service_at_locations") for document in documents)
    for document in documents:
        confidential = any(one.get("label") == "confidential" for one in document["attributes"])
        assert not (confidential and {"service_at_locations", "phones", "description", "url"} & set(document))
    # Every field that does leave, by its whole path: a new one fails here until somebody has looked at it.
    assert {trail for trail in fields if trail[0] not in ("attributes", "organization", "service_areas")} == {
        ("id",), ("organization_id",), ("name",), ("status",), ("minimum_age",), ("maximum_age",), ("assured_date",),
        ("last_modified",), ("languages", "id"), ("languages", "code"),
        ("service_at_locations", "id"), ("service_at_locations", "service_id"), ("service_at_locations", "location_id"),
        ("service_at_locations", "location", "id"), ("service_at_locations", "location", "location_type"),
        *(("service_at_locations", "location", "addresses", name) for name in
          ("id", "address_1", "city", "state_province", "postal_code", "country", "address_type")),
    }  # fmt: skip
    assert hidden


def test_partners_see_counts_of_large_places_and_of_small_ones_yes_no_or_ask(seeded: Database,
                                                                             tmp_path: Path) -> None:  # fmt: skip
    documents = _documents(seeded, tmp_path / "out.json", PARTNER)
    rooms = [one["value"] for d in documents for one in d["attributes"] if one.get("label") == "room"]
    assert set(rooms) <= {"yes", "no", "ask"}
    assert rooms
    counts = [one for document in documents for one in document.get("capacities", ())]
    assert counts
    assert all(one["maximum"] > 11 for one in counts)
    public = _documents(seeded, tmp_path / "public.json", PUBLIC)
    assert {d["id"] for d in public} < {d["id"] for d in documents}


def test_a_private_field_a_hidden_name_and_a_private_record_stay_in(seeded: Database, tmp_path: Path) -> None:
    with seeded.transaction() as tx:
        p, o = directory.programs, directory.organizations
        tx.conn.execute(p.update().values(listing={"name": SECRET, "description": SECRET, "url": "https://x.example",
                                                   "phones": [{"id": "1", "number": "+12105550199"}]}))  # fmt: skip
        tx.conn.execute(o.update().values(listing={"email": "a@b.example", "website": "https://w.example"}))
        for row in tx.conn.execute(o.select()).all():
            mark = {"field_mark_id": new_id(), "subject_id": row.organization_id, "field": "email",
                    "visibility": "private"}  # fmt: skip
            tx.conn.execute(directory_records.field_marks.insert(), mark)
    documents = _documents(seeded, tmp_path / "out.json", PUBLIC)
    for document in documents:
        assert faults("service", document) == []
        confidential = any(one.get("label") == "confidential" for one in document["attributes"])
        assert (SECRET in json.dumps(document)) is not confidential, "a confidential one goes by its code name"
        assert "email" not in document["organization"]
        assert document["organization"]["website"] == "https://w.example"


def test_what_is_suspended_is_not_published(seeded: Database, tmp_path: Path) -> None:
    with seeded.transaction() as tx:
        tx.conn.execute(directory.programs.update().values(vetting="suspended"))
    assert _documents(seeded, tmp_path / "out.json", PARTNER) == []
    assert export_directory(seeded, tmp_path / "t", PARTNER) == Exported(0)
    assert list(table_faults(tmp_path / "t")) == []


def test_the_database_itself_refuses_a_place_of_a_confidential_program(database: Database) -> None:
    with database.transaction() as tx:
        add_demo_directory(tx)
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.transaction() as tx:
        directory_places.add(tx, program_id="demo-cedar-1", listing={}, source="staff")
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.transaction() as tx:
        tx.conn.execute(directory.programs.update().values(confidential=True))  # while a place stands
    with database.transaction() as tx:
        placed = tx.conn.execute(directory_records.service_at_locations.select()).all()
        for row in placed:
            directory_places.hide(tx, row.program_id)
        assert tx.conn.execute(directory_records.locations.select()).all() == []


def test_what_was_exported_comes_in_again(seeded: Database, tmp_path: Path, open_database: Any,
                                          sqlite_template: Path) -> None:  # fmt: skip
    for form in ("out.json", "out.zip", "tables"):
        assert isinstance(export_directory(seeded, tmp_path / form, PARTNER), Exported)
        other = tmp_path / f"{form}.sqlite3"
        other.write_bytes(sqlite_template.read_bytes())
        report = import_directory(open_database(f"sqlite:///{other}"), tmp_path / form)
        assert isinstance(report, Report)
        assert (report.quarantined, report.updated) == ([], 0)
        assert report.imported >= 20


def test_nothing_is_written_over_what_is_not_a_directory(seeded: Database, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert isinstance(export_directory(seeded, tmp_path / "mine", PUBLIC), Refused)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    assert isinstance(export_directory(seeded, tmp_path / "no" / "such", PUBLIC), Refused)
    written = export_directory(seeded, tmp_path / "tables", PUBLIC)
    assert export_directory(seeded, tmp_path / "tables", PUBLIC) == written
    with (tmp_path / "tables" / "services.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) >= 15
