"""Is nothing matched that two people have not approved, and is a suspension in force before anybody is sent there?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.adapters.clock import FakeClock
from bot.rules.vetting import HEADINGS, share_verified
from bot.store import conversations, directory, directory_vetting, holds, openings, staff, tasks, vetting
from bot.store.db import Database
from bot.usecases.find_openings import search
from bot.usecases.refusal import Refused
from bot.usecases.suspend_program import suspend_program
from bot.usecases.vet_organization import apply_for, approve, move_on, record_visit
from tests.usecases.line import TheLine, the_line

ANSWERS = dict.fromkeys(HEADINGS, "In their own words.")


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        directory.add_organization(tx, organization_id="house", name="House", vetting="applied")
        for name in ("Cedar-1", "Birch-1"):
            directory.add_program(
                tx, program_id=name, organization_id="house", code_name=name, need="bed", kind="emergency_house",
                region="Here", zip3=[], facets={}, traits=[], confidential=True, vetting="applied",
            )  # fmt: skip
            directory.add_stock(tx, stock_id=name, program_id=name, unit="bed", maximum=9)
            openings.observe(tx, stock_id=name, available=3, via="call")
        for name in ("one", "two", "three"):
            staff.add(tx, email=f"{name}@x.example", alias=name, roles=["directory"])
    return the_line(database, clock)


def _who(database: Database, name: str) -> str:
    with database.reading() as tx:
        found = staff.find_by_email(tx, f"{name}@x.example")
    assert found is not None
    return found.staff_id


def _matched(database: Database) -> set[str]:
    return {ranked.candidate.program_id for ranked in search(database, {})}


def _visited(database: Database) -> str:
    """An application that has come as far as its visit; `one` recruited them."""
    one = _who(database, "one")
    application_id = apply_for(database, organization_id="house", staff_id=one, answers=ANSWERS, recruited=True)
    assert isinstance(application_id, str)
    for to in ("in_review", "references", "site_visit"):
        assert move_on(database, application_id=application_id, to=to, staff_id=one) is None
    return application_id


def _approved(database: Database) -> str:
    application_id = _visited(database)
    two, three = _who(database, "two"), _who(database, "three")
    assert record_visit(database, application_id=application_id, body="State team", outcome="good", staff_id=two,
                        evidence="They were there.") is None  # fmt: skip
    assert approve(database, application_id=application_id, staff_id=two) == "first"
    assert _matched(database) == set(), "one yes is none"
    assert approve(database, application_id=application_id, staff_id=three) == "approved"
    return application_id


def test_two_people_a_visit_and_four_answers(line: TheLine, database: Database, clock: FakeClock) -> None:
    application_id = _approved(database)
    assert _matched(database) == {"Cedar-1", "Birch-1"}
    with database.reading() as tx:
        counts = vetting.funnel(tx, clock.now() - timedelta(days=30))
        assert (counts["applied"], counts["visit"], counts["approved"], counts["declined"]) == (1, 1, 1, 0)
        assert vetting.answers_of(tx, application_id) == ANSWERS
        assert share_verified(directory_vetting.verified_dates(tx), clock.now()) == 1.0
    clock.advance(timedelta(days=366))
    with database.reading() as tx:
        assert share_verified(directory_vetting.verified_dates(tx), clock.now()) == 0.0
        assert set(directory_vetting.due_again(tx)) == {"Cedar-1", "Birch-1"}


def test_every_shortcut_is_refused(line: TheLine, database: Database) -> None:
    application_id = _visited(database)
    one, two = _who(database, "one"), _who(database, "two")
    refused = approve(database, application_id=application_id, staff_id=two)
    assert isinstance(refused, Refused)
    assert "visit" in refused.reason
    for body in ("Quietline", "house"):  # our own people, or the provider's
        record_visit(database, application_id=application_id, body=body, outcome="good", staff_id=two, evidence="")
        assert isinstance(approve(database, application_id=application_id, staff_id=two), Refused)
    record_visit(database, application_id=application_id, body="State team", outcome="bad", staff_id=two, evidence="")
    assert isinstance(approve(database, application_id=application_id, staff_id=two), Refused)
    record_visit(database, application_id=application_id, body="State team", outcome="good", staff_id=two, evidence="")
    assert isinstance(approve(database, application_id=application_id, staff_id=one), Refused), "who recruited them"
    assert approve(database, application_id=application_id, staff_id=two) == "first"
    assert isinstance(approve(database, application_id=application_id, staff_id=two), Refused), "the same person twice"
    assert isinstance(approve(database, application_id=application_id, staff_id="nobody"), Refused)
    assert move_on(database, application_id=application_id, to="approved", staff_id=two) is not None
    assert _matched(database) == set()


def test_answers_that_are_missing_and_programs_nobody_sorted_are_refused(line: TheLine, database: Database) -> None:
    two = _who(database, "two")
    application_id = apply_for(database, organization_id="house", staff_id=two, answers={"collaboration": "Yes."})
    assert isinstance(application_id, str)
    for to in ("in_review", "references", "site_visit"):
        assert move_on(database, application_id=application_id, to=to, staff_id=two) is None
    record_visit(database, application_id=application_id, body="State team", outcome="good", staff_id=two, evidence="")
    refused = approve(database, application_id=application_id, staff_id=two)
    assert isinstance(refused, Refused)
    assert "victim centredness" in refused.reason
    apply_for(database, organization_id="house", staff_id=two, answers=ANSWERS)
    with database.transaction() as tx:
        tx.conn.execute(directory.programs.update().values(kind="unsorted"))
    refused = approve(database, application_id=application_id, staff_id=two)
    assert isinstance(refused, Refused)
    assert "kind" in refused.reason


def test_the_database_refuses_one_person_twice(database: Database, line: TheLine) -> None:
    application_id = _visited(database)
    update = vetting.applications.update().where(vetting.applications.c.application_id == application_id)
    for values in ({"approved_by": "a", "seconded_by": "a"}, {"state": "approved"}):
        with pytest.raises(IntegrityError), database.transaction() as tx:
            tx.conn.execute(update.values(**values))


def test_a_suspension_is_in_force_at_once_and_every_live_referral_is_a_task(line: TheLine, database: Database) -> None:
    _approved(database)
    line.text("hi")
    with database.transaction() as tx:
        (talk,) = tx.conn.execute(conversations.conversations.select()).all()
        hold_id = holds.add(tx, short_id="A1", stock_id="Cedar-1", conversation_id=talk.conversation_id, staff_id="s",
                            hours=4, answer_by=tx.now + timedelta(hours=1))  # fmt: skip
        directory.add_offers(tx, talk.conversation_id, {"A": ("Cedar-1", tx.now), "B": ("Birch-1", tx.now)})
        stored = conversations.load(tx, talk.conversation_id)
        assert stored is not None
        stored.conversation.answers["choice"] = "B"  # type: ignore[index]
        mind = conversations.seal_mind(tx, talk.conversation_id, stored.conversation)
        tx.conn.execute(conversations.conversations.update().values(mind=mind))
    one = _who(database, "one")
    assert suspend_program(database, staff_id=one, program_id="Cedar-1", evidence="A complaint.") == 1
    assert _matched(database) == {"Birch-1"}
    assert isinstance(suspend_program(database, staff_id=one, program_id="Cedar-1"), Refused)
    assert suspend_program(database, staff_id=one, organization_id="house") == 2
    assert _matched(database) == set()
    with database.reading() as tx:
        opened = tasks.list_open(tx, kind="referral_of_suspended")
    assert {(task.program_id, task.hold_id) for task in opened} == {
        ("Cedar-1", hold_id), ("Birch-1", None),
    }  # fmt: skip
    assert isinstance(suspend_program(database, staff_id="nobody", organization_id="house"), Refused)
