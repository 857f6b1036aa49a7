"""The desk in Spanish, in a real browser: chosen with a keyboard, read by a screen reader, said by the scripts too."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from bot.store import directory
from bot.store.db import Database
from bot.usecases.seed import add_demo_directory
from tests.web.accessible import accessible
from tests.web.line import someone_waits, they_wrote


def test_the_desk_is_chosen_read_and_written_on_in_spanish(page: Page, live_database: Database) -> None:
    with live_database.transaction() as tx:
        add_demo_directory(tx)
        conversation_id, _ = someone_waits(tx, language="es")
        directory.add_offers(tx, conversation_id, {"A": ("demo-cedar-1", tx.now)})
        they_wrote(tx, conversation_id, "él vuelve a las 6, ¿a dónde puedo ir?", "SM1")
    page.goto("/desk/account")
    page.get_by_label("Language of your pages").focus()
    page.keyboard.type("Esp")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sus páginas están ahora en español.")).to_be_visible()
    page.goto("/desk/")
    expect(page.locator("#connection")).to_have_text("Con conexión")
    accessible(page, (390,))
    page.get_by_role("button", name="Tomar la siguiente").press("Enter")
    page.wait_for_load_state("load")  # its scripts count and keep what is typed
    expect(page.locator("#connection")).to_have_text("Con conexión")
    page.get_by_label("Su mensaje").fill("Hola, soy Ana.")
    expect(page.locator("#count")).to_have_text("1 mensaje, 14 caracteres")
    expect(page.locator("#kept")).to_contain_text("Borrador guardado")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    accessible(page, (1280, 390))
    page.get_by_label("Su mensaje").press("Control+Enter")
    expect(page.locator("#say")).to_contain_text("Enviado. Puede deshacerlo durante tres segundos.")
    page.goto("/desk/promises")
    page.get_by_role("button", name="Cerrar sesión").press("Enter")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_role("link", name="Español").press("Enter")
    expect(page.get_by_role("heading", name="Entrar")).to_be_visible()
    accessible(page, (390,))
