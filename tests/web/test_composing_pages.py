"""The composer without JavaScript, and what it answers to a script: every refusal with the words still there."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bot.adapters.clock import FakeClock
from bot.store import consent, handoffs, people, staff
from bot.store.db import Database
from bot.usecases.transfer import take_over
from tests.web.line import NUMBER, PASSWORD, Browser, add_account, app_on, services_on, someone_waits, they_wrote

HX = {"HX-Request": "true"}


class Page:
    """Ana's page of one conversation: sends what its form holds, as a browser does."""

    def __init__(self, database: Database, conversation_id: str, **settings: str) -> None:
        self.browser = Browser(app_on(services_on(database, **settings)))
        self.browser.log_in("ana@example.org")
        self.base = f"/desk/conversations/{conversation_id}"
        self.text = ""

    def open(self) -> str:
        self.text = self.browser.get(self.base).get_data(as_text=True)
        return self.text

    def later(self, clock: FakeClock, **span: float) -> None:
        """So much time passes, and the page is unlocked again."""
        clock.advance(timedelta(**span))
        self.browser.get("/desk/unlock")
        self.browser.post("/desk/unlock", {"password": PASSWORD})
        self.open()

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, name
        return found[1]

    @property
    def box(self) -> str:
        found = re.search(r"<textarea id=\"f-text\".*?>(.*?)</textarea>", self.text, re.DOTALL)
        assert found
        return found[1]

    def press(self, where: str, words: str, **more: Any) -> TestResponse:
        headers = more.pop("headers", {})
        kept = {name: self.field(name) for name in ("epoch", "draft_id", "page_id", "since")}
        answer = self.browser.post(f"{self.base}/{where}", {**kept, "text": words, **more}, headers=headers)
        if answer.status_code != 302 and not headers:
            self.text = answer.get_data(as_text=True)
        return answer


@pytest.fixture
def waits(sqlite_database: Database) -> str:
    with sqlite_database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, tier="P0", reason="danger")
        they_wrote(tx, conversation_id, "he comes back at 6", "SM1")
    return conversation_id


@pytest.fixture
def page(sqlite_database: Database, waits: str) -> Page:
    add_account(sqlite_database, "ana@example.org", "Ana", "advocate")
    page = Page(sqlite_database, waits)
    page.browser.post("/desk/take")
    page.open()
    return page


def chose(database: Database, hours: str) -> None:
    with database.transaction() as tx:
        person = people.find(tx, NUMBER)
        assert person is not None
        people.set_safe_hours(tx, person.person_id, hours)


def test_sent_and_undone_without_javascript(page: Page) -> None:
    assert page.press("reply", "I am here.").status_code == 302
    sent = page.open()
    assert page.box == ""
    assert "Your text has not left yet." in sent
    back = re.search(r'action="(/desk/\S+/texts/[0-9a-f]{32}/back)"', sent)
    assert back
    assert page.browser.post(back[1]).status_code == 302
    page.open()
    assert page.box == "I am here."
    again = page.browser.post(back[1])
    assert again.status_code == 409
    assert "You took it back already" in again.text
    assert page.browser.post(back[1].replace("/texts/", "/texts/0")).status_code == 404


def test_a_draft_is_found_again_by_a_reload_another_device_and_after_a_new_log_in(page: Page, sqlite_database) -> None:
    assert page.press("draft", "half a thought").status_code == 302
    page.open()
    assert page.box == "half a thought"
    phone = Page(sqlite_database, page.base.rpartition("/")[2])
    phone.open()
    assert phone.box == "half a thought"
    assert phone.press("reply", "half a thought, whole").status_code == 302
    late = page.press("reply", "half a thought, whole")
    assert late.status_code == 302, "the same draft on two devices is one text"
    assert page.open().count("half a thought, whole") == 1
    stale = phone.press("draft", "more", headers=HX)
    assert (stale.status_code, "sent already" in stale.text) == (409, True)


def test_ready_words_are_put_behind_what_was_typed_and_nothing_is_sent(page: Page) -> None:
    page.press("draft", "Hi.", say="RW2")
    shown = page.open()
    assert page.box.startswith("Hi. Thank you for telling me.")
    assert "Waiting to leave" not in shown
    page.press("draft", "Hi.", say="../x")
    page.open()
    assert page.box == "Hi."


def test_ready_words_come_in_the_persons_language_and_name_an_hour_only_where_it_is_known(
    page: Page, sqlite_database: Database, clock
) -> None:
    assert "I&#39;ll text you again" not in page.text
    page.later(clock, hours=10)  # noon in Texas: by day is over then
    assert "I&#39;ll text you again at 8 am." in page.text
    with sqlite_database.transaction() as tx:
        other, handoff_id = someone_waits(tx, "+12125550142", language="es")
    page.browser.post(f"/desk/handoffs/{handoff_id}/claim")
    spanish = Page(sqlite_database, other)
    assert "Gracias por contarme." in spanish.open()
    assert "Te escribo otra vez a las 8 am." in spanish.text


def test_marked_words_and_the_second_press(page: Page) -> None:
    asked = page.press("reply", "The shelter is <near> San Antonio")
    assert asked.status_code == 409
    assert "<mark>shelter</mark> is &lt;near&gt; <mark>San Antonio</mark>" in page.text
    assert "Nothing was sent yet." in page.text
    assert page.box == "The shelter is &lt;near&gt; San Antonio"
    unsure = page.press("reply", "The shelter is <near> San Antonio", seen=page.field("seen"), why="")
    assert unsure.status_code == 409
    other = page.press("reply", "The police are near", seen=page.field("seen"), why="they_asked")
    assert (other.status_code, "<mark>police</mark>" in page.text) == (409, True)
    assert page.press("reply", "The police are near", seen=page.field("seen"), why="they_asked").status_code == 302
    assert "The police are near" in page.open()


def test_outside_their_hours_it_waits_for_the_next_one_and_can_be_cancelled(page: Page, sqlite_database, clock) -> None:
    page.press("reply", "I read it.")
    chose(sqlite_database, "morning")
    page.later(clock, hours=3)
    assert "It is not an hour they chose, and they have not said that now is good" in page.text
    assert "tomorrow, 08:00 Central, their time" in page.text
    blocked = page.press("reply", "Are you there?")
    assert blocked.status_code == 409
    assert 'name="why"' not in page.text
    assert page.press("reply", "Good morning", later="1").status_code == 302
    page.open()
    assert "Waits for tomorrow, 08:00 Central, their time;" in page.text
    finish = page.browser.post(f"{page.base}/finish", {"outcome": "referred", "epoch": page.field("epoch")})
    assert "still waits for its hour" in finish.text
    cancel = re.findall(r'action="(/desk/\S+/texts/[0-9a-f]{32}/back)"', page.text)[-1]
    page.browser.post(cancel)
    page.open()
    assert page.box == "Good morning"
    assert "taken back" in page.text


def test_a_scheduled_text_that_was_dropped_is_told_with_its_words(page: Page, sqlite_database, clock) -> None:
    page.press("reply", "I read it.")
    chose(sqlite_database, "morning")
    page.later(clock, hours=3)
    page.press("reply", "Good morning", later="1")
    with sqlite_database.transaction() as tx:
        consent.withdraw(tx, tx.keys.index("phone", NUMBER), how="stop")
    page.browser.post(f"{page.base}/stop")
    told = page.open()
    assert "A scheduled text did not leave." in told
    assert "they asked for no more texts" in told


def test_a_taken_over_draft_answers_409_with_the_new_owners_name_and_stays(page: Page, sqlite_database) -> None:
    page.press("draft", "my careful words")
    add_account(sqlite_database, "marta@example.org", "Marta", "lead")
    with sqlite_database.reading() as tx:
        handoff_id = handoffs.open_of(tx, page.base.rpartition("/")[2]).handoff_id
        lead = staff.find_by_email(tx, "marta@example.org").staff_id
    take_over(sqlite_database, services_on(sqlite_database), handoff_id=handoff_id, lead_id=lead, why="asked_me")
    for where in ("reply", "draft"):
        kept = {name: page.field(name) for name in ("epoch", "draft_id", "page_id", "since")}
        answer = page.browser.post(f"{page.base}/{where}", {**kept, "text": "my careful words!"}, headers=HX)
        assert answer.status_code == 409
        assert "Marta holds this" in answer.text
    assert "my careful words!" in page.open()
    assert 'id="composer"' not in page.text
    kept = {name: page.field(name) for name in ("draft_id", "page_id", "since")}
    assert page.browser.post(f"{page.base}/draft", kept).status_code == 302
    assert "my careful words!" not in page.open()


def test_two_pages_of_one_advocate_and_the_choice_between_them(page: Page, sqlite_database) -> None:
    other = Page(sqlite_database, page.base.rpartition("/")[2])
    other.open()
    page.press("draft", "on the desk", headers=HX)
    quarrel = other.press("draft", "on the phone")
    assert quarrel.status_code == 409
    assert "on the desk" in other.text
    assert other.box == "on the phone"
    assert other.press("draft", "on the phone", over=other.field("over")).status_code == 302
    page.open()
    assert page.box == "on the phone"


def test_the_cost_is_shown_where_a_price_is_set_with_where_it_comes_from(page: Page, sqlite_database) -> None:
    assert "SEGMENT_PRICE" not in page.text
    priced = Page(sqlite_database, page.base.rpartition("/")[2], SEGMENT_PRICE="0.0083 USD")
    assert f"about {Decimal('0.0083')} USD, at the price set here (SEGMENT_PRICE)" in priced.open()


def test_nothing_typed_is_in_an_address_or_a_log(page: Page, capfd: pytest.CaptureFixture[str]) -> None:
    page.press("draft", "the blue door")
    page.press("reply", "the blue door and the shelter")
    page.press("reply", "the blue door")
    out = capfd.readouterr()
    assert "blue door" not in out.out + out.err
