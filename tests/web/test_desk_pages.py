"""What advocates see and press: the board, the conversation, and every refusal with the draft still there."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.services import Services
from bot.store import consent, handoffs, heartbeats, messages
from bot.store.audit import audit
from bot.store.db import Database
from bot.store.directory import holds, organizations, programs, stocks
from tests.web.line import (
    NUMBER,
    Browser,
    add_account,
    app_on,
    services_on,
    someone_waits,
    they_wrote,
)

STATIC = Path(__file__).resolve().parents[2] / "bot" / "web" / "static"


@pytest.fixture
def line(database: Database) -> Services:
    return services_on(database)


@pytest.fixture
def app(line: Services):
    return app_on(line)


@pytest.fixture
def ana(app, database: Database) -> Browser:
    add_account(database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app)
    browser.log_in("ana@example.org")
    return browser


@pytest.fixture
def luis(app, database: Database) -> Browser:
    add_account(database, "luis@example.org", "Luis", "advocate")
    browser = Browser(app)
    browser.log_in("luis@example.org")
    return browser


@pytest.fixture
def waiting(database: Database) -> tuple[str, str]:
    with database.transaction() as tx:
        return someone_waits(tx, tier="P0", reason="danger", promised_at=tx.now + timedelta(minutes=5))


def talk(conversation_id: str) -> str:
    return f"/desk/conversations/{conversation_id}"


def epoch_in(page: str) -> str:
    return re.search(r'name="epoch" value="(\d+)"', page).group(1)


def test_the_whole_of_an_advocates_work_without_javascript(ana: Browser, database: Database, waiting) -> None:
    conversation_id, _ = waiting
    with database.transaction() as tx:
        they_wrote(tx, conversation_id, "he comes back at 6", "SM1")
    assert "on shift" in ana.post("/desk/shift/on", {"hours": "4"}, follow_redirects=True).text
    board = ana.get("/desk/").text
    assert "1 person is waiting" in board
    assert "Said they are in danger now" in board
    page = ana.post("/desk/take", follow_redirects=True).text
    assert "he comes back at 6" in page
    assert "You hold this" in page
    assert "I read what you sent" in page
    answer = ana.post(
        f"{talk(conversation_id)}/reply", {"text": "I am here.", "epoch": epoch_in(page)}, follow_redirects=True
    )
    assert "I am here." in answer.text
    assert "Waiting to leave" in answer.text
    assert (
        "her sister drives"
        in ana.post(f"{talk(conversation_id)}/note", {"note": "her sister drives"}, follow_redirects=True).text
    )
    assert (
        "Finished"
        in ana.post(f"{talk(conversation_id)}/finish", {"outcome": "safe_for_now"}, follow_redirects=True).text
    )
    assert "Nobody is waiting" in ana.get("/desk/").text


def test_a_note_that_is_refused_is_still_in_its_box(ana: Browser, waiting) -> None:
    answer = ana.post(f"{talk(waiting[0])}/note", {"note": "words " * 700})
    assert answer.status_code == 409
    assert "Nothing was kept" in answer.text
    assert "words words words" in answer.text


def test_no_page_of_the_desk_holds_the_number(ana: Browser, database: Database, waiting) -> None:
    conversation_id, _ = waiting
    ana.post("/desk/take")
    for path in ("/desk/", "/desk/board", talk(conversation_id), f"{talk(conversation_id)}/live"):
        answer = ana.get(path)
        assert answer.status_code == 200
        text = answer.text
        assert NUMBER[-7:] not in re.sub(r"\D", "", re.sub(r'value="[^"]*"|[0-9a-f]{32}|\d{4}-\d\d-\d\dT\S+', "", text))


def test_looking_at_a_conversation_is_on_the_record(ana: Browser, database: Database, waiting) -> None:
    ana.get(talk(waiting[0]))
    with database.reading() as tx:
        acts = tx.conn.execute(select(audit.c.act, audit.c.object_id)).all()
    assert ("conversation_viewed", waiting[0]) in [tuple(row) for row in acts]


def test_the_second_one_to_press_is_told_who_was_first(ana: Browser, luis: Browser, waiting) -> None:
    conversation_id, handoff_id = waiting
    ana.post(f"/desk/handoffs/{handoff_id}/claim")
    assert "Ana has this person already" in luis.post(f"/desk/handoffs/{handoff_id}/claim", follow_redirects=True).text
    page = luis.get(talk(conversation_id)).text
    assert "Ana holds this" in page
    assert 'name="epoch"' not in page


@pytest.mark.parametrize("epoch", ["0", "", "x", "99999999999999999999", "-1", "\u0661"])
def test_a_stale_page_keeps_the_draft(ana: Browser, waiting, epoch: str) -> None:
    ana.post("/desk/take")
    answer = ana.post(f"{talk(waiting[0])}/reply", {"text": "my careful words", "epoch": epoch})
    assert answer.status_code == 409
    assert "changed hands" in answer.text
    assert "my careful words" in answer.text


def test_a_draft_of_someone_who_lost_the_conversation_is_shown_not_lost(ana: Browser, luis: Browser, waiting) -> None:
    luis.post("/desk/take")
    answer = ana.post(f"{talk(waiting[0])}/reply", {"text": "my careful words", "epoch": "1"})
    assert answer.status_code == 409
    assert "my careful words" in answer.text
    assert "Luis holds this" in answer.text


def test_after_stop_the_advocate_sees_it_and_cannot_text(ana: Browser, database: Database, waiting) -> None:
    ana.post("/desk/take")
    page = ana.get(talk(waiting[0])).text
    with database.transaction() as tx:
        consent.withdraw(tx, tx.keys.index("phone", NUMBER), how="stop")
    answer = ana.post(f"{talk(waiting[0])}/reply", {"text": "my careful words", "epoch": epoch_in(page)})
    assert answer.status_code == 409
    assert "no more texts" in answer.text
    assert "my careful words" in answer.text
    assert "Do not text" in ana.get(f"{talk(waiting[0])}/live").text


def test_do_not_text_is_one_press(ana: Browser, database: Database, waiting) -> None:
    assert "No text will leave" in ana.post(f"{talk(waiting[0])}/stop", follow_redirects=True).text
    with database.reading() as tx:
        assert consent.is_suppressed(tx, tx.keys.index("phone", NUMBER))


def test_an_expired_token_shows_what_was_written(ana: Browser, waiting) -> None:
    answer = ana.client.post(f"{talk(waiting[0])}/reply", data={"text": "my careful words", "epoch": "1"})
    assert answer.status_code == 400
    assert "my careful words" in answer.text
    assert "What you wrote is still here" in answer.text


def test_another_site_cannot_press_our_buttons(ana: Browser, waiting) -> None:
    answer = ana.post("/desk/take", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_what_has_not_changed_is_not_sent_again(ana: Browser, database: Database, waiting) -> None:
    for path, page in (("/desk/board", "/desk/"), (f"{talk(waiting[0])}/live", talk(waiting[0]))):
        etag = re.search(r'data-etag="([^"]+)"', ana.get(page).text).group(1).replace("&#34;", '"')
        same = ana.get(path, headers={"If-None-Match": etag})
        assert (same.status_code, same.data) == (304, b"")
        with database.transaction() as tx:
            they_wrote(tx, waiting[0], f"more {path}", f"SM{len(path)}")
            someone_waits(tx, f"+1210555013{len(path) % 10}")
        assert ana.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_what_the_browser_runs_and_keeps_is_ours_alone(ana: Browser, waiting) -> None:
    page = ana.get(talk(waiting[0]))
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on[a-z]+=|https?://", page.text)


@pytest.mark.parametrize("title", ["Desk", "Conversation"])
def test_titles_say_nothing(ana: Browser, waiting, title: str) -> None:
    page = ana.get("/desk/" if title == "Desk" else talk(waiting[0])).text
    assert f"<title>{title}</title>" in page


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "مرحبا\u202e"]
)
def test_what_a_person_writes_is_only_ever_text(ana: Browser, database: Database, waiting, words: str) -> None:
    with database.transaction() as tx:
        they_wrote(tx, waiting[0], words, "SM9")
    answer = ana.get(talk(waiting[0]))
    page = answer.text
    assert answer.status_code == 200
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert ">49<" not in page


@pytest.mark.parametrize(
    "path",
    ["/desk/conversations/nothing", "/desk/conversations/%00", "/desk/conversations/" + "0" * 32, "/desk/nowhere"],
)
def test_what_is_not_there_is_said_plainly(ana: Browser, path: str) -> None:
    answer = ana.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_a_conversation_nobody_handed_over_is_not_shown(ana: Browser, database: Database, waiting) -> None:
    with database.transaction() as tx:
        tx.conn.execute(handoffs.handoffs.delete())
    assert ana.get(talk(waiting[0])).status_code == 404


@pytest.mark.parametrize("hours", ["", "0", "3", "x", "\u0664", "-4", "99999999999999999999"])
def test_a_shift_of_no_offered_length_is_refused(ana: Browser, hours: str) -> None:
    assert ana.post("/desk/shift/on", {"hours": hours}).status_code == 400


@pytest.mark.parametrize("table", ["handoffs", "staff", "sessions"])
def test_a_failing_database_shows_a_page_without_a_word_of_the_failure(sqlite_database: Database, table: str) -> None:
    add_account(sqlite_database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app_on(services_on(sqlite_database)))
    browser.log_in("ana@example.org")
    with sqlite_database.engine.begin() as conn:
        conn.exec_driver_sql(f"ALTER TABLE {table} RENAME TO elsewhere")
    answer = browser.get("/desk/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert table not in answer.text


def test_too_large_a_form_is_refused(ana: Browser, waiting) -> None:
    answer = ana.post(f"{talk(waiting[0])}/note", {"note": "x" * (7 * 1024 * 1024)})
    assert answer.status_code == 413


def test_every_delivery_state_is_said_in_words(ana: Browser, database: Database, waiting) -> None:
    states = {
        "queued": "Waiting to leave", "sending": "Leaving now", "unknown": "Not known if it left", "sent": "Sent",
        "delivered": "Delivered", "undelivered": "Did not arrive", "failed": "Did not arrive", "refused": "Held back",
    }  # fmt: skip
    with database.transaction() as tx:
        for status in states:
            message_id = messages.queue_text(
                tx, conversation_id=waiting[0], epoch=0, kind="reply", body=f"text {status}", language="en"
            )
            row = messages.messages.c.message_id == message_id
            tx.conn.execute(messages.messages.update().where(row).values(status=status))
    page = ana.get(f"{talk(waiting[0])}/live").text
    assert all(words in page for words in states.values())


def test_ready_words_are_offered_only_when_signed_off_or_in_simulation(database: Database, waiting) -> None:
    add_account(database, "eva@example.org", "Eva", "advocate")
    for allowed in ("1", "0"):
        eva = Browser(app_on(services_on(database, ALLOW_UNREVIEWED_TEXTS=allowed)))
        eva.log_in("eva@example.org")
        eva.post("/desk/take")
        page = eva.get(talk(waiting[0])).text
        assert ("I&#39;m a real person" in page or "a real person" in page) is (allowed == "1")


def test_a_held_place_is_spoken_of_only_while_one_is_held(ana: Browser, database: Database, clock, waiting) -> None:
    ana.post("/desk/take")
    assert "a spot is saved for you" not in ana.get(talk(waiting[0])).text
    with database.transaction() as tx:
        insert = tx.conn.execute
        insert(organizations.insert().values(organization_id="o", name="O", vetting="approved", created_at=tx.now))
        program = {"program_id": "p", "organization_id": "o", "code_name": "Elm-1", "need": "bed", "region": "Texas"}
        program |= {"kind": "night_shelter", "status": "active", "zip3": [], "facets": {}, "traits": []}
        insert(programs.insert().values(**program, confidential=True, vetting="approved"))
        insert(stocks.insert().values(stock_id="s", program_id="p", unit="bed", maximum=3))
        hold = {"hold_id": "h", "short_id": "7KQ", "stock_id": "s", "conversation_id": waiting[0], "state": "held"}
        hold |= {"hours": 3, "staff_id": "0" * 32}
        insert(holds.insert().values(**hold, requested_at=tx.now, expires_at=tx.now + timedelta(hours=3)))
    assert "a spot is saved for you for 3 hr" in ana.get(talk(waiting[0])).text
    clock.advance(timedelta(hours=3))
    assert "a spot is saved for you" not in ana.get(talk(waiting[0])).text


def test_ready_is_said_only_when_every_part_is_good(app, line: Services, database: Database, clock) -> None:
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    late = client.get("/readyz")
    assert (late.status_code, late.text) == (503, "clock\n")
    with database.transaction() as tx:
        heartbeats.beat(tx, "clock")
    assert client.get("/readyz").status_code == 200
    clock.advance(timedelta(seconds=31))
    assert client.get("/readyz").text == "clock\n"
    clock.advance(timedelta(seconds=-31))
    line.nudges.heard = False
    assert client.get("/readyz").text == "queue\n"
    assert client.get("/metrics").status_code == 200


def test_the_vendored_script_is_the_one_we_checked() -> None:
    version, digest = (STATIC / "htmx.min.js.version").read_text().split()
    script = (STATIC / "htmx.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == digest
    assert f'version:"{version}"'.encode() in script


def test_the_stylesheet_stays_small_and_asks_nobody_else() -> None:
    css = (STATIC / "quietline.css").read_text()
    assert len(css.encode()) < 20_000
    assert "url(" not in css
    assert "@import" not in css
