"""The rooms beside the board in a real browser: everybody can use them, a call sounds, a device subscribes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from bot.store import canaries, heartbeats, pages, staff
from bot.store.db import Database
from bot.usecases import page_staff
from bot.usecases.send_pages import send_pages
from tests.web import conftest
from tests.web.accessible import accessible
from tests.web.line import services_on, someone_waits

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAAB"
KEY = "BGdn" + "A" * 83
SUBSCRIBES = f"""
  Notification.requestPermission = async () => 'granted';
  PushManager.prototype.getSubscription = async () => null;
  PushManager.prototype.subscribe = async (options) => {{
    if (!options.userVisibleOnly) throw new Error("every push must show");
    const keys = {{ p256dh: 'BG' + 'A'.repeat(85), auth: 'A'.repeat(22) }};
    return {{ toJSON: () => ({{ endpoint: '{ENDPOINT}', keys }}), unsubscribe: async () => true }};
  }};
"""
"""Chromium without a head has no push service to subscribe to; everything else is its own."""
SHOWN = """async () => {
  const worker = await navigator.serviceWorker.getRegistration('/desk/');
  return (await worker.getNotifications()).map((one) => [one.title, one.body].join(''));
}"""
COUNTS_TONES = """
  const begin = OscillatorNode.prototype.start;
  window.tones = 0;
  OscillatorNode.prototype.start = function (...at) { window.tones += 1; return begin.apply(this, at); };
"""


@pytest.fixture
def address(live_database: Database):  # type: ignore[no-untyped-def]
    services = services_on(live_database, PUSH_CONTACT="mailto:desk@example.org")
    with conftest.served(replace(services, push_key=KEY)) as found:
        yield found


def as_a_lead(database: Database) -> str:
    """Ana leads too, a month has something to show, and somebody waits."""
    with database.transaction() as tx:
        account = staff.find_by_email(tx, "ana@example.org")
        assert account is not None
        staff.update(tx, account.staff_id, roles="advocate,lead")
        for n in range(6):
            someone_waits(tx, f"+121055501{n:02}", tier="P0", promised_at=tx.now + timedelta(minutes=n - 2))
        staff.begin_shift(tx, account.staff_id, tx.now + timedelta(hours=4))
        staff.plan_shift(tx, account.staff_id, tx.now + timedelta(hours=20), tx.now + timedelta(hours=24))
        canary_id = canaries.begin(tx)
        canaries.write(tx, canary_id, heard_at=tx.now)
        heartbeats.beat(tx, "clock")
    return account.staff_id


def test_every_room_is_accessible_in_both_themes_on_a_desk_and_on_a_phone(page: Page, live_database: Database) -> None:
    me = as_a_lead(live_database)
    with live_database.transaction() as tx:
        pages.add_channel(tx, me, "desk", me)
        pages.add_channel(tx, me, "sms", "+12105550133")
        page_staff.call(tx, services_on(live_database), [me], why="waits", tier="P0", occasion="x")
    for path in ("/desk/lead", "/desk/figures", "/desk/shifts", "/desk/reach", "/desk/audit"):
        page.goto(path)
        accessible(page)


def test_a_call_sounds_until_it_is_answered_and_stands_in_the_title(page: Page, live_database: Database) -> None:
    me = as_a_lead(live_database)
    page.add_init_script(COUNTS_TONES)
    page.goto("/desk/reach")
    page.get_by_role("button", name="Sound on, and try it").click()
    expect(page.locator("#sound")).to_contain_text("heard two tones")
    assert page.evaluate("window.tones") == 4
    services = services_on(live_database)
    with live_database.transaction() as tx:
        pages.add_channel(tx, me, "desk", me)
        page_staff.call(tx, services, [me], why="waits", tier="P0", occasion="x")
    send_pages(live_database, services)
    expect(page.locator("#ring").get_by_text("Somebody is needed.")).to_be_visible(timeout=15_000)
    expect(page).to_have_title("Somebody is needed")
    assert page.evaluate("window.tones") in (8, 12, 16), "two tones, twice, every four seconds"
    page.goto("/desk/reach")
    page.get_by_role("button", name="I heard it").click()
    expect(page.get_by_text("Heard. You can be reached this way.")).to_be_visible()
    expect(page).to_have_title("Reach")
    page.get_by_role("button", name="Sound off here").click()
    expect(page.locator("#sound")).to_contain_text("Off on this device")
    assert page.evaluate("Object.entries(localStorage)") == [["sound", "off"]]


def test_a_device_subscribes_under_the_strict_policy_and_shows_nothing_that_came(
    page: Page, live_database: Database
) -> None:
    page.add_init_script(SUBSCRIBES)
    page.goto("/desk/reach")
    page.get_by_role("button", name="Call this device").click()
    expect(page.get_by_text("Chrome on Linux")).to_be_visible()
    expect(page.get_by_text("It rings now: press here when it showed.")).to_be_visible()
    scopes = page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).map((one) => one.scope)")
    assert [scope.rpartition(":")[2].lstrip("0123456789") for scope in scopes] == ["/desk/"]
    page.context.grant_permissions(["notifications"])
    browser = page.context.new_cdp_session(page)
    found: list[str] = []
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(
        one["registrationId"] for one in told["registrations"]))  # fmt: skip
    browser.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    came = {"origin": page.evaluate("location.origin"), "registrationId": found[-1], "data": "Marisol waits"}
    browser.send("ServiceWorker.deliverPushMessage", came)
    shown: list[str] = []
    for _ in range(150):  # a promise is no answer to `wait_for_function`
        shown = page.evaluate(SHOWN)
        if shown:
            break
        page.wait_for_timeout(100)
    assert shown == ["Somebody is needed"]
