"""Writing in a real browser: by keyboard, undone, kept through a reload and a lost connection, and sent once."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from bot.store import handoffs, threads
from bot.store.db import Database
from bot.usecases import second_chair
from bot.usecases.suggest import suggest
from tests.web.accessible import accessible
from tests.web.line import add_account, someone_waits, they_wrote

SECRET = "the green gate at nine"


def talk(page: Page, database: Database) -> str:
    with database.transaction() as tx:
        conversation_id, _ = someone_waits(tx, tier="P0", reason="danger")
        they_wrote(tx, conversation_id, "are you there", "SM1")
    page.get_by_role("button", name="Take next").click()
    expect(page.get_by_text("You hold this")).to_be_visible()
    return conversation_id


def sent(database: Database, conversation_id: str) -> list[tuple[str, str]]:
    with database.reading() as tx:
        return [(m.body, m.status) for m in threads.thread(tx, conversation_id) if m.staff_id]


def test_by_keyboard_alone_it_is_written_pointed_out_sent_and_undone(page: Page, live_database: Database) -> None:
    conversation_id = talk(page, live_database)
    box = page.get_by_label("Your text")
    box.fill("")
    box.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(box).to_be_focused()
    box.press("/")
    expect(page.get_by_role("button", name="Use").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    assert box.input_value().startswith("Hi, it's Ana, a real person.")
    assert sent(live_database, conversation_id) == [], "ready words are never sent by themselves"
    box.evaluate("box => { box.style.height = '200px'; }")  # drawn larger: no part of it may be refused when swapped
    box.fill("The shelter is open")
    expect(page.locator("mark")).to_have_text("shelter")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent yet")
    accessible(page, (1280, 360))
    box.fill("The door is open")
    expect(page.locator("mark")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    expect(page.locator(".bubble.out", has_text="The door is open")).to_be_visible()
    expect(page.locator("#undo")).to_contain_text("Your text leaves in")
    page.get_by_role("button", name="Undo").click()
    expect(box).to_have_value("The door is open")
    expect(box).to_be_focused()
    assert sent(live_database, conversation_id) == [("The door is open", "refused")]
    page.keyboard.press("Control+Enter")
    expect(page.locator("#undo")).to_be_visible()
    expect(page.locator("#undo")).to_have_count(0, timeout=10_000)
    assert sent(live_database, conversation_id)[1:] == [("The door is open", "queued")]


def test_what_is_suggested_beside_them_comes_by_itself_and_one_press_puts_it_in_the_box(
    page: Page, live_database: Database
) -> None:
    conversation_id = talk(page, live_database)
    box = page.get_by_label("Your text")
    box.fill("I am here.")
    marta = add_account(live_database, "marta@example.org", "Marta", "lead")
    with live_database.reading() as tx:
        handoff = handoffs.open_of(tx, conversation_id)
    assert handoff is not None
    assert second_chair.sit(live_database, handoff_id=handoff.handoff_id, staff_id=marta) is None
    said = "Can you get to a window?"
    assert suggest(live_database, conversation_id=conversation_id, staff_id=marta, text=said) is None
    expect(page.get_by_role("region", name="Marta suggests")).to_contain_text(said)
    accessible(page, (1280, 360))
    page.get_by_role("button", name="Put it in my box").click()
    expect(box).to_have_value(f"I am here. {said}")
    expect(box).to_be_focused()
    assert sent(live_database, conversation_id) == [], "it is never sent by itself"


def test_a_draft_outlives_a_reload_and_is_in_no_browser_storage(page: Page, live_database: Database) -> None:
    talk(page, live_database)
    page.get_by_label("Your text").fill(SECRET)
    expect(page.locator("#kept")).to_contain_text("Draft kept")
    kept = page.evaluate(
        "async () => JSON.stringify([Object.values(localStorage), Object.values(sessionStorage), window.name,"
        " document.title, location.href, await caches.keys(), await indexedDB.databases(), document.cookie])"
    )
    assert SECRET not in kept
    page.reload()
    expect(page.get_by_label("Your text")).to_have_value(SECRET)
    page.get_by_label("Your text").fill(f"{SECRET}, sharp")
    page.get_by_label("Your text").blur()
    expect(page.locator("#kept")).to_contain_text("Draft kept")
    page.reload()
    expect(page.get_by_label("Your text")).to_have_value(f"{SECRET}, sharp")


def test_without_a_connection_nothing_is_lost_or_shown_as_sent_and_a_second_press_is_one_text(
    page: Page, live_database: Database
) -> None:
    conversation_id = talk(page, live_database)
    there = page.context.new_page()  # one whose failed requests are no fault
    there.goto(page.url)
    page.close()
    box = there.get_by_label("Your text")
    there.context.set_offline(True)
    box.fill(SECRET)
    expect(there.locator("#kept")).to_contain_text("only in this box")
    box.press("Control+Enter")
    expect(there.locator("#not-sent")).to_contain_text("Nothing was sent")
    expect(box).to_have_value(SECRET)
    expect(there.locator(".bubble.out", has_text=SECRET)).to_have_count(0)
    assert sent(live_database, conversation_id) == []
    there.context.set_offline(False)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    there.route("**/reply", lose_the_answer, times=1)
    box.press("Control+Enter")
    expect(there.locator("#not-sent")).to_contain_text("goes once")
    expect(box).to_have_value(SECRET)
    box.press("Control+Enter")
    expect(box).to_have_value("")
    assert [body for body, _ in sent(live_database, conversation_id)] == [SECRET]


def test_a_log_in_that_ended_costs_no_word(page: Page, live_database: Database) -> None:
    conversation_id = talk(page, live_database)
    there = page.context.new_page()
    there.goto(page.url)
    page.close()
    there.get_by_label("Your text").fill("half a thought")
    there.context.clear_cookies()
    there.get_by_label("Your text").fill("half a thought, whole")
    expect(there.locator("#kept")).to_contain_text("your log-in has ended")
    other = there.context.new_page()
    other.goto("/desk/login")
    other.get_by_label("E-mail").fill("ana@example.org")
    other.get_by_label("Password").fill("correct horse battery staple")
    other.get_by_role("button", name="Log in").click()
    expect(other.get_by_role("heading", name="Desk", exact=True)).to_be_visible()
    there.get_by_label("Your text").press("Control+Enter")
    expect(there.get_by_label("Your text")).to_have_value("")
    assert [body for body, _ in sent(live_database, conversation_id)] == ["half a thought, whole"]
