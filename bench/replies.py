"""32,000 replies in an hour through the webhook while a long list is released: are the promises kept, and how fast?

`python -m bench.replies` on PostgreSQL: 150 s at that rate, then 20 s at ten times of it. Another number of seconds
may be given, `--hour` for the whole hour, `--sqlite` for SQLite. Web, worker and clock as processes, a carrier over
HTTP that posts receipts, advocates who take who waits; afterwards `tests/proof/checker.py` and a few more questions are
put to the rows.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, insert, select

from bench import line, load
from bench.line import (
    TOKEN,
    app_env,
    cpu_s,
    floor_env,
    floor_people,
    memory_mb,
    own_database,
    postmaster,
    prepare,
    process,
    server,
    wait_for_worker,
)
from bot.adapters.clock import SystemClock
from bot.app import build, create_worker
from bot.rules.hours import DEFAULT_WINDOW, campaign_closes, place_of
from bot.services import Services
from bot.settings import SIMULATED_ACCOUNT, Settings
from bot.store import campaigns, conversations, handoffs, messages, pacing, people, promises
from bot.store.db import Database, new_id
from bot.usecases import sweep as sweeping
from bot.usecases import turn
from bot.usecases.claim import Claimed, claim
from bot.usecases.finish import finish
from flows.events import Invited
from tests.campaigns.stage import Stage
from tests.proof.account import Account, Heard, Taken, read_rows
from tests.proof.checker import check
from tests.servers import postgres_server, redis_server

LIST = 164_000
RATE = 32_000 / 3600
STEADY_S, BURST_S, BURST = 150, 20, 10
PAUSE_S = 15
"""Between two texts of one person; in a burst there are more people, not quicker ones."""
ADVOCATES, CONVERSATION_S = 6, 20.0
QUIET_S = 90
_AREAS = ("+1212", "+1213", "+1808", "+1671", "+44770")
"""Somewhere it is always between ten and seven, or nearly: a campaign's hours are asked here too."""

MIX = (
    (30, ("yes", "1", "1", "this week", "a place to stay", "near 78201", "im 22", "2 kids", "4")),
    (12, ("si", "1", "1", "para esta noche", "un lugar donde dormir", "cerca de 78201", "tengo 22", "solo yo", "1")),
    (14, ("no",)), (5, ("no gracias",)), (8, ("STOP",)), (4, ("ALTO",)), (3, ("please stop texting me",)),
    (7, ("who is this", "how did you get my number", "yes", "1", "1")), (4, ("quien eres", "si", "1")),
    (4, ("yes", "he is here and he is going to hurt me", "please hurry")), (2, ("me va a matar", "ayuda")),
    (4, ("can i talk to a person", "are you there")), (3, ("wrong number",)),
)  # fmt: skip
"""How often, and what one person says, text after text."""


@dataclass
class Seen:
    """What the load saw: each text with its moment, and how long its webhook took, in milliseconds."""

    heard: list[Heard] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    refused: int = 0


def main(steady_s: float = STEADY_S, *, hour: bool = False, sqlite: bool = False) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ql-")))
        redis_url = stack.enter_context(redis_server())
        if sqlite:
            url, base = f"sqlite:///{folder / 'r.sqlite3'}", 0
        else:
            postgres = stack.enter_context(postgres_server())
            url, base = own_database(postgres, stack), postmaster(postgres)
        prepare(url)
        origin, carrier_pid = stack.enter_context(line.carrier("bench.carrier", TOKEN))
        phases = [("steady", RATE, 3600.0)] if hour else [("steady", RATE, steady_s), ("burst", RATE * BURST, BURST_S)]
        _measure(stack, folder, app_env(url, redis_url, origin), phases, {"postgres": base, "carrier": carrier_pid})


def _measure(stack: ExitStack, folder: Path, env: dict[str, str], phases: list[tuple[str, float, float]],
             pids: dict[str, int]) -> None:  # fmt: skip
    services = build(Settings.from_env({**env, "PUBLIC_URL": "http://127.0.0.1:9"}))
    database = services.database
    stage, campaign_id = _set_up(services)
    crowd = _crowd(database, services, campaign_id, sum(_most(rate, lasts) for _, rate, lasts in phases))
    began_at = datetime.now(UTC)
    rounds = folder / "rounds"
    web = stack.enter_context(server("wsgi:app", env, workers=2))
    env = {**env, "PUBLIC_URL": web.origin}
    pids |= {"web": web.pid, "bench": os.getpid()}
    pids["worker"] = stack.enter_context(process([sys.executable, "worker.py"], env))
    pids["clock"] = stack.enter_context(process([sys.executable, "-m", "bench.replies", "clock", str(rounds)], env))
    pids = {name: pid for name, pid in pids.items() if pid}
    wait_for_worker(env["REDIS_URL"])
    time.sleep(3)  # the clock takes its place; nothing is asserted about that
    stopping = threading.Event()
    desk = threading.Thread(target=_desk, args=(services, [stage.advocate, *stage.colleagues], stopping), daemon=True)
    desk.start()
    heard: list[Heard] = []
    print("| phase | texts | a second | webhook p50 / p99 / worst ms | at the carrier's door p50 / p99 ms "
          "| oldest text due, worst s | a round p50 / worst ms | released | refused |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    costs = {name: (cpu_s(pid, own=name == "bench"), memory_mb(pid, own=name == "bench"))
             for name, pid in pids.items()}  # fmt: skip
    start = time.monotonic()
    tells: list[tuple[str, float, Seen, list[float], list[float], int]] = []
    for name, rate, lasts in phases:
        ages: list[float] = []
        over = threading.Event()
        watch = threading.Thread(target=_ages, args=(database, over, ages), daemon=True)
        watch.start()
        before = _released(database, began_at)
        looked = len(_rounds(rounds))
        seen = asyncio.run(_drive(web.origin, rate, lasts, crowd))
        over.set()
        watch.join()
        heard += seen.heard
        tells.append((name, lasts, seen, ages, _rounds(rounds)[looked:], _released(database, began_at) - before))
    lasted = time.monotonic() - start
    spent = {name: (cpu_s(pid, own=name == "bench") - costs[name][0], costs[name][1],
                    memory_mb(pid, own=name == "bench")) for name, pid in pids.items()}  # fmt: skip
    stopping.set()
    desk.join()
    waited = _wait_until_quiet(database)
    taken = line.seen(env["TWILIO_API_BASE"])
    doors = _doors(database, heard, taken["taken"])
    for name, lasts, seen, ages, each, released in tells:
        door = sorted(doors[one.sid] for one in seen.heard if one.sid in doors)
        print(f"| {name} | {len(seen.took)} | {len(seen.took) / lasts:.1f} | {_three(seen.took)} | {_two(door)} "
              f"| {max(ages, default=0):.1f} | {median(each or [0]):.0f} / {max(each, default=0):.0f} | {released} "
              f"| {seen.refused} |")  # fmt: skip
    _print_floor(stack, env["DATABASE_URL"], phases)
    print(f"\n{len(taken['taken'])} texts left, {taken['refused']} of their receipts were refused; "
          f"quiet {waited:.0f} s after the last reply.\n")  # fmt: skip
    print("| process | CPU s | of one core | memory MB, start to end |\n|---|---|---|---|")
    for name, (cpu, first, last) in spent.items():
        print(f"| {name} | {cpu:.1f} | {cpu / lasted:.0%} | {first:.0f} to {last:.0f} |")
    _judge(database, heard, taken["taken"], began_at)
    database.engine.dispose()


# Before


def _set_up(services: Services) -> tuple[Stage, str]:
    """A list of 164,000, approved by a second person and launched, with places free and advocates on shift."""
    stage = Stage(services.database, SystemClock())  # type: ignore[arg-type]
    stage.services = services
    stage.more_advocates(ADVOCATES - 1)
    stage.count(9)
    area = _open_area()
    campaign_id = stage.run(f"{area}5550100,en,opted_in")
    database = services.database
    for start in range(0, LIST, 5_000):
        with database.transaction() as tx:
            persons, rows = [], []
            for n in range(start, start + 5_000 if start + 5_000 < LIST else LIST):
                person_id = new_id()
                number = f"{area}{2_000_000 + n}"
                persons.append({
                    "person_id": person_id, "phone_key": tx.keys.index("phone", number),
                    "phone": tx.keys.seal("people.phone", person_id, number), "call_sign": f"b{n}",
                    "language": "es" if n % 3 == 0 else "en", "created_at": tx.now,
                })  # fmt: skip
                rows.append({
                    "recipient_id": new_id(), "campaign_id": campaign_id, "person_id": person_id, "basis": "opted_in",
                    "language": "en", "state": "waiting", "row": n,
                })  # fmt: skip
            tx.conn.execute(insert(people.people), persons)
            tx.conn.execute(insert(campaigns.recipients), rows)
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect() as conn:
            conn.exec_driver_sql("ANALYZE")
    return stage, campaign_id


def _open_area() -> str:
    now = datetime.now(UTC)
    for area in _AREAS:
        place = place_of(f"{area}2000000")
        if all(campaign_closes(place, now + timedelta(minutes=m), DEFAULT_WINDOW) for m in (0, 15)):
            return area
    raise SystemExit("It is night everywhere we know of: no campaign's hours are open.")


def _most(rate: float, lasts: float) -> int:
    """So many people write in a phase, at the most: one for each place, and another for every second text."""
    return max(8, int(rate * PAUSE_S)) + int(rate * lasts) // 2


def _crowd(database: Database, services: Services, campaign_id: str, wanted: int) -> Iterator[str]:
    """Enough of the list were texted some days ago, and have not answered yet. Numbers, the last of the list first."""
    numbers: list[str] = []
    r = campaigns.recipients.c
    with database.reading() as tx:
        query = select(r.recipient_id, r.person_id, r.language).where(r.campaign_id == campaign_id, r.row.is_not(None))
        some = tx.conn.execute(query.order_by(r.row.desc()).limit(wanted)).all()
    for start in range(0, len(some), 100):
        with database.transaction() as tx:
            for recipient_id, person_id, language in some[start : start + 100]:
                number = people.number_of(tx, person_id)
                stored = conversations.start(tx, person_id=person_id, phone_key=tx.keys.index("phone", number),
                                             language=language, flow_version=services.script.version)  # fmt: skip
                turn.take(tx, services, stored.conversation_id, Invited("O1"))
                campaigns.mark_released(tx, recipient_id, nth=1, variant="O1")
                numbers.append(number)
    at = datetime.now(UTC) - timedelta(days=4)
    with database.transaction() as tx:  # not in the last minute, of which the governor counts every one
        mine = campaigns.recipients.update().where(r.state == "released")
        tx.conn.execute(mine.values(released_at=at, silence_ends_at=at + campaigns.COOLDOWN))
    return iter(numbers)


# Meanwhile


async def _drive(origin: str, rate: float, lasts: float, crowd: Iterator[str]) -> Seen:
    """Texts at their moments, whatever the line does: who has to wait is counted from when they wrote."""
    host, port = str(urlsplit(origin).hostname), int(urlsplit(origin).port or 80)
    seen, places = Seen(), max(8, int(rate * PAUSE_S))
    talks: list[tuple[str, Iterator[str]]] = [("", iter(()))] * places
    before: list[asyncio.Task[None] | None] = [None] * places
    dice, stamp = random.Random(7), time.monotonic_ns()
    weights, scripts = zip(*MIX, strict=True)

    async def text(sender: str, body: str, sid: str, due: float, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await earlier  # a phone sends its texts in order
        one = Heard(sid, sender, body, datetime.fromtimestamp(due, UTC))
        seen.heard.append(one)
        status = 0
        with suppress(OSError):
            status = await load._post(host, port, load.signed(origin, TOKEN, SIMULATED_ACCOUNT, sender, body, sid))
        seen.took.append((time.time() - due) * 1000)
        seen.refused += status != 200
        if status == 200:
            one.answered_at.append(datetime.now(UTC))

    began = time.time()
    for n in range(int(rate * lasts)):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.time()))
        at = n % places
        sender, rest = talks[at]
        if (body := next(rest, None)) is None:
            sender, rest = next(crowd), iter(dice.choices(scripts, weights)[0])
            body, before[at] = next(rest), None
        talks[at] = sender, rest
        before[at] = asyncio.create_task(text(sender, body, f"SM{stamp:016x}{n:016x}", due, before[at]))
    await asyncio.gather(*(one for one in before if one is not None))
    return seen


def _desk(services: Services, staff_ids: list[str], stopping: threading.Event) -> None:
    """Advocates at work: each takes who is next, and is done after a while, so that their days go by in minutes."""
    held: dict[str, list[tuple[float, str]]] = {one: [] for one in staff_ids}
    while not stopping.wait(1.0):
        for staff_id, theirs in held.items():
            now = time.monotonic()
            for until, conversation_id in [one for one in theirs if one[0] <= now]:
                finish(services.database, services, conversation_id=conversation_id, staff_id=staff_id,
                       outcome="safe_for_now")  # fmt: skip
                theirs.remove((until, conversation_id))
            if len(theirs) < 2:
                taken = claim(services.database, services, handoff_id=None, staff_id=staff_id)
                if isinstance(taken, Claimed):
                    theirs.append((now + CONVERSATION_S, taken.conversation_id))


def _ages(database: Database, over: threading.Event, ages: list[float]) -> None:
    m = messages.messages.c
    while not over.wait(0.5):
        with database.reading() as tx:
            query = select(func.min(m.due_at)).where(m.direction == "out", m.status == "queued", m.due_at <= tx.now)
            oldest = tx.conn.execute(query).scalar()
            ages.append(0.0 if oldest is None else (tx.now - oldest).total_seconds())


def _clock(rounds: str) -> None:
    """The clock's process as it is, with the time of each of its rounds of release written down."""
    release: Callable[..., int] = sweeping.release_recipients.release_recipients

    def timed(*given: Any) -> int:
        began = time.perf_counter()
        try:
            return release(*given)
        finally:
            with Path(rounds).open("a", encoding="utf-8") as file:
                file.write(json.dumps((time.perf_counter() - began) * 1000) + "\n")

    sweeping.release_recipients.release_recipients = timed
    create_worker().run("clock")


def _rounds(rounds: Path) -> list[float]:
    return [float(line) for line in rounds.read_text(encoding="utf-8").split()] if rounds.exists() else []


def _released(database: Database, since: datetime) -> int:
    r = campaigns.recipients.c
    with database.reading() as tx:
        return tx.conn.execute(select(func.count()).where(r.released_at >= since)).scalar_one()


# Afterwards


def _wait_until_quiet(database: Database) -> float:
    m, began = messages.messages.c, time.monotonic()
    while time.monotonic() < began + QUIET_S:
        with database.reading() as tx:
            waits = (m.status.in_(("sending", "unknown"))) | ((m.status == "queued") & (m.due_at <= tx.now))
            if not tx.conn.execute(select(func.count()).where(m.direction == "out", waits)).scalar_one():
                break
        time.sleep(0.25)
    return time.monotonic() - began


def _doors(database: Database, heard: list[Heard], taken: list[Any]) -> dict[str, float]:
    """By the id of a text that came in: milliseconds from when it was written to its first answer at the carrier."""
    m, at, found = messages.messages.c, {one[0]: one[3] for one in taken}, dict[str, float]()
    with database.reading() as tx:
        query = select(m.message_id, m.conversation_id, m.created_at, m.direction, m.provider_sid)
        rows = tx.conn.execute(query).all()
    turns = {(r.conversation_id, r.created_at): r.provider_sid for r in rows if r.direction == "in"}
    wrote = {one.sid: one.at.timestamp() for one in heard}
    for row in rows:
        sid = turns.get((row.conversation_id, row.created_at))
        if row.direction == "out" and sid in wrote and row.message_id in at:
            took = (at[row.message_id] - wrote[sid]) * 1000
            found[sid] = min(took, found.get(sid, took))
    return found


def _judge(database: Database, heard: list[Heard], taken: list[Any], began_at: datetime) -> None:
    """The checker of the proof, over all rows of this run; then what it does not ask."""
    rows = read_rows(database)
    account = Account(
        now=datetime.now(UTC), heard=heard, stops=frozenset(), exact_claims=False,
        taken=[Taken(sid, ours, to, body, datetime.fromtimestamp(at, UTC)) for ours, to, body, at, sid in taken],
        **rows,
    )  # type: ignore[arg-type]  # fmt: skip
    complaints = [f"promise {one.promise}: {one.words}" for one in check(account)]
    complaints += _unanswered(account) + _broken(database)
    h, p = handoffs.handoffs.c, promises.promises.c
    with database.reading() as tx:
        tiers = Counter(tx.conn.execute(select(h.tier).where(h.opened_at >= began_at)).scalars())
        endings = Counter(tx.conn.execute(select(p.ending)).scalars())
    print(f"\n{len(account.rows)} texts in all; hand-offs {dict(sorted(tiers.items()))}; "
          f"promises { {name or 'standing': n for name, n in endings.items()} }.")  # fmt: skip
    d = pacing.decisions.c
    with database.reading() as tx:
        codes = tx.conn.execute(select(d.code, func.count()).where(d.at >= began_at).group_by(d.code)).all()
    print(f"What the governor decided, each change once: { {row[0]: row[1] for row in codes} }.")
    print(f"Complaints of the checker: {len(complaints)}")
    for words, times in Counter(complaints).most_common(20):
        print(f"* {words}" + (f" ({times} times)" if times > 1 else ""))


def _unanswered(account: Account) -> list[str]:
    """Texts that have a row and neither an answer, nor a hand-off, nor a STOP before them."""
    said = {(row.conversation_id, row.created_at) for row in account.rows if row.direction == "out"}
    handed = {one.conversation_id for one in account.queue}
    stopped = {line.number for line in account.consents if line.state == "withdrawn"}
    return [
        f"a text got no answer and no advocate ({row.body[:30]})"
        for row in account.rows
        if row.direction == "in" and (row.conversation_id, row.created_at) not in said
        and row.conversation_id not in handed and row.number not in stopped
    ]  # fmt: skip


def _broken(database: Database) -> list[str]:
    """Promises that were neither kept nor told anew before their time."""
    p, slack = promises.promises.c, timedelta(seconds=5)
    with database.reading() as tx:
        rows = tx.conn.execute(select(p.key, p.ending, p.ended_at, p.due_at)).all()
    found = [f"the promise {r.key} is {r.ending or 'overdue'}" for r in rows
             if r.ending == "broken" or (r.ended_at is None and r.due_at < tx.now - slack)]  # fmt: skip
    return found + [
        f"the promise {r.key} was {r.ending} after its time"
        for r in rows
        if r.ending in ("kept", "told") and r.ended_at > r.due_at + slack
    ]


def _print_floor(stack: ExitStack, url: str, phases: list[tuple[str, float, float]]) -> None:
    """The least that such a webhook can cost, at the same rates, in the same run (`bench/floor.py`), in short."""
    place = stack.enter_context(server("bench.floor:create_app()", floor_env(url), workers=2))
    for nth, (name, rate, _) in enumerate(phases):
        start = 300_000 + nth * 10_000
        people_here = max(8, int(rate * 10))
        floor_people(url, start, people_here)
        seen = asyncio.run(_drive_floor(place.origin, rate, start, people_here))
        print(f"| floor, {name} | {len(seen.took)} | {rate:.1f} | {_three(seen.took)} "
              f"| - | - | - | - | {seen.refused} |")  # fmt: skip


async def _drive_floor(origin: str, rate: float, start: int, texts: int) -> Seen:
    host, port, seen = str(urlsplit(origin).hostname), int(urlsplit(origin).port or 80), Seen()

    async def text(request: bytes, due: float) -> None:
        status = 0
        with suppress(OSError):
            status = await load._post(host, port, request)
        seen.took.append((time.time() - due) * 1000)
        seen.refused += status != 200

    began, tasks = time.time(), []
    work = load.conversations(origin, TOKEN, SIMULATED_ACCOUNT, start, texts, ("yes",))
    for n, (request,) in enumerate(work):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.time()))
        tasks.append(asyncio.create_task(text(request, due)))
    await asyncio.gather(*tasks)
    return seen


def _two(took: list[float]) -> str:
    took = sorted(took) or [0.0]
    return f"{median(took):.0f} / {took[int(len(took) * 0.99)]:.0f}"


def _three(took: list[float]) -> str:
    return f"{_two(took)} / {max(took, default=0):.0f}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["clock"]:
        _clock(sys.argv[2])
    else:
        seconds = [float(one) for one in sys.argv[1:] if not one.startswith("--")]
        main(*seconds, hour="--hour" in sys.argv, sqlite="--sqlite" in sys.argv)
