"""Is it always somebody's, with a clock? Every place and trigger has a first and a backup; a flag is a task."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.clock import FakeClock
from bot.rules.protocols import OF_FLAGS, TRIGGERS, ProtocolError, Protocols, jurisdiction_of
from bot.store import handoffs, messages, staff, tasks
from bot.store.db import Database
from bot.usecases.climb_tasks import climb_tasks
from bot.usecases.finish_task import finish_task
from bot.usecases.fire_protocol import fire_protocol, protocols
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import Pages

DATA = Path(__file__).parents[2] / "bot" / "protocols.toml"
STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AS MP"
).split()


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    return the_line(database, clock)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_everywhere_has_a_first_and_a_backup_for_every_trigger(trigger: str) -> None:
    for state in STATES:
        row = protocols().lookup(f"US-{state}", trigger)
        assert row.first and row.backup and row.first != row.backup, state  # noqa: PT018
        assert 0 < row.backup_after_minutes < row.due_minutes, state
        assert row.source and row.consent, state  # noqa: PT018


def test_every_state_the_district_and_the_territories_name_their_own_intake() -> None:
    assert len(STATES) == 56
    own = {state for state in STATES if protocols().has_own(f"US-{state}", "minor")}
    assert own == set(STATES)
    assert len({protocols().lookup(f"US-{state}", "minor").first for state in STATES}) == len(STATES)


def test_the_most_specific_row_wins_and_parents_fill_the_gaps() -> None:
    texas, county = protocols().lookup("US-TX", "minor"), protocols().lookup("US-TX-453", "minor")
    assert "Texas" in texas.first
    assert texas.consent == protocols().lookup("US", "minor").consent
    assert county.first == texas.first
    assert "tribe" in protocols().lookup("US-TRIBAL-navajo", "minor").first
    assert protocols().lookup("CA-ON", "danger").jurisdiction == "US"
    with pytest.raises(ProtocolError):
        protocols().lookup("US", "nonsense")


def test_a_row_nobody_has_verified_for_a_year_is_shown_in_red(clock: FakeClock) -> None:
    today = clock.now().date()
    document = tomllib.loads(DATA.read_text(encoding="utf-8"))
    for row in document["protocol"]:
        row["verified_at"], row["verified_by"] = today - timedelta(days=366), "somebody"
    assert Protocols(document).lookup("US", "minor").must_be_confirmed(today)
    document["protocol"][3]["verified_at"] = today
    assert not Protocols(document).lookup("US", "minor").must_be_confirmed(today)
    assert protocols().lookup("US", "minor").must_be_confirmed(today), "ours are not verified, and say so"
    one = {"jurisdiction": "US", "trigger": "minor"}.items()
    fresh = tomllib.loads(DATA.read_text(encoding="utf-8"))
    next(row for row in fresh["protocol"] if one <= row.items())["verified_at"] = today
    assert Protocols(fresh).unconfirmed(today) == protocols().unconfirmed(today) - 1
    assert Protocols(fresh).lookup("US-TX", "minor").must_be_confirmed(today), "its parent's date is not its own"


@pytest.mark.parametrize("change", ["twice", "column", "trigger", "last resort"])
def test_a_wrong_row_stops_the_start(change: str) -> None:
    document = tomllib.loads(DATA.read_text(encoding="utf-8"))
    rows = document["protocol"]
    match change:
        case "twice":
            rows.append(dict(rows[0]))
        case "column":
            rows[0]["telephone"] = "1"
        case "trigger":
            rows[0]["trigger"] = "other"
        case _:
            del rows[0]["backup"]
    with pytest.raises(ProtocolError):
        Protocols(document)


@given(st.dictionaries(st.sampled_from(["zip3", "zip3s", "far"]), st.one_of(st.text(), st.lists(st.text()), st.none())))
def test_an_area_is_one_state_or_the_country(area: dict[str, object]) -> None:
    states = {"tx": frozenset({"782", "733"}), "ok": frozenset({"733", "730"})}
    assert jurisdiction_of(area, states) in ("US", "US-TX", "US-OK")
    assert jurisdiction_of({"zip3": "782"}, states) == "US-TX"
    assert jurisdiction_of({"zip3": "733"}, states) == "US", "in two states it is neither"
    assert jurisdiction_of(None, states) == "US"


def _staffed(database: Database) -> tuple[str, str]:
    with database.transaction() as tx:
        ana = staff.add(tx, email="ana@x.example", alias="Ana", roles=["advocate"])
        lead = staff.add(tx, email="marta@x.example", alias="Marta", roles=["lead"])
        staff.begin_shift(tx, ana, tx.now + timedelta(hours=8))
    return ana, lead


def test_a_flag_opens_one_task_for_a_named_human_in_its_own_turn(line: TheLine, database: Database) -> None:
    ana, lead = _staffed(database)
    line.text("hi")
    line.text("im 15 and i need help")
    line.text("i am 15")
    with database.reading() as tx:
        (task,) = tasks.list_open(tx, kind="protocol")
        assert (task.trigger, task.assigned_to, task.backup_id) == ("minor", ana, lead)
        assert task.opened_at < task.backup_at < task.due_at  # type: ignore[operator]
        script = tasks.script_of(tx, task.task_id)
        assert script is not None
        assert "child protection" in script
        sent = tx.conn.execute(messages.messages.select()).all()
        texts = [tx.keys.open("messages.body", m.message_id, m.body) for m in sent if m.direction == "out"]
    assert not any("child protection" in text for text in texts), "no row is ever sent to a phone"


def test_the_state_is_the_persons_own_word_and_never_their_number(line: TheLine, database: Database) -> None:
    _staffed(database)
    line.text("hi")
    with database.transaction() as tx:
        (conversation,) = tx.conn.execute(handoffs.handoffs.metadata.tables["conversations"].select()).all()
        at = conversation.conversation_id
        task_id = fire_protocol(tx, line.services, at, "minor", {"area": {"zip3": "782"}})
        assert task_id is not None
        assert "Texas" in (tasks.script_of(tx, task_id) or "")
        assert fire_protocol(tx, line.services, at, "minor", {}) is None, "open already"
        other = fire_protocol(tx, line.services, at, "missing_child", {})
        assert "Where: US\n" in (tasks.script_of(tx, other or "") or "")
    assert PERSON.startswith("+1210"), "a number of Texas says nothing of where somebody is"


def test_a_late_task_climbs_and_rings_until_a_name_closes_it(line: TheLine, database: Database,
                                                             clock: FakeClock) -> None:  # fmt: skip
    ana, lead = _staffed(database)
    pages = line.services.pager
    line.text("hi")
    with database.transaction() as tx:
        at = tx.conn.execute(handoffs.handoffs.metadata.tables["conversations"].select()).one().conversation_id
        task_id = fire_protocol(tx, line.services, at, "minor", {}) or ""
    assert climb_tasks(database, line.services) == 0
    seen = []
    for _ in range(6):
        clock.advance(timedelta(minutes=16))
        assert climb_tasks(database, line.services) == 1
        assert climb_tasks(database, line.services) == 0, "once, however many clocks there are"
        with database.reading() as tx:
            task = tasks.get(tx, task_id)
            assert task is not None
            seen.append(task.assigned_to)
    assert set(seen) == {ana, lead}
    assert isinstance(pages, Pages) is False or pages.paged
    assert finish_task(database, task_id=task_id, staff_id=ana, outcome="done") is not None, "without its number"
    assert finish_task(database, task_id=task_id, staff_id="nobody", outcome="done", note="x") is not None
    assert finish_task(database, task_id=task_id, staff_id=ana, outcome="done", note="TX-4711, Ana, 12:05") is None
    assert finish_task(database, task_id=task_id, staff_id=ana, outcome="done", note="again") is not None
    clock.advance(timedelta(days=1))
    assert climb_tasks(database, line.services) == 0
    with database.reading() as tx:
        assert tasks.note_of(tx, task_id) == "TX-4711, Ana, 12:05"


def test_only_what_a_machine_may_see_is_fired_by_a_machine() -> None:
    assert set(OF_FLAGS) == {"danger", "suicide", "medical", "minor"}
    assert set(OF_FLAGS.values()) <= set(TRIGGERS)
