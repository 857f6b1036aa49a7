"""Do several processes live and die as one? Tried with real processes that do nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.children import Children, Program
from bot.embedded import answers, queue_server

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 30.0

NOTES_AND_WAITS = """
import os, signal, sys, time
def note(word):
    with open(sys.argv[2], "a") as file:
        file.write(f"{sys.argv[1]} {word} {os.getpid()}\\n")
def end(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("started")
while True:
    time.sleep(0.05)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def eventually(question: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not question():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def _signals_as_before() -> object:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def noting(name: str, notes: Path, stage: int = 0) -> Program:
    return Program(name, (sys.executable, "-c", NOTES_AND_WAITS, name, str(notes)), os.environ, stage)


def test_stages_stop_one_after_the_other(notes: Path) -> None:
    with Children(ROOT, print) as children:
        for name, stage in (("queue", 2), ("worker", 1), ("web", 0)):
            children.start(noting(name, notes, stage))
        eventually(lambda: notes.read_text().count("started") == 3)
    stopped = [line.split()[0] for line in notes.read_text().splitlines() if "stopped" in line]
    assert stopped == ["web", "worker", "queue"]


def test_a_child_that_dies_is_started_again_and_said_so(notes: Path) -> None:
    said: list[str] = []
    with Children(ROOT, said.append) as children:
        children.start(noting("web", notes))
        eventually(lambda: "started" in notes.read_text())
        os.kill(int(notes.read_text().split()[-1]), signal.SIGKILL)

        def back() -> bool:
            children.tend()
            return notes.read_text().count("started") == 2

        eventually(back)
    assert said == ["web ended (SIGKILL); again in 0.5 s."]


def test_a_child_that_keeps_dying_waits_longer_each_time() -> None:
    said: list[str] = []
    with Children(ROOT, said.append) as children:
        children.start(Program("web", (sys.executable, "-c", "raise SystemExit(7)"), os.environ, stage=0))

        def three_deaths() -> bool:
            children.tend()
            return len(said) == 3

        eventually(three_deaths)
    assert said == [f"web ended (exit 7); again in {delay} s." for delay in ("0.5", "1", "2")]


def test_a_child_that_will_not_stop_is_killed_with_its_own_children(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "pids"
    shell = f"{sys.executable} -c \"{DEAF}\" >>{log} & echo $! >>{log}; exec {sys.executable} -c \"{DEAF}\" >>{log}"
    with Children(tmp_path, said.append) as children:
        children.start(Program("worker", ("/bin/sh", "-c", shell), os.environ, stage=0, warm_s=0.2))
        eventually(lambda: log.exists() and log.read_text().count("up") == 2)
        grandchild = int(next(line for line in log.read_text().splitlines() if line.isdigit()))
    assert said == ["worker did not stop in time and was killed."]
    eventually(lambda: not alive(grandchild))


PARENT = """
import os, sys
from pathlib import Path
from bot.children import Children, Program
children = Children(Path.cwd(), print)
children.start(Program("web", tuple(sys.argv[1:]), os.environ, stage=0))
sys.stdin.read()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children of their parent's death")
def test_children_do_not_outlive_a_parent_killed_hard(notes: Path) -> None:
    command = [sys.executable, "-c", PARENT, *noting("web", notes).command]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as parent:
        eventually(lambda: "started" in notes.read_text())
        parent.kill()
    eventually(lambda: "stopped" in notes.read_text())


def test_the_queue_server_starts_in_a_folder_too_deep_for_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    server = queue_server(deep)
    assert server.borrowed is not None
    try:
        with Children(ROOT, print) as children:
            children.start(Program("queue", server.command, os.environ, stage=0))
            assert answers(server.url, within_s=PATIENCE_S)
            assert server.borrowed.stat().st_mode & 0o777 == 0o700
        assert not answers(server.url, within_s=0)
    finally:
        server.borrowed.rmdir()


def test_the_queue_server_starts_again_over_the_socket_a_killed_one_left(tmp_path: Path) -> None:
    server = queue_server(tmp_path)
    with Children(ROOT, print) as children:
        killed = subprocess.Popen(server.command)
        assert answers(server.url, within_s=PATIENCE_S)
        killed.kill()
        killed.wait()
        assert (tmp_path / "queue" / "queue.sock").exists()
        children.start(Program("queue", server.command, os.environ, stage=0))
        assert answers(server.url, within_s=PATIENCE_S)
