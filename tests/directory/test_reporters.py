"""Who may text a count? A number that was asked and said yes; not one that staff only typed, and not one removed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.store import directory, reporter_invites
from bot.store.db import Database
from bot.store.reporter_invites import STANDS
from bot.usecases.invite_reporter import invite_reporter
from bot.usecases.receive import Outcome
from bot.usecases.refusal import Refused
from bot.usecases.remove_reporter import remove_reporter
from bot.usecases.seed import add_demo_directory
from tests.directory.test_report_opening import BIRCH, room, says
from tests.usecases.line import TheLine, the_line
from tests.web.line import add_account

NUMBER = "+12105550177"


@pytest.fixture
def line(sqlite_database: Database, clock: FakeClock) -> TheLine:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(sqlite_database, clock)


@pytest.fixture
def dina(line: TheLine) -> str:
    return add_account(line.database, "dina@example.org", "Dina", "directory")


def ask(line: TheLine, dina: str, number: str = "(210) 555-0177", language: str = "en") -> Refused | None:
    return invite_reporter(line.database, line.services, program_id="demo-cedar-1", number=number, language=language,
                           staff_id=dina)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "yes", "read_back"),
    [("en", "yes", "this number now reports for Cedar-1"), ("es", "s\u00ed", "este numero ahora avisa por Cedar-1")],
)
def test_a_number_reports_from_its_own_yes_on(
    line: TheLine, dina: str, language: str, yes: str, read_back: str
) -> None:
    assert ask(line, dina, language=language) is None
    assert line.said(NUMBER) == ["PU14"]
    assert line.text("3", sender=NUMBER) is not Outcome.PROVIDER
    assert room(line, "demo-cedar-1") == {"room": 2}, "before its yes it counts nothing"
    assert read_back in says(line, NUMBER, yes)
    says(line, NUMBER, "3")
    assert room(line, "demo-cedar-1") == {"room": 3}


def test_a_no_ends_it_and_so_does_a_week_without_an_answer(line: TheLine, dina: str, clock: FakeClock) -> None:
    ask(line, dina)
    assert "does not report" in says(line, NUMBER, "no")
    assert line.text("yes", sender=NUMBER) is not Outcome.PROVIDER
    ask(line, dina)
    clock.advance(STANDS)
    assert line.text("yes", sender=NUMBER) is not Outcome.PROVIDER


def test_who_is_asked_can_be_in_danger_like_anyone(line: TheLine, dina: str) -> None:
    ask(line, dina)
    assert line.text("he is going to kill me", sender=NUMBER) is Outcome.TAKEN
    assert line.said(NUMBER)[-1] == "D1_OFF"


def test_who_cannot_be_asked_is_not_texted(line: TheLine, dina: str) -> None:
    for number, why in (("12", "can be texted"), (BIRCH, "another program")):
        refused = ask(line, dina, number)
        assert isinstance(refused, Refused)
        assert why in refused.reason
    line.text("hi", sender=NUMBER)
    line.text("STOP", sender=NUMBER)
    assert isinstance(ask(line, dina), Refused)
    assert "PU14" not in line.said(NUMBER)
    nobody = invite_reporter(line.database, line.services, program_id="demo-cedar-1", number=NUMBER, language="en",
                             staff_id="nobody")  # fmt: skip
    assert isinstance(nobody, Refused)


def test_a_removed_number_counts_nothing_and_its_number_is_sealed_while_it_stands(line: TheLine, dina: str) -> None:
    ask(line, dina)
    with line.database.reading() as tx:
        rows = tx.conn.execute(select(reporter_invites.reporter_invites)).all()
        which = tx.keys.index("phone", NUMBER)
    assert NUMBER.encode() not in b"".join(row.phone for row in rows)
    says(line, NUMBER, "yes")
    other = remove_reporter(line.database, program_id="demo-birch-1", which=which, staff_id=dina)
    assert isinstance(other, Refused)
    assert remove_reporter(line.database, program_id="demo-cedar-1", which=which, staff_id=dina) is None
    assert line.text("5", sender=NUMBER) is not Outcome.PROVIDER
    assert room(line, "demo-cedar-1") == {"room": 2}
    with line.database.reading() as tx:
        assert directory.reporter(tx, NUMBER) is None
