"""Does the desk hold when 300 people are flagged in a minute? Web, worker and clock as in production, over PostgreSQL.

`python -m bench.desk_load` (about four minutes): 1,000, 8,000 and 32,000 open conversations in one database, one after
the other; each time flags come in at five a second by the signed webhook while fifty advocates poll, take, open,
answer and finish. Beside them, in the same seconds and under the same server, a page with one row in it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import func, select

from bench import desk_people, desk_seed, load
from bench.desk_people import Page, Seen
from bench.line import TOKEN, app_env, free_port, own_database, prepare, process, wait
from bot.adapters.clock import SystemClock
from bot.settings import SIMULATED_ACCOUNT, Settings
from bot.store import conversations, handoffs, ladder_steps, people
from bot.store.crypto import Keyring
from bot.store.db import Database
from tests.servers import postgres_server, redis_server

SIZES = (1_000, 8_000, 32_000)
WARM_SECONDS, SECONDS, LAST_SECONDS = 12, 25, 60
ADVOCATES, FLAGS_A_SECOND = 50, 5
WORKERS = 2
"""As many as cores: the Procfile's own default."""
FLAGS = ("he is here and i am in danger", "can i talk to a person")
PAGES = ("board opened", "board poll", "conversation opened", "conversation poll", "ring")
PROGRAMS = {"web": "wsgi:app", "PostgreSQL": "bin/postgres", "clock": "worker.py clock", "watch": "worker.py watch",
            "worker": "worker.py", "carrier": "bot.simulator", "floor": "desk_floor", "load": ""}
"""By what each is known on its command line; the load is this program."""
HEAD = """| open conversations | pages p50 / p95 ms (asked) | beside the floor | claim p50 / p95 / p99 ms (n) \
| webhook p95 ms | shown to its owner p50 / p99 s (n) | ladder late, most s (steps) | polls with nothing new \
| web CPU ms a request |
|---|---|---|---|---|---|---|---|---|"""


def main(sizes: tuple[int, ...] = SIZES, seconds: int = SECONDS, last: int = LAST_SECONDS) -> None:
    print(HEAD, flush=True)
    details, spent = list[str](), list[str]()
    with _line() as line:
        people_who_text = (n for n in itertools.count() if n % desk_seed.ONE_IN)
        begin = 0
        for size in sizes:
            desk_seed.grow(line.database, begin, size)
            if not begin:
                asyncio.run(line.window(people_who_text, WARM_SECONDS))  # every page once, in every worker
            begin = size
            lasts = last if size == sizes[-1] else seconds
            window = asyncio.run(line.window(people_who_text, lasts))
            print(_row(size, window, line), flush=True)
            details += _details(size, window)
            cores = " | ".join(f"{line.spent.get(name, 0.0) / lasts:.2f}" for name in PROGRAMS)
            spent.append(f"| {size:,} | {cores} |")
    print(f"\nCores used by each program\n\n| open conversations | {' | '.join(PROGRAMS)} |")
    print("\n".join(["|---" * (len(PROGRAMS) + 1) + "|", *spent]))
    print("\n| open conversations | what | asked | p50 | p95 | p99 | most, ms |\n|---|---|---|---|---|---|---|")
    print("\n".join(details))


class Line:
    """The line as it runs, its advocates, and the phones."""

    def __init__(self, database: Database, origin: str, floor: str) -> None:
        self.database, self.origin, self.floor = database, origin, floor
        self.advocates = desk_seed.advocates(database, ADVOCATES)
        self._sids = itertools.count()
        self.began = 0.0
        self.spent: dict[str, float] = {}
        """Seconds of CPU in the last window, by program."""

    async def window(self, texters: Iterator[int], seconds: int) -> Seen:
        seen, until = Seen(), time.monotonic() + seconds
        self.began = time.time()
        before = _spent()
        await asyncio.gather(
            self._flags(seen, texters, until), self._floor(seen, until),
            *(desk_people.advocate(Page(self.origin, one.cookie, seen), until, self._write(seen))
              for one in self.advocates),
        )  # fmt: skip
        self.spent = {name: cpu - before.get(name, 0.0) for name, cpu in _spent().items()}
        return seen

    async def _flags(self, seen: Seen, texters: Iterator[int], until: float) -> None:
        sending: list[asyncio.Task[float]] = []
        began = time.monotonic()
        for n in itertools.count():
            due = began + n / FLAGS_A_SECOND
            if due >= until - 2:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            number = next(itertools.islice(load.numbers(next(texters)), 1))
            sending.append(asyncio.create_task(self._text(seen, "flag", number, FLAGS[n % len(FLAGS)])))
        await asyncio.gather(*sending)

    def _write(self, seen: Seen):  # type: ignore[no-untyped-def]
        async def write(conversation_id: str) -> tuple[str, float]:
            words = f"bench words {next(self._sids)} end"
            at = await self._text(seen, "text", self._number_of(conversation_id), words)
            return words, at

        return write

    async def _text(self, seen: Seen, what: str, number: str, body: str) -> float:
        sid = f"SM{next(self._sids):032x}"
        began = time.perf_counter()
        signed = load.signed(self.origin, TOKEN, SIMULATED_ACCOUNT, number, body, sid)
        answer = await desk_people.ask(self.origin, signed)
        seen.took[what].append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            seen.wrong[f"{what}: {answer.status}"] += 1
        return began

    async def _floor(self, seen: Seen, until: float) -> None:
        page = Page(self.floor, "", seen)
        while time.monotonic() < until:
            await page.get("floor", "/")
            await asyncio.sleep(0.1)

    def _number_of(self, conversation_id: str) -> str:
        c = conversations.conversations.c
        with self.database.reading() as tx:
            person_id = tx.conn.execute(select(c.person_id).where(c.conversation_id == conversation_id)).scalar_one()
            return people.number_of(tx, person_id)

    def ladder(self) -> tuple[float, int]:
        """The latest step of this window, in seconds after it was due, and how many steps there were."""
        s = ladder_steps.ladder_steps.c
        with self.database.reading() as tx:
            late = [(at - due_at).total_seconds() for at, due_at in tx.conn.execute(select(s.at, s.due_at))
                    if at.timestamp() >= self.began]  # fmt: skip
        return max(late, default=0.0), len(late)

    def still_wait(self) -> int:
        h = handoffs.handoffs.c
        with self.database.reading() as tx:
            query = select(func.count()).where(h.owner_id.is_(None), h.closed_at.is_(None))
            return tx.conn.execute(query).scalar_one()


@contextmanager
def _line() -> Iterator[Line]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ql-")))
        redis_url = stack.enter_context(redis_server())
        url = own_database(stack.enter_context(postgres_server()), stack)
        prepare(url)
        origin, floor, carrier = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
        named = {name: value.format(origin=origin) for name, value in app_env(url, redis_url, carrier).items()}
        (folder / "metrics").mkdir()
        env = {**named, "DATA_DIR": str(folder), "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
               "QUIETLINE_SIMULATOR_PORT": carrier.rpartition(":")[2], "FLOOR_DATABASE_URL": url}  # fmt: skip
        settings = Settings.from_env(env)
        database = Database(url, Keyring(settings.field_keys, settings.secret_key), SystemClock())
        stack.callback(database.engine.dispose)
        stack.enter_context(process([sys.executable, "-m", "bot.simulator"], env))
        for app, at in (("wsgi:app", origin), ("bench.desk_floor:create_app()", floor)):
            stack.enter_context(process(_gunicorn(app, at), env))
            wait(at)  # one after the other: on a busy machine all at once would take too long
        for job in ((), ("clock",), ("watch",)):
            stack.enter_context(process([sys.executable, "worker.py", *job], env))
        yield Line(database, origin, floor)


def _gunicorn(app: str, origin: str) -> list[str]:
    return [sys.executable, "-m", "gunicorn", "--worker-class", "sync", "--workers", str(WORKERS),
            "--bind", origin.removeprefix("http://"), "--log-level", "error", "--no-control-socket", app]  # fmt: skip


def _spent() -> dict[str, float]:
    """Seconds of CPU since its start, of each program with its children, and of this one; from /proc, so on Linux."""
    spent = {"load": time.process_time()}
    for pid in _children(os.getpid()):
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        name = next((name for name, sign in PROGRAMS.items() if sign and sign in command), "")
        spent[name] = spent.get(name, 0.0) + _tree_s(pid)
    return spent


def _tree_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return own + sum(_tree_s(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _row(size: int, seen: Seen, line: Line) -> str:
    asked = [ms for what in PAGES for ms in seen.took[what]]
    floor, claims = seen.took["floor"], seen.took["claim"]
    late, steps = line.ladder()
    polls = [what for what in PAGES if what.endswith("poll") or what == "ring"]
    empty = sum(seen.empty[what] for what in polls) / max(1, sum(len(seen.took[what]) for what in polls))
    requests = sum(len(took) for what, took in seen.took.items() if what != "floor")
    wrong = {what: n for what, n in seen.wrong.items() if n}
    return (
        f"| {size:,} | {_at(asked, 0.5):.0f} / {_at(asked, 0.95):.0f} ({len(asked)}) "
        f"| {_at(asked, 0.5) / _at(floor, 0.5):.1f} / {_at(asked, 0.95) / _at(floor, 0.95):.1f} "
        f"| {_at(claims, 0.5):.0f} / {_at(claims, 0.95):.0f} / {_at(claims, 0.99):.0f} ({len(claims)}) "
        f"| {_at(seen.took['flag'] + seen.took['text'], 0.95):.0f} "
        f"| {_at(seen.shown_ms, 0.5) / 1000:.1f} / {_at(seen.shown_ms, 0.99) / 1000:.1f} ({len(seen.shown_ms)}) "
        f"| {late:.1f} ({steps}) | {empty:.0%} | {line.spent['web'] * 1000 / requests:.1f} |"
        + (f" **wrong: {wrong}**" if wrong else "") + (f" still waiting: {n}" if (n := line.still_wait()) else "")
    )  # fmt: skip


def _details(size: int, seen: Seen) -> list[str]:
    return [
        f"| {size:,} | {what} | {len(took)} | {_at(took, 0.5):.0f} | {_at(took, 0.95):.0f} | {_at(took, 0.99):.0f} "
        f"| {max(took):.0f} |"
        for what, took in sorted(seen.took.items()) if took
    ]  # fmt: skip


def _at(took: list[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))] if took else 0.0


if __name__ == "__main__":
    given = tuple(int(size) for size in sys.argv[1:])
    main(given or SIZES)
