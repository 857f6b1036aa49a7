"""A carrier over HTTP for measurements: takes every text after a moment, notes when, posts signed receipts.

`python -m bench.carrier TOKEN` prints its address. Its list is empty, as of a carrier that brings every webhook.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.settings import SIMULATED_ACCOUNT

ANSWERS_AFTER_S = 0.05
RECEIPTS = (("sent", 0.2), ("delivered", 1.0))
"""What it says of each text, and how long after it was taken."""
_LIST = b'{"messages": [], "page": 0, "page_size": 50, "start": 0, "end": 0, "uri": "", "next_page_uri": null}'


async def _serve(token: str) -> None:
    taken: list[tuple[str, str, str, float, str]] = []
    refused = 0
    receipts: set[asyncio.Task[None]] = set()

    async def tell(callback: str, sid: str) -> None:
        nonlocal refused
        began = 0.0
        for status, after in RECEIPTS:
            await asyncio.sleep(after - began)
            began = after
            refused += await _post(callback, token, sid, status) != 204

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                           if line.lower().startswith(b"content-length:")), 0)  # fmt: skip
            form = parse_qs((await reader.readexactly(length)).decode())
            status, document = b"200 OK", _LIST
            if head.startswith(b"GET /seen"):
                document = json.dumps({"taken": taken, "refused": refused}).encode()
            elif head.startswith(b"POST") and "To" not in form:  # a copy is to be emptied
                sid = urlsplit(head.split(b" ")[1].decode()).path.rpartition("/")[2].removesuffix(".json")
                document = b'{"sid": "%s", "status": "delivered", "body": "", "to": ""}' % sid.encode()
            elif head.startswith(b"POST"):
                sid, callback = f"SM{len(taken):032x}", form.get("StatusCallback", [""])[0]
                message_id = parse_qs(urlsplit(callback).query).get("m", [""])[0]
                taken.append((message_id, form["To"][0], form["Body"][0], time.time(), sid))
                status = b"201 Created"
                document = b'{"sid": "%s", "status": "queued", "body": "", "to": ""}' % sid.encode()
                if callback:
                    receipts.add(task := asyncio.create_task(tell(callback, sid)))
                    task.add_done_callback(receipts.discard)
                await asyncio.sleep(ANSWERS_AFTER_S)
            writer.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                         % (status, len(document)) + document)  # fmt: skip
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


async def _post(callback: str, token: str, sid: str, status: str) -> int:
    fields = {"AccountSid": SIMULATED_ACCOUNT, "MessageSid": sid, "MessageStatus": status, "SmsSid": sid,
              "SmsStatus": status}  # fmt: skip
    plain = callback + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.new(token.encode(), plain.encode(), hashlib.sha1).digest()).decode()
    form, url = urlencode(fields), urlsplit(callback)
    try:
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        head = (
            f"POST {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nX-Twilio-Signature: {signature}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
            "Connection: close\r\n\r\n"
        )
        writer.write((head + form).encode())
        answer = await reader.read()
        writer.close()
    except OSError:
        return 0
    return int(answer[9:12] or 0)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
