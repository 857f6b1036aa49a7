"""What does a browser tell of our pages? A page that is watched, and the keyboard's way through it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from bot.usecases.seed import LOGINS
from tests.journey.house import ANSWERS, GREETING, House, key_of
from tests.web.accessible import HEIGHT, WIDTHS

SOON_MS = 30_000

_TELL_OF_REFUSALS = """document.addEventListener('securitypolicyviolation', (event) =>
  console.error('the policy refused ' + event.blockedURI + ' by ' + event.violatedDirective))"""
_FOCUSED = """() => {
  const it = document.activeElement, label = it.labels && it.labels[0];
  const name = it.getAttribute('aria-label') || (label && label.innerText) || it.innerText || '';
  return {name: name.trim(), ring: getComputedStyle(it).outlineStyle !== 'none'};
}"""
_KEPT = """async () => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), window.name,
  document.title, location.href, document.cookie, await caches.keys(), await indexedDB.databases()])"""


@dataclass
class Watched:
    """A page, and everything about it that must not have happened."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def kept(self) -> str:
        """All that the browser would still have tomorrow."""
        return str(self.page.evaluate(_KEPT))


@contextmanager
def watched(chromium: Browser, house: House, **options: Any) -> Iterator[Watched]:
    """A browser of its own. At the end: no script error, no refusal by the policy, no request to anyone else."""
    context = chromium.new_context(base_url=house.line.address, viewport={"width": WIDTHS[0], "height": HEIGHT},
                                   reduced_motion="reduce", **options)  # fmt: skip
    context.add_init_script(_TELL_OF_REFUSALS)
    watch = Watched(context.new_page())
    watch.page.on("pageerror", lambda error: watch.wrong.append(str(error)))
    watch.page.on("console", lambda said: watch.wrong.append(said.text) if said.type == "error" else None)
    watch.page.on("request", lambda request: watch.addresses.append(request.url))
    try:
        yield watch
    finally:
        context.close()
    assert [words for words in watch.wrong if "409" not in words] == []  # a refusal is answered with 409, and shown
    assert [url for url in watch.addresses if not url.startswith(house.line.address + "/")] == []


def log_in(page: Page, alias: str) -> None:
    """As one of the demo's staff, with the keyboard alone."""
    account = next(login for login in LOGINS if login.alias == alias)
    page.goto("/desk/login")
    tab_to(page, "E-mail")
    page.keyboard.type(account.email)
    tab_to(page, "Password")
    page.keyboard.type(account.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=alias, exact=True)).to_be_visible()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called this, and shows that it has it."""
    met: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        met.append(focused["name"])
        if focused["name"] == name:
            assert focused["ring"], f"nothing shows that {name} has the focus"
            return
    raise AssertionError(f"no Tab leads to {name}: {met}")


@dataclass
class TablePhone:
    """A phone on the table of /simulator/, played with as a visitor would."""

    page: Page
    name: str

    @property
    def frame(self) -> Locator:
        return self.page.get_by_role("region", name=f"Phone {self.name}")

    def received(self) -> list[str]:
        return self.frame.locator(".bubble.in .body").all_inner_texts()

    def texts(self, body: str) -> None:
        box = self.frame.get_by_label(f"Text from {self.name}")
        box.fill(body)
        box.press("Enter")
        expect(box).to_have_value("")

    def says(self, body: str) -> str:
        """Press the quick answer if there is one for it, else type it; the line's answer."""
        arrived = self.frame.locator(".bubble.in")
        before = arrived.count()
        quick = self.frame.locator(f'.quick button[value="{body}"]')
        if quick.count():
            quick.click()
        else:
            self.texts(body)
        expect(arrived).to_have_count(before + 1, timeout=SOON_MS)
        return self.received()[-1]

    def walks(self, language: str) -> list[str]:
        """From the first text to the hand-off; the keys that came."""
        came = [key_of(self.says(GREETING[language]), language)]
        while came[-1] != "H1":
            assert len(came) < 20, came
            came.append(key_of(self.says(ANSWERS[language][came[-1]]), language))
        return came


def put_on_the_table(page: Page, typed: str) -> TablePhone:
    """Add a phone with this number, written as (512) 555-0100."""
    page.goto("/simulator/")
    page.get_by_label("Number (any, if left empty)").fill(typed)
    page.get_by_role("button", name="Add a phone").click()
    phone = TablePhone(page, typed)
    expect(phone.frame).to_be_visible()
    return phone
