"""Can everybody use this page? axe finds nothing in either theme, at either width, and nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (1280, 390)
HEIGHT = 844

_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def accessible(page: Page, widths: Iterable[int] = WIDTHS) -> None:
    """The page as it is shown now. Without motion: a colour half way to the other theme is nobody's reading."""
    size = page.viewport_size
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            report = Axe().run(page)
            assert report.violations_count == 0, f"{page.url} {width} {scheme}\n{report.generate_report()}"
        assert not page.evaluate(_TOO_WIDE), f"{page.url} scrolls sideways at {width}"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if size:
        page.set_viewport_size(size)
