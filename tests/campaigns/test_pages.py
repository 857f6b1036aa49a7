"""The campaign pages from list to progress, through the real application and two log-ins."""

from __future__ import annotations

import io
from typing import Any

import pytest

from bot.store import campaigns
from bot.usecases import accounts
from tests.campaigns.stage import ADVOCATE, APPROVER, OUTREACH, Stage, Staged
from tests.web.line import PASSWORD, Browser, app_on

LIST = "number,language,basis\n+12105550101,en,opted_in\n+12105550102,es,inbound_first\nnonsense,en,opted_in\n"


class Pages:
    """The stage with its doors open: one browser for each log-in."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.app = app_on(stage.services)

    def browser(self, email: str) -> Browser:
        accounts.set_password(self.stage.database, email=email, password=PASSWORD)
        browser = Browser(self.app)
        assert browser.log_in(email).status_code == 302
        return browser

    def make(self, browser: Browser, **changes: Any) -> str:
        """Fill in the form; returns the campaign's address."""
        browser.get("/campaigns/new")
        response = browser.post("/campaigns/new", {**FORM, **changes})
        assert response.status_code == 302, response.get_data(as_text=True)
        return response.headers["Location"]


FORM = {
    "name": "June list", "key": "O1", "sender": "Olga", "area": "", "window_from": "10", "window_to": "19",
    "pasted": LIST, "provenance": "own", "needs": "bed",
}  # fmt: skip


@pytest.fixture
def pages(small_stage: Staged) -> Pages:
    return Pages(small_stage())


def test_from_a_list_to_a_text_with_two_log_ins(stage: Stage) -> None:
    pages = Pages(stage)
    olga, petra = pages.browser(OUTREACH), pages.browser(APPROVER)
    address = pages.make(olga)
    report = olga.get(address).get_data(as_text=True)
    assert "2 of 3 rows can be texted." in report
    assert "Not a number that a text can reach" in report
    assert "somebody else, with their own log-in" in report
    assert "Approve</button>" not in report
    assert olga.post(address + "/approve").status_code == 403

    page = petra.get(address).get_data(as_text=True)
    assert "Hola, soy Olga de Maple Help Desk" in page
    assert "Approve</button>" in page
    petra.post(address + "/approve")
    assert petra.post(address + "/launch").status_code == 403

    assert "Launch</button>" in olga.get(address).get_data(as_text=True)
    olga.post(address + "/launch")
    assert stage.tick() == 2
    page = olga.get(address).get_data(as_text=True)
    assert "Pause</button>" in page
    assert "<dt>texted</dt><dd>2</dd>" in page
    petra.post(address + "/pause")
    assert "It stays paused until a person resumes it." in olga.get(address).get_data(as_text=True)
    assert "Resume</button>" in olga.get(address).get_data(as_text=True)
    assert "June list" in petra.get("/campaigns/").get_data(as_text=True)


def test_a_file_is_taken_as_well_as_a_paste(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    file = (io.BytesIO(LIST.encode("utf-16")), "list.csv")
    address = pages.make(olga, pasted="", file=file)
    assert "2 of 3 rows can be texted." in olga.get(address).get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pasted": ""}, "Choose a file, or paste the list."),
        ({"provenance": ""}, "Say where the list comes from."),
        ({"pasted": "hello"}, "must name the columns"),
        ({"file": (io.BytesIO(b"PK\x03\x04 ..."), "list.xlsx")}, "Save it as CSV"),
        ({"name": ""}, "Give the campaign a name"),
        ({"window_from": "3"}, "they can be narrowed, not widened"),
        ({"window_to": "noon"}, "they can be narrowed, not widened"),
        ({"key": "O9"}, "Choose one of the first texts, or up to four"),
        ({"sender": "<b>"}, "at most 8 letters"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(pages: Pages, changes: dict[str, Any], words: str) -> None:
    olga = pages.browser(OUTREACH)
    olga.get("/campaigns/new")
    response = olga.post("/campaigns/new", {**FORM, **changes})
    page = response.get_data(as_text=True)
    assert response.status_code == 400
    assert words in page
    if "name" not in changes:
        assert 'value="June list"' in page
    if "pasted" not in changes:
        assert "+12105550102,es,inbound_first" in page
    with pages.stage.database.reading() as tx:
        assert campaigns.every(tx) == []


def test_the_texts_are_shown_as_they_will_be_read_before_anything_is_kept(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    olga.get("/campaigns/new")
    fragment = olga.post("/campaigns/preview", {"key": "O2", "sender": "Olga", "area": "San Antonio area"})
    words = fragment.get_data(as_text=True)
    assert "Hi, it&#39;s Olga at Maple Help Desk" in words
    assert "Cerca de San Antonio hay doctor gratis" in words
    assert "1 message," in words
    assert "a draft: not signed off" in words
    too_long = olga.post("/campaigns/preview", {"key": "O1", "sender": "Mar\u00eda"}).get_data(as_text=True)
    assert "not in the texts&#39; alphabet: \u00ed" in too_long


def test_the_rows_left_out_can_be_downloaded_without_any_number(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    address = pages.make(olga, pasted=LIST + "+12105550101,en,opted_in\n+12105550177,en,none\n")
    download = olga.get(address + "/rejected.csv")
    assert download.mimetype == "text/csv"
    lines = download.get_data(as_text=True).splitlines()
    assert lines[0] == "row,column,kind,reason"
    assert [line.split(",")[:2] for line in lines[1:]] == [["4", "number"], ["5", "number"], ["6", "basis"]]
    assert "555" not in "".join(lines)


def test_the_progress_is_polled_and_says_when_nothing_changed(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    address = pages.make(olga)
    first = olga.get(address + "/live")
    again = olga.get(address + "/live", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize("path", ["/campaigns/nonsense", "/campaigns/" + "0" * 32, "/campaigns/" + "0" * 32 + "/live"])
def test_what_is_not_there_is_not_found(pages: Pages, path: str) -> None:
    assert pages.browser(OUTREACH).get(path).status_code == 404


def test_who_may_not_may_not(pages: Pages) -> None:
    stranger = Browser(pages.app)
    assert stranger.get("/campaigns/").status_code == 302
    ana = pages.browser(ADVOCATE)
    for path in ("/campaigns/", "/campaigns/new"):
        assert ana.get(path).status_code == 403
    petra = pages.browser(APPROVER)
    assert petra.get("/campaigns/").status_code == 200
    assert petra.get("/campaigns/new").status_code == 403


def test_anybody_there_may_stop_everything_and_an_approver_lets_it_go_on(pages: Pages) -> None:
    stage = pages.stage
    olga, petra = pages.browser(OUTREACH), pages.browser(APPROVER)
    stage.run("+12105550101,en,opted_in")
    olga.get("/campaigns/")
    olga.post("/campaigns/stop")
    assert "All campaigns are stopped." in olga.get("/campaigns/").get_data(as_text=True)
    assert stage.tick() == 0
    assert olga.post("/campaigns/allow").status_code == 403
    petra.get("/campaigns/")
    petra.post("/campaigns/allow")
    assert stage.tick() == 1


def test_a_form_from_elsewhere_changes_nothing(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    response = olga.client.post("/campaigns/new", data=FORM)
    assert response.status_code == 400
    with pages.stage.database.reading() as tx:
        assert campaigns.every(tx) == []
