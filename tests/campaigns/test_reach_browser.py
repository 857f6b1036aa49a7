"""The words on a phone, the results and the doors in a real browser: alive while one types, accessible, printable."""

from __future__ import annotations

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from bot.adapters.clock import SystemClock
from bot.store.db import Database
from bot.usecases import accounts
from tests.campaigns.stage import OUTREACH, Stage
from tests.web.accessible import accessible
from tests.web.conftest import chromium, served  # noqa: F401 - a fixture of the browser tests
from tests.web.line import PASSWORD

WIDTHS = (1280, 360)
BRAND = "Maple Help Desk"


def test_the_words_live_on_a_phone_and_every_new_page_is_for_everybody(
    chromium: Chromium, sqlite_database: Database  # noqa: F811
) -> None:
    sqlite_database.clock = SystemClock()
    stage = Stage(sqlite_database, sqlite_database.clock, SEGMENT_PRICE="0.0079 USD")  # type: ignore[arg-type]
    accounts.set_password(sqlite_database, email=OUTREACH, password=PASSWORD)
    campaign_id = stage.run("+12105550101,en,opted_in", "+12105550102,es,opted_in", also=("O3",))
    with served(stage.services) as address:
        context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(15_000)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto("/desk/login")
        page.get_by_label("E-mail").fill(OUTREACH)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()

        page.goto("/campaigns/new")
        page.get_by_label("Who it is from").fill("Zoe")
        phone = page.locator("#texts-O1 .phone").first
        expect(phone.locator(".phone-lock")).to_have_text("Hi, I'm Zoe from Maple Help Desk, a free\u2026")
        expect(phone.locator(".phone-text")).to_contain_text("Hi, I'm Zoe from Maple Help Desk")
        expect(phone.locator(".hint")).to_contain_text("1 message")
        expect(phone.locator(".hint")).to_contain_text("0.0079 USD")
        page.get_by_label("Who it is from").fill("Mar\u00eda")
        expect(page.locator("#texts-O1 .error").first).to_contain_text("alphabet")
        page.get_by_label("Quietest").check()
        page.get_by_label("Legal help").check()
        accessible(page, WIDTHS)

        page.goto(f"/campaigns/{campaign_id}")
        page.get_by_text("Send a test to your own phone").click()
        expect(page.get_by_text("You have no proven phone")).to_be_visible()
        accessible(page, WIDTHS)
        for path, heading in (
            (f"/campaigns/{campaign_id}/results", "What came of it"), ("/campaigns/figures", "Figures"),
            ("/campaigns/doors/", "Doors"), ("/campaigns/doors/card/es/print", BRAND),
        ):  # fmt: skip
            page.goto(path)
            expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
            accessible(page, WIDTHS)
        page.emulate_media(media="print")
        expect(page.get_by_text("Doors", exact=False).first).to_be_hidden()
        expect(page.get_by_text("TARJETA")).to_be_visible()
        context.close()
    assert wrong == []

