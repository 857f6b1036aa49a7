"""A real browser makes a passkey and comes in with it; an idle page draws its curtain and keeps what was typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bot.store import passkeys
from bot.store.db import Database
from tests.web.line import PASSWORD, someone_waits


@pytest.fixture
def authenticator(page: Page) -> None:
    """A key inside the machine that knows its owner's finger."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_is_made_opens_the_door_and_can_be_taken_away(page: Page, live_database: Database) -> None:
    page.goto("/desk/account")
    page.get_by_label("What to call it").fill("the desk's own")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Your passkey is kept")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Desk", exact=True)).to_be_visible()
    page.goto("/desk/account")
    page.get_by_role("button", name="Remove the desk's own").click()
    expect(page.get_by_text("opens nothing any more")).to_be_visible()
    with live_database.reading() as tx:
        assert tx.conn.execute(passkeys.passkeys.select()).all() == []


def test_the_curtain_falls_keeps_the_draft_and_rises_with_the_password(page: Page, live_database: Database) -> None:
    with live_database.transaction() as tx:
        conversation_id, _ = someone_waits(tx)
    page.goto("/desk/")
    page.get_by_role("button", name="Take").first.click()
    page.goto(f"/desk/conversations/{conversation_id}")
    box = page.locator("[data-composer]")
    box.fill("I am still")
    page.clock.install()
    page.reload()
    box.fill("I am still here with you")
    page.clock.run_for(16 * 60 * 1000)
    curtain = page.get_by_role("dialog")
    expect(curtain).to_be_visible()
    page.keyboard.press("Escape")
    expect(curtain).to_be_visible()
    curtain.get_by_label("Password of Ana").fill(PASSWORD)
    curtain.get_by_role("button", name="Unlock").click()
    expect(curtain).not_to_be_visible()
    assert box.input_value() == "I am still here with you"
