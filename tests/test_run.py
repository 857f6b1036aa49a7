"""Does `make run` bring everything up on a bare machine, say where it is, end cleanly, and find its data again?"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import LENT
from tests.journey.house import PATIENCE_S, ROOT, command, environment, run


def refused(data_dir: Path, port: int, **more: str) -> str:
    """What a start that is refused says: one line, and an exit code that is not zero."""
    done = subprocess.run([sys.executable, "-m", "bot.run"], cwd=ROOT, env=environment(data_dir, port) | more,
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_it_comes_up_says_where_it_is_and_leaves_nothing_behind(tmp_path: Path, free_port: int) -> None:
    data_dir = tmp_path / "data"
    with run(data_dir, free_port) as line:
        line.wait_for(line.ready)
        said = line.text()
        assert f"http://127.0.0.1:{free_port}/" in said
        assert str(data_dir) in said
        assert re.search(r"advocate .*@", said), "the demo log-ins are printed"
        assert [line.status(path) for path in ("/healthz", "/metrics", "/simulator/")] == [200, 200, 200]
        assert command(data_dir, "handoffs") == []
        assert data_dir.stat().st_mode & 0o777 == 0o700
        assert {path.name for path in data_dir.rglob("*") if path.stat().st_mode & 0o077} == set()
        assert "already runs" in refused(data_dir, free_port + 1)

        secrets = (data_dir / "secrets.env").read_text()
        web = next(pid for pid, words in line.processes().items() if "gunicorn" in words)
        os.kill(web, signal.SIGKILL)
        line.wait_for(lambda: "web ended (SIGKILL)" in line.text() and line.ready())

        line.process.terminate()
        line.process.wait(PATIENCE_S)
        assert line.process.returncode == 0
        assert line.processes() == {}
        assert not (data_dir / LENT).exists()
        assert "was killed" not in line.text()

    with run(data_dir, free_port) as again:
        again.wait_for(again.ready)
        assert (data_dir / "secrets.env").read_text() == secrets
        assert re.search(r"advocate .*@", again.text())
        again.process.kill()  # no chance to say goodbye to anybody
        again.process.wait(PATIENCE_S)
        again.wait_for(lambda: not again.processes())


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_taken_port_is_one_clear_line(tmp_path: Path, taken_port: int) -> None:
    assert refused(tmp_path / "data", taken_port).startswith(f"PORT {taken_port} on 127.0.0.1 cannot be used")


@pytest.mark.parametrize(("name", "value"), [
    ("BRAND", "A name that is far too long"),
    ("DATABASE_URL", "mysql://somewhere/else"),
    ("TWILIO_AUTH_TOKEN", "a real one, without its account"),
])  # fmt: skip
def test_a_bad_setting_is_one_clear_line(name: str, value: str, tmp_path: Path, free_port: int) -> None:
    line = refused(tmp_path / "data", free_port, **{name: value})
    assert line.startswith("TWILIO_ACCOUNT_SID" if name == "TWILIO_AUTH_TOKEN" else name)


def test_a_data_folder_that_cannot_be_is_one_clear_line(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file" / "data", free_port).startswith("DATA_DIR")


DEPLOYED = {"REDIS_URL": "redis://localhost:1", "SECRET_KEY": "s" * 32, "FIELD_KEYS": "A" * 43 + "=",
            "TWILIO_ACCOUNT_SID": "AC" + "0f" * 16, "TWILIO_AUTH_TOKEN": "token",
            "TWILIO_FROM": "+12105550100"}  # fmt: skip


@pytest.mark.parametrize(("place", "code", "says"), [
    ("line.sqlite3", 0, ""),
    ("no/such/folder/line.sqlite3", 1, "DATABASE_URL: the database could not be prepared (OperationalError).\n"),
])  # fmt: skip
def test_the_release_step_migrates_and_only_that(place: str, code: int, says: str, tmp_path: Path) -> None:
    env = environment(tmp_path, 1) | DEPLOYED | {"DATABASE_URL": f"sqlite:///{tmp_path / place}"}
    done = subprocess.run([sys.executable, "-m", "bot.run", "migrate"], cwd=ROOT, env=env, capture_output=True,
                          text=True, timeout=PATIENCE_S, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (code, says)
    assert (tmp_path / place).exists() == (code == 0)
    assert not (tmp_path / "secrets.env").exists()


def test_the_procfile_starts_what_run_starts() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert lines.keys() == {"web", "worker", "clock", "watch", "release"}
    assert lines["worker"] == "python worker.py"
    assert lines["clock"] == "python worker.py clock"
    assert lines["release"] == "python -m bot.run migrate"
    assert "gunicorn" in lines["web"]
    assert "wsgi:app" in lines["web"]


def test_help_says_what_every_target_does() -> None:
    # Under `make test` this make is another one's child, and would say which folder it enters.
    asked = ["/usr/bin/env", "make", "--no-print-directory", "help"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = dict(line.split(None, 1) for line in said.splitlines())
    assert {"help", "run", "test", "lint", "bench"} <= described.keys()
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == described.keys()
