"""Can an advocate see how they are reached, answer, ring again and add a way, and does no page show a whole address?"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.clock import FakeClock
from bot.adapters.pagers import RecordedPager
from bot.services import Services
from bot.store import handoffs, pages, presence
from bot.store.db import Database
from bot.usecases import page_staff
from bot.usecases.send_pages import send_pages
from tests.store.clear_text import found_in_clear
from tests.web.line import Browser, add_account, app_on, services_on, someone_waits

NUMBER = "+12105550133"
PUSH = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAAB",
    "keys": {"p256dh": base64.urlsafe_b64encode(b"\x04" + b"k" * 64).decode().rstrip("="),
             "auth": base64.urlsafe_b64encode(b"a" * 16).decode().rstrip("=")},
}  # fmt: skip


@pytest.fixture
def line(sqlite_database: Database) -> Services:
    services = services_on(sqlite_database, PUSH_CONTACT="mailto:desk@example.org")
    return replace(services, push_key="BPk", pager=RecordedPager())


@pytest.fixture
def ana(line: Services) -> Browser:
    add_account(line.database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app_on(line))
    browser.log_in("ana@example.org")
    browser.get("/desk/reach")
    return browser


def calls(line: Services) -> list[tuple[str, str]]:
    """Kind and code of every call that left."""
    assert isinstance(line.pager, RecordedPager)
    send_pages(line.database, line)
    return [(call.kind, call.code) for call in line.pager.calls]


def test_a_way_is_added_rings_and_counts_once_its_code_was_typed(ana: Browser, line: Services) -> None:
    page = ana.post("/desk/reach/add", {"kind": "sms", "address": "(210) 555-0133"}, follow_redirects=True).text
    ((kind, code),) = calls(line)
    assert kind == "sms"
    page = ana.get("/desk/reach").text
    assert "to the number that ends in 33" in page
    assert "Not proven" in page
    assert code not in re.sub(r'name="csrf_token" value="[^"]+"|[0-9a-f]{32}|datetime="[^"]+"', "", page)
    assert "5550133" not in page
    wrong = ana.post("/desk/reach/heard", {"code": "1111"})
    assert (wrong.status_code, "No call to you has this code" in wrong.text) == (409, True)
    assert "Proven" in ana.post("/desk/reach/heard", {"code": code}, follow_redirects=True).text
    assert found_in_clear(line.database, [NUMBER]) == []


def test_a_shift_rings_every_way_and_the_open_page_hears_it(ana: Browser, line: Services, clock: FakeClock) -> None:
    assert ana.get("/desk/ring").text.strip() == ""
    ana.post("/desk/shift/on", {"hours": "4"})
    calls(line)
    ring = ana.get("/desk/ring", headers={"HX-Request": "true"})
    assert "data-ring" in ring.text
    assert "data-trial" in ring.text
    again = {"HX-Request": "true", "If-None-Match": ring.headers["ETag"]}
    assert ana.get("/desk/ring", headers=again).status_code == 304
    page = ana.get("/desk/reach").text
    code = re.search(r'name="code" value="(\d{4})"', page)
    assert code is not None, "the page itself is heard, and pressed"
    ana.post("/desk/reach/heard", {"code": code.group(1)})
    assert ana.get("/desk/ring").text.strip() == ""


def test_a_call_rings_until_somebody_has_the_person_or_ten_minutes_are_over(
    ana: Browser, line: Services, clock: FakeClock
) -> None:
    database = line.database
    with database.transaction() as tx:
        me = pages.add_channel(tx, add_account_id(tx), "desk", "x")
        assert me
        talk, handoff_id = someone_waits(tx, tier="P0")
        page_staff.call(tx, line, [add_account_id(tx)], why="waits", tier="P0", occasion="a", handoff_id=handoff_id)
    send_pages(database, line)
    ring = ana.get("/desk/ring").text
    assert ("Somebody is needed" in ring, "data-trial" in ring, talk in ring) == (True, False, False)
    clock.advance(timedelta(minutes=11))
    assert ana.get("/desk/ring").text.strip() == ""
    clock.advance(timedelta(minutes=-11))
    assert "Somebody is needed" in ana.get("/desk/ring").text
    luis = add_account(database, "luis@example.org", "Luis", "advocate")
    with database.transaction() as tx:
        handoffs.claim(tx, handoff_id, luis, tx.now + timedelta(minutes=1))
    assert ana.get("/desk/ring").text.strip() == ""


def add_account_id(tx) -> str:  # type: ignore[no-untyped-def]
    from_email = tx.keys.index("email", "ana@example.org")
    return tx.conn.exec_driver_sql("SELECT staff_id FROM staff WHERE email_key = ?", (from_email,)).scalar_one()


def test_it_rings_again_but_not_at_once(ana: Browser, line: Services, clock: FakeClock) -> None:
    ana.post("/desk/reach/add", {"kind": "email", "address": "ana@calls.example.org"})
    assert len(calls(line)) == 1
    assert "a…@calls.example.org" in ana.get("/desk/reach").text
    assert "rang a moment ago" in ana.post("/desk/reach/ring").text
    clock.advance(timedelta(seconds=21))
    assert ana.post("/desk/reach/ring").status_code == 302
    assert len(calls(line)) == 2


def test_what_calls_nobody_is_refused_and_stays_in_the_form(ana: Browser) -> None:
    for kind, address, words in (
        ("sms", "12", "no address for this kind"),
        ("webhook", "http://example.org/", "no address for this kind"),
        ("push", "{}", "Choose how"),
        ("desk", "x", "Choose how"),
        ("sms", "\x00", "Choose how"),
    ):
        refused = ana.post("/desk/reach/add", {"kind": kind, "address": address})
        assert (refused.status_code, words in refused.text) == (409, True), kind
    assert 'value="http://example.org/"' in ana.post("/desk/reach/add", {"kind": "webhook", "address":
                                                                        "http://example.org/"}).text  # fmt: skip


def test_a_way_is_taken_away_by_its_owner_alone(ana: Browser, line: Services) -> None:
    luis = add_account(line.database, "luis@example.org", "Luis", "advocate")
    with line.database.transaction() as tx:
        theirs = pages.add_channel(tx, luis, "sms", NUMBER)
    for deed in ("ring", "drop"):
        assert ana.post(f"/desk/reach/{theirs}/{deed}").status_code == 409
    ana.post("/desk/reach/add", {"kind": "sms", "address": "(210) 555-0134"})
    mine = re.search(r"/desk/reach/([0-9a-f]{32})/drop", ana.get("/desk/reach").text)
    assert mine is not None
    assert ana.post(f"/desk/reach/{mine.group(1)}/drop").status_code == 302
    assert "Nothing can call you yet" in ana.get("/desk/reach").text


def test_a_browser_subscribes_and_its_device_is_named(ana: Browser, line: Services) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    token = {"X-CSRFToken": ana.token, "User-Agent": agent}
    made = ana.client.post("/desk/reach/push", json=PUSH, headers=token)
    assert made.json == {"go": "/desk/reach"}
    assert "Firefox on Linux" in ana.get("/desk/reach").text
    assert [kind for kind, _ in calls(line)] == ["push"]
    assert found_in_clear(line.database, [PUSH["endpoint"]]) == []
    for nonsense in (None, [], {"endpoint": "https://evil.example/", "keys": PUSH["keys"]}):
        answer = ana.client.post("/desk/reach/push", json=nonsense, headers={"X-CSRFToken": ana.token})
        assert answer.status_code == 409
    assert ana.client.post("/desk/reach/push", json=PUSH).status_code == 400, "without its token"


def test_the_service_worker_speaks_for_the_desk_and_answers_no_request(ana: Browser) -> None:
    worker = ana.get("/desk/bell.js", buffered=True)
    assert worker.mimetype in ("text/javascript", "application/javascript")
    assert "showNotification(WORDS," in worker.text
    assert 'searchParams.get("words") || "Somebody is needed"' in worker.text
    assert '"fetch"' not in worker.text
    assert "event.data" not in worker.text, "whatever comes with a push is not shown"
    manifest = ana.get("/desk/desk.webmanifest")
    assert (manifest.mimetype, manifest.json["scope"]) == ("application/manifest+json", "/desk/")
    assert "manifest-src 'self'" in manifest.headers["Content-Security-Policy"]


def test_what_a_browser_fetches_by_itself_is_no_sign_that_anybody_is_there(ana: Browser, line: Services) -> None:
    with line.database.transaction() as tx:
        tx.conn.execute(presence.presence.delete())
    for path in ("/desk/bell.js", "/desk/desk.webmanifest"):
        ana.get(path, buffered=True)
    with line.database.reading() as tx:
        assert presence.polled_at(tx, add_account_id(tx)) is None
    ana.get("/desk/ring", headers={"HX-Request": "true"})
    with line.database.reading() as tx:
        assert presence.polled_at(tx, add_account_id(tx)) == tx.now


def test_switched_off_the_page_says_so(sqlite_database: Database) -> None:
    off = services_on(sqlite_database)
    add_account(off.database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app_on(off))
    browser.log_in("ana@example.org")
    page = browser.get("/desk/reach").text
    assert ("Switched off here" in page, "data-push" in page) == (True, False)
    answer = browser.client.post("/desk/reach/push", json=PUSH, headers={"X-CSRFToken": browser.token})
    assert answer.status_code == 409


def test_a_call_that_was_answered_by_one_way_rings_by_no_other(ana: Browser, line: Services, clock: FakeClock) -> None:
    with line.database.transaction() as tx:
        me = add_account_id(tx)
        pages.add_channel(tx, me, "desk", me)
        pages.add_channel(tx, me, "sms", NUMBER)
        _, handoff_id = someone_waits(tx, tier="P0")
        page_staff.call(tx, line, [me], why="waits", tier="P0", occasion="a", handoff_id=handoff_id)
    calls(line)
    clock.advance(timedelta(minutes=2))
    (_, (kind, code)) = calls(line)
    assert kind == "sms"
    page = ana.get("/desk/reach").text
    assert page.count("Somebody waits") >= 2, "both rang, and neither was answered"
    ana.post("/desk/reach/heard", {"code": code})
    assert ana.get("/desk/ring").text.strip() == ""
    assert "You are called" not in ana.get("/desk/reach").text
