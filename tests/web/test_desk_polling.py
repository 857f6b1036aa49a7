"""What does an open page cost that has nothing new, does the clock still move it, and does it prove who is there?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import template_rendered
from sqlalchemy import event

from bot.store import handoffs, presence
from bot.store.db import Database
from bot.store.prepared import Prepared
from bot.web.unchanged import REDRAWN_AFTER
from tests.web.line import Browser, add_account, app_on, services_on, someone_waits, they_wrote

NUMBERS = [f"+1210556{n:04d}" for n in range(100)]


@pytest.fixture
def database(postgres_database: Database) -> Database:
    """Where the number is the server's own; `tests/store/test_versions.py` holds SQLite to the same."""
    return postgres_database


@pytest.fixture
def app(database: Database):
    return app_on(services_on(database))


@pytest.fixture
def ana_id(database: Database) -> str:
    return add_account(database, "ana@example.org", "Ana", "advocate")


@pytest.fixture
def ana(app, ana_id: str) -> Browser:
    browser = Browser(app)
    browser.log_in("ana@example.org")
    return browser


@pytest.fixture
def hers(database: Database) -> str:
    with database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, promised_at=tx.now + timedelta(minutes=2))
        they_wrote(tx, conversation_id, "hello", "SM1")
    return conversation_id


@pytest.fixture
def statements(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Everything that is asked of the database, prepared or not."""
    seen: list[str] = []
    asks = Prepared._execute

    def note(_conn, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    def note_prepared(self: Prepared, *given):
        seen.append(str(self._statement))
        return asks(self, *given)

    monkeypatch.setattr(Prepared, "_execute", note_prepared)
    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


@contextmanager
def drawn(app) -> Iterator[list[str]]:
    names: list[str] = []

    def note(_app, template, **_more) -> None:
        names.append(template.name)

    with template_rendered.connected_to(note, app):
        yield names


def asks(browser: Browser, page: str, live: str) -> Callable[[], tuple[int, str]]:
    """A page is opened, and asks as `live.js` does: with the tag it was given last."""
    tag = re.search(r'hx-trigger="every 4s"[^>]*data-etag="([^"]+)"', browser.get(page).text)
    assert tag is not None
    shown = [tag.group(1).replace("&#34;", '"')]

    def ask() -> tuple[int, str]:
        answer = browser.get(live, headers={"HX-Request": "true", "If-None-Match": shown[0]})
        shown[0] = answer.headers.get("ETag", shown[0])
        return answer.status_code, answer.text

    return ask


@pytest.fixture(params=["board", "conversation"])
def ask(request: pytest.FixtureRequest, ana: Browser, hers: str) -> Callable[[], tuple[int, str]]:
    talk = f"/desk/conversations/{hers}"
    page, live = {"board": ("/desk/", "/desk/board"), "conversation": (talk, f"{talk}/live")}[request.param]
    return asks(ana, page, live)


def test_with_nothing_new_it_draws_nothing_and_asks_for_one_number(app, ask, statements: list[str], clock) -> None:
    with drawn(app) as templates:
        assert ask()[0] == 304
        statements.clear()
        clock.advance(timedelta(seconds=1))
        assert ask() == (304, "")
    assert templates == []
    # Whose session, who they are, the number, and when their page was last heard of.
    assert len(statements) == 4
    for one, about in zip(statements, ("FROM sessions", "FROM staff", "AS versions", "FROM presence"), strict=True):
        assert about in one


def test_the_clock_alone_makes_it_late(ask, clock) -> None:
    assert ask()[0] == 304
    clock.advance(timedelta(minutes=1))
    assert ask()[0] == 200, "it has waited for another minute"
    clock.advance(timedelta(seconds=58))
    ask()
    clock.advance(timedelta(seconds=4))
    status, text = ask()
    assert status == 200
    assert "late by" in text


def test_drawn_anew_and_the_same_it_is_not_sent_and_not_drawn_again_at_once(app, ask, clock) -> None:
    assert ask()[0] == 304
    clock.advance(REDRAWN_AFTER)
    with drawn(app) as templates:
        assert ask() == (304, "")
        assert templates
        templates.clear()
        clock.advance(timedelta(seconds=4))
        assert ask() == (304, "")
        assert templates == []


def test_a_poll_that_is_told_nothing_still_proves_the_page(ana_id: str, ask, database: Database, clock) -> None:
    ask()
    clock.advance(timedelta(seconds=9))
    assert ask()[0] == 304
    with database.reading() as tx:
        assert presence.polled_at(tx, ana_id) == clock.now()


def test_an_open_page_is_told_when_somebody_else_has_them(app, ana: Browser, database: Database, hers: str) -> None:
    live = re.search(r'hx-get="([^"]*/live[^"]*)"', ana.get(f"/desk/conversations/{hers}").text).group(1)
    ask = asks(ana, f"/desk/conversations/{hers}", live.replace("&amp;", "&"))
    assert ask()[0] == 304
    luis = add_account(database, "luis@example.org", "Luis", "advocate")
    with database.transaction() as tx:
        handoff = handoffs.open_of(tx, hers)
        assert handoff is not None
        handoffs.claim(tx, handoff.handoff_id, luis, tx.now + timedelta(minutes=1))
    status, text = ask()
    assert status == 200
    assert "Luis has them now" in text
    assert ask()[0] == 304


def test_a_tag_nobody_gave_is_answered_with_the_page(ana: Browser, hers: str) -> None:
    for tag in ("", "*", "nonsense", f'W/"{"0" * 16}-9999999999-{"0" * 16}"', f'W/"{"0" * 16}-99999999999-{"0" * 16}"'):
        answer = ana.get("/desk/board", headers={"HX-Request": "true", "If-None-Match": tag})
        assert (answer.status_code, "Waiting" in answer.text) == (200, True), tag


def test_a_board_asks_and_shows_as_much_with_a_hundred_who_wait(ana: Browser, database: Database, hers: str,
                                                                statements: list[str]) -> None:  # fmt: skip
    ana.get("/desk/board")
    statements.clear()
    ana.get("/desk/board")
    few = len(statements)
    luis = add_account(database, "luis@example.org", "Luis", "advocate")
    with database.transaction() as tx:
        for n, number in enumerate(NUMBERS[:99]):
            _, handoff_id = someone_waits(tx, number, tier="P3")
            if n % 3 == 0:
                handoffs.claim(tx, handoff_id, luis, tx.now + timedelta(minutes=1))
    statements.clear()
    page = ana.get("/desk/board").text
    assert len(statements) == few
    assert page.count('id="take-') == 50
    assert "67 people are waiting" in page
    assert "And 17 more behind these." in page
    assert "<dt>others hold</dt><dd>33</dd>" in page
