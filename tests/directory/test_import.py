"""Does a directory come in whole or not at all, record by record, the same twice, and never with a crash?

The blemishes of HSDS's own examples are the first test (`domain.md` 3.9); the rest are files somebody built to hurt.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from bot import cli
from bot.adapters.clock import FakeClock
from bot.rules.criteria import traits_of
from bot.rules.directory_csv import COLUMNS
from bot.store import directory, directory_criteria, directory_records, openings
from bot.store.db import Database
from bot.usecases import import_hsds, read_directory_file
from bot.usecases.find_openings import search
from bot.usecases.import_directory import Report, import_directory
from bot.usecases.refusal import Refused
from tests.directory.official import EXAMPLES
from tests.usecases.line import the_line
from tests.web.line import app_on

NOON = "2026-06-15T12:00:00.000Z"


def uid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def a_service(n: int = 0, **changes: Any) -> dict[str, Any]:
    """A whole, good service with everything the mapping reads."""
    return {
        "id": uid(f"service {n}"), "name": f"Service {n}", "status": "active", "minimum_age": 18,
        "organization": {"id": uid(f"organization {n // 5}"), "name": "An organization", "description": "It helps."},
        "phones": [{"id": uid(f"phone {n}"), "number": "+1 210 555 0100"}],
        "contacts": [{"id": uid(f"contact {n}"), "name": "Rosalind Marsh", "email": "r@maple.example",
                      "phones": [{"id": uid(f"private {n}"), "number": "+1 210 555 0111"}]}],
        "languages": [{"id": uid(f"language {n}"), "name": "Spanish", "code": "es"}],
        "capacities": [{"id": uid(f"capacity {n}"), "available": 2, "maximum": 20, "updated": NOON,
                        "unit": {"id": uid("bed"), "name": "bed"}}],
        "service_at_locations": [{"id": uid(f"at {n}"), "location": {
            "id": uid(f"location {n}"), "location_type": "physical", "addresses": [{
                "id": uid(f"address {n}"), "address_1": "9 Maple Street", "city": "X", "state_province": "TX",
                "postal_code": "78201", "country": "US", "address_type": "physical"}]}}],
        "attributes": [
            {"id": uid(f"rule {n}"), "link_type": "rule", "label": "curfew", "value": "yes"},
            {"id": uid(f"special {n}"), "link_type": "specialization", "value": "lgbtq"},
        ],
        **changes,
    }  # fmt: skip


def written(tmp_path: Path, document: Any, name: str = "in.json") -> Path:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def taken(database: Database, path: Path) -> Report:
    report = import_directory(database, path)
    assert isinstance(report, Report), report
    return report


def rows(database: Database, table: Table) -> int:
    with database.reading() as tx:
        return tx.conn.execute(select(func.count()).select_from(table)).scalar_one()


def reasons(report: Report) -> set[tuple[str, str, str]]:
    return {(one["table"], one["id"][:8], one["reason"]) for one in report.quarantined}


DANGLING = {
    ("contacts", "1e7efce3", "organization_id"), ("contacts", "1e7efce3", "service_at_location_id"),
    ("locations", "3a19ff88", "organization_id"), ("organizations", "d9d5e0f5", "parent_organization_id"),
    ("service_areas", "381c64f1", "service_at_location_id"), ("service_capacity", "8896b788", "service_id"),
    ("service_capacity", "8896b788", "unit_id"), ("taxonomy_terms", "3f7b145d", "parent_id"),
    ("taxonomy_terms", "3f7b145d", "taxonomy_id"), ("attributes", "ae58cc39", "link_id"),
    ("metadata", "6cd71e9f", "resource_id"),
}  # fmt: skip


def _zipped(tmp_path: Path) -> Path:
    path = tmp_path / "examples.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in EXAMPLES.glob("*.csv"):
            archive.write(one, f"inside/{one.name}")
    return path


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_blemishes_of_the_official_examples_are_reported(sqlite_database: Database, tmp_path: Path,
                                                             form: str) -> None:  # fmt: skip
    report = taken(sqlite_database, EXAMPLES if form == "folder" else _zipped(tmp_path))
    found = reasons(report)
    dangling = {(table, row, reason.removeprefix("dangling key: ")) for table, row, reason in found
                if reason.startswith("dangling key")}  # fmt: skip
    assert dangling == DANGLING
    assert {
        ("service_capacity", "8896b788", "the same id in two tables"),
        ("units", "8896b788", "the same id in two tables"),
        ("url", "30951f94", "missing: organization_id or service_id"),
        ("service_capacity", "8896b788", "impossible: available is more than maximum"),
        ("units", "8896b788", "impossible: no unit of places"),
        ("locations", "3a19ff88", "impossible: latitude"),
        ("phones", "1554f2e2", "impossible: number"),
        ("phones", "1554f2e2", "impossible: a number of another country"),
        ("attributes", "ae58cc39", "placeholder text: link_type"),
        ("attributes", "ae58cc39", "placeholder text: link_entity"),
        ("attributes", "ae58cc39", "placeholder text: value"),
        ("service_areas", "381c64f1", "placeholder text: extent"),
        ("services", "ac148810", "placeholder text: wait_time"),
        ("services", "ac148810", "placeholder text: licenses"),
        ("taxonomy_terms", "3f7b145d", "placeholder text: code"),
        ("taxonomy_terms", "3f7b145d", "placeholder text: name"),
        ("service_capacity", "8896b788", "not a moment with a zone, in milliseconds: updated"),
        ("schedules", "48102e86", "not a time with a zone: opens_at"),
        ("schedules", "48102e86", "impossible: it begins and ends on one day"),
    } <= found
    assert (report.imported, report.updated, rows(sqlite_database, directory.programs)) == (0, 0, 0)


def test_a_good_service_comes_in_unapproved_private_and_unmatched(database: Database, tmp_path: Path) -> None:
    report = taken(database, written(tmp_path, a_service()))
    assert (report.imported, report.updated, report.quarantined) == (1, 0, [])
    with database.reading() as tx:
        (program,) = tx.conn.execute(directory.programs.select()).all()
        (organization,) = tx.conn.execute(directory.organizations.select()).all()
        drafts = directory_criteria.of_program(tx, program.program_id)
        (contact,) = tx.conn.execute(directory_records.contacts.select()).all()
        (special,) = tx.conn.execute(directory_records.specialisations.select()).all()
        (counted,) = tx.conn.execute(openings.observations.select()).all()
    assert (program.vetting, program.visibility, organization.vetting) == ("applied", "private", "applied")
    assert (program.kind, program.facets, program.traits) == ("unsorted", {}, [])
    assert len(program.code_name) <= 8
    assert {(c.facet, c.verified_at) for c in drafts} == {("age", None), ("curfew", None)}
    assert (special.tag, special.verified_at) == ("lgbtq", None)
    assert (counted.available, counted.via) == (2, "import")
    assert counted.observed_at == datetime.fromisoformat(NOON), "when it was so, not when it came"
    assert b"Rosalind" not in bytes(contact.body)
    assert "0111" not in json.dumps(program.listing), "a contact's number stays with the contact"
    assert search(database, {}) == ()


@pytest.mark.parametrize("form", ["one", "list", "page", "tabular"])
def test_every_form_of_json_is_the_same_directory(sqlite_database: Database, tmp_path: Path, form: str) -> None:
    services = [a_service(n) for n in range(7)]
    tabular = {
        "organizations.csv": [service["organization"] for service in (services[0], services[5])],
        "services.csv": [{"id": s["id"], "name": s["name"], "status": "active",
                          "organization_id": s["organization"]["id"]} for s in services],
    }  # fmt: skip
    document = {"one": services[0], "list": services, "page": {"total_items": 7, "contents": services},
                "tabular": tabular}[form]  # fmt: skip
    report = taken(sqlite_database, written(tmp_path, document))
    assert (report.imported, report.quarantined) == (1 if form == "one" else 7, [])


def test_the_same_file_again_only_updates_and_a_changed_one_changes(database: Database, tmp_path: Path) -> None:
    services = [a_service(n) for n in range(6)]
    path = written(tmp_path, services)
    assert taken(database, path).imported == 6
    tables = (directory.programs, directory.organizations, directory.stocks, openings.observations,
              directory_records.criteria, directory_records.contacts, directory_records.locations,
              directory_records.service_at_locations, directory_records.specialisations)  # fmt: skip
    before = [rows(database, table) for table in tables]
    again = taken(database, path)
    assert (again.imported, again.updated, again.quarantined) == (0, 6, [])
    assert [rows(database, table) for table in tables] == before
    services[0]["name"] = "Another name"
    services[0]["status"] = "defunct"
    del services[0]["attributes"]
    taken(database, written(tmp_path, services))
    with database.reading() as tx:
        p = directory.programs
        row = tx.conn.execute(p.select().where(p.c.program_id == services[0]["id"])).one()
        assert (row.listing["name"], row.status) == ("Another name", "closed")
        assert [c.facet for c in directory_criteria.of_program(tx, row.program_id)] == ["age"]


def test_what_our_own_people_decided_is_not_undone_by_the_next_import(database: Database, tmp_path: Path) -> None:
    path = written(tmp_path, a_service())
    taken(database, path)
    decided = {"vetting": "approved", "visibility": "partner", "kind": "emergency_house", "need": "bed",
               "region": "Here", "status": "paused"}  # fmt: skip
    with database.transaction() as tx:
        tx.conn.execute(directory_records.service_at_locations.delete())
        tx.conn.execute(directory.programs.update().values(**decided, confidential=True))
        (first, *_) = directory_criteria.of_program(tx, uid("service 0"))
        directory_criteria.verify(tx, first.criterion_id, "staff", basis="law")
    taken(database, path)
    with database.reading() as tx:
        (row,) = tx.conn.execute(directory.programs.select()).all()
        assert {name: row._mapping[name] for name in decided} == decided
        assert row.confidential
        assert row.facets == {"age": {"min": 18}, "law": ["age"]}
        assert sum(c.verified_at is not None for c in directory_criteria.of_program(tx, row.program_id)) == 1
    assert rows(database, directory_records.service_at_locations) == 0


@pytest.mark.parametrize("mark", [
    {"link_type": "service_type", "value": "emergency_house"},
    {"link_type": "rule", "label": "confidential", "value": "yes"},
])  # fmt: skip
def test_a_confidential_program_has_no_place_in_any_table(database: Database, tmp_path: Path,
                                                          mark: dict[str, str]) -> None:  # fmt: skip
    service = a_service()
    service["attributes"].append({"id": uid("mark"), **mark})
    assert taken(database, written(tmp_path, service)).imported == 1
    with database.reading() as tx:
        for table in directory.metadata.sorted_tables:
            assert "Maple Street" not in repr(tx.conn.execute(table.select()).all()), table.name
        assert tx.conn.execute(directory.programs.select()).one().confidential


BROKEN: dict[str, Any] = {
    "no name": ({"name": None}, "services", "missing: name"),
    "a number as name": ({"name": 7}, "services", "not text: name"),
    "an unknown status": ({"status": "open"}, "services", "impossible: status"),
    "a script as url": ({"url": "javascript:alert(1)"}, "services", "not an address: url"),
    "a control character": ({"name": "a\x00b"}, "services", "not plain text: name"),
    "ages the wrong way": ({"minimum_age": 30, "maximum_age": 20}, "services",
                           "impossible: minimum_age is more than maximum_age"),
    "an unknown organization": ({"organization": None, "organization_id": uid("nobody")}, "services",
                                "dangling key: organization_id"),
    "an organization without words": ({"organization": {"id": uid("o"), "name": "O"}}, "services",
                                      "quarantined: organization_id"),
    "half a bed": ({"capacities": [{**a_service()["capacities"][0], "available": 1.5}]}, "service_capacity",
                   "impossible: available"),
    "minus one": ({"capacities": [{**a_service()["capacities"][0], "available": -1}]}, "service_capacity",
                  "impossible: available"),
    "a count of tomorrow": ({"capacities": [{**a_service()["capacities"][0], "updated": "2030-01-01T00:00:00.000Z"}]},
                            "service_capacity", "impossible: updated is in the future"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_left_out_by_name_and_its_neighbour_comes_in(sqlite_database: Database, tmp_path: Path,
                                                                      name: str) -> None:  # fmt: skip
    changes, table, reason = BROKEN[name]
    report = taken(sqlite_database, written(tmp_path, [a_service(0, **changes), a_service(9)]))
    assert (table, reason) in {(one["table"], one["reason"]) for one in report.quarantined}
    assert report.imported == (1 if table == "services" else 2)


def test_duplicate_ids_are_nobodys_to_choose_between(sqlite_database: Database, tmp_path: Path) -> None:
    head = "id,organization_id,name,status\n"
    twice = f"{uid('a')},{uid('o')},One,active\n{uid('a')},{uid('o')},Two,active\n{uid('b')},{uid('o')},Good,active\n"
    folder = tmp_path / "in"
    folder.mkdir()
    written(folder, f"id,name,description\n{uid('o')},O,An organization\n", "organizations.csv")
    written(folder, head + twice + "short,row\n", "services.csv")
    report = taken(sqlite_database, folder)
    assert report.imported == 1
    assert ("services", uid("a")[:8], "duplicate id") in reasons(report)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("services.csv", b"id,name\n" + b"a" * 30_000_000)


def _cut(path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("services.csv", "id,name\n" * 1000)
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])


REFUSED: dict[str, Any] = {
    "nothing": b"", "spaces": b"  \n ", "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "words": b"dear all,\n",
    "json cut short": b'[{"id": "1", "name": "x"', "json with a comma": b'{"id": 1,}', "a number": b"12",
    "an empty list": b"[]", "no records": b'{"hello": "world"}', "utf-16": "id,name\n".encode("utf-16"),
    "latin-1": "organization,program,kind\ncaf\xe9,x,hotel\n".encode("latin-1"), "a zip cut short": _cut,
    "a bomb": _bomb, "deep": b"[" * 100_000, "deep objects": b'{"a":' * 50_000, "a quote left open": b'id,name\n1,"x',
    "a huge number": b'[{"id": "1", "minimum_age": ' + b"9" * 5000 + b"}]", "nul": b"id,name,status\n\x00,\x00,\x00\n",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_what_it_says_is_refused_counted_and_costs_nothing(
    sqlite_database: Database, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_directory_file, "MOST_BYTES", 1_000_000)
    taken(sqlite_database, written(tmp_path, a_service(), "good.json"))
    path, made = tmp_path / "bad.bin", REFUSED[name]
    made(path) if callable(made) else path.write_bytes(made)
    answer = import_directory(sqlite_database, path)
    if isinstance(answer, Report):
        assert answer.imported == answer.updated == 0
        assert answer.quarantined
    else:
        assert "Nothing was imported." in answer.reason
        with sqlite_database.reading() as tx:
            last = tx.conn.execute(directory_records.imports.select().order_by(directory_records.imports.c.import_id))
            assert last.all()[-1].refused == "unreadable"
    assert rows(sqlite_database, directory.programs) == 1


def _mutations() -> Iterator[Any]:
    junk = st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    )
    names = ["id", "name", "status", "organization", "capacities", "phones", "attributes", "service_at_locations",
             "contacts", "languages", "minimum_age", "program", "metadata"]  # fmt: skip
    yield st.dictionaries(st.sampled_from(names), junk, max_size=4)
    yield st.binary(max_size=300)


JUNK, BYTES = _mutations()
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@FUZZ
@given(changes=JUNK)
def test_no_document_crashes_the_import(sqlite_database: Database, tmp_path: Path, changes: dict[str, Any]) -> None:
    document = json.dumps([a_service(0, **changes), a_service(3)])
    path = tmp_path / "junk.json"
    path.write_bytes(document.encode("utf-8", "surrogatepass"))
    report = import_directory(sqlite_database, path)
    assert isinstance(report, Report | Refused)


@FUZZ
@given(cut=st.integers(0, 2000), junk=BYTES, name=st.sampled_from(["x.json", "x.csv", "x.zip"]))
def test_no_bytes_crash_the_import(sqlite_database: Database, tmp_path: Path, cut: int, junk: bytes, name: str) -> None:
    path = tmp_path / name
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("services.csv", "id,organization_id,name,status\na,b,c,active\n")
    start = whole.getvalue() if name == "x.zip" else json.dumps(a_service()).encode()
    path.write_bytes(start[:cut] + junk)
    assert isinstance(import_directory(sqlite_database, path), Report | Refused)


OURS = {
    "organization": "Maple House", "program": "Maple Nights", "kind": "night_shelter", "region": "San Antonio area",
    "zip3": "780;781", "gender": "women", "age_min": "18", "kids": "no", "phone": "yes", "languages": "en;es",
    "unit": "bed", "maximum": "20", "available": "4", "observed_at": "2026-06-15T16:30:00Z", "setting": "shared_room",
    "specialisations": "lgbtq",
}  # fmt: skip


def ours(tmp_path: Path, *changes: dict[str, str]) -> Path:
    path = tmp_path / "ours.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS))
        writer.writeheader()
        for one in changes:
            writer.writerow({**OURS, **one})
    return path


def test_our_own_csv_is_a_program_a_row(database: Database, tmp_path: Path) -> None:
    path = ours(tmp_path, {}, {"program": "Maple Days", "kind": "legal_aid", "unit": "", "maximum": "",
                               "available": "", "observed_at": ""})  # fmt: skip
    first = taken(database, path)
    assert (first.imported, first.quarantined) == (2, [])
    again = taken(database, path)
    assert (again.imported, again.updated) == (0, 2)
    with database.reading() as tx:
        found = {row.listing["name"]: row for row in tx.conn.execute(directory.programs.select())}
        criteria = directory_criteria.of_program(tx, found["Maple Nights"].program_id)
    night = found["Maple Nights"]
    assert (night.need, night.confidential, night.zip3, night.vetting) == ("bed", True, ["780", "781"], "applied")
    assert night.facets == {"age": {"min": 18}, "gender": ["women"], "kids": False, "phone": True,
                            "languages": ["en", "es"], "setting": "shared_room"}  # fmt: skip
    assert {c.facet for c in criteria} == set(night.facets)
    assert night.traits == list(traits_of(night.facets))
    assert not found["Maple Days"].confidential
    assert (rows(database, directory.stocks), rows(database, openings.observations)) == (1, 1)
    assert search(database, {}) == ()


@pytest.mark.parametrize(("change", "reason"), [
    ({"kind": "castle"}, "impossible: kind or need"), ({"organization": ""}, "missing: organization"),
    ({"available": "21"}, "impossible: available is more than maximum"), ({"phone": "maybe"}, "impossible: phone"),
    ({"observed_at": ""}, "missing: observed_at"), ({"zip3": "78"}, "impossible: zip3"),
    ({"age_min": "-1"}, "impossible: age_min"), ({"setting": "Rosalind's house"}, "impossible: setting"),
    ({"maximum": ""}, "missing: unit or maximum"), ({"program": "a\x07b"}, "not plain text: program"),
])  # fmt: skip
def test_a_wrong_row_of_ours_is_left_out_by_line(sqlite_database: Database, tmp_path: Path, change: dict[str, str],
                                                 reason: str) -> None:  # fmt: skip
    report = taken(sqlite_database, ours(tmp_path, change, {"program": "Good"}))
    assert {"table": "csv", "id": "line 2", "reason": reason} in report.quarantined
    assert report.imported == 1


@settings(FUZZ, max_examples=25)
@given(name=st.text(min_size=1, max_size=30), other=st.sampled_from(["http://x.example", "+12105550100", "9 Oak"]))
def test_no_provider_is_ever_named_in_what_may_be_told(sqlite_database: Database, tmp_path: Path, name: str,
                                                       other: str) -> None:  # fmt: skip
    secret = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", f"{name} {other}").strip()
    named = dict.fromkeys(("program", "organization", "description"), secret)
    import_directory(sqlite_database, ours(tmp_path, named))
    with sqlite_database.transaction() as tx:
        tx.conn.execute(directory.organizations.update().values(vetting="approved"))
        tx.conn.execute(directory.programs.update().values(vetting="approved"))
    for ranked in search(sqlite_database, {}):
        told = (*ranked.candidate.traits,)
        assert all(re.fullmatch(r"[a-z_0-9]{1,20}", trait) for trait in told)
    with sqlite_database.reading() as tx:
        for row in tx.conn.execute(directory.programs.select()):
            assert re.fullmatch(r"P-[A-Z2-7]{6}", row.code_name), "the only name that may leave says nothing"


def test_a_program_of_another_organization_is_not_taken_over(database: Database, tmp_path: Path) -> None:
    taken(database, written(tmp_path, a_service()))
    stolen = a_service(0, organization={"id": uid("thief"), "name": "T", "description": "Another."})
    report = taken(database, written(tmp_path, stolen))
    assert ("services", uid("service 0")[:8], "it belongs to another organization here") in reasons(report)
    with database.reading() as tx:
        (row,) = tx.conn.execute(directory.programs.select()).all()
        assert row.organization_id == uid("organization 0")


def test_one_the_database_refuses_is_left_out_alone(database: Database, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    odd = uid("service 3")

    original = import_hsds._program

    def program(tx: Any, row: dict[str, Any], *rest: Any) -> dict[str, Any]:
        made = original(tx, row, *rest)
        return {**made, "region": None} if row["id"] == odd else made  # what a check of ours might one day miss

    monkeypatch.setattr(import_hsds, "_program", program)
    report = taken(database, written(tmp_path, [a_service(n) for n in range(8)]))
    assert report.imported == 7
    assert report.quarantined == [{"table": "services", "id": odd, "reason": "the database refused it"}]
    assert rows(database, directory.stocks) == 7, "all of a record or nothing"


def test_the_command_prints_one_document_and_progress_beside_it(database: Database, clock: FakeClock,
                                                                tmp_path: Path) -> None:  # fmt: skip
    app = app_on(the_line(database, clock).services)
    cli.register(app)
    runner = app.test_cli_runner()
    good = written(tmp_path, [a_service(n) for n in range(3)])
    done = runner.invoke(args=["directory", "import", str(good), "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"imported": 3, "updated": 0, "quarantined": []})
    assert "4 of 4" in done.stderr
    refused = runner.invoke(args=["directory", "import", str(written(tmp_path, "dear", "x.csv")), "--json"])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Nothing was imported." in refused.stderr
    assert "dangling key: unit_id" in runner.invoke(args=["directory", "import", str(EXAMPLES)]).stdout
    exported = runner.invoke(args=["directory", "export", "--as", "public", str(tmp_path / "out.zip")])
    assert (exported.exit_code, zipfile.is_zipfile(tmp_path / "out.zip")) == (0, True)
