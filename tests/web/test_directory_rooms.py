"""Does a file come in with its report, a provider come to be approved by two people, and nothing due stay unseen?"""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from bot.adapters.clock import FakeClock
from bot.rules.vetting import HEADINGS
from bot.store import directory_board, staff, tasks
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import Browser, someone_waits
from tests.web.test_directory_pages import as_a

OURS = (
    "id,organization,program,kind,region,zip3,code_name,unit,maximum\n"
    "p1,Maple House,Maple,emergency_house,Ohio,432,Maple-9,bed,4\n"
    "=p2,Maple House,Wrong,no_such_kind,Ohio,432,Maple-8,bed,4\n"
)


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


def bring(browser: Browser, words: str, name: str = "../ours.csv") -> tuple[int, str]:
    browser.get("/directory/import")
    answer = browser.post("/directory/import", {"file": (io.BytesIO(words.encode()), name)}, follow_redirects=True)
    return answer.status_code, answer.text


def test_a_file_comes_in_with_its_report_and_what_is_wrong_is_named(line: TheLine) -> None:
    dina = as_a(line, "directory")
    code, page = bring(dina, OURS)
    assert code == 200
    assert re.search(r"<dt>new</dt><dd>1</dd>", page)
    assert "line 3" in page
    assert "no_such_kind" not in page
    rows = dina.get(re.findall(r'href="(/directory/import/[0-9a-f]{32}/quarantined.csv)"', page)[0]).text
    assert rows.splitlines()[0] == "table,id,reason"
    assert "csv,line 3," in rows
    code, page = bring(dina, OURS)
    assert re.search(r"<dt>updated</dt><dd>1</dd>", page)
    with line.database.reading() as tx:
        maple = directory_board.program(tx, "Maple-9")
    assert maple is not None
    assert (maple.vetting, maple.visibility, maple.is_matched) == ("applied", "private", False)


def test_a_file_that_cannot_be_read_changes_nothing_and_says_so(line: TheLine) -> None:
    dina = as_a(line, "directory")
    bring(dina, OURS)
    code, page = bring(dina, "{", name="broken.json")
    assert (code, "Nothing was imported." in page, "refused" in page) == (409, True, True)
    assert "whole" in page  # what was brought before is still there
    dina.get("/directory/import")
    assert dina.post("/directory/import").status_code == 400
    assert dina.get(f"/directory/import/{'0' * 32}").status_code == 404


def test_two_people_and_an_outside_visit_approve_what_came_in(line: TheLine) -> None:
    dina, dora = as_a(line, "directory"), as_a(line, "lead", alias="Dora")
    bring(dina, OURS)
    board = dina.get("/directory/vetting").text
    organization_id = re.findall(r'name="organization" value="([^"]+)"', board)[0]
    page = dina.post("/directory/vetting/begin", {"organization": organization_id}, follow_redirects=True)
    here = page.request.path
    assert "Maple House" in page.text
    assert dina.post(f"{here}/approve").status_code == 409
    dina.post(f"{here}/answers", dict.fromkeys(HEADINGS, "In their own words."))
    for to in ("in_review", "references", "site_visit"):
        assert dina.post(f"{here}/move", {"to": to, "evidence": "seen"}).status_code == 302
    refused = dina.post(f"{here}/approve")
    assert (refused.status_code, "visit by an outside body" in refused.text) == (409, True)
    bad = dina.post(f"{here}/visit", {"body": " ", "outcome": "good", "evidence": "half a report"})
    assert (bad.status_code, "half a report" in bad.text) == (409, True)
    dina.post(f"{here}/visit", {"body": "County coalition", "outcome": "good", "evidence": "Clean, calm."})
    assert "Your yes is kept" in dina.post(f"{here}/approve", follow_redirects=True).text
    assert "A second person must approve it" in dina.get(here).text
    assert "one yes of two" in dora.get("/directory/vetting").text
    page = dora.get(here).text
    assert "Clean, calm." in page
    assert "matched from now on" in dora.post(f"{here}/approve", follow_redirects=True).text
    with line.database.reading() as tx:
        maple = directory_board.program(tx, "Maple-9")
    assert maple is not None
    assert maple.is_matched
    assert re.search(r"<dt>visited</dt><dd>1</dd>", dina.get("/directory/vetting").text)


def test_who_only_keeps_records_sees_the_board_and_decides_nothing(line: TheLine) -> None:
    dina, rosa = as_a(line, "directory"), as_a(line, "admin", alias="Rosa")
    bring(dina, OURS)
    assert "Maple House" in dina.post("/directory/vetting/find", {"words": "maple"}).text
    assert "None begins like that" in dina.post("/directory/vetting/find", {"words": "\x00%"}).text
    assert dina.post("/directory/vetting/begin", {"organization": "nobody\x00"}).status_code == 409
    board = rosa.get("/directory/vetting").text
    assert "Maple House" in board
    assert "Begin" not in board
    assert rosa.post("/directory/vetting/begin", {"organization": "x"}).status_code == 403
    assert dina.get(f"/directory/vetting/{'0' * 32}").status_code == 404


def test_what_is_due_is_seen_and_what_is_not_is_not(line: TheLine, clock: FakeClock) -> None:
    page = as_a(line, "directory").get("/directory/audit").text
    assert re.search(r"100 % of \d+ approved programs", page)
    assert page.count("<p>None.</p>") == 3
    clock.advance(timedelta(days=91))
    page = as_a(line, "directory", alias="Dora").get("/directory/audit").text
    assert re.search(r'Cedar-1</a> <span class="meta">\d+ to ask about', page)
    assert page.count("<p>None.</p>") == 2
    clock.advance(timedelta(days=275))
    dina = as_a(line, "directory", alias="Dana")
    page = dina.get("/directory/audit").text
    assert re.search(r">0 % of \d+ approved programs", page)
    assert "Cedar House Network" in page
    assert "due again" in dina.get("/directory/vetting").text


def test_a_task_is_seen_by_those_it_concerns_and_closed_with_a_name(line: TheLine) -> None:
    dina, lena = as_a(line, "directory"), as_a(line, "lead", alias="Lena")
    with line.database.transaction() as tx:
        due = tx.now + timedelta(hours=1)
        conversation_id, _ = someone_waits(tx, PERSON)
        found = staff.find_by_email(tx, "lena-lead@example.org")
        assert found is not None
        told = tasks.open_task(tx, kind="protocol", trigger="minor", conversation_id=conversation_id, due_at=due,
                               backup_at=due, assigned_to=found.staff_id, script="Tell the intake.")  # fmt: skip
        about = tasks.open_task(tx, kind="draft_criterion", program_id="demo-cedar-1", due_at=due, backup_at=due,
                                assigned_to=found.staff_id)  # fmt: skip
    page = dina.get("/directory/tasks").text
    assert "Cedar-1" in page
    assert "Tell the intake" not in page
    assert dina.post(f"/directory/tasks/{told}", {"outcome": "done", "note": "7"}).status_code == 409
    assert "Tell the intake" in lena.get("/directory/tasks").text
    refused = lena.post(f"/directory/tasks/{told}", {"outcome": "done"})
    assert (refused.status_code, "reference number" in refused.text) == (409, True)
    assert dina.post(f"/directory/tasks/{about}", {"outcome": "done", "note": "Asked."}).status_code == 302
    assert lena.post(f"/directory/tasks/{told}", {"outcome": "told", "note": "No. 7"}).status_code == 302
    with line.database.reading() as tx:
        assert tasks.list_open(tx) == []
        closed = tasks.get(tx, told)
        assert closed is not None
        assert (closed.done_by, tasks.note_of(tx, told)) == (found.staff_id, "No. 7")
    assert "Nothing is due" in lena.get("/directory/tasks").text
