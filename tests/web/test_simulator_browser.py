"""The table of phones in a real browser: as tall as what is on it, accessible, and played with by a thumb."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from bot.simulator.control import Control
from bot.simulator.server import SimulatorServer
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.carrier.line import TOKEN, settings_for, started_line
from tests.web.accessible import accessible
from tests.web.conftest import served
from tests.web.line import services_on

MARIA, CEDAR = "+12065550142", "+12105550121"
HEIGHTS = """() => [document.documentElement.scrollHeight, document.querySelector('main').getBoundingClientRect().bottom
  + window.scrollY, document.documentElement.scrollWidth > document.documentElement.clientWidth]"""


@pytest.fixture
def control() -> Iterator[Control]:
    """The simulated carrier, with a line that takes every webhook."""
    with started_line() as line:
        server = SimulatorServer(settings_for(line)).start()
        yield Control(server.base, TOKEN)
        server.close()


@pytest.fixture
def page(chromium: Chromium, control: Control, sqlite_database: Database) -> Iterator[Page]:
    with sqlite_database.transaction() as tx:
        add_demo_directory(tx)
    services = services_on(sqlite_database, TWILIO_API_BASE=control._base, TWILIO_AUTH_TOKEN=TOKEN)
    with served(services) as address:
        context = chromium.new_context(base_url=address)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        yield page
        context.close()
    assert wrong == []


def test_the_page_is_as_tall_as_its_phones_however_long_they_have_talked(page: Page, control: Control) -> None:
    for n in range(40):
        control.text(MARIA, "", f"line {n} of a long talk")
    control.add_phone(CEDAR)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.goto("/simulator/")
            height, bottom, sideways = page.evaluate(HEIGHTS)
            assert height <= max(bottom + 1, 844), f"{height - bottom} px of nothing below the phones at {width}"
            assert not sideways
    accessible(page)


def test_a_place_is_picked_up_and_says_what_it_has_with_one_press(page: Page, control: Control) -> None:
    page.goto("/simulator/")
    page.get_by_label("A place that reports what it has open").select_option(label="Cedar-1: bed")
    page.get_by_role("button", name="Pick it up").click()
    phone = page.get_by_role("region", name="Phone Cedar-1")
    phone.get_by_role("button", name="2 beds").click()
    expect(phone.locator(".bubble.out", has_text="2 beds")).to_be_visible(timeout=15_000)
    assert [text["body"] for text in control.thread(CEDAR)] == ["2 beds"]


def test_a_phone_that_is_texted_while_one_types_costs_no_word(page: Page, control: Control) -> None:
    control.add_phone(MARIA)
    page.goto("/simulator/")
    box = page.get_by_label("Text from (206) 555-0142")
    box.fill("half a thought")
    control.text(CEDAR, "", "FULL")
    expect(page.locator("#count")).to_have_attribute("data-phones", "2", timeout=15_000)
    expect(box).to_have_value("half a thought")
