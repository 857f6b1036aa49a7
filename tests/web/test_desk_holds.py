"""Can an advocate ask for a place from the desk, see what it answers, and finish without losing a half-written text?"""

from __future__ import annotations

import re

import pytest

from bot.adapters.clock import FakeClock
from bot.store import consent, directory, handoffs, people
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.usecases.line import PERSON, TheLine, the_line
from tests.web.line import Browser, add_account, app_on, someone_waits, they_wrote

CEDAR = "+12105550121"


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


@pytest.fixture
def ana(line: TheLine) -> Browser:
    add_account(line.database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app_on(line.services))
    browser.log_in("ana@example.org")
    return browser


@pytest.fixture
def talk(line: TheLine) -> str:
    """Somebody who waits, was told of two places and agreed to share; the address of their page."""
    with line.database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, PERSON)
        directory.add_offers(tx, conversation_id, {"A": ("demo-cedar-1", tx.now), "B": ("demo-quail-3", tx.now)})
        person = people.find(tx, PERSON)
        assert person is not None
        consent.release(tx, person.person_id, items="adult, tonight", hours=72)
    return f"/desk/conversations/{conversation_id}"


def offers_on(page: str) -> str:
    return page[page.index('id="offers"') : page.index("Consent to share</h2>")]


def test_a_place_is_asked_and_its_answer_is_seen_without_a_reload(ana: Browser, line: TheLine, talk: str) -> None:
    ana.post("/desk/take")
    assert "Ask to hold a place" in offers_on(ana.get(talk).text)
    page = ana.post(f"{talk}/hold", {"stock_id": "demo-cedar-1-room", "hours": "2"}, follow_redirects=True).text
    assert "Asked for" in offers_on(page)
    short = re.search(r"Hold (\w+) at Cedar-1", line.shows(CEDAR)["messages"][-1]["body"])
    assert short
    line.text(f"Y {short[1]}", sender=CEDAR)
    live = ana.get(f"{talk}/live").text
    assert re.search(r'id="hold-Cedar-1" hx-swap-oob="true">\s*<span class="badge good">Held for them', live)
    page = offers_on(ana.get(talk).text)
    assert "Held for them" in page
    assert "Ask to hold a place" not in page  # one place is enough for one person


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stock_id": "demo-cedar-1-room", "hours": "3"}, "2, 4 or 24 hours"),
        ({"stock_id": "demo-cedar-1-room", "hours": "\u0664"}, "2, 4 or 24 hours"),
        ({"stock_id": "demo-birch-1-bed", "hours": "4"}, "was not offered to them"),
        ({"hours": "4"}, "was not offered to them"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_the_places(ana: Browser, talk: str, fields: dict, words: str) -> None:
    ana.post("/desk/take")
    answer = ana.post(f"{talk}/hold", fields)
    assert answer.status_code == 409
    assert words in offers_on(answer.text)


def test_only_who_holds_the_conversation_asks(ana: Browser, line: TheLine, talk: str) -> None:
    assert "Ask to hold a place" not in offers_on(ana.get(talk).text)
    answer = ana.post(f"{talk}/hold", {"stock_id": "demo-cedar-1-room", "hours": "4"})
    assert (answer.status_code, "Take this conversation first" in answer.text) == (409, True)


def test_without_consent_there_is_nothing_to_press(ana: Browser, line: TheLine, talk: str) -> None:
    ana.post("/desk/take")
    with line.database.transaction() as tx:
        person = people.find(tx, PERSON)
        assert person is not None
        consent.revoke_release(tx, person.person_id)
    page = offers_on(ana.get(talk).text)
    assert "Ask to hold a place" not in page
    assert "once they agree to share" in page


@pytest.mark.parametrize("fields", [{"outcome": "referred"}, {"returned": "1"}])
def test_nothing_is_finished_over_a_text_that_was_not_sent(
    ana: Browser, line: TheLine, talk: str, fields: dict
) -> None:
    ana.post("/desk/take")
    answer = ana.post(f"{talk}/finish", {**fields, "text": "half a thought"})
    assert answer.status_code == 409
    assert "half a thought" in answer.text
    assert "Your text was not sent" in answer.text
    with line.database.reading() as tx:
        assert handoffs.open_of(tx, talk.rsplit("/", 1)[1]) is not None
    untouched = re.search(r"<textarea[^>]*data-composer[^>]*>([^<]*)", ana.get(talk).text)
    assert untouched
    first_words = untouched[1].replace("&#39;", "'")
    assert ana.post(f"{talk}/finish", {**fields, "text": first_words}).status_code == 302
    with line.database.reading() as tx:
        assert handoffs.open_of(tx, talk.rsplit("/", 1)[1]) is None


def test_what_is_typed_goes_along_with_finish_and_hand_back_in_any_browser(ana: Browser, talk: str) -> None:
    page = ana.post("/desk/take", follow_redirects=True).text
    assert len(re.findall(rf'<button[^>]*form="composer" formaction="{talk}/finish"', page)) == 2
    assert re.search(r'<select id="f-outcome" name="outcome" form="composer"', page)


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["he comes back at 6", "2", "1 3"], "he comes back at 6"),
        (["he comes back at 6", "A", "both"], "he comes back at 6"),
        (["1", "78201"], "78201"),
        (["1", "2"], "2"),
        (["hi", "ok"], "ok"),
    ],
)
def test_their_last_words_are_words_if_there_are_any(
    ana: Browser, line: TheLine, talk: str, texts: list[str], shown: str
) -> None:
    with line.database.transaction() as tx:
        for n, text in enumerate(texts):
            they_wrote(tx, talk.rsplit("/", 1)[1], text, f"SMlast{n}")
    found = re.search(r'<p class="ask"[^>]*>([^<]*)', ana.get(talk).text)
    assert found
    assert found[1] == shown


def test_a_hold_of_another_conversation_is_not_shown(ana: Browser, line: TheLine, talk: str) -> None:
    with line.database.transaction() as tx:
        other, _ = someone_waits(tx, "+12105550143")
        directory.add_offers(tx, other, {"A": ("demo-cedar-1", tx.now)})
    ana.post("/desk/take")
    ana.post(f"{talk}/hold", {"stock_id": "demo-cedar-1-room", "hours": "4"})
    assert "Asked for" not in offers_on(ana.get(f"/desk/conversations/{other}").text)
