"""The desk in a real browser: it is accessible, it stays true by itself, and it leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from bot.rules.segments import measure
from bot.store.db import Database
from bot.web import unchanged
from tests.web.accessible import accessible
from tests.web.line import someone_waits, they_wrote

SECRET_WORDS = "the blue door at six"


def wait_for_ana(database: Database) -> str:
    with database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, tier="P0", reason="danger")
        they_wrote(tx, conversation_id, SECRET_WORDS, "SM1")
    return conversation_id


def test_every_page_is_accessible_in_both_themes_on_a_desk_and_on_a_phone(page: Page, live_database: Database) -> None:
    conversation_id = wait_for_ana(live_database)
    page.get_by_role("button", name="Take next").click()
    expect(page.get_by_text("You hold this")).to_be_visible()
    for path in ("/desk/", f"/desk/conversations/{conversation_id}", "/desk/account", "/desk/second-factor"):
        page.goto(path)
        accessible(page, (1280, 360))


def test_the_board_tells_of_a_new_person_without_a_word_of_theirs(page: Page, live_database: Database) -> None:
    expect(page.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
    wait_for_ana(live_database)
    expect(page.get_by_role("heading", name="1 person is waiting")).to_be_visible(timeout=15_000)
    expect(page).to_have_title("(1) Desk")
    expect(page.locator("#say")).to_have_text("1 person is waiting")


def test_drawn_anew_and_the_same_it_stays_where_it_is_and_stands_on_another_number(
    page: Page, live_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unchanged, "REDRAWN_AFTER", timedelta(seconds=1))
    page.goto("/desk/")
    board = page.locator("#board")
    tag = board.get_attribute("data-etag")
    board.evaluate("place => place.firstElementChild.setAttribute('data-untouched', '')")
    expect(board).not_to_have_attribute("data-etag", tag or "")
    expect(board.locator("[data-untouched]")).to_be_attached()


def test_a_reload_of_a_part_keeps_the_focus_and_the_draft(page: Page, live_database: Database) -> None:
    conversation_id = wait_for_ana(live_database)
    page.get_by_role("button", name="Take next").click()
    page.get_by_label("Your text").fill("half a thought")
    with live_database.transaction() as tx:
        they_wrote(tx, conversation_id, "are you there", "SM2")
    expect(page.locator(".bubble", has_text="are you there")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Your text")).to_be_focused()
    expect(page.get_by_label("Your text")).to_have_value("half a thought")
    expect(page.locator("#say")).to_have_text("A new text in this conversation")


def test_a_long_talk_opens_at_its_end_with_the_composer_in_sight(page: Page, live_database: Database) -> None:
    conversation_id = wait_for_ana(live_database)
    with live_database.transaction() as tx:
        for n in range(40):
            they_wrote(tx, conversation_id, f"line {n} of a long talk", f"SMlong{n}")
    page.get_by_role("button", name="Take next").click()
    expect(page.locator(".bubble", has_text="line 39")).to_be_in_viewport()
    expect(page.get_by_label("Your text")).to_be_in_viewport()
    page.evaluate("document.querySelector('[data-keep]').scrollTop = -600")
    with live_database.transaction() as tx:
        they_wrote(tx, conversation_id, "one more", "SMmore")
    expect(page.locator(".bubble", has_text="one more")).to_be_attached(timeout=15_000)
    assert page.evaluate("document.querySelector('[data-keep]').scrollTop") == -600


def test_a_note_is_kept_or_refused_without_costing_a_half_written_text(page: Page, live_database: Database) -> None:
    wait_for_ana(live_database)
    page.get_by_role("button", name="Take next").click()
    page.get_by_label("Your text").fill("half a thought")
    page.get_by_label("Add a note").fill("her sister drives")
    page.get_by_role("button", name="Keep note").click()
    expect(page.locator("#notes li", has_text="her sister drives")).to_be_visible()
    expect(page.get_by_label("Add a note")).to_have_value("")
    page.get_by_label("Add a note").fill("   ")
    page.get_by_role("button", name="Keep note").click()
    expect(page.locator("#notes .error")).to_contain_text("Nothing was kept")
    expect(page.get_by_label("Your text")).to_have_value("half a thought")


def test_control_and_enter_send_and_the_page_leaves_nothing_behind(page: Page, live_database: Database) -> None:
    wait_for_ana(live_database)
    page.get_by_role("button", name="Take next").click()
    page.get_by_label("Your text").fill("I read it. I am here.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bubble.out", has_text="I read it. I am here.")).to_be_visible()
    kept = page.evaluate(
        "async () => JSON.stringify([Object.values(localStorage), Object.values(sessionStorage), window.name,"
        " document.title, location.href, await caches.keys(), await indexedDB.databases(), document.cookie])"
    )
    assert SECRET_WORDS not in kept
    assert "I am here" not in kept
    assert "quietline=" not in kept


def test_ready_words_are_added_to_the_draft_and_counted(page: Page, live_database: Database) -> None:
    wait_for_ana(live_database)
    page.get_by_role("button", name="Take next").click()
    page.get_by_label("Your text").fill("One moment.")
    page.get_by_text("Ready words").click()
    page.get_by_role("button", name="Use").first.click()
    draft = page.get_by_label("Your text").input_value()
    assert draft.startswith("One moment. ")
    units = measure(draft).units
    expect(page.locator("#count")).to_contain_text(f"{units} characters")


def test_a_page_that_no_longer_hears_us_says_so_and_says_when_it_does_again(page: Page) -> None:
    strip = page.locator("#connection")
    expect(strip).to_have_text("Connected", timeout=15_000)
    page.route("**/desk/board", lambda route: route.fulfill(status=204))
    expect(strip).to_contain_text("Not connected", timeout=15_000)
    page.unroute("**/desk/board")
    expect(strip).to_have_text("Connected", timeout=15_000)


def test_the_browser_counts_texts_as_the_carrier_does(page: Page, live_database: Database) -> None:
    wait_for_ana(live_database)
    page.get_by_role("button", name="Take next").click()
    expect(page.get_by_text("You hold this")).to_be_visible()
    drafts = ["", "a", "a" * 160, "a" * 161, "a" * 306, "a" * 307, "{" * 80, "{" * 81, "a" * 152 + "{" + "a" * 153,
              "ñ¿é", "í", "í" * 70, "í" * 71, "🙂", "🙂" * 35, "🙂" * 36, "a" * 66 + "🙂" * 10, "€" * 160,
              "line\nline", "“quoted”", "a" * 1600]  # fmt: skip
    counted = page.evaluate(
        "async (drafts) => { const m = await import('/static/composer.js'); return drafts.map((d) => m.measure(d)); }",
        drafts,
    )
    assert [(c["encoding"], c["units"], c["segments"]) for c in counted] == [
        (m.encoding, m.units, m.segments) for m in map(measure, drafts)
    ]
