"""How is a whole line run, killed and asked what happened? `make run` as processes, with armed points and disasters."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis
from sqlalchemy import URL, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.messages import messages
from tests.journey.house import ROOT, House, Phone, free_port, run, wait_for
from tests.proof import armed
from tests.proof.account import Account, Heard, Taken, read_rows
from tests.proof.world import BODIES, STOPS
from tests.servers import _die_with_parent, postgres_admin, postgres_server

SITE = Path(__file__).with_name("site")
FROZEN_S = 2.0
PHONES = 3
MOST_MORE = 12


@dataclass
class OwnPostgres:
    """A PostgreSQL that can be taken down without troubling other tests."""

    url: URL
    again: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def restart(self) -> None:
        """Ended without a shutdown, as by a power cut, and started again over what it left."""
        folder = Path(str(self.url.query["host"]))
        lock = folder / "data" / "postmaster.pid"
        pid = int(lock.read_text().split()[0])
        process = Path("/proc") / str(pid)
        command, owner = process.joinpath("cmdline").read_bytes().decode().split("\0")[:-1], process.stat()
        os.kill(pid, signal.SIGQUIT)
        wait_for(lambda: not lock.exists())
        self.stop()
        with (folder / "server.log").open("ab") as log:
            self.again.append(subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent,
                user=owner.st_uid, group=owner.st_gid, extra_groups=[],
            ))  # fmt: skip
        wait_for(self._answers)

    def stop(self) -> None:
        for process in self.again:
            process.send_signal(signal.SIGQUIT)
            process.wait(10)

    def _answers(self) -> bool:
        try:
            postgres_admin(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    with postgres_server({}) as url:
        server = OwnPostgres(url)
        try:
            yield server
        finally:
            server.stop()


@dataclass
class ProvenHouse:
    """A running line under proof, and the phones that text it."""

    house: House
    armed: Path
    postgres: OwnPostgres | None
    phones: list[Phone] = field(default_factory=list)

    def live(self, dice: random.Random, texts: int, disaster: str) -> None:
        """Some phones text, and half way something terrible happens."""
        phones = [self.house.phone() for _ in range(PHONES)]
        self.phones += phones
        words, weights = zip(*BODIES, strict=True)
        for n in range(texts):
            if n == texts // 2:
                self.disasters[disaster]()
            dice.choice(phones).texts(dice.choices(words, weights)[0])

    @property
    def disasters(self) -> dict[str, Callable[[], None]]:
        """By name, those that this house can meet."""
        found: dict[str, Callable[[], None]] = {
            "redis forgets": self._redis_forgets,
            "redis dies": lambda: os.kill(self._queue_pid(), signal.SIGKILL),
            "redis freezes": self._redis_freezes,
            "the worker dies": lambda: self.house.kill("worker.py"),
            "the clock dies": lambda: self.house.kill("worker.py clock"),
            "the web dies": lambda: self.house.kill("gunicorn"),
        }
        return found if self.postgres is None else {"postgres restarts": self.postgres.restart, **found}

    def _queue_pid(self) -> int:
        self.house.wait_for(self.house.queue_pid)
        return self.house.queue_pid()

    def _redis_forgets(self) -> None:
        with redis.Redis.from_url(self.house.env["REDIS_URL"]) as queue:
            queue.flushall()

    def _redis_freezes(self) -> None:
        pid = self._queue_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(FROZEN_S)
        finally:
            os.kill(pid, signal.SIGCONT)

    def heal(self) -> None:
        """Nothing more goes wrong; wait until nothing is left to do."""
        self.house.control.faults()
        self.house.wait_for(self._quiet)

    def go_on_until(self, done: Callable[[], bool]) -> None:
        """Texts whose fate is unknown keep every part of the line at work."""
        for _ in range(MOST_MORE):
            if done():
                return
            self.house.control.faults(hang_up=1)
            self.phones.append(self.house.phone())
            self.phones[-1].texts("hi")
            self.house.wait_for(self.phones[-1].received)
            self.heal()
        raise AssertionError("nobody got to the points that are still armed")

    def _quiet(self) -> bool:
        m = messages.c
        waits = select(m.message_id).where(m.status.in_(("queued", "sending", "unknown"))).limit(1)
        if self.house.control.pending():
            return False
        heard = {one["sid"] for one in self._threads() if one["direction"] == "in"}
        try:
            with self.house.database.reading() as tx:
                ours = set(tx.conn.execute(select(m.provider_sid).where(m.direction == "in")).scalars())
                return heard <= ours and tx.conn.execute(waits).first() is None
        except SQLAlchemyError:  # it is just being restarted
            return False

    def _threads(self) -> list[dict[str, str]]:
        """Every text of every phone, either way, as the carrier has it."""
        everybody = [str(phone["number"]) for phone in self.house.control.phones()]
        return [one for number in everybody for one in self.house.control.thread(number)]

    def account(self) -> Account:
        """What happened since the house was built."""
        log = self.house.control.log()
        threads = self._threads()
        ends = {one["sid"]: one["status"] for one in threads if one["direction"] == "out"}
        told = [(one["sid"], one["status"]) for one in log if one["kind"] == "receipt" and one["http_status"] == 204]
        yes = [(one["sid"], _at(one)) for one in log if one["kind"] == "inbound" and one["http_status"] == 200]
        numbers = {phone.number for phone in self.phones}
        return Account(
            now=datetime.now(UTC),
            taken=[
                Taken(one["sid"], parse_qs(urlsplit(one["status_callback"]).query)["m"][0], one["to"], one["body"],
                      _at(one), ends=ends[one["sid"]], told=[status for sid, status in told if sid == one["sid"]])
                for one in log if one["kind"] == "created"
            ],
            heard=[
                Heard(one["sid"], one["from"], one["body"], _at(one), [at for sid, at in yes if sid == one["sid"]])
                for one in threads if one["direction"] == "in"
            ],
            stops=STOPS,
            exact_claims=False,
            written=self._written(),
            secrets={*numbers, *(number[2:] for number in numbers), *(b for b, _ in BODIES if len(b) > 12)},
            **read_rows(self.house.database),
        )  # type: ignore[arg-type]  # fmt: skip

    def _written(self) -> dict[str, str]:
        """All that the processes said, the metrics, and every file but the carrier's own: the queue's among them."""
        ours = [
            path
            for path in self.house.line.data_dir.rglob("*")
            if path.is_file() and not path.name.startswith("carrier.sql")
        ]
        return {
            "the output": self.house.line.text(),
            "/metrics": self.house.line.get("/metrics")[1],
            **{path.name: path.read_bytes().decode("latin-1") for path in ours},
        }


def _at(entry: dict[str, str]) -> datetime:
    return datetime.fromisoformat(entry["at"])


@contextmanager
def proven_house(folder: Path, postgres: OwnPostgres | None) -> Iterator[ProvenHouse]:
    """Built, ready, and with nothing armed."""
    points = folder / "armed"
    points.mkdir()
    more = {"PYTHONPATH": f"{SITE}:{ROOT}", armed.FOLDER: str(points)}
    if postgres is not None:
        more["DATABASE_URL"] = postgres.url.render_as_string(hide_password=False)
    with run(folder / "data", free_port(), **more) as line:
        line.wait_for(line.ready)
        house = House(line)
        try:
            yield ProvenHouse(house, points, postgres)
        finally:
            house.database.engine.dispose()
            line.process.terminate()
            line.process.wait(30)
