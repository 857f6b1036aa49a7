"""Doors, what came of it, figures and a test on one's own phone, through the real application and its log-ins."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from bot.usecases.arrive import SETTLED, place_arrivals
from tests.campaigns.stage import ADVOCATE, APPROVER, AREA, OUTREACH, Stage, Staged
from tests.campaigns.test_pages import FORM, Pages
from tests.campaigns.test_wordings import channel, they_answer

MANY = [f"+1210555{n:04d}" for n in range(100, 140)]


@pytest.fixture
def pages(small_stage: Staged) -> Pages:
    return Pages(small_stage(SEGMENT_PRICE="0.0079 USD"))


def run_one(stage: Stage) -> str:
    """Texted 24, all delivered; six said yes, and one of them was handed off; two said stop."""
    stage.more_advocates(9)
    stage.count(30)
    rows = [f"{number},{'es' if n % 3 == 0 else 'en'},opted_in" for n, number in enumerate(MANY[:24])]
    campaign_id = stage.run(*rows, also=("O3",), area=AREA)
    stage.minutes(6)
    stage.clock.advance(timedelta(minutes=31))
    stage.minutes(2)
    texts = stage.texts()
    assert len(texts) == 24
    with stage.database.transaction() as tx:
        tx.conn.exec_driver_sql("UPDATE messages SET status = 'delivered' WHERE kind = 'campaign'")
    for text in texts[:6]:
        they_answer(stage, text["number"], "1", "1")
    they_answer(stage, texts[0]["number"], "PERSON" if texts[0]["language"] == "en" else "PERSONA")
    for text in texts[6:8]:
        they_answer(stage, text["number"], "STOP")
    return campaign_id


def table(page: str, title: str) -> dict[str, list[str]]:
    """The rows of one table, by their first cell."""
    found = re.search(rf"<caption[^>]*>{title}</caption>(.*?)</table>", page, re.DOTALL)
    assert found, title
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL)
    cells = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
             for row in rows]  # fmt: skip
    return {row[0]: row[1:] for row in cells[1:]}


def test_what_came_of_a_campaign_with_small_counts_hidden(pages: Pages) -> None:
    campaign_id = run_one(pages.stage)
    olga = pages.browser(OUTREACH)
    page = olga.get(f"/campaigns/{campaign_id}/results").get_data(as_text=True)
    stages = table(page, "From a text to a place")
    assert [stages[name][0] for name in ("Sent", "Delivered", "Reached", "Replied", "Positive")] == [
        "24", "24", "24", "8", "6",
    ]  # fmt: skip
    assert stages["Handed off"][0] == "fewer than 5"
    assert stages["Housed"][0] == "0"
    assert "Positive of those delivered" in page
    assert "25.0 in 100" in page
    assert "None of these is a target" in page
    assert table(page, "Signs of harm")["Said stop"] == ["fewer than 5", "not shown", "8 in 100"]
    wordings = table(page, "By wording")
    assert "None of the 2 wordings that are said is surely better or worse" in page
    assert {name: cells[0] for name, cells in wordings.items()} == {"Basic needs": "12", "Quietest": "12"}
    languages = table(page, "By language")
    assert {name: cells[0] for name, cells in languages.items()} == {"English": "16", "Spanish": "8"}
    answer = olga.get(f"/campaigns/{campaign_id}/results.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    assert ["all", "", "positive", "6"] in rows
    assert ["all", "", "handed_off", "<5"] in rows
    assert not any(cell in ("1", "2", "3", "4") for row in rows for cell in row[3:])
    assert "+1" not in answer.get_data(as_text=True)


def test_figures_of_all_by_area_door_state_and_month(pages: Pages) -> None:
    stage = pages.stage
    run_one(stage)
    for n in range(5):
        they_answer(stage, f"+1210555{n:04d}", "LOCAL", "1", "1")
    stage.clock.advance(SETTLED)
    place_arrivals(stage.database)
    page = pages.browser(APPROVER).get("/campaigns/figures").get_data(as_text=True)
    assert table(page, "By area")[AREA][0] == "24"
    doors = table(page, "By door")
    assert doors["A word on a poster"] == ["5", "5", "0", "0", "0"]
    assert doors["A campaign&#39;s text"][:2] == ["8", "6"]
    contacts = table(page, "Substantive contacts by state and month")
    assert contacts["All"] or contacts["TX"]
    month = f"{stage.clock.now():%Y-%m}"
    assert re.search(rf"<th scope=\"row\">TX</th><td>{month}</td><td>11</td><td>0</td>", page)
    rows = list(csv.reader(io.StringIO(pages.browser(APPROVER).get("/campaigns/figures.csv").get_data(as_text=True))))
    assert ["substantive contacts", "TX", month, "11"] in rows


def test_every_door_has_a_word_a_square_and_a_page_to_print(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    page = olga.get("/campaigns/doors/").get_data(as_text=True)
    for word in ("LOCAL", "BARRIO", "WELCOME", "BIENVENIDA", "CARD", "TARJETA", "WORK", "TRABAJO"):
        assert f"<strong>{word}</strong>" in page
    assert "Thanks for texting Maple Help Desk. You have our card." in page
    squares = re.findall(r'<img src="([^"]+)"[^>]+alt="([^"]+)"', page)
    assert len(squares) == 8
    for address, words in squares:
        answer = olga.get(address)
        assert answer.mimetype == "image/svg+xml"
        assert ElementTree.fromstring(answer.get_data()).tag.endswith("svg")  # noqa: S314 - our own picture
        assert "(210) 555-0100" in words
    paper = olga.get("/campaigns/doors/poster/es/print").get_data(as_text=True)
    assert "BARRIO" in paper
    assert 'lang="es"' in paper
    for nowhere in ("/campaigns/doors/poster/fr/print", "/campaigns/doors/window/en.svg"):
        assert olga.get(nowhere).status_code == 404


def test_a_form_with_several_wordings_needs_and_a_follow_up(pages: Pages) -> None:
    olga = pages.browser(OUTREACH)
    address = pages.make(olga, key=["O1", "O6"], needs=["bed", "legal"], follow_up="1")
    page = olga.get(address).get_data(as_text=True)
    for words in ("Basic needs", "Close by", "The one follow-up", "a place to stay, legal help",
                  "one, to who answered and fell silent", "0.0079 USD", "about 0.0158 USD"):  # fmt: skip
        assert words in page
    assert "On a locked screen" in page
    refused = olga.post("/campaigns/new", {**FORM, "needs": []})
    assert refused.status_code == 400
    assert "Say what the people on the list may ask for" in refused.get_data(as_text=True)
    change = {"key": "O3", "needs": "health", "sender": "Olga", "window_from": "12", "window_to": "18"}
    olga.post(f"{address}/change", change)
    standing = pages.stage.campaign(address.rpartition("/")[2])
    assert (standing.keys, standing.needs, standing.follow_up) == (("O3",), ("health",), False)


def test_a_test_is_sent_from_the_page_to_ones_own_phone(pages: Pages) -> None:
    stage = pages.stage
    campaign_id = stage.load(f"{MANY[0]},en,opted_in").campaign_id
    olga = pages.browser(OUTREACH)
    address = f"/campaigns/{campaign_id}"
    assert "You have no proven phone" in olga.get(address).get_data(as_text=True)
    mine = channel(stage, stage.outreach)
    assert "your phone ending in 99" in olga.get(address).get_data(as_text=True)
    olga.post(f"{address}/try", {"text": "O1-en", "phone": mine})
    assert "Sent to your own phone" in olga.get(address).get_data(as_text=True)
    assert "1 sent so far" in olga.get(address).get_data(as_text=True)
    olga.post(f"{address}/try", {"text": "O1-en", "phone": MANY[1]})
    assert "to your own phone only" in olga.get(address).get_data(as_text=True)
    assert len(stage.carrier.sent) == 1


@pytest.mark.parametrize("path", ["/campaigns/figures", "/campaigns/doors/", "/campaigns/figures.csv"])
def test_who_may_not_may_not(pages: Pages, path: str) -> None:
    assert pages.browser(ADVOCATE).get(path).status_code == 403


def test_nobody_was_texted_yet(pages: Pages) -> None:
    page = pages.browser(OUTREACH).get("/campaigns/figures").get_data(as_text=True)
    assert "Nobody was texted yet." in page
    assert pages.browser(OUTREACH).get("/campaigns/" + "0" * 32 + "/results").status_code == 404
