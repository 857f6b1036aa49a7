"""What is carried through, in a real browser: everybody can use it, and a half-written text outlives every press."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from bot.store import directory
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.web.accessible import accessible
from tests.web.line import someone_waits, they_wrote

_OPEN_ALL = "document.querySelectorAll('#carry details, .chip').forEach((one) => { one.open = true; })"


def test_it_is_carried_through_with_a_keyboard_a_screen_reader_and_a_half_written_text(
    page: Page, live_database: Database
) -> None:
    with live_database.transaction() as tx:
        add_demo_directory(tx)
        conversation_id, _ = someone_waits(tx)
        directory.add_offers(tx, conversation_id, {"A": ("demo-cedar-1", tx.now)})
        they_wrote(tx, conversation_id, "yes you can tell them", "SM1")
    page.get_by_role("button", name="Take next").click()
    page.get_by_label("Your text").fill("half a thought")
    page.get_by_text("Note their yes").first.click()
    sharing = page.locator("#sharing")
    sharing.get_by_label("Which place").select_option(label="Cedar-1")
    for told in ("Who would come", "How soon", "That they talk together, with us on the line"):
        sharing.get_by_label(told).check()
    sharing.get_by_label("How they said yes").select_option(label="By text: yes you can tell them")
    sharing.get_by_role("button", name="Note their yes").press("Enter")
    expect(page.locator("#carry")).to_contain_text("Their yes is noted")
    expect(sharing).to_contain_text("Stands")
    warm = page.locator("#warm")
    warm.get_by_text("Bring them together with a place").press("Enter")
    warm.get_by_label("Which place").select_option(label="Cedar-1")
    warm.get_by_role("button", name="Begin with this place").press("Enter")
    expect(warm).to_contain_text("Call the place first")
    warm.get_by_role("button", name="The place says yes").press("Enter")
    expect(warm).to_contain_text("Ask the person how they wish to talk")
    expect(page.get_by_label("Your text")).to_have_value("half a thought")
    page.evaluate(_OPEN_ALL)
    accessible(page, (1280, 360))
    for path in ("/desk/promises", "/desk/follow-ups"):
        page.goto(path)
        accessible(page, (1280, 360))
