"""The table of phones, through the real simulated carrier over HTTP, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bot.simulator.control import Control
from bot.simulator.server import SimulatorServer
from bot.store import directory
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from bot.web.simulator import replies, views
from flows.understanding.provider import Said, read_provider
from tests.carrier.line import TOKEN, Line, settings_for, started_line
from tests.web.line import Browser, app_on, services_on

MARIA = "+12065550142"


@pytest.fixture
def line() -> Iterator[Line]:
    with started_line() as line:
        yield line


@pytest.fixture
def control(line: Line) -> Iterator[Control]:
    server = SimulatorServer(settings_for(line)).start()
    yield Control(server.base, TOKEN)
    server.close()


@pytest.fixture
def browser(sqlite_database: Database, control: Control) -> Browser:
    base = control._base
    services = services_on(sqlite_database, TWILIO_API_BASE=base, TWILIO_AUTH_TOKEN=TOKEN)
    return Browser(app_on(services))


def page_of(browser: Browser, path: str = "/simulator/") -> str:
    response = browser.get(path)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_a_phone_is_added_and_texts_the_line(browser: Browser, control: Control, line: Line) -> None:
    page_of(browser)
    added = browser.post("/simulator/phones", {"number": "206 555 0142"})
    phone = views.phone_id(MARIA)
    assert added.headers["Location"].endswith(f"/simulator/#{phone}")
    page = page_of(browser)
    assert "(206) 555-0142" in page
    assert 'value="Hola"' in page
    sent = browser.post("/simulator/text", {"phone": phone, "body": "hi there"})
    assert sent.status_code == 302
    line.wait_for(1, lambda call: call.form.get("Body") == "hi there")
    assert "hi there" in page_of(browser)
    assert [text["body"] for text in control.thread(MARIA)] == ["hi there"]


def test_any_free_number_will_do(browser: Browser, control: Control) -> None:
    page_of(browser)
    browser.post("/simulator/phones")
    (phone,) = control.phones()
    assert views.is_fictional(phone["number"])


@pytest.mark.parametrize("number", ["206 555 1234", "911", "nonsense", "+44 20 7183 8750", "<script>"])
def test_a_number_somebody_could_have_is_refused(browser: Browser, control: Control, number: str) -> None:
    page_of(browser)
    browser.post("/simulator/phones", {"number": number})
    assert "Use a number that belongs to nobody" in page_of(browser)
    assert control.phones() == []


def test_a_place_that_reports_is_picked_up_with_its_own_answers(
    browser: Browser, control: Control, sqlite_database: Database
) -> None:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    page = page_of(browser)
    assert '<optgroup label="San Antonio area">' in page
    assert "12105550121" not in page
    wanted = views.phone_id("+12105550121")
    added = browser.post("/simulator/places", {"place": wanted})
    assert added.headers["Location"].endswith(f"#{wanted}")
    page = page_of(browser)
    assert 'aria-label="Phone Cedar-1"' in page
    assert 'value="2 beds"' in page
    assert browser.post("/simulator/places", {"place": "p1"}).status_code == 404


def test_any_free_number_is_never_a_places(
    browser: Browser, control: Control, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
        places = {one.number for one in directory.every_reporter(tx)}
    offered: list[str] = []
    monkeypatch.setattr("bot.web.simulator.views.secrets.choice", lambda free: offered.extend(free) or free[0])
    page_of(browser)
    browser.post("/simulator/phones")
    assert len(offered) > 300
    assert places.isdisjoint(offered)


def test_a_new_phone_is_seen_however_many_were_used_since(browser: Browser, control: Control) -> None:
    for n in range(9):
        control.text(f"+120655501{n:02d}", "", "hi")
    page_of(browser)
    added = browser.post("/simulator/phones", {"number": "206 555 0142"})
    assert "all=1" in added.headers["Location"]
    assert f'id="{views.phone_id(MARIA)}"' in page_of(browser, added.headers["Location"])


def test_a_phone_that_came_later_is_counted_but_not_sent_to_a_page_without_it(
    browser: Browser, control: Control
) -> None:
    control.add_phone(MARIA)
    address = re.search(r'hx-get="([^"]+)"', page_of(browser))
    assert address
    control.add_phone("+12065550143")
    fragment = browser.get(address[1].replace("&amp;", "&")).get_data(as_text=True)
    assert 'data-phones="2"' in fragment
    assert views.phone_id(MARIA) in fragment
    assert views.phone_id("+12065550143") not in fragment


def test_a_quick_answer_is_sent_as_it_is_and_the_page_waits_for_no_one(browser: Browser, control: Control) -> None:
    control.add_phone(MARIA)
    page_of(browser)
    fields = {"phone": views.phone_id(MARIA), "body": "", "quick": "2"}
    assert browser.post("/simulator/text", fields, headers={"HX-Request": "true"}).status_code == 204
    assert [text["body"] for text in control.thread(MARIA)] == ["2"]


def test_an_empty_text_is_not_sent_and_an_unknown_phone_is_not_there(browser: Browser, control: Control) -> None:
    control.add_phone(MARIA)
    page_of(browser)
    assert browser.post("/simulator/text", {"phone": views.phone_id(MARIA), "body": "  "}).status_code == 302
    assert control.thread(MARIA) == []
    assert browser.post("/simulator/text", {"phone": "p123", "body": "hi"}).status_code == 404


def test_what_is_polled_changes_only_with_the_phones_and_has_no_number_in_its_address(
    browser: Browser, control: Control
) -> None:
    control.add_phone(MARIA)
    first = browser.get("/simulator/live")
    etag = {"If-None-Match": first.headers["ETag"]}
    assert browser.get("/simulator/live", headers=etag).status_code == 304
    control.text(MARIA, "", "<b>hello</b>")
    changed = browser.get("/simulator/live", headers=etag)
    assert changed.status_code == 200
    assert "&lt;b&gt;hello&lt;/b&gt;" in changed.get_data(as_text=True)
    for address in re.findall(r'(?:href|action|hx-get|hx-post|id)="([^"]+)"', page_of(browser)):
        assert "5550142" not in address


def test_only_the_phones_used_last_lie_on_the_table(browser: Browser, control: Control) -> None:
    for n in range(10):
        control.add_phone(f"+120655501{n:02d}")
    assert page_of(browser).count('class="phone"') == views.SHOWN
    assert "Show 2 more" in page_of(browser)
    assert page_of(browser, "/simulator/?all=1").count('class="phone"') == 10


def test_it_says_so_when_the_simulated_carrier_is_away(sqlite_database: Database) -> None:
    browser = Browser(app_on(services_on(sqlite_database)))
    response = browser.get("/simulator/")
    assert response.status_code == 503
    assert "does not answer" in response.get_data(as_text=True)
    assert browser.get("/simulator/live").status_code == 503


def test_outside_simulation_there_is_no_such_page(sqlite_database: Database) -> None:
    browser = Browser(app_on(services_on(sqlite_database, QUIETLINE_SIMULATION="0")))
    for path in ("/simulator/", "/simulator/live"):
        assert browser.get(path).status_code == 404
    browser.get("/desk/login")
    assert browser.post("/simulator/phones").status_code == 404
    assert browser.post("/simulator/text", {"phone": "p", "body": "hi"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "suggested"),
    [
        ("OK time to text? 1 yes 2 not now 3 I want a person", ["1 yes", "2 not now", "3 I want a person"]),
        ("Want to hear about it? Reply 1. STOP and we won't text again.", ["1"]),
        ("Hola de nuevo. \u00bfBuen momento para textear? 1 claro 2 no", ["1 claro", "2 no"]),
        ("English: 1. Espa\u00f1ol: 2. Other language: text its name.", ["1 English", "2 Espa\u00f1ol"]),
        ("Where are you?", []),
        ("What city or ZIP should I look near? Want to get far from here? Send FAR", ["78201", "Houston", "FAR"]),
        ("A: own room. B: shared. Send A, B, BOTH or NO", ["A", "B", "BOTH", "NO"]),
        ("Did you mean Houston? 1 yes 2 no. You can also send a ZIP or its first 3 digits", ["1 yes", "2 no"]),
        ("No one is on. Reply 1 and I'll save your place", ["1"]),
    ],
)
def test_the_answers_a_text_offers_are_suggested(body: str, suggested: list[str]) -> None:
    assert [words for _, words in replies.for_person([body], has_written=True)] == suggested


def test_after_a_misunderstanding_what_was_asked_is_still_the_question() -> None:
    missed = "Sorry, I missed that. You can send a number, use your own words, SKIP, or PERSON"
    quick = replies.for_person(["OK time to text? 1 yes 2 not now", missed], has_written=True)
    assert [value for value, _ in quick] == ["1", "2", "SKIP", "PERSON"]


@pytest.mark.parametrize(
    ("body", "language", "units", "suggested"),
    [
        ("", "en", 1, ["2 beds", "SAME", "FULL", "OFF"]),
        ("", "en", 2, ["2 f 1 m", "SAME", "FULL", "OFF"]),
        ("Listo: Birch-1 tiene 4 libres. Si hay error, manda BORRAR", "es", 1,
         ["BORRAR", "2 camas", "IGUAL", "LLENO", "OFF"]),
        ("Hold 7KQ at Cedar-1? adult. Reply Y 7KQ to hold 4 hr, N 7KQ FULL, N 7KQ FIT, or CALL 7KQ to talk", "en", 1,
         ["Y 7KQ", "N 7KQ FULL", "N 7KQ FIT", "CALL 7KQ"]),
        ("¿Apartas 7KQ en Birch-1? Manda Y 7KQ por 4 hr, N 7KQ LLENO, N 7KQ NO VA, o CALL 7KQ", "es", 1,
         ["Y 7KQ", "N 7KQ LLENO", "N 7KQ NO VA", "CALL 7KQ"]),
    ],
)  # fmt: skip
def test_what_a_place_could_text_is_suggested_and_is_understood(
    body: str, language: str, units: int, suggested: list[str]
) -> None:
    reporter = directory.ReporterPhone("+12105550121", language, "Cedar-1", "bed", "San Antonio area", units)
    quick = [value for value, _ in replies.for_reporter([body] if body else [], reporter)]
    assert quick == suggested
    assert Said.UNCLEAR not in {read_provider(value).said for value in quick}
