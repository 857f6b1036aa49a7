"""How fast are webhooks answered? A bounded, signed load from loopback, with a known number of requests under way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlencode, urlsplit

TURNS = ("hi", "yes", "1", "1", "this week", "a place to stay", "near 78201")
"""Seven complete turns: the first makes the person and the conversation, the others walk through notice and screen."""

SEARCHES = ("im 22", "2 kids", "4")
"""Three more, each with a search of the live openings inside the turn: the floor has nothing to hold against it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One window: turns a second, and the time each took, in milliseconds."""

    turns_per_s: float
    p50_ms: float
    p99_ms: float
    refused: int


def numbers(start: int) -> Iterator[str]:
    """Fictional numbers (555-01xx is too few): area code 210, exchange 556, and on. Not 555: providers of the demo
    directory text from there, and a provider's count is no turn."""
    return (f"+1210{n:07d}" for n in itertools.count(5_560_000 + start))


def signed(origin: str, token: str, account: str, sender: str, body: str, sid: str) -> bytes:
    """One webhook, as it stands on the wire."""
    fields = {"MessageSid": sid, "AccountSid": account, "From": sender, "To": "+12105550100", "Body": body,
              "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01"}  # fmt: skip
    plain = f"{origin}/twilio/inbound" + "".join(k + fields[k] for k in sorted(fields))
    signature = base64.b64encode(hmac.new(token.encode(), plain.encode(), hashlib.sha1).digest()).decode()
    form = urlencode(fields)
    head = (
        f"POST /twilio/inbound HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\nConnection: close\r\n\r\n"
    )
    return (head + form).encode()


def conversations(
    origin: str, token: str, account: str, start: int, count: int, script: tuple[str, ...]
) -> list[list[bytes]]:
    """`count` conversations of one person each, signed beforehand so that the load costs little while it runs."""
    stamp = f"{start:08d}"
    return [
        [
            signed(origin, token, account, sender, body, f"SMb{stamp}{n:08d}{turn:015d}")
            for turn, body in enumerate(script)
        ]
        for n, sender in zip(range(count), numbers(start), strict=False)
    ]


def run(origin: str, work: list[list[bytes]], at_once: int) -> Measured:
    """Send every conversation, `at_once` of them side by side, one person's texts in order."""
    return asyncio.run(_run(origin, work, at_once))


async def _run(origin: str, work: list[list[bytes]], at_once: int) -> Measured:
    host, port = urlsplit(origin).hostname, urlsplit(origin).port
    waiting, took, refused = iter(work), [], 0

    async def person() -> None:
        nonlocal refused
        for conversation in waiting:
            for request in conversation:
                began = time.perf_counter()
                status = await _post(str(host), int(port or 80), request)
                took.append((time.perf_counter() - began) * 1000)
                refused += status != 200

    began = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(at_once)))
    lasted = time.perf_counter() - began
    took.sort()
    return Measured(len(took) / lasted, median(took), took[int(len(took) * 0.99)], refused)


async def _post(host: str, port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return int(answer[9:12] or 0)
