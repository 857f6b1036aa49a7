"""What do the tests in a real browser stand on? A Chromium, a served application, and a page with Ana logged in."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from bot.adapters.clock import SystemClock
from bot.services import Services
from bot.store.db import Database
from tests.web.line import PASSWORD, QuietHandler, add_account, app_on, services_on, whole

expect.set_options(timeout=20_000)  # milliseconds: a machine that is busy with other tests is no fault of a page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "no Chromium on this machine: install Debian's chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def live_database(sqlite_database: Database) -> Database:
    """With a clock that runs, as the browser's does."""
    sqlite_database.clock = SystemClock()
    return sqlite_database


@pytest.fixture
def address(live_database: Database) -> Iterator[str]:
    with served(services_on(live_database)) as found:
        yield found


@contextmanager
def served(services: Services) -> Iterator[str]:
    """The application over HTTP, until the block ends."""
    server = make_server("127.0.0.1", 0, whole(app_on(services)), threaded=True, request_handler=QuietHandler)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    try:
        yield f"http://localhost:{server.server_port}"  # by name: passkeys know no numbers
    finally:
        server.shutdown()
        serving.join(10)
        server.server_close()


@pytest.fixture
def page(chromium: Chromium, address: str, live_database: Database) -> Iterator[Page]:
    """Ana's, logged in; a script error, a refused style or a request elsewhere fails the test."""
    add_account(live_database, "ana@example.org", "Ana", "advocate")
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if request.url.startswith(address) else wrong.append(request.url))
    page.goto("/desk/login")
    page.get_by_label("E-mail").fill("ana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Desk", exact=True)).to_be_visible()
    yield page
    context.close()
    # A refusal is answered with 409, and shown; a locked page with 423, and covered.
    assert [words for words in wrong if "409" not in words and "423" not in words] == []
