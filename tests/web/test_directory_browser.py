"""Can the directory be kept with the keyboard, on a phone, in the dark, and without JavaScript?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from bot.store import api_keys, openings, reporter_invites, unmet
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from bot.usecases.vet_organization import apply_for
from tests.journey.screens import tab_to
from tests.web.accessible import accessible
from tests.web.line import PASSWORD, add_account

PROGRAM = "/directory/programs/Cedar-1"


@pytest.fixture
def kept(live_database: Database) -> Database:
    with live_database.transaction() as tx:
        add_demo_directory(tx)
    return live_database


def log_in(page: Page, email: str) -> None:
    page.goto("/desk/login?next=/directory/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Directory", exact=True)).to_be_visible()


@pytest.fixture
def dina(chromium: Chromium, address: str, kept: Database) -> Iterator[Page]:
    """Her page; a script error or a refusal by the policy fails the test."""
    add_account(kept, "dina@example.org", "Dina", "directory")
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    log_in(page, "dina@example.org")
    yield page
    context.close()
    assert wrong == []


FEW_OF_EACH = """() => { for (const kind of ['.asking > li', 'tbody > tr', '.plain > li'])
  document.querySelectorAll(`:is(section, main) ${kind}`).forEach((one, n) => { if (n > 0) one.remove(); });
  document.querySelectorAll('details').forEach((one) => { one.open = true; }); }"""
"""Axe looks at every word four times: one of each kind, and all of them open, show whatever there is to find."""


def test_the_pages_of_the_directory_are_accessible(dina: Page, kept: Database) -> None:
    with kept.reading() as tx:
        who = tx.conn.exec_driver_sql("SELECT staff_id FROM staff").scalar_one()
    applied = apply_for(kept, organization_id="demo-of-cedar", staff_id=who, answers={"collaboration": "Yes."})
    with kept.transaction() as tx:
        api_keys.add(tx, "demo-of-cedar", ["read"], name="Bed board", made_by=who)
        reporter_invites.ask(tx, number="+12105550177", program_id="demo-cedar-1", language="en", staff_id=who)
        for n in range(30):
            unmet.count(tx, ["bed"], area="782" if n < 26 else "787", reason="full", who="men")
    for path in ("", "programs/Cedar-1", "import", "vetting", f"vetting/{applied}", "audit", "tasks", "keys", "unmet"):
        dina.goto(f"/directory/{path}")
        dina.evaluate(FEW_OF_EACH)
        accessible(dina)


def test_a_count_is_one_key_away_from_its_program(dina: Page, kept: Database) -> None:
    dina.goto(PROGRAM)
    tab_to(dina, "Cedar-1: 4 rooms open")
    dina.keyboard.press("Enter")
    expect(dina.get_by_text("Cedar-1: Kept.")).to_be_visible()
    expect(dina.get_by_role("img", name="History of room")).to_be_visible()
    with kept.reading() as tx:
        told = openings.state(tx, "demo-cedar-1-room")
    assert told is not None
    assert told.available == 4


def test_all_of_it_works_without_javascript(chromium: Chromium, address: str, kept: Database) -> None:
    add_account(kept, "dina@example.org", "Dina", "directory")
    context = chromium.new_context(base_url=address, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    log_in(page, "dina@example.org")
    page.get_by_label("Area").select_option("San Antonio area")
    page.get_by_role("button", name="Show these").click()
    page.get_by_role("button", name="Cedar-1: full", exact=True).click()
    expect(page.get_by_text("Cedar-1: Kept as full.")).to_be_visible()
    page.goto("/directory/import")
    file = {"name": "ours.csv", "mimeType": "text/csv", "buffer": b"organization,program,kind\nA,B,clinic\nA,C,no\n"}
    page.get_by_label("Directory file").set_input_files(file)
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_role("cell", name="line 3")).to_be_visible()
    context.close()


def test_an_advocates_search_is_accessible_with_what_it_finds_and_what_one_thing_keeps_out(
    page: Page, kept: Database
) -> None:
    page.goto("/desk/openings")
    page.get_by_role("checkbox", name="bed", exact=True).check()
    page.get_by_label("Near, or far from").fill("78201")
    page.get_by_label("Age").select_option("25up")
    page.get_by_label("Kind of place").select_option("women")
    page.get_by_role("checkbox", name="A pet").check()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="One thing keeps these out")).to_be_visible()
    page.evaluate(FEW_OF_EACH)
    accessible(page, (1280, 360))
