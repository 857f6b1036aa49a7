"""Can an advocate look for openings as the line does, and ask the best few at once?"""

from __future__ import annotations

import pytest

from bot.adapters.clock import FakeClock
from bot.store import consent, conversations, handoffs, holds
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.usecases.line import TheLine, the_line
from tests.web.line import Browser, add_account, app_on, someone_waits


@pytest.fixture
def line(sqlite_database: Database, clock: FakeClock) -> TheLine:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(sqlite_database, clock)


@pytest.fixture
def ana(line: TheLine) -> Browser:
    ana_id = add_account(line.database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app_on(line.services))
    browser.log_in("ana@example.org")
    browser.staff_id = ana_id  # type: ignore[attr-defined]
    return browser


def test_a_search_shows_what_fits_its_age_and_what_to_ask_and_keeps_the_place_out_of_the_address(ana: Browser) -> None:
    ana.get("/desk/openings")
    page = ana.post("/desk/openings", {"need": "bed", "area": "78201", "age": "25up", "places": "women"})
    assert page.status_code == 200
    assert "Cedar-1" in page.text
    assert "counted 40 min ago" in page.text
    assert "To ask:" in page.text
    assert page.request.path == "/desk/openings"
    assert page.request.query_string == b""
    problem = ana.post("/desk/openings", {"area": "xyzzy"})
    assert (problem.status_code, "not one place we know" in problem.text) == (409, True)


def test_the_best_are_asked_at_once_by_whoever_holds_the_conversation(ana: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        conversation_id, handoff_id = someone_waits(tx)
    path = f"/desk/conversations/{conversation_id}/openings"
    ana.get(path)
    assert "Take this conversation first" in ana.post(f"{path}/ask", {"hours": "4"}, follow_redirects=True).text
    with line.database.transaction() as tx:
        assert handoffs.claim(tx, handoff_id, ana.staff_id, tx.now)  # type: ignore[attr-defined]
    ana.get(path)
    assert "has not agreed to share" in ana.post(f"{path}/ask", {"hours": "4"}, follow_redirects=True).text
    with line.database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        assert stored is not None
        consent.release(tx, stored.person_id, items="adult", hours=72)
    ana.get(path)
    assert "3 places are asked at once" in ana.post(f"{path}/ask", {"hours": "4"}, follow_redirects=True).text
    with line.database.reading() as tx:
        assert len(holds.of_conversation(tx, conversation_id, "asked")) == 3
