"""Do the tests' own servers start, refuse what they must, and leave nothing behind?"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests import servers
from tests.servers import ServerMissing, postgres_admin, postgres_server, redis_server

ROOT = Path(__file__).parents[2]


def test_a_redis_that_holds_keys_is_never_emptied() -> None:
    with redis_server({}) as address, redis.Redis.from_url(address) as client:
        with redis_server({"REDIS_URL": address}) as again:
            assert again == address
        client.set("somebody's", "work")
        with pytest.raises(ServerMissing, match="holds keys"), redis_server({"REDIS_URL": address}):
            pass
        assert client.get("somebody's") == b"work"


def test_a_server_that_was_named_and_does_not_answer_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(ServerMissing, match="REDIS_URL"), redis_server({"REDIS_URL": f"unix://{tmp_path}/none"}):
        pass
    nowhere = f"postgresql+psycopg://me@/none?host={tmp_path}"
    with pytest.raises(ServerMissing, match="TEST_DATABASE_URL"), postgres_server({"TEST_DATABASE_URL": nowhere}):
        pass


def test_postgres_runs_with_fsync_and_without_a_port() -> None:
    with postgres_server({}) as url, postgres_admin(url) as admin:
        shown = {name: admin.execute(f"SHOW {name}").fetchone() for name in ("fsync", "listen_addresses")}
        assert shown == {"fsync": ("on",), "listen_addresses": ("",)}
        folder = Path(str(url.query["host"]))
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_a_server_that_ends_at_once_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no room left')"]
    with (
        pytest.raises(ServerMissing, match="no room left"),
        servers._running(command, tmp_path, tmp_path / "log", stop=signal.SIGTERM) as check,
    ):
        servers._wait_for("it", _refuses, check)


def _refuses() -> None:
    raise redis.ConnectionError("nobody there")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_a_test_run_that_is_killed_leaves_no_server_running() -> None:
    program = (
        "import os, signal\nfrom tests.servers import redis_server\n"
        "with redis_server({}) as address:\n print(address, flush=True)\n signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        address = run.stdout.readline().strip()
        with redis.Redis.from_url(address) as client:
            server = os.pidfd_open(int(client.info("server")["process_id"]))
        run.kill()
    try:
        ended, _, _ = select.select([server], [], [], 20)  # a process descriptor can be read once the process has ended
        assert ended
    finally:
        os.close(server)
        shutil.rmtree(Path(address.removeprefix("unix://").partition("?")[0]).parents[1])
