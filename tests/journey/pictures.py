"""How do the screens look today? `python -m tests.journey.pictures` makes docs/screenshots/ anew, from a running line.

Everyone in the pictures is made up, and so is every number (555-01xx).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.journey.house import ROOT, House, Phone, house_on
from tests.journey.screens import log_in, watched
from tests.web.accessible import WIDTHS

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 200_000
"""Bytes a picture may have."""
LIST = """number,language,basis
+12105550161,en,opted_in
+12105550162,es,opted_in
+12065550163,en,partner_referral
+18085550164,en,inbound_first
+12105550161,en,opted_in
12345,en,opted_in
+12145550165,en,
"""


def main() -> int:
    """Exit code 1 when a picture is too large to keep."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    chromium = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with house_on(Path(folder)) as house:
            _campaign(browser, house)
            _phones_and_desk(browser, house)
            _rooms(browser, house)
            _script(browser, house)
        browser.close()
    large = [path.name for path in FOLDER.glob("*.png") if path.stat().st_size >= LARGEST]
    sys.stdout.write("".join(f"{path.name} {path.stat().st_size}\n" for path in sorted(FOLDER.glob("*.png"))))
    if large:
        sys.stderr.write(f"Larger than {LARGEST} bytes: {', '.join(large)}\n")
    return 1 if large else 0


def _campaign(browser: Browser, house: House) -> None:
    """First of all: nothing is sent while somebody waits for an advocate."""
    with watched(browser, house) as watch:
        page = watch.page
        page.goto("/desk/login")
        _take(page, "login")
        log_in(page, "Omar")
        page.goto("/campaigns/new")
        page.get_by_label("Or paste it here").fill(LIST)
        page.get_by_label("Where the list comes from").select_option("own")
        page.get_by_label("Name", exact=True).fill("November, San Antonio")
        page.get_by_label("Who it is from").fill("Ana")
        page.get_by_role("button", name="Check the list").click()
        page.get_by_role("heading", name="November, San Antonio").wait_for()
        _take(page, "campaign")


def _phones_and_desk(browser: Browser, house: House) -> None:
    english, spanish = (_phone(house, f"+1210555017{n}") for n in (1, 2))
    english.walks("en")
    spanish.walks("es", until="M1")
    house.wait_for(lambda: all(m["status"] == "delivered" for one in (english, spanish)
                               for m in one.thread() if m["direction"] == "out"))  # fmt: skip
    with watched(browser, house) as watch:
        watch.page.goto("/simulator/")
        _take(watch.page, "simulator")
    danger = _phone(house, "+12065550173")
    danger.says("hi")
    danger.says("he is here and I am scared")
    with watched(browser, house) as watch:
        page = watch.page
        log_in(page, "Ana")
        _take(page, "desk", dark=True)
        page.get_by_role("button", name="Take ").last.click()
        page.get_by_role("button", name="I know them").click()  # somebody in danger is next
        page.get_by_text("You hold this").wait_for()
        _take(page, "conversation", dark=True)
        page.get_by_label("Your text").fill("Hi, this is Ana, a real person. Is now still an OK time to text?")
        page.get_by_role("button", name="Send").click()
        house.wait_for(lambda: "this is Ana" in english.received()[-1])
        english.texts("yes. I have 20 min")
        page.locator(".bubble.in", has_text="20 min").wait_for()
        house.wait_for(lambda: english.thread()[-2]["status"] == "delivered")
        _take(page, "reply")


def _rooms(browser: Browser, house: House) -> None:
    """What a lead sees, with somebody waiting and one who is answered."""
    with watched(browser, house) as watch:
        page = watch.page
        log_in(page, "Marta")
        for name in ("lead", "reach", "shifts", "figures", "audit"):
            page.goto(f"/desk/{name}")
            page.get_by_role("heading", level=1).wait_for()
            _take(page, name, dark=name == "lead")


def _script(browser: Browser, house: House) -> None:
    with watched(browser, house) as watch:
        page = watch.page
        log_in(page, "Vera")
        page.goto("/flows/texts/C1")
        page.get_by_role("button", name="Sign off the Spanish words").click()
        page.get_by_text("You signed off C1 in Spanish.").wait_for()
        _take(page, "text")
        page.goto("/flows/#s-safe_now")
        _take(page, "script")
        page.goto("/flows/try/")
        for text in ("hi", "yes", "ok", "yes", "2nite, me n my 2 kids, near 78201"):
            page.get_by_label("Your text").fill(text)
            page.get_by_role("button", name="Send").click()
            page.locator(".bubble.in", has_text=text).last.wait_for()
        _take(page, "try", dark=True)


def _phone(house: House, number: str) -> Phone:
    house.control.add_phone(number)
    return Phone(house, number)


def _take(page: Page, name: str, *, dark: bool = False) -> None:
    """At both widths in light; at the desk's in dark too, where asked for."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860 if width > 600 else 844})
        page.screenshot(path=FOLDER / f"{name}-{width}.png")
    page.set_viewport_size({"width": WIDTHS[0], "height": 860})
    if dark:
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=FOLDER / f"{name}-{WIDTHS[0]}-dark.png")
        page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    sys.exit(main())
