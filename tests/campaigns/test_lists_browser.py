"""The pages that bring a list, in a real browser: dropped, mapped, accessible, and whole without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from bot.adapters.clock import SystemClock
from bot.adapters.fake_carrier import FakeCarrier
from bot.store.db import Database
from tests.web.accessible import accessible
from tests.web.conftest import chromium, served  # noqa: F401 - a fixture of the browser tests
from tests.web.line import PASSWORD, add_account, services_on

LIST = "who;reach;how\nAna;2105550101;opted_in\nLuz;2105550102;none\n"


@contextmanager
def outreach(chromium: Chromium, database: Database, *, scripts: bool) -> Iterator[Page]:  # noqa: F811
    database.clock = SystemClock()
    add_account(database, "olga@example.org", "Olga", "outreach")
    built = replace(services_on(database), carrier=FakeCarrier(database.clock))
    with served(built) as address:
        context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900},
                                       java_script_enabled=scripts)  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto("/desk/login")
        page.get_by_label("E-mail").fill("olga@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()
        page.goto("/campaigns/new")
        yield page
        context.close()


def fill(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("June list")
    page.get_by_label("Where the list comes from").select_option("own")


def test_a_list_is_dropped_its_columns_chosen_and_read(chromium: Chromium, sqlite_database: Database) -> None:  # noqa: F811
    with outreach(chromium, sqlite_database, scripts=True) as page:
        fill(page)
        accessible(page, (1280, 360))
        dropped = page.evaluate_handle(
            "text => { const kept = new DataTransfer();"
            "kept.items.add(new File([text], 'list.csv', {type: 'text/csv'})); return kept; }", LIST,
        )  # fmt: skip
        page.locator("[data-drop]").dispatch_event("drop", {"dataTransfer": dropped})
        page.get_by_role("button", name="Check the list").click()
        expect(page.get_by_role("heading", name="Which column is what")).to_be_visible()
        assert "2105550101" not in page.content()
        accessible(page, (1280, 360))
        page.get_by_label("Source", exact=True).select_option(label="1: who")
        page.get_by_role("button", name="Read the list").press("Enter")
        expect(page.get_by_text("1 of 2 rows can be texted.")).to_be_visible()
        accessible(page, (1280, 360))
        assert "0101" not in page.url


@pytest.mark.parametrize("scripts", [False])
def test_without_javascript_a_paste_goes_the_same_way(
    chromium: Chromium, sqlite_database: Database, scripts: bool  # noqa: F811
) -> None:
    with outreach(chromium, sqlite_database, scripts=scripts) as page:
        fill(page)
        page.get_by_label("Or paste it here").fill(LIST)
        page.get_by_role("button", name="Check the list").click()
        page.get_by_role("button", name="Read the list").click()
        expect(page.get_by_text("1 of 2 rows can be texted.")).to_be_visible()
