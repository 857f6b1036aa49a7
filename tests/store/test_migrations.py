"""Do the steps lead to the tables, and back, with rows in them, on both databases, for two processes at once?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, create_engine, func, inspect, select, text

from bot.store import schema
from bot.store.conversations import conversations
from bot.store.db import make_engine
from bot.store.people import people
from tests.conftest import STEPS_BEHIND
from tests.store.rows import fill

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.sqlite3'}"
    return str(request.getfixturevalue("empty_postgres_url"))


both = pytest.mark.parametrize("empty_url", ["sqlite", "postgres"], indirect=True)


def _shape(url: str) -> dict[str, Any]:
    """Everything the database itself knows of its tables, in an order of ours."""
    engine = create_engine(url)
    inspector = inspect(engine)
    shape = {name: _table(inspector, name) for name in inspector.get_table_names() if name != "alembic_version"}
    engine.dispose()
    return shape


def _table(inspector: Inspector, name: str) -> dict[str, Any]:
    columns, indexes = inspector.get_columns(name), inspector.get_indexes(name)
    return {
        "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in columns],
        "primary": inspector.get_pk_constraint(name)["constrained_columns"],
        "foreign": sorted(map(str, inspector.get_foreign_keys(name))),
        "unique": sorted(map(str, inspector.get_unique_constraints(name))),
        "checks": sorted(map(str, inspector.get_check_constraints(name))),
        "indexes": sorted((str(i["name"]), i["column_names"], i["unique"], _where(i)) for i in indexes),
    }


def _where(index: Any) -> str:
    options = index.get("dialect_options", {})
    return " ".join(str(value) for key, value in options.items() if key.endswith("_where"))


@both
def test_the_steps_lead_to_the_tables(empty_url: str, tmp_path: Path) -> None:
    schema.upgrade(empty_url)
    engine = make_engine(empty_url)
    with engine.connect() as conn:
        difference = compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), schema.metadata)
    assert not difference, STEPS_BEHIND
    migrated = _shape(empty_url)
    schema.downgrade(empty_url, "base")
    schema.metadata.create_all(engine)
    engine.dispose()
    # What autogenerate does not see: checks, the conditions of partial indexes, what a deleted parent does.
    assert migrated == _shape(empty_url), STEPS_BEHIND
    assert any(_["checks"] for _ in migrated.values())
    assert ("uq_handoffs_open", ["conversation_id"]) in [index[:2] for index in migrated["handoffs"]["indexes"]]


@both
def test_every_step_goes_down_and_up_again(empty_url: str) -> None:
    engine = make_engine(empty_url)
    with engine.connect() as conn:
        steps = list(ScriptDirectory.from_config(schema.config(conn)).walk_revisions())[::-1]
    engine.dispose()
    assert steps
    before: dict[str, Any] = {}
    for step in steps:
        schema.upgrade(empty_url, step.revision)
        after = _shape(empty_url)
        schema.downgrade(empty_url, str(step.down_revision or "base"))
        assert _shape(empty_url) == before, f"{step.revision} does not go down to what was there before it"
        schema.upgrade(empty_url, step.revision)
        assert _shape(empty_url) == after, f"{step.revision} does not come up again"
        before = after


@both
def test_up_down_and_up_with_rows_in_every_table(empty_url: str, open_database: Any) -> None:
    schema.upgrade(empty_url)
    for _ in range(2):
        database = open_database(empty_url)
        with database.transaction() as tx:
            filled = fill(tx)
        with database.reading() as tx:
            for table in schema.metadata.sorted_tables:
                assert tx.conn.execute(select(func.count()).select_from(table)).scalar() == 1, table.name
        assert set(filled.ids) == set(schema.metadata.tables)
        database.engine.dispose()
        schema.upgrade(empty_url)  # a second start of the line changes nothing
        schema.downgrade(empty_url, "base")
        assert _shape(empty_url) == {}
        schema.upgrade(empty_url)


def test_every_file_with_a_table_is_part_of_the_schema() -> None:
    with_tables = {path.stem for path in (ROOT / "bot" / "store").glob("*.py") if " = Table(" in path.read_text()}
    assert with_tables == {aggregate.__name__.rpartition(".")[2] for aggregate in schema.AGGREGATES}


@both
def test_the_doctor_can_tell_how_far_a_database_is(empty_url: str) -> None:
    engine = make_engine(empty_url)
    assert not schema.is_current(engine)
    schema.upgrade(empty_url)
    assert schema.is_current(engine)
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not schema.is_current(engine)
    engine.dispose()


def test_on_sqlite_a_copied_table_takes_nobody_elses_rows_along(sqlite_url: str, open_database: Any) -> None:
    # SQLite changes a column by copying the table and dropping the old one, and a drop deletes what refers to it.
    database = open_database(sqlite_url)
    with database.transaction() as tx:
        fill(tx, only={"people", "conversations"})
    database.engine.dispose()
    with schema.migrating(sqlite_url) as conn:
        operations = Operations(MigrationContext.configure(conn))
        with operations.batch_alter_table("people", recreate="always"):
            pass
    with database.reading() as tx:
        assert tx.conn.execute(select(func.count()).select_from(conversations)).scalar() == 1


def test_on_sqlite_a_step_that_orphans_rows_is_taken_back(sqlite_url: str, open_database: Any) -> None:
    database = open_database(sqlite_url)
    with database.transaction() as tx:
        fill(tx, only={"people", "conversations"})
    database.engine.dispose()
    with pytest.raises(RuntimeError, match="conversations"), schema.migrating(sqlite_url) as conn:
        conn.execute(people.delete())
    with database.reading() as tx:
        assert tx.conn.execute(select(func.count()).select_from(people)).scalar() == 1


@both
def test_a_step_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    with pytest.raises(ZeroDivisionError), schema.migrating(empty_url) as conn:
        _half_a_step(conn)
    assert _shape(empty_url) == {}


def _half_a_step(conn: Connection) -> None:
    people.create(conn)
    raise ZeroDivisionError


@both
def test_three_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    program = (
        "import sys; from bot.store import schema; print('ready', flush=True); sys.stdin.readline(); "
        f"schema.upgrade({empty_url!r})"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, text=True, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
    assert set(_shape(empty_url)) == set(schema.metadata.tables)
