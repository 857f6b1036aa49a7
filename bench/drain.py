"""How fast do 10,000 texts that are due at once leave, and how long does a text about danger wait meanwhile?

A real worker process over a real queue, against a carrier that answers each call after 100 ms; beside it, in the same
run, the plain way: one job a text on the queue's default, forking worker.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, Popen
from urllib.parse import parse_qs

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from bench.line import carrier, seen
from bot.adapters.nudges import DELIVER, queue_on
from bot.app import build
from bot.ports import OutboundText
from bot.rules.hours import campaign_closes, place_of
from bot.services import Services
from bot.settings import Settings
from bot.store import campaigns, conversations, messages, people
from bot.store.db import Database, Tx, new_id

TEXTS, PLAIN, CRISES = 10_000, 120, 240
ANSWERS_AFTER_S = 0.1
EVERY_S = 0.1
_PLACES = ("+1212", "+1213", "+1808", "+1671", "+44770")
"""Somewhere it is always between ten and seven: a campaign's hours are asked here too."""


HEAD = """| database | seconds | texts/s | worker's CPU ms a text | about danger: p50 / p99 / worst ms (texts) \
| worker MB | plain way, texts/s (all of them) | ratio |
|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Drained:
    """One drain: how long, the delays of texts about danger in milliseconds, the worker's memory in MB, and its CPU."""

    lasted_s: float
    delays_ms: tuple[float, ...]
    early_mb: float
    peak_mb: float
    cpu_s: float





def report(name: str, env: dict[str, str], texts: int = TEXTS) -> None:
    """Both ways on one database, as a line each."""
    with carrier("bench.drain", "carrier") as (origin, _):
        # Nobody sends receipts: this is about sending.
        env = {**env, "TWILIO_API_BASE": origin, "PUBLIC_URL": "http://127.0.0.1:9"}
        services = build(Settings.from_env(env))
        plain = _plain(services, env)
        drained = _drain(services, env, origin, texts)
        services.database.engine.dispose()
    rate, plain_rate = texts / drained.lasted_s, PLAIN / plain
    delays = sorted(drained.delays_ms)
    p50, p99, worst = median(delays), delays[int(len(delays) * 0.99)], delays[-1]
    print(
        f"| {name} | {drained.lasted_s:.1f} | {rate:.0f} | {drained.cpu_s / texts * 1000:.2f} "
        f"| {p50:.0f} / {p99:.0f} / {worst:.0f} ({len(delays)}) | {drained.early_mb:.0f} to {drained.peak_mb:.0f} "
        f"| {plain_rate:.1f} ({texts / plain_rate / 60:.0f} min) | {rate / plain_rate:.0f} |",
        flush=True,
    )


def _drain(services: Services, env: dict[str, str], origin: str, texts: int) -> Drained:
    _people(services.database, texts, "campaign")
    crises = _people(services.database, CRISES, "crisis")
    worker = Popen([sys.executable, "worker.py"], env={**os.environ, **env}, stderr=DEVNULL)
    try:
        time.sleep(3)  # it takes its place; nothing is asserted about that
        began = time.monotonic()
        _release(services.database)
        _ring(services.settings.redis_url)
        written, early = _write_crises(services.database, crises, began, worker.pid)
        _wait_until_sent(services.database, texts + len(written))
        lasted = time.monotonic() - began
        peak, cpu_s = _memory_mb(worker.pid, "VmHWM"), _cpu_s(worker.pid)
    finally:
        worker.terminate()
        worker.wait(timeout=60)
    came = seen(origin)
    return Drained(lasted, tuple((came[words] - at) * 1000 for words, at in written.items()), early, peak, cpu_s)


def _write_crises(database: Database, crises: list[str], began: float, pid: int) -> tuple[dict[str, float], float]:
    """One every tenth of a second while the drain goes on: when each was committed, and the worker's memory after the
    first two seconds."""
    written, early = {}, 0.0
    for n, conversation_id in enumerate(crises):
        with database.transaction() as tx:
            messages.queue_text(tx, conversation_id=conversation_id, epoch=0, kind="crisis", body=f"crisis {n}",
                                language="en")  # fmt: skip
        written[f"crisis {n}"] = time.time()
        if not early and time.monotonic() - began > 2:
            early = _memory_mb(pid, "VmRSS")
        time.sleep(EVERY_S)
        if _waiting(database) == 0:
            break
    return written, early


def _people(database: Database, count: int, what: str) -> list[str]:
    """So many people, each with a conversation, whose ids are returned; for a campaign, its recipients too."""
    prefix, made = _open_prefix(), []
    for start in range(0, count, 500):
        with database.transaction() as tx:
            campaign_id = _campaign(tx) if what == "campaign" else ""
            for n in range(start, min(start + 500, count)):
                number = f"{prefix}{(5_560_000 if what == 'crisis' else 2_000_000) + n}"
                person = people.add(tx, number, "en")
                stored = conversations.start(tx, person_id=person.person_id, phone_key=person.phone_key, language="en",
                                             flow_version="bench")  # fmt: skip
                made.append(stored.conversation_id)
                if campaign_id:
                    _campaign_text(tx, campaign_id, person.person_id, stored.conversation_id)
    return made


def _campaign(tx: Tx) -> str:
    campaign_id = campaigns.add(tx, name="bench", keys=["O1"], area="", sender="Ana", window=(8, 20), provenance="own",
                                author_id="a")  # fmt: skip
    campaigns.change(tx, campaign_id, state="running", approver_id="b", launched_at=tx.now)
    return campaign_id


def _campaign_text(tx: Tx, campaign_id: str, person_id: str, conversation_id: str) -> None:
    recipient_id = new_id()
    tx.conn.execute(campaigns.recipients.insert(), {
        "recipient_id": recipient_id, "campaign_id": campaign_id, "person_id": person_id, "basis": "opted_in",
        "language": "en", "state": "released", "released_at": tx.now, "nth": 1,
        "silence_ends_at": tx.now + campaigns.COOLDOWN,
    })  # fmt: skip
    messages.queue_text(tx, conversation_id=conversation_id, epoch=0, kind="campaign", key="O1", language="en",
                        body="Hi, this is Ana. Would it help to talk? Reply STOP to end.", recipient_id=recipient_id,
                        due_at=tx.now + timedelta(days=1))  # fmt: skip


def _release(database: Database) -> None:
    """All of them are due, at once."""
    m = messages.messages
    with database.transaction() as tx:
        tx.conn.execute(m.update().where(m.c.kind == "campaign").values(due_at=tx.now))


def _open_prefix() -> str:
    now = datetime.now(UTC)
    for prefix in _PLACES:
        place = place_of(f"{prefix}2001234")
        if all(campaign_closes(place, now + timedelta(minutes=m), (8, 20)) for m in (0, 15)):
            return prefix
    raise SystemExit("It is night everywhere we know of: no campaign's hours are open.")


def _ring(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        queue_on(redis).enqueue(DELIVER, result_ttl=0, description="deliver")


def _waiting(database: Database) -> int:
    m = messages.messages.c
    with database.reading() as tx:
        query = select(func.count()).where(m.kind == "campaign", m.status.in_(("queued", "sending")))
        return tx.conn.execute(query).scalar_one()


def _wait_until_sent(database: Database, count: int) -> None:
    m = messages.messages.c
    deadline = time.monotonic() + 600
    while True:
        with database.reading() as tx:
            query = select(func.count()).where(m.direction == "out", m.status == "sent", m.kind != "reply")
            done = tx.conn.execute(query).scalar_one()
        if done >= count:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"only {done} of {count} texts left in ten minutes")
        time.sleep(0.2)


def _memory_mb(pid: int, which: str) -> float:
    """The worker's resident memory now (VmRSS) or at its highest (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(which):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The plain way


def _plain(services: Services, env: dict[str, str]) -> float:
    """Seconds for PLAIN texts, each a job of its own, on the default worker, everything loaded before it forks."""
    _people(services.database, PLAIN, "campaign")
    m = messages.messages
    with services.database.transaction() as tx:
        ids = list(tx.conn.execute(select(m.c.message_id).where(m.c.kind == "campaign")).scalars())
    with Redis.from_url(services.settings.redis_url) as redis:
        queue = Queue("plain", connection=redis, serializer=JSONSerializer)
        for message_id in ids:
            queue.enqueue("bench.drain.send_plainly", message_id, result_ttl=0, description="send")
    worker = Popen([sys.executable, "-m", "bench.drain", "worker"], env={**os.environ, **env}, stderr=DEVNULL)
    began = time.monotonic()
    try:
        while _sent(services.database) == 0:
            began = time.monotonic()  # the start of the worker is not counted
            time.sleep(0.01)
        worker.wait(timeout=300)
    finally:
        worker.kill()
    lasted = time.monotonic() - began
    with services.database.transaction() as tx:
        for table in (m, campaigns.recipients, conversations.conversations, people.people):
            tx.conn.execute(table.delete())
    return lasted


def _sent(database: Database) -> int:
    m = messages.messages.c
    with database.reading() as tx:
        return tx.conn.execute(select(func.count()).where(m.status == "sent")).scalar_one()


_loaded: list[Services] = []


def send_plainly(message_id: str) -> None:
    """Read a text, post it, write its id: no lease, no gate, no receipt's address, nothing that survives a crash."""
    services = _loaded[0]
    m, c, p = messages.messages.c, conversations.conversations.c, people.people.c
    with services.database.reading() as tx:
        query = (
            select(m.body, p.person_id, p.phone)
            .join_from(messages.messages, conversations.conversations, c.conversation_id == m.conversation_id)
            .join(people.people, p.person_id == c.person_id)
        )
        row = tx.conn.execute(query.where(m.message_id == message_id)).one()
    number = services.database.keys.open("people.phone", row.person_id, row.phone)
    body = services.database.keys.open("messages.body", message_id, row.body)
    sid = services.carrier.send(OutboundText(message_id, number, body))
    with services.database.transaction() as tx:
        update = messages.messages.update().where(m.message_id == message_id)
        tx.conn.execute(update.values(status="sent", provider_sid=sid, sent_at=tx.now))


def _plain_worker() -> None:
    services = build(Settings.from_env())
    _loaded.append(services)
    os.register_at_fork(after_in_child=services.database.forget_connections)
    with Redis.from_url(services.settings.redis_url) as redis:
        queue = Queue("plain", connection=redis, serializer=JSONSerializer)
        worker = Worker([queue], connection=redis, serializer=JSONSerializer, log_job_description=False)
        worker.work(burst=True, logging_level="WARNING")


# The carrier


async def _serve() -> None:
    """The least that the SDK takes for Twilio: each text is answered after ANSWERS_AFTER_S."""
    came: dict[str, float] = {}
    made = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        while head := await _head(reader):
            body = b""
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    body = await reader.readexactly(int(line.split(b":")[1]))
            if head.startswith(b"GET /seen"):
                document = json.dumps(came).encode()
            else:
                form = parse_qs(body.decode())
                came.setdefault(form["Body"][0], time.time())
                made += 1
                document = b'{"sid": "SM%032x", "status": "queued", "body": "", "to": ""}' % made
                await asyncio.sleep(ANSWERS_AFTER_S)
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                         % len(document) + document)  # fmt: skip
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


if __name__ == "__main__":
    if sys.argv[1] == "carrier":
        asyncio.run(_serve())
    else:
        # The job is found by the name of this module, which as a program is called another.
        from bench import drain

        drain._plain_worker()
