"""Is a person who is to be forgotten gone from every table, and does the one promise that must outlive them stand?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import Result
from sqlalchemy import String, func, select

from bot import cli
from bot.adapters.clock import FakeClock
from bot.errors import SendError
from bot.store import audit, campaigns, consent, conversations, directory, handoffs, openings, people, tasks
from bot.store.db import Database, new_id
from bot.store.schema import metadata
from bot.usecases.forget import Forgotten, forget, look
from bot.usecases.hold import Asked, ask
from bot.usecases.receive import Outcome
from bot.usecases.refusal import Refused
from bot.usecases.seed import add_demo_directory
from tests.directory.test_report_opening import CEDAR
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import app_on

OTHER = "+12105550143"
KEPT = ("audit", "suppressions")
"""What outlives a person: ids of rows that are gone, and a keyed hash."""


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


def lives_in_every_table(line: TheLine, number: str = PERSON) -> frozenset[str]:
    """Somebody about whom there is a row of every kind; returns every id that is theirs."""
    line.text("hi", sender=number)
    line.text("I need a person", sender=number)
    line.deliver()
    staff_id = line.somebody_on_shift("Ana" if number == PERSON else "Luis")
    with line.database.transaction() as tx:
        person = people.find(tx, number)
        assert person is not None
        talk = conversations.open_of(tx, person.person_id)
        assert talk is not None
        handoffs.add_note(tx, conversation_id=talk, staff_id=staff_id, body="her sister drives")
        directory.add_offers(tx, talk, {"A": ("demo-cedar-1", tx.now)})
        consent.release(tx, person.person_id, items="adult, tonight", hours=72)
        campaign_id = new_id()
        tx.conn.execute(
            campaigns.campaigns.insert(),
            {"campaign_id": campaign_id, "name": b"x", "state": "draft", "key": "O1", "area": b"x", "sender": b"x",
             "window_from": 9, "window_to": 20, "report": {}, "author_id": staff_id, "created_at": tx.now,
             "provenance": "own"},
        )  # fmt: skip
        tx.conn.execute(
            campaigns.recipients.insert(),
            {"recipient_id": new_id(), "campaign_id": campaign_id, "person_id": person.person_id,
             "basis": "opted_in", "language": "en", "state": "released", "released_at": tx.now, "nth": 1,
             "silence_ends_at": tx.now},
        )  # fmt: skip
    asked = ask(line.database, line.services, conversation_id=talk, stock_id="demo-cedar-1-room", staff_id=staff_id)
    assert isinstance(asked, Asked)
    return frozenset({person.person_id, person.phone_key, talk})


def tables_with(line: TheLine, ids: frozenset[str]) -> set[str]:
    """Every table in which one of these ids stands in any column."""
    found = set()
    with line.database.reading() as tx:
        for table in metadata.sorted_tables:
            columns = [c for c in table.columns if isinstance(c.type, String)]
            rows = tx.conn.execute(select(*columns)).all()
            if any(not ids.isdisjoint(str(value) for value in row) for row in rows):
                found.add(table.name)
    return found


def test_nothing_of_the_person_stays_and_nobody_else_loses_a_row(line: TheLine) -> None:
    theirs, others = lives_in_every_table(line), lives_in_every_table(line, OTHER)
    before = tables_with(line, others)
    assert before >= {"people", "conversations", "messages", "notes", "offers", "holds", "releases", "handoffs",
                      "recipients", "consent"}  # fmt: skip
    done = forget(line.database, line.services, PERSON)
    assert set(done.destroyed) == before - set(KEPT) - {"arrivals"}  # which stays as a number of its month
    assert tables_with(line, theirs) <= {"audit"}
    assert tables_with(line, others) == before
    assert (done.suppressed, done.open_handoff) == (False, True)
    with line.database.reading() as tx:
        assert tx.conn.execute(select(func.count()).where(audit.audit.c.act == "person_forgotten")).scalar() == 1


def test_the_carriers_copies_are_emptied_too(line: TheLine) -> None:
    lives_in_every_table(line)
    sid = line.carrier.receive(PERSON, "he comes back at 6")
    line.text("he comes back at 6", sid=sid)
    done = forget(line.database, line.services, PERSON)
    since = line.clock.now() - timedelta(days=1)
    seen = [*line.carrier.look_up(to=PERSON, since=since), *line.carrier.inbound_since(since)]
    assert len(seen) >= 2
    assert {message.body for message in seen} == {""}
    assert done.left_at_carrier == ()


def test_what_the_carrier_cannot_empty_now_is_named_by_its_own_id(
    line: TheLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.text("hi", sid="SM" + "1" * 32)

    def busy(_sid: str) -> None:
        raise SendError(20009, "later", "The carrier is still at work on this text.")

    monkeypatch.setattr(line.carrier, "redact", busy)
    done = forget(line.database, line.services, PERSON)
    assert (done.emptied, done.left_at_carrier) == (0, ("SM" + "1" * 32,))
    with line.database.reading() as tx:
        assert people.find(tx, PERSON) is None


def test_a_stop_outlives_them(line: TheLine) -> None:
    line.text("hi")
    line.text("STOP")
    assert forget(line.database, line.services, PERSON).suppressed
    with line.database.reading() as tx:
        assert consent.is_suppressed(tx, tx.keys.index("phone", PERSON))
    assert line.text("hello again") is Outcome.STOP
    assert line.said() == []


def test_twice_is_once_and_a_stranger_is_nobody(line: TheLine) -> None:
    line.text("hi")
    forget(line.database, line.services, PERSON)
    again = forget(line.database, line.services, PERSON)
    assert (again.destroyed, again.emptied) == ({}, 0)
    assert line.text("hi") is Outcome.TAKEN  # they may come back, as somebody new
    assert [m["direction"] for m in line.shows()["messages"]] == ["in", "out"]


def test_the_place_asked_for_them_is_free_again_and_the_provider_hears_it(line: TheLine) -> None:
    lives_in_every_table(line)
    forget(line.database, line.services, PERSON)
    assert line.said(CEDAR)[-1] == "PU10"
    with line.database.reading() as tx:
        assert openings.active_holds(tx, "demo-cedar-1-room") == 0


def typed(line: TheLine, *words: str) -> Result:
    app = app_on(line.services)
    cli.register(app)
    return app.test_cli_runner().invoke(args=["forget", *words])


def test_the_command_shows_first_and_does_it_with_yes(line: TheLine) -> None:
    line.text("hi")
    shown = typed(line, "(210) 555-0142")
    assert shown.exit_code == 1
    assert shown.stdout.startswith("Would be destroyed: 2 messages, 1 conversations, 1 consent, 1 people.")
    assert look(line.database, PERSON).destroyed
    done = typed(line, PERSON, "--yes", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["destroyed"] == {"messages": 2, "conversations": 1, "consent": 1, "people": 1}
    assert PERSON not in shown.output + done.output
    gone = typed(line, PERSON, "--yes")
    assert (gone.exit_code, gone.stdout.splitlines()[0]) == (0, "There is nothing of this number to destroy.")
    assert typed(line, "nonsense", "--yes").exit_code == 1


def test_a_providers_number_keeps_its_place_in_the_directory(line: TheLine) -> None:
    line.text("3", sender=CEDAR)
    assert "still takes counts for Cedar-1" in typed(line, CEDAR, "--yes").stdout
    assert line.text("3", sender=CEDAR) is Outcome.PROVIDER


def a_duty(line: TheLine, trigger: str = "minor") -> str:
    """Somebody must report by law about the person the line talks with; returns the task."""
    with line.database.transaction() as tx:
        person = people.find(tx, PERSON)
        assert person is not None
        return tasks.open_task(
            tx, kind="protocol", trigger=trigger, conversation_id=conversations.open_of(tx, person.person_id),
            due_at=tx.now, backup_at=tx.now, assigned_to="s" * 32, script="First: the intake of the state.",
        )  # fmt: skip


def test_a_duty_to_report_is_done_or_handed_over_before_anybody_is_erased(line: TheLine) -> None:
    line.text("hi")
    task_id = a_duty(line)
    assert isinstance(forget(line.database, line.services, PERSON), Refused)
    assert "must know first" in typed(line, PERSON).stdout
    refused = typed(line, PERSON, "--yes")
    assert (refused.exit_code, "--duty-told" in refused.output) == (1, True)
    assert look(line.database, PERSON).destroyed
    assert typed(line, PERSON, "--yes", "--duty-told").exit_code == 0
    with line.database.reading() as tx:
        assert people.find(tx, PERSON) is None
        kept = tasks.get(tx, task_id)
        assert kept is not None
        assert (kept.conversation_id, kept.hold_id, kept.done_at) == (None, None, None)
        assert kept.assigned_to
        assert tasks.script_of(tx, task_id) == "First: the intake of the state."
        assert [task.task_id for task in tasks.late(tx)] == [task_id]  # it still has its alarm


def test_the_proof_of_a_report_outlives_the_person_and_a_machines_alarm_does_not(line: TheLine) -> None:
    line.text("hi")
    reported, alarm = a_duty(line), a_duty(line, "danger")
    with line.database.transaction() as tx:
        tasks.finish(tx, reported, done_by="s" * 32, outcome="done", note="No. 7")
    assert isinstance(forget(line.database, line.services, PERSON), Forgotten)
    with line.database.reading() as tx:
        assert tasks.get(tx, alarm) is None
        assert tasks.note_of(tx, reported) == "No. 7"
        found = tasks.get(tx, reported)
    assert found is not None
    assert (found.conversation_id, found.outcome) == (None, "done")
