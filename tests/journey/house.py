"""How is the whole line started for a test, and how is it watched? `make run` as its own processes, on 127.0.0.1 alone.

A house is web, worker, clock, queue and the built-in carrier over one DATA_DIR. A phone is one person's: it texts the
line and reads what comes back. Everything is waited for by asking again until it is true, under one bound.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any

import redis

from bot.adapters.clock import SystemClock
from bot.script_files import load_script
from bot.settings import LENT, Settings, read_env_file
from bot.simulator.control import Control
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.show_conversation import show_conversation
from flows.script import Script

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0

SCREEN = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7")
ANSWERS = {
    "en": {"C1": "1", "C2": "yes", "C3": "ok", "Q1": "2", "Q2": "1", "Q3": "near 78201", "Q4": "just me", "Q5": "3",
           "Q6": "any is fine", "Q7": "keep my phone", "M1": "1", "SH1": "1"},
    "es": {"C1": "1", "C2": "claro", "C3": "sale", "Q1": "para esta noche", "Q2": "un lugar donde dormir",
           "Q3": "san antonio", "Q4": "solo yo", "Q5": "tengo 22", "Q6": "4", "Q7": "1", "M1": "1", "SH1": "claro"},
}  # fmt: skip
"""What a person says to each text of the line on the way to a hand-off: by itself, whatever questions are asked."""
GREETING = {"en": "hi", "es": "hola"}


@dataclass(frozen=True)
class Running:
    """A `make run` in progress, and what it has said."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    port: int
    said: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def text(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def ready(self) -> bool:
        assert self.process.poll() is None, f"it ended by itself:\n{self.text()}"
        return self.status("/readyz") == 200 and "Quietline is running" in self.text()

    def status(self, path: str) -> int:
        return self.get(path)[0]

    def get(self, path: str) -> tuple[int, str]:
        """The status and the page; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except OSError:
            return 0, ""

    def wait_for(self, question: Callable[[], object]) -> None:
        wait_for(question, self.text)

    def processes(self) -> dict[int, str]:
        """The living processes that were started for this DATA_DIR, by their command lines."""
        mark = f"DATA_DIR={self.data_dir}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    found[int(folder.name)] = " ".join(word.decode() for word in words).strip()
            except OSError:  # gone, or somebody else's
                continue
        return {pid: words for pid, words in found.items() if words}


def wait_for(question: Callable[[], object], account: Callable[[], object] = str) -> None:
    """Ask until the answer is yes; after PATIENCE_S the test fails with the account of what happened instead."""
    until = time.monotonic() + PATIENCE_S
    while not question():
        assert time.monotonic() < until, f"it never came true:\n{account()}"
        time.sleep(0.05)


def free_port() -> int:
    """A port of 127.0.0.1 nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(data_dir: Path, port: int) -> dict[str, str]:
    """Only what a bare machine has: nothing of the tests' own environment reaches the line."""
    return {"PATH": os.environ["PATH"], "HOME": str(data_dir.parent), "DATA_DIR": str(data_dir), "PORT": str(port)}


@contextmanager
def run(data_dir: Path, port: int, **more: str) -> Iterator[Running]:
    """`make run` for the length of the block; killed at its end, and its children with it."""
    said = data_dir.with_suffix(f".{time.monotonic_ns()}.out")
    with said.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "bot.run"], cwd=ROOT, env=environment(data_dir, port) | more,
                                   stdout=out, stderr=out, stdin=subprocess.DEVNULL)  # fmt: skip
    try:
        yield Running(process, data_dir, port, said)
    finally:
        process.kill()
        process.wait()


def command(data_dir: Path, *words: str) -> Any:
    """A command of the contract, typed beside the line with nothing set but DATA_DIR: the document it prints."""
    done = subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", *words, "--json"], cwd=ROOT, check=False,
                          env=environment(data_dir, 1), capture_output=True, text=True, timeout=PATIENCE_S)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass
class House:
    """A running line, and all that is done to it. `said` collects every text that was sent by a phone."""

    line: Running
    said: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(100))

    @cached_property
    def env(self) -> Mapping[str, str]:
        return read_env_file(self.line.data_dir / LENT)

    @cached_property
    def control(self) -> Control:
        return Control(self.env["TWILIO_API_BASE"], self.env["TWILIO_AUTH_TOKEN"])

    @cached_property
    def database(self) -> Database:
        settings = Settings.from_env({**self.env, "DATA_DIR": str(self.line.data_dir)})
        return Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key), SystemClock())

    def phone(self) -> Phone:
        """A new person's; none of the demo's providers has a number of this area."""
        number = f"+15125550{next(self._numbers)}"
        self.control.add_phone(number)
        return Phone(self, number)

    def command(self, *words: str) -> Any:
        return command(self.line.data_dir, *words)

    def show(self, number: str) -> Any:
        """The contract's own document, by its command."""
        return self.command("conversation", "show", number)

    def wait_for(self, question: Callable[[], object]) -> None:
        self.line.wait_for(question)

    def sent_to(self, number: str) -> list[str]:
        """The words of every text that the line handed to the carrier for this number, in their order."""
        return [str(one["body"]) for one in self.control.log() if one["kind"] == "created" and one["to"] == number]

    def pids(self, word: str) -> list[int]:
        """The processes whose command line ends like this (`worker.py`) or holds it (`gunicorn`)."""
        return sorted(pid for pid, line in self.line.processes().items() if _is(line, word))

    def queue_pid(self) -> int:
        """The queue server's process, which writes over its own command line; 0 while none answers."""
        try:
            with redis.Redis.from_url(self.env["REDIS_URL"]) as queue:
                return int(queue.info("server")["process_id"])
        except redis.RedisError:
            return 0

    def kill(self, word: str) -> None:
        """kill -9 for every process of this kind; another is there when this returns."""
        before = self.pids(word)
        assert before, f"no {word} among {self.line.processes()}"
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        self.wait_for(lambda: set(self.pids(word)) - set(before))


def _is(line: str, word: str) -> bool:
    return line.endswith(word) if word == "worker.py" else word in line


@dataclass
class Phone:
    """One person's phone, on the simulated network."""

    house: House
    number: str

    def thread(self) -> list[dict[str, Any]]:
        return self.house.control.thread(self.number)

    def received(self) -> list[str]:
        return [str(one["body"]) for one in self.thread() if one["direction"] == "out"]

    def texts(self, body: str) -> None:
        """Send it, and wait for nothing."""
        self.house.said.append(body)
        self.house.control.text(self.number, "", body)

    def says(self, body: str) -> str:
        """Send it and wait for the answer, which is returned."""
        before = len(self.received())
        self.texts(body)
        wait_for(lambda: len(self.received()) > before, lambda: (self.thread(), self.house.line.text()))
        return self.received()[-1]

    def walks(self, language: str, until: str = "H1") -> list[str]:
        """From a first text on, answering each text of the line, until this one arrives. The keys that came."""
        came = [key_of(self.says(GREETING[language]), language)]
        while came[-1] != until:
            assert len(came) < 20, came
            came.append(key_of(self.says(ANSWERS[language][came[-1]]), language))
        return came

    def row(self) -> dict[str, Any]:
        """What the line itself has stored about this person."""
        found = show_conversation(self.house.database, self.number)
        assert found is not None
        return found

    def answered(self, texts: int, *, receipts: bool = True) -> bool:
        """Whether so many of their texts are kept, every text of ours has left (and its receipt come), and no webhook
        is on its way."""
        found = show_conversation(self.house.database, self.number)
        if found is None or sum(m["direction"] == "in" for m in found["messages"]) < texts:
            return False
        ours = [m["status"] for m in found["messages"] if m["direction"] == "out"]
        under_way = {"queued", "sending", "unknown"} | ({"sent"} if receipts else set())
        return not under_way & set(ours) and self.house.control.pending() == 0


@cache
def script() -> Script:
    return load_script()


def key_of(body: str, language: str) -> str:
    """Which text of the copy file this is, whatever fills its places."""
    wording = script().wording
    for key in wording.keys:
        pattern = ".+".join(re.escape(part) for part in re.split(r"\{[A-Z_]+\}", wording.text(key, language).text))
        if re.fullmatch(pattern, body, re.DOTALL):
            return key
    raise AssertionError(f"no text of the copy file ({language}): {body}")


@contextmanager
def house_on(folder: Path, database_url: str = "") -> Iterator[House]:
    """A whole line over its own folder, ready. With no address it makes its own SQLite file."""
    more = {"DATABASE_URL": database_url} if database_url else {}
    with run(folder / "data", free_port(), **more) as line:
        line.wait_for(line.ready)
        house = House(line)
        try:
            yield house
        finally:
            if "database" in house.__dict__:
                house.database.engine.dispose()
            line.process.terminate()
            line.process.wait(PATIENCE_S)
