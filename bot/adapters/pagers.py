"""How are advocates called? For now by the desk's own page and the log; other channels are further adapters."""

from __future__ import annotations

from bot import log


class LogPager:
    """The desk shows every waiting hand-off by itself; this leaves a content-free line for whoever watches the log."""

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        log.event("handoff_waits", level="warning" if step else "info", handoff_id=handoff_id, tier=tier, step=step)


class RecordedPager:
    """The fake twin: remembers every page."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, str, int]] = []

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        self.pages.append((handoff_id, tier, step))
