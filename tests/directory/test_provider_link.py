"""Can a program keep its own counts by a link, on any telephone, and nobody else's?"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from bot.adapters.clock import FakeClock
from bot.store import asks, links, openings
from bot.store.db import Database
from bot.usecases.provider_link import Given, give, take_back
from bot.usecases.seed import add_demo_directory
from tests.directory.test_report_opening import room
from tests.usecases.line import TheLine, the_line
from tests.web.line import app_on


@pytest.fixture
def line(database: Database, clock: FakeClock) -> TheLine:
    with database.transaction() as tx:
        add_demo_directory(tx)
    return the_line(database, clock)


@pytest.fixture
def app(line: TheLine) -> Flask:
    return app_on(line.services)


def linked(line: TheLine, program: str = "Cedar-1", **how: object) -> str:
    given = give(line.database, program=program, **how)  # type: ignore[arg-type]
    assert isinstance(given, Given)
    return given.token


def test_one_tap_is_a_count_and_another_takes_it_back(line: TheLine, app: Flask) -> None:
    token, phone = linked(line), app.test_client()
    page = phone.get(f"/o/{token}").text
    assert "2 open of 7" in page
    assert re.findall(r'name="demo-cedar-1-room" value="(\d)"', page) == [str(n) for n in range(8)]
    line.clock.advance(timedelta(hours=1))
    tapped = phone.post(f"/o/{token}", data={"demo-cedar-1-room": "4"}, follow_redirects=True).text
    assert "Thank you" in tapped
    assert "4 open of 7" in tapped
    assert room(line, "demo-cedar-1") == {"room": 4}
    phone.post(f"/o/{token}", data={"act": "undo"})
    assert room(line, "demo-cedar-1") == {"room": 2}
    assert "taken back" in phone.get(f"/o/{token}").text


def test_words_for_all_of_it_in_spanish(line: TheLine, app: Flask) -> None:
    token, phone = linked(line, "Quail-3", language="es"), app.test_client()
    assert "5 libres de" in phone.get(f"/o/{token}").text
    for act, left in (("wait", 0), ("same", 0), ("undo", 0), ("undo", 5)):
        line.clock.advance(timedelta(minutes=11))
        phone.post(f"/o/{token}", data={"act": act})
        assert room(line, "demo-quail-3")["women_bed"] == left, act
    phone.post(f"/o/{token}", data={"act": "off"})
    assert room(line, "demo-quail-3") == {}
    assert "en pausa" in phone.get(f"/o/{token}").text
    phone.post(f"/o/{token}", data={"act": "on"})
    assert set(room(line, "demo-quail-3")) == {"women_bed", "men_bed"}


@pytest.mark.parametrize(
    "form",
    [{"demo-cedar-1-room": "8"}, {"demo-birch-1-bed": "1"}, {"demo-cedar-1-room": "-1"}, {}, {"act": "delete"}],
)
def test_what_cannot_be_is_said_and_not_kept(line: TheLine, app: Flask, form: dict[str, str]) -> None:
    answer = app.test_client().post(f"/o/{linked(line)}", data=form)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert room(line, "demo-cedar-1") == {"room": 2}
    assert room(line, "demo-birch-1") == {"bed": 9}


@pytest.mark.parametrize("why", ["expired", "taken back", "wrong"])
def test_a_link_that_is_good_no_more_opens_nothing(line: TheLine, app: Flask, why: str) -> None:
    token = linked(line, days=2)
    match why:
        case "expired":
            line.clock.advance(timedelta(days=2))
        case "taken back":
            assert take_back(line.database, program="Cedar-1") == 1
        case "wrong":
            token = token[:-1] + ("A" if token[-1] != "A" else "B")
    phone = app.test_client()
    assert phone.get(f"/o/{token}").status_code == 404
    assert phone.post(f"/o/{token}", data={"act": "full"}).status_code == 404
    assert room(line, "demo-cedar-1") == {"room": 2}


def test_the_address_and_the_page_tell_of_nobody_and_looking_makes_no_count_younger(line: TheLine, app: Flask) -> None:
    token = linked(line)
    with line.database.reading() as tx:
        before = openings.state(tx, "demo-cedar-1-room")
        kept = [value for row in tx.conn.execute(select(links.update_links)) for value in row]
    page = app.test_client().get(f"/o/{token}")
    assert token not in map(str, kept), "a copy of the database opens no door"
    assert not re.search(r"555|Cedar House", token + page.text)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in page.headers
    with line.database.reading() as tx:
        assert openings.state(tx, "demo-cedar-1-room") == before


def test_they_choose_when_they_are_asked(line: TheLine, app: Flask) -> None:
    token, phone = linked(line), app.test_client()
    assert phone.post(f"/o/{token}/hours", data={"first": "7", "end": "11"}).status_code == 302
    assert phone.post(f"/o/{token}/hours", data={"first": "12", "end": "11"}).status_code == 409
    assert phone.post(f"/o/{token}/hours", data={"first": "x", "end": "11"}).status_code == 400
    with line.database.reading() as tx:
        assert asks.hours_of(tx, "demo-cedar-1") == (7, 11)


def test_they_see_how_often_they_were_right_once_it_says_something(line: TheLine, app: Flask) -> None:
    token, phone = linked(line), app.test_client()
    for n in range(11):
        assert "counts were still true" not in phone.get(f"/o/{token}").text
        line.clock.advance(timedelta(hours=20))
        phone.post(f"/o/{token}", data={"demo-cedar-1-room": "0" if n == 3 else "2"})
    assert "9 of 11 counts were still true" in phone.get(f"/o/{token}").text
