"""May directory staff see what to ask, count with one tap, and keep a program on one screen; and may nobody else?"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.adapters.clock import FakeClock
from bot.rules.freshness import Life
from bot.store import candidates, directory, directory_board, directory_criteria, holds, links, openings, tasks, unmet
from bot.store.db import Database
from bot.store.openings import Said
from bot.usecases.draft_criterion import draft_criterion
from bot.usecases.seed import add_demo_directory
from bot.web.auth import allowed_roles
from bot.web.directory.chart import HEIGHT, WIDTH, draw
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import Browser, add_account, app_on, someone_waits

CEDAR = "/directory/programs/Cedar-1"
ROOM = "demo-cedar-1-room"


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


def as_a(line: TheLine, *roles: str, alias: str = "Dina") -> Browser:
    email = f"{alias.lower()}-{'-'.join(roles)}@example.org"
    add_account(line.database, email, alias, *roles)
    browser = Browser(app_on(line.services))
    browser.log_in(email)
    return browser


@pytest.fixture
def dina(line: TheLine) -> Browser:
    return as_a(line, "directory")


def codes_on(page: str) -> list[str]:
    return re.findall(r'<h2><a class="open" href="/directory/programs/([^"]+)"', page)


def state_of(line: TheLine, stock_id: str = ROOM) -> openings.State:
    with line.database.reading() as tx:
        found = openings.state(tx, stock_id)
    assert found is not None
    return found


def test_every_page_of_the_directory_is_for_its_staff_alone(line: TheLine) -> None:
    app = app_on(line.services)
    mine = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/directory/")]
    assert len(mine) > 9
    for rule in mine:
        with app.app_context():
            allowed = allowed_roles(rule.endpoint)
        assert allowed in ({"directory", "lead", "admin"}, {"directory", "lead"}), rule
    for role in ("advocate", "outreach", "reviewer"):
        assert as_a(line, role, alias=role).get("/directory/").status_code == 403
    nobody = Browser(app)
    assert nobody.get(CEDAR).status_code == 302


def test_what_is_worth_a_call_stands_first_and_a_tap_moves_it_down(line: TheLine, clock: FakeClock) -> None:
    clock.advance(timedelta(days=2))
    dina = as_a(line, "directory")
    page = dina.get("/directory/").text
    first = codes_on(page)[0]
    assert first != codes_on(page)[-1]
    answer = dina.post(f"/directory/programs/{first}/count", {"act": "same"})
    assert answer.location == "/directory/"
    page = dina.get("/directory/").text
    assert f"{first}: Kept as before." in page
    assert codes_on(page)[0] != first


def test_one_tap_is_a_count_by_telephone_with_a_name(dina: Browser, line: TheLine, clock: FakeClock) -> None:
    dina.get("/directory/")
    dina.post(f"{CEDAR}/count", {"stock": ROOM, "n": "5"})
    with line.database.reading() as tx:
        told = openings.history(tx, [ROOM], limit=1)[0]
    assert (told.available, told.via) == (5, "call")
    for act, left in (("full", 0), ("wait", 0), ("undo", 0)):
        clock.advance(timedelta(minutes=11))
        dina.post(f"{CEDAR}/count", {"act": act})
        assert state_of(line).available == left
        assert state_of(line).waitlist is (act == "wait")
    answer = dina.post(f"{CEDAR}/count", {"stock": ROOM, "n": "1", "back": "program"}, follow_redirects=True)
    assert "Cedar-1: Kept." in answer.text
    assert answer.request.path == CEDAR


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stock": ROOM, "n": "8"}, "more than there are"),
        ({"stock": "demo-birch-1-bed", "n": "1"}, "not one of this program"),
        ({"stock": "\x00", "n": "1"}, "not one of this program"),
        ({"stock": ROOM, "n": "\u0664"}, "not one of this program"),
        ({"act": "nonsense"}, "not known"),
        ({"act": "undo"}, "nothing of yours"),
    ],
)
def test_what_is_no_count_changes_nothing(dina: Browser, line: TheLine, fields: dict, words: str) -> None:
    before = state_of(line)
    dina.get("/directory/")
    assert words in dina.post(f"{CEDAR}/count", fields, follow_redirects=True).text
    assert state_of(line) == before


def test_a_count_needs_the_token_of_its_page(dina: Browser, line: TheLine) -> None:
    before = state_of(line)
    assert dina.client.post(f"{CEDAR}/count", data={"act": "full"}).status_code == 400
    assert state_of(line) == before


def test_the_list_is_narrowed_without_a_word_in_the_address(dina: Browser) -> None:
    dina.get("/directory/")
    answer = dina.post("/directory/narrow", {"need": "legal", "region": ""})
    assert answer.location == "/directory/"
    legal = codes_on(dina.get("/directory/").text)
    assert legal
    assert "Cedar-1" not in legal
    dina.post("/directory/narrow", {"need": "bed", "region": "San Antonio area"})
    assert "Cedar-1" in codes_on(dina.get("/directory/").text)
    dina.post("/directory/narrow", {"need": "bed\x00", "region": "Nowhere\x00"})
    assert "No program is matched here" in dina.get("/directory/").text


def test_a_program_is_found_by_its_organization_in_any_state(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        directory.set_status(tx, "demo-cedar-1", "paused", only_from="active")
    dina.get("/directory/")
    assert dina.post("/directory/find", {"words": "cedar-1"}).location == CEDAR
    assert "Cedar-1" in dina.post("/directory/find", {"words": "Cedar House"}).text
    assert "Nothing begins like that" in dina.post("/directory/find", {"words": "%"}).text
    assert dina.post("/directory/find", {"words": "\x00 "}).status_code == 400


def test_what_people_look_for_is_asked_first(line: TheLine, clock: FakeClock) -> None:
    with line.database.transaction() as tx:
        for _ in range(12):
            unmet.count(tx, ["legal"], area="782", reason="full", who="other")
    clock.advance(timedelta(days=6))
    dina = as_a(line, "directory")
    page = dina.get("/directory/").text
    with line.database.reading() as tx:
        program = directory_board.program(tx, codes_on(page)[0])
    assert program is not None
    assert program.need == "legal"
    assert "people look for this" in page


def test_a_program_is_whole_on_one_screen(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, PERSON)
        holds.add(tx, short_id="K7", stock_id=ROOM, conversation_id=conversation_id, staff_id="x", hours=4,
                  answer_by=tx.now + timedelta(hours=1))  # fmt: skip
    page = dina.get(CEDAR).text
    for words in ("2 of 7 room", "very likely room", "Phone kept", "Faith activity", "K7", "ends in …21",
                  "history", "confidential: no place is kept", "Warm transfer"):  # fmt: skip
        assert words in page, words
    assert "+12105550121" not in page
    assert conversation_id not in page
    assert dina.get("/directory/programs/Nobody-1").status_code == 404
    assert dina.get("/directory/programs/%00").status_code == 404


def test_a_link_is_shown_once_opens_and_ends(dina: Browser, line: TheLine) -> None:
    dina.get(CEDAR)
    page = dina.post(f"{CEDAR}/link", {"language": "es"}).text
    found = re.search(r"/o/([\w-]+)</code>", page)
    assert found
    assert found[1] not in dina.get(CEDAR).text
    nobody = Browser(app_on(line.services))
    assert "Cedar-1" in nobody.get(f"/o/{found[1]}").text
    assert "by Dina" in dina.get(CEDAR).text
    dina.post(f"{CEDAR}/unlink")
    assert nobody.get(f"/o/{found[1]}").status_code == 404
    with line.database.reading() as tx:
        assert links.live_of(tx, "demo-cedar-1") == []


def test_a_draft_is_verified_with_its_basis_and_read_by_the_matcher(
    dina: Browser, line: TheLine, clock: FakeClock
) -> None:
    with line.database.transaction() as tx:
        draft = directory_criteria.state(tx, program_id="demo-cedar-1", facet="pets", value=True, hardness="ask_human",
                                         basis="policy", source="csv", verified_by=None)  # fmt: skip
    dina.get(CEDAR)
    assert dina.post(f"{CEDAR}/criteria/{draft}", {"basis": "whim"}).status_code == 409
    assert dina.post(f"/directory/programs/Birch-1/criteria/{draft}", {"basis": "law"}).status_code == 409
    clock.advance(timedelta(seconds=1))
    assert dina.post(f"{CEDAR}/criteria/{draft}", {"basis": "building"}).status_code == 302
    with line.database.reading() as tx:
        program = directory_board.program(tx, "Cedar-1")
    assert program is not None
    assert program.facets["pets"] is True


def test_a_draft_of_one_stock_changes_that_stock_alone(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, PERSON)
        hold_id = holds.add(tx, short_id="K7", stock_id=ROOM, conversation_id=conversation_id, staff_id="x", hours=4,
                            answer_by=tx.now + timedelta(hours=1))  # fmt: skip
        hold = holds.get(tx, hold_id)
        assert hold is not None
        draft_criterion(tx, hold, "wheelchair")
    page = dina.get(CEDAR).text
    found = re.search(r"/criteria/([0-9a-f]{32})\"[^>]*>(?:(?!</form>).)*Verify step free: ask", page, re.S)
    assert found
    dina.post(f"{CEDAR}/criteria/{found[1]}", {"basis": "building"})
    with line.database.reading() as tx:
        stock = next(o for o in candidates.every(tx) if o.stock_id == ROOM)
        program = directory_board.program(tx, "Cedar-1")
    assert stock.facets["step_free"] == "ask"
    assert program is not None
    assert program.facets["step_free"] is True


def test_a_program_is_changed_paused_and_opened_again(dina: Browser, line: TheLine) -> None:
    fields = {"kind": "safe_house", "need": "", "region": "Bexar\x00 County", "zip3": "782, 781",
              "visibility": "partner", "confidential": "on"}  # fmt: skip
    dina.get(CEDAR)
    assert dina.post(f"{CEDAR}/edit", fields).status_code == 302
    with line.database.reading() as tx:
        now = directory_board.program(tx, "Cedar-1")
    assert now is not None
    assert (now.kind, now.region, now.zip3) == ("safe_house", "Bexar County", ("782", "781"))
    refused = dina.post(f"{CEDAR}/edit", {**fields, "zip3": "\u0667\u0668\u0662", "region": "Kept as typed"})
    assert (refused.status_code, "Kept as typed" in refused.text) == (409, True)
    assert dina.post(f"{CEDAR}/edit", {**fields, "need": "legal"}).status_code == 409
    dina.post(f"{CEDAR}/status", {"to": "paused"})
    assert "not matched" in dina.get(CEDAR).text
    dina.post(f"{CEDAR}/status", {"to": "active"})
    assert "not matched" not in dina.get(CEDAR).text
    assert dina.post(f"{CEDAR}/status", {"to": ""}).status_code == 409


def test_a_field_found_true_today_begins_its_clock_again(dina: Browser, line: TheLine, clock: FakeClock) -> None:
    dina.get(CEDAR)
    dina.post(f"{CEDAR}/mark", {"field": "facets.pets"})
    clock.advance(timedelta(days=91))
    dina = as_a(line, "directory", alias="Dora")
    assert re.search(r'facets.pets</dt>.*?badge bad">due', dina.get(CEDAR).text, re.S)
    dina.post(f"{CEDAR}/mark", {"field": "facets.pets"})
    assert not re.search(r'facets.pets</dt>.*?badge bad">due', dina.get(CEDAR).text, re.S)
    assert dina.post(f"{CEDAR}/mark", {"field": "nothing"}).status_code == 409


def test_a_suspension_is_in_force_at_once_and_its_referrals_are_tasks(dina: Browser, line: TheLine) -> None:
    with line.database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, PERSON)
        holds.add(tx, short_id="K7", stock_id=ROOM, conversation_id=conversation_id, staff_id="x", hours=4,
                  answer_by=tx.now + timedelta(hours=1))  # fmt: skip
    rosa = as_a(line, "admin", alias="Rosa")
    assert "Suspend now" not in rosa.get(CEDAR).text
    assert rosa.post(f"{CEDAR}/suspend", {"evidence": "x"}).status_code == 403
    dina.get(CEDAR)
    assert dina.post(f"{CEDAR}/suspend", {"evidence": " "}).status_code == 409
    page = dina.post(f"{CEDAR}/suspend", {"evidence": "What was found."}, follow_redirects=True).text
    assert "not matched" in page
    with line.database.reading() as tx:
        assert len(tasks.list_open(tx, program_id="demo-cedar-1")) == 1
        assert all(one.code_name != "Cedar-1" for one in directory_board.known(tx))
    assert dina.post(f"{CEDAR}/suspend", {"evidence": "Again.", "all": "on"}).status_code == 302
    assert dina.post(f"{CEDAR}/suspend", {"evidence": "Again."}).status_code == 409


def test_the_chart_stays_in_its_frame_and_falls_with_time(clock: FakeClock) -> None:
    now = clock.now()

    def said(hours: float, available: int, *, undone: bool = False) -> Said:
        at = now - timedelta(hours=hours)
        return Said("s", available, False, at, at, "sms", undone)

    life = Life(12.0, 12.0)
    assert draw([], maximum=3, life=life, now=now) is None
    assert draw([said(1, 3, undone=True)], maximum=3, life=life, now=now) is None
    drawn = draw([said(0, 1), said(30, 9), said(20, 0), said(48, 2)], maximum=3, life=life, now=now)
    assert drawn is not None
    assert drawn.steps.startswith("M0.0 ")
    points = [(float(x), float(y)) for x, y in re.findall(r"L([\d.]+) ([\d.]+)", drawn.band)]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in (*points, *drawn.dots))
    after_the_first = [y for x, y in points if x < WIDTH * 17 / 48]
    assert after_the_first == sorted(after_the_first)  # down the page: less and less likely
