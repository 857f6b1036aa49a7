"""Do staff's words about a program take hold: sorted, hidden, shown field by field, and asked about again in time?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.clock import FakeClock
from bot.store import directory, directory_criteria, directory_program, directory_records, staff
from bot.store.db import Database
from bot.usecases.edit_program import edit_program
from bot.usecases.mark_field import mark_field
from bot.usecases.verify_criterion import verify_criterion
from tests.directory.test_import import a_service, rows, taken, uid, written

PROGRAM = uid("service 0")


@pytest.fixture
def somebody(database: Database, tmp_path: Path) -> str:
    taken(database, written(tmp_path, a_service()))
    with database.transaction() as tx:
        return staff.add(tx, email="dora@x.example", alias="Dora", roles=["directory"])


def test_a_program_that_is_said_to_be_a_home_is_hidden_in_that_moment(database: Database, somebody: str) -> None:
    assert rows(database, directory_records.locations) == 1
    said = {"kind": "safe_house", "region": "San Antonio area", "zip3": ["782"], "visibility": "partner"}
    assert edit_program(database, program_id=PROGRAM, staff_id=somebody, changes=said) is None
    for table in (directory_records.locations, directory_records.service_at_locations):
        assert rows(database, table) == 0
    with database.reading() as tx:
        (row,) = tx.conn.execute(directory.programs.select()).all()
    assert (row.need, row.confidential, row.zip3, row.vetting) == ("bed", True, ["782"], "applied")


@pytest.mark.parametrize("changes", [
    {"kind": "castle"}, {"kind": "safe_house", "need": "legal"}, {"visibility": "everybody"}, {"zip3": ["78201"]},
    {"region": " "}, {"region": "x" * 61}, {"vetting": "approved"}, {"status": "open"},
])  # fmt: skip
def test_a_wrong_word_changes_nothing(database: Database, somebody: str, changes: dict[str, object]) -> None:
    assert edit_program(database, program_id=PROGRAM, staff_id=somebody, changes=changes) is not None
    with database.reading() as tx:
        (row,) = tx.conn.execute(directory.programs.select()).all()
    assert (row.kind, row.visibility, row.vetting) == ("unsorted", "private", "applied")


def test_only_whose_work_it_is(database: Database, somebody: str) -> None:
    with database.transaction() as tx:
        advocate = staff.add(tx, email="ana@x.example", alias="Ana", roles=["advocate"])
    for who in (advocate, "nobody"):
        assert edit_program(database, program_id=PROGRAM, staff_id=who, changes={"status": "paused"}) is not None
        assert mark_field(database, subject_id=PROGRAM, field="name", staff_id=who, visibility="public") is not None
    assert edit_program(database, program_id="none", staff_id=somebody, changes={}) is not None
    wrong = ((PROGRAM, "vetting", "public"), (PROGRAM, "name", "all"), ("none", "name", None))
    for subject, field, visibility in wrong:
        marked = mark_field(database, subject_id=subject, field=field, staff_id=somebody, visibility=visibility)
        assert marked is not None


def test_a_field_has_its_own_clock_and_its_own_readers(database: Database, somebody: str, clock: FakeClock) -> None:
    for field, visibility in (("facets.age", None), ("phones", "private")):
        assert mark_field(database, subject_id=PROGRAM, field=field, staff_id=somebody, visibility=visibility,
                          verified=True) is None  # fmt: skip
    assert mark_field(database, subject_id=PROGRAM, field="phones", staff_id=somebody, visibility="public") is None
    assert rows(database, directory_records.field_marks) == 2
    clock.advance(timedelta(days=91))
    with database.reading() as tx:
        assert [mark.field for mark in directory_program.marks_due(tx)] == ["facets.age"], "criteria: ninety days"
    clock.advance(timedelta(days=300))
    with database.reading() as tx:
        assert {(mark.field, mark.visibility) for mark in directory_program.marks_due(tx)} == {
            ("facets.age", None), ("phones", "public"),
        }  # fmt: skip


def test_a_draft_is_read_by_nobody_until_somebody_asked(database: Database, somebody: str) -> None:
    with database.reading() as tx:
        drafts = {one.facet: one for one in directory_criteria.of_program(tx, PROGRAM)}
        assert tx.conn.execute(directory.programs.select()).one().facets == {}
    curfew = drafts["curfew"].criterion_id
    assert verify_criterion(database, criterion_id=curfew, staff_id=somebody, basis="mood") is not None
    assert verify_criterion(database, criterion_id=curfew, staff_id="nobody", basis="policy") is not None
    assert verify_criterion(database, criterion_id="none", staff_id=somebody, basis="policy") is not None
    assert verify_criterion(database, criterion_id=curfew, staff_id=somebody, basis="funder") is None
    with database.reading() as tx:
        assert tx.conn.execute(directory.programs.select()).one().facets == {"curfew": True}
        assert {one.facet: one.basis for one in directory_criteria.of_program(tx, PROGRAM)}["curfew"] == "funder"
