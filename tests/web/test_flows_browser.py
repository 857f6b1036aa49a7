"""Can the script be read, tried and signed off with the keyboard, on a phone, in the dark, and without JavaScript?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from bot.store import reviews
from bot.store.db import Database
from tests.journey.screens import Watched, tab_to
from tests.web.accessible import WIDTHS, accessible
from tests.web.line import PASSWORD, add_account


def log_in(page: Page, email: str) -> None:
    page.goto("/desk/login?next=/flows/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="The script", exact=True)).to_be_visible()


@pytest.fixture
def rosa(chromium: Chromium, address: str, live_database: Database) -> Iterator[Page]:
    """A reviewer's page; a script error or a refusal by the policy fails the test."""
    add_account(live_database, "rosa@example.org", "Rosa", "reviewer")
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    log_in(page, "rosa@example.org")
    yield page
    context.close()
    assert wrong == []


FEW_OF_EACH = """() => document.querySelectorAll('section').forEach((section) => {
  for (const kind of ['.stage', '.queue > li', '.list', 'tbody > tr', '.facts.wide > div', '.pair', '.entries > li'])
    [...section.querySelectorAll(kind)].slice(2).forEach((one) => one.remove());
  section.querySelectorAll('details').forEach((one) => { one.open = true; });
})"""
"""Axe looks at every word of a page four times, and these pages have thousands: two of each kind, and all of them open,
show whatever there is to find."""


def test_the_pages_of_the_script_are_accessible(rosa: Page) -> None:
    for path in ("/flows/", "/flows/review/", "/flows/texts/H1", "/flows/words/en"):
        rosa.goto(path)
        for width in WIDTHS:
            rosa.set_viewport_size({"width": width, "height": 844})
            assert not rosa.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        rosa.evaluate(FEW_OF_EACH)
        accessible(rosa)


def test_a_text_is_signed_off_and_taken_back_with_the_keyboard_alone(rosa: Page, live_database: Database) -> None:
    rosa.goto("/flows/texts/C1")
    tab_to(rosa, "Remark on the English words, if any")
    rosa.keyboard.type("Read aloud.")
    tab_to(rosa, "Sign off the English words")
    rosa.keyboard.press("Enter")
    expect(rosa.get_by_text("You signed off C1 in English.")).to_be_visible()
    expect(rosa.get_by_text("Read aloud.")).to_be_visible()
    tab_to(rosa, "Take the sign-off of the English words back")
    rosa.keyboard.press("Enter")
    expect(rosa.get_by_text("C1 in English is not signed off any more.")).to_be_visible()
    with live_database.reading() as tx:
        assert [one.signed for one in reviews.every(tx)] == [True, False]


def test_a_conversation_is_tried_with_the_keyboard_and_nothing_stays_in_the_browser(rosa: Page) -> None:
    rosa.goto("/flows/try/")
    tab_to(rosa, "Your text")
    for text in ("hi", "yes", "he hit me"):
        expect(rosa.get_by_label("Your text")).to_be_focused()  # after each answer the next text can be typed at once
        rosa.keyboard.type(text)
        rosa.keyboard.press("Enter")
        expect(rosa.locator(".bubble.in .body").last).to_have_text(text)
    expect(rosa.get_by_text("A person is called: danger").last).to_be_visible()
    accessible(rosa)
    assert "hit me" not in Watched(rosa).kept()


def test_all_of_it_works_without_javascript(chromium: Chromium, address: str, live_database: Database) -> None:
    add_account(live_database, "lena@example.org", "Lena", "lead")
    context = chromium.new_context(base_url=address, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    log_in(page, "lena@example.org")
    page.get_by_role("link", name="C1, Spanish").click()
    page.get_by_role("button", name="Sign off the Spanish words").click()
    expect(page.get_by_text("You signed off C1 in Spanish.")).to_be_visible()
    page.goto("/flows/try/")
    for text in ("hi", "yes"):
        page.get_by_label("Your text").fill(text)
        page.get_by_role("button", name="Send").click()
    expect(page.locator(".bubble.out")).to_have_count(2)
    page.get_by_text("What else may happen").click()
    page.get_by_role("button", name="20 minutes pass").click()
    expect(page.get_by_text("20 minutes pass").first).to_be_visible()
    context.close()
