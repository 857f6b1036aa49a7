"""What do fifty advocates and those who text them do? Over HTTP alone, as their pages and phones do it.

An advocate has the board open, or one conversation: it asks for news every four seconds and for calls every five. Who
sees that somebody waits takes the next one, opens them, answers, waits for what they write, and finishes.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

POLLS_S, RINGS_S = 4.0, 5.0
ANSWERS_AFTER_S, FINISHES_AFTER_S = 1.5, 7.0
PATIENCE_S = 15.0


@dataclass
class Seen:
    """Milliseconds, by what was asked for; what went wrong; when each text was shown to its owner."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    empty: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Polls that were told nothing (304), by what they asked."""
    shown_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


async def ask(origin: str, request: bytes) -> Answer:
    """One connection a request: the server's workers keep none open."""
    host, _, port = urlsplit(origin).netloc.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(int(lines[0][9:12] or 0), headers, body.decode())


class Page:
    """What a browser does for one advocate."""

    def __init__(self, origin: str, cookie: str, seen: Seen) -> None:
        self.origin, self.seen = origin, seen
        self._cookie = cookie
        self._tags: dict[str, str] = {}
        self.token = ""

    async def get(self, what: str, path: str) -> Answer:
        answer = await self._timed(what, "GET", path)
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.token = found.group(1) if found else self.token
        return answer

    async def post(self, what: str, path: str, **fields: str) -> Answer:
        return await self._timed(what, "POST", path, urlencode({"csrf_token": self.token, **fields}))

    async def poll(self, what: str, path: str) -> Answer:
        tag = self._tags.get(path)
        known = f"If-None-Match: {tag}" if tag else ""
        answer = await self._timed(what, "GET", path, headers=("HX-Request: true", known))
        self._tags[path] = answer.headers.get("etag", tag or "")
        self.seen.empty[what] += answer.status == 304
        return answer

    def shows(self, path: str, page: Answer) -> None:
        """It was opened whole, with the tag its part is asked for with."""
        found = re.search(r'hx-trigger="every 4s"[^>]*data-etag="([^"]+)"', page.text)
        if found:
            self._tags[path] = found.group(1).replace("&#34;", '"')

    async def _timed(self, what: str, method: str, path: str, body: str = "", headers: tuple[str, ...] = ()) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(self.origin).netloc}",
                 f"Cookie: quietline={self._cookie}", "Connection: close", f"Origin: {self.origin}",
                 f"Content-Length: {len(body)}",
                 "Content-Type: application/x-www-form-urlencoded", *filter(None, headers)]  # fmt: skip
        request = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
        began = time.perf_counter()
        try:
            answer = await asyncio.wait_for(ask(self.origin, request), PATIENCE_S)
        except (OSError, TimeoutError, ValueError):
            answer = Answer(0, {}, "")
        self.seen.took[what].append((time.perf_counter() - began) * 1000)
        if answer.status not in (200, 204, 302, 303, 304):
            self.seen.wrong[f"{what}: {answer.status}"] += 1
        return answer


Writes = Callable[[str], Awaitable[tuple[str, float]]]
"""Makes the person of this conversation text, and says which words, and when."""


async def advocate(page: Page, until: float, writes: Writes) -> None:
    """Until the end of the window."""
    await asyncio.sleep(random.uniform(0, POLLS_S))
    page.shows("/desk/board", await page.get("board opened", "/desk/"))
    rings = asyncio.create_task(_every(RINGS_S, until, lambda: page.poll("ring", "/desk/ring")))
    waits = True
    while time.monotonic() < until:
        taken = await page.post("claim", "/desk/take") if waits else None
        if taken is not None and taken.status == 302 and "/conversations/" in taken.headers["location"]:
            await _one_person(page, urlsplit(taken.headers["location"]).path, until, writes)
            page.shows("/desk/board", await page.get("board opened", "/desk/"))
        elif taken is not None and taken.status == 409:
            page.seen.wrong["claim: 409"] -= 1  # nobody waits any more: an answer, not a fault
        await asyncio.sleep(POLLS_S)
        board = await page.poll("board poll", "/desk/board")
        if board.status == 200:
            count = re.search(r'data-count="(\d+)"', board.text)
            waits = count is not None and int(count.group(1)) > 0
    rings.cancel()


async def _one_person(page: Page, path: str, until: float, writes: Writes) -> None:
    opened = await page.get("conversation opened", path)
    if opened.status != 200:
        return
    live = re.search(r'hx-get="([^"]*/live[^"]*)"', opened.text)
    form = {name: _value(opened.text, name) for name in ("epoch", "draft_id", "page_id", "since")}
    assert live is not None
    address = live.group(1).replace("&amp;", "&")
    page.shows(address, opened)
    words, wrote_at = "", 0.0
    began, polled, answered = time.monotonic(), time.monotonic(), False
    while time.monotonic() < until:
        await asyncio.sleep(0.1)
        now = time.monotonic()
        if not answered and now - began > ANSWERS_AFTER_S:
            await page.post("reply", f"{path}/reply", text="I read what you sent. I am here with you now.", **form)
            answered = True
            words, wrote_at = await writes(path.rsplit("/", 1)[-1])
        if now - polled > POLLS_S:
            polled = now
            part = await page.poll("conversation poll", address)
            if words and words in part.text:
                page.seen.shown_ms.append((time.perf_counter() - wrote_at) * 1000)
                words = ""
                seq = re.search(r'data-seq="(\d+)"', part.text)
                await page.post("seen", f"{path}/seen", seq=seq.group(1) if seq else "0")
        if answered and not words and now - began > FINISHES_AFTER_S:
            await page.post("finish", f"{path}/finish", outcome="safe_for_now", epoch=form["epoch"])
            return


async def _every(seconds: float, until: float, act: Callable[[], Awaitable[object]]) -> None:
    while time.monotonic() < until:
        await act()
        await asyncio.sleep(seconds)


def _value(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return found.group(1) if found else ""
