"""A long list is read in pages: nobody sees it before its end; a reader that dies loses nothing and repeats nothing."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot import jobs
from bot.store import campaigns, enlist, lists, people
from bot.usecases import import_recipients as importing
from bot.usecases import stage_list as staging
from bot.usecases.import_recipients import import_whole, read_lists, read_on
from bot.usecases.refusal import Refused
from bot.usecases.stage_list import Wanted, choose_columns, discard_list, stage_list
from tests.campaigns.stage import Stage, Staged
from tests.store.clear_text import found_in_clear

ROOT = Path(__file__).resolve().parents[2]


def rows(n: int) -> str:
    return "number,basis\n" + "".join(f"+1210555{k:04d},opted_in\n" for k in range(100, 100 + n))


def staged(stage: Stage, data: str, **wanted: object) -> str:
    made = stage_list(stage.database, stage.services, file=io.BytesIO(data.encode()),
                      wanted=Wanted("June", **wanted), author_id=stage.outreach)  # fmt: skip
    assert isinstance(made, str), made
    return made


def count(stage: Stage, table: object) -> int:
    with stage.database.reading() as tx:
        return tx.conn.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "PAGE", 10)


def one_page(stage: Stage, campaign_id: str) -> None:
    """A step in which time runs out after one page."""
    with stage.database.reading() as tx:
        until = tx.now + timedelta(seconds=4)
    importing._read_page(stage.database, stage.services, campaign_id, until)


def test_until_it_is_read_whole_nobody_sees_it_and_it_cannot_be_approved(stage: Stage) -> None:
    campaign_id = staged(stage, rows(25))
    for seen in (10, 20):
        one_page(stage, campaign_id)
        with stage.database.reading() as tx:
            reading = lists.of_campaign(tx, campaign_id)
            assert reading is not None
            assert (reading.state, reading.read, reading.total) == ("reading", seen, 25)
            assert campaigns.every(tx) == []
        assert stage.approve(campaign_id, stage.approver) == Refused("Its list is still being read.")
        assert stage.launch(campaign_id) == Refused("Its list is still being read.")
    one_page(stage, campaign_id)
    assert stage.campaign(campaign_id).state == "draft"
    assert stage.counts(campaign_id)["waiting"] == 25
    assert count(stage, lists.list_pages) == 0  # what was uploaded is not kept


def test_a_page_whose_reading_fails_is_read_again_and_only_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = staged(stage, rows(25) + "+12105550100,opted_in\nnonsense,opted_in\n")
    one_page(stage, campaign_id)
    with monkeypatch.context() as broken:
        broken.setattr(lists, "reject", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            one_page(stage, campaign_id)
    assert count(stage, campaigns.recipients) == 10
    made = import_whole(stage.database, stage.services, campaign_id)
    assert not isinstance(made, Refused)
    assert made.report == {
        "rows": 27, "accepted": 25, "duplicates": 1, "suppressed": 0, "cooldown": 0, "landline": 0, "no_basis": 0,
        "invalid": [{"row": 28, "reason": "not a number that a text can reach"}],
    }  # fmt: skip
    with stage.database.reading() as tx:
        assert lists.rejected(tx, campaign_id)[0] == (27, "duplicates", "number", "the same number as row 2")


def test_two_readers_of_one_page_keep_it_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = staged(stage, rows(15))
    inner = importing.look_up_numbers

    def meanwhile(*arguments: object) -> int | None:
        monkeypatch.setattr(importing, "look_up_numbers", inner)
        one_page(stage, campaign_id)  # another reader was quicker
        return inner(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "look_up_numbers", meanwhile)
    one_page(stage, campaign_id)
    assert count(stage, campaigns.recipients) == 10
    assert import_whole(stage.database, stage.services, campaign_id).report["accepted"] == 15  # type: ignore[union-attr]


def test_only_one_reads_a_list_at_a_time_and_one_that_died_gives_it_back(stage: Stage) -> None:
    campaign_id = staged(stage, rows(15))
    with stage.database.transaction() as tx:
        assert lists.lease(tx, campaign_id, tx.now + timedelta(minutes=1))
    assert read_on(stage.database, stage.services, campaign_id) is False
    assert count(stage, campaigns.recipients) == 0
    stage.clock.advance(timedelta(minutes=2))
    read_lists(stage.database, stage.services)
    assert stage.campaign(campaign_id).state == "draft"


def test_the_worker_reads_lists_after_everything_else(stage: Stage) -> None:
    campaign_id = staged(stage, rows(5))
    jobs.install(stage.services)
    jobs.deliver()
    assert stage.campaign(campaign_id).state == "draft"


READER = """
import os, signal, sys
from bot.adapters.clock import SystemClock
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases import import_recipients as importing
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.web.line import services_on
from dataclasses import replace
from bot.adapters.fake_carrier import FakeCarrier

database = Database(sys.argv[1], Keyring(TEST_KEYS, TEST_SECRET), SystemClock())
services = replace(services_on(database), carrier=FakeCarrier(database.clock))
kept, left = importing._keep, int(sys.argv[3])

def keep(*arguments):
    global left
    left -= 1
    more = kept(*arguments)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)  # before this page commits
    return more

importing._keep = keep
importing.import_whole(database, services, sys.argv[2])
"""


def test_killed_in_the_middle_it_goes_on_where_it_stopped(stage: Stage) -> None:
    campaign_id = staged(stage, rows(45))
    url = stage.database.engine.url.render_as_string(hide_password=False)
    reader = subprocess.run([sys.executable, "-c", READER, url, campaign_id, "3"], cwd=ROOT, timeout=60)
    assert reader.returncode == -signal.SIGKILL
    assert count(stage, campaigns.recipients) == 20
    stage.clock.advance(timedelta(days=3650))  # past the lease that the dead one took by the real clock
    made = import_whole(stage.database, stage.services, campaign_id)
    assert not isinstance(made, Refused)
    assert made.report["accepted"] == 45
    assert count(stage, people.people) == 45


# Columns


def test_a_doubt_is_asked_about_answered_and_remembered(stage: Stage) -> None:
    data = "who,reach,how\nAna,2105550101,opted_in\n"
    campaign_id = staged(stage, data)
    read_on(stage.database, stage.services, campaign_id)
    assert stage.campaign(campaign_id).state == "importing"

    def choose(**columns: int) -> Refused | None:
        return choose_columns(stage.database, campaign_id=campaign_id, columns=columns, staff_id=stage.outreach)

    assert choose(basis=2) == Refused("Say which column holds the numbers.")
    assert choose(number=7) == Refused("Choose among the columns of the list.")
    assert choose(number=1, basis=1) == Refused("A column can be only one thing.")
    assert choose(number=1, basis=2, source=0) is None
    assert choose(number=1) == Refused("This list has been read already.")
    assert import_whole(stage.database, stage.services, campaign_id).report["accepted"] == 1  # type: ignore[union-attr]
    again = staged(stage, data.replace("0101", "0102"))
    with stage.database.reading() as tx:
        reading = lists.of_campaign(tx, again)
    assert reading is not None
    assert (reading.state, dict(reading.columns)) == ("reading", {"number": 1, "basis": 2, "source": 0})


def test_without_anybody_to_ask_a_doubt_is_a_refusal_and_leaves_nothing(stage: Stage) -> None:
    campaign_id = staged(stage, "who,reach,how\nAna,2105550101,opted_in\n")
    refused = import_whole(stage.database, stage.services, campaign_id)
    assert refused == Refused("The columns have no names that are known here. Look whether they are right.")
    assert [count(stage, table) for table in (campaigns.campaigns, lists.lists, lists.list_pages)] == [0, 0, 0]


# What is known of a number


def test_what_is_known_of_each_number(stage: Stage) -> None:
    minor, moved, dead, kept = (f"+1210555010{n}" for n in range(1, 5))
    stage.they_are_flagged(minor, "minor")
    stage.carrier.dead.add(dead)
    stage.carrier.moved[moved] = stage.clock.now().date()
    long_ago = stage.clock.now().date() - timedelta(days=200)
    data = "number,basis,agreed on,evidence\n" + "".join(
        f"{number},opted_in,{long_ago},card 7\n" for number in (minor, moved, dead, kept)
    )
    campaign_id = staged(stage, data)
    made = import_whole(stage.database, stage.services, campaign_id)
    assert not isinstance(made, Refused)
    assert [made.report[kind] for kind in ("accepted", "suppressed", "no_basis", "landline")] == [1, 1, 1, 1]
    with stage.database.reading() as tx:
        r = campaigns.recipients.c
        row = tx.conn.execute(select(r.recipient_id, r.row, r.basis, r.proof)).one()
        proof = tx.keys.open("recipients.proof", row.recipient_id, row.proof)
        assert enlist.rows_on_list(tx, campaign_id, []) == {}
    assert (row.row, row.basis) == (5, "opted_in")
    assert "card 7" in proof


def test_look_ups_are_paid_once_and_within_a_budget(small_stage: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = small_stage(LOOKUP_BUDGET="7")
    asked: list[str] = []

    def line_type(number: str) -> str:
        asked.append(number)
        return "landline"

    monkeypatch.setattr(stage.carrier, "line_type", line_type)
    report = import_whole(stage.database, stage.services, staged(stage, rows(12))).report  # type: ignore[union-attr]
    assert (report["landline"], report["accepted"], len(asked)) == (7, 5, 7)
    report = import_whole(stage.database, stage.services, staged(stage, rows(9))).report  # type: ignore[union-attr]
    assert (report["landline"], len(set(asked)), len(asked)) == (9, 9, 9)


# What is left behind


def test_a_list_that_is_thrown_away_leaves_nobody_but_those_known_otherwise(stage: Stage) -> None:
    stage.they_write("+12105550100")
    campaign_id = staged(stage, rows(15))
    one_page(stage, campaign_id)
    assert discard_list(stage.database, campaign_id=campaign_id, staff_id=stage.outreach) is None
    assert count(stage, people.people) == 1
    assert [count(stage, table) for table in (campaigns.campaigns, lists.lists, lists.list_pages)] == [0, 0, 0]
    running = stage.run("+12105550109,en,opted_in")
    refused = discard_list(stage.database, campaign_id=running, staff_id=stage.outreach)
    assert refused == Refused("It has been approved: pause it instead.")


def test_a_list_that_waits_is_not_there_to_read(stage: Stage) -> None:
    campaign_id = staged(stage, "number,basis,source,Rosalind list\n+12105550147,opted_in,Marisol,x\n" + rows(15)[13:])
    assert found_in_clear(stage.database, ["+12105550147", "Marisol", "Rosalind list"]) == []
    import_whole(stage.database, stage.services, campaign_id)
    assert found_in_clear(stage.database, ["+12105550147", "Marisol", "Rosalind list"]) == []
