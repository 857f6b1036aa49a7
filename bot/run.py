"""What does `make run` do? Fills in what the machine lacks, migrates, seeds, and keeps every process up until Ctrl-C.

What was set is used; what was not is made up once and kept in DATA_DIR: secrets, a SQLite file, a queue server, and a
carrier on loopback. `python -m bot.run migrate` is the release step of a deployment, which sets everything itself.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot import log
from bot.adapters.clock import SystemClock
from bot.children import Children, Program
from bot.embedded import answers, queue_server
from bot.errors import SettingsError
from bot.settings import LENT, SIMULATED_ACCOUNT, Settings, load, read_env_file
from bot.store import schema
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.seed import Seeded, seed

ROOT = Path(__file__).resolve().parent.parent
SECRETS = "secrets.env"
SIMULATED_SENDER = "+12105550100"
READY_WITHIN_S = 60.0

_LENT_NAMES = ("PORT", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "FIELD_KEYS", "TWILIO_ACCOUNT_SID",
               "TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_API_BASE", "BRAND",
               "DEFAULT_REGION", "ALLOW_UNREVIEWED_TEXTS", "QUIETLINE_SIMULATION", "REQUIRE_SECOND_FACTOR")  # fmt: skip


class CannotRun(Exception):
    """The start stops here; the message is one line that says why."""


def main(arguments: list[str]) -> int:
    """Exit code 0 after Ctrl-C or SIGTERM, 1 when the start was refused."""
    os.umask(0o077)  # what is made in DATA_DIR is for this account alone
    log.configure()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments == ["migrate"]:
            _migrate(load().database_url)
            return 0
        with ExitStack() as stack:
            _run(dict(os.environ), stack)
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0
    except (CannotRun, SettingsError) as reason:
        sys.stderr.write(f"{reason}\n")
    return 1


def _run(env: dict[str, str], stack: ExitStack) -> None:
    """Never returns: Ctrl-C and SIGTERM end it, and the stack undoes what was done."""
    data_dir = _own_folder(env)
    stack.enter_context(_alone_in(data_dir))
    host = env.get("HOST") or "127.0.0.1"
    simulation = not env.get("TWILIO_AUTH_TOKEN")
    carrier_port = _free_port()
    env |= _made_up(env, data_dir, simulation, carrier_port)
    children = Children(ROOT, _say)
    if not env.get("REDIS_URL"):
        queue = queue_server(data_dir)
        env["REDIS_URL"] = queue.url
        if queue.borrowed:
            stack.callback(shutil.rmtree, queue.borrowed, ignore_errors=True)
    else:
        queue = None
    settings = Settings.from_env(env)
    _port_is_free(host, settings.port)
    stack.enter_context(children)
    if queue:
        children.start(Program("queue", queue.command, os.environ, stage=2))
        if not answers(settings.redis_url, within_s=15):
            raise CannotRun(f"The queue server did not start: {queue.log} says why.")
    elif not answers(settings.redis_url, within_s=2):
        _say("REDIS_URL: nobody answers there now. Texts will go out late until somebody does.")
    _say("Preparing the database ...")
    _migrate(settings.database_url)
    seeded = _seed(settings)
    stack.enter_context(_lend(data_dir, env))
    for program in _programs(env, host, settings, carrier_port):
        children.start(program)
    _keep(children, settings, host, _welcome(settings, _here(settings, host), seeded))


def _own_folder(env: Mapping[str, str]) -> Path:
    data_dir = Path(env.get("DATA_DIR") or "var").absolute()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotRun(f"DATA_DIR {data_dir} cannot be made: {error.strerror}.") from None
    return data_dir


@contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    """One run per DATA_DIR: two would each start a queue server over the same file."""
    with (data_dir / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"Quietline already runs on {data_dir}: stop it, or set DATA_DIR to another.") from None
        yield


def _made_up(env: Mapping[str, str], data_dir: Path, simulation: bool, carrier_port: int) -> dict[str, str]:
    """The settings nobody set. Secrets are the same at every start: with others, nothing stored could be read."""
    kept = _kept_secrets(data_dir)
    made = {"DATA_DIR": str(data_dir), "PROMETHEUS_MULTIPROC_DIR": str(_empty_folder(data_dir / "metrics"))}
    for name in ("SECRET_KEY", "FIELD_KEYS"):
        if not env.get(name):
            made[name] = kept[name]
    made["QUIETLINE_SIMULATION"] = "1" if simulation else ""
    if simulation:
        made |= {
            "TWILIO_ACCOUNT_SID": SIMULATED_ACCOUNT,
            "TWILIO_AUTH_TOKEN": kept["SIMULATED_AUTH_TOKEN"],
            "TWILIO_FROM": env.get("TWILIO_FROM") or SIMULATED_SENDER,
            "TWILIO_MESSAGING_SERVICE_SID": "",
            "TWILIO_API_BASE": f"http://127.0.0.1:{carrier_port}",
        }
    return made


def _kept_secrets(data_dir: Path) -> dict[str, str]:
    path = data_dir / SECRETS
    kept = read_env_file(path)
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "SIMULATED_AUTH_TOKEN": secrets.token_hex(16),
    }
    if not fresh.keys() <= kept.keys():
        _write_private(path, kept := fresh | kept)
    return kept


def _write_private(path: Path, values: Mapping[str, str]) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _empty_folder(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def _lend(data_dir: Path, env: Mapping[str, str]) -> Iterator[None]:
    path = data_dir / LENT
    _write_private(path, {name: env[name] for name in _LENT_NAMES if env.get(name)})
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _port_is_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise CannotRun(f"PORT {port} on {host} cannot be used ({error.strerror}): set PORT to another.") from None


def _migrate(database_url: str) -> None:
    try:
        schema.upgrade(database_url)
    except SQLAlchemyError as error:  # its words hold the address, and statements
        if not isinstance(error, OperationalError):
            log.event("migration_failed", level="error", error=error)
        raise CannotRun(f"DATABASE_URL: the database could not be prepared ({type(error).__name__}).") from None


def _seed(settings: Settings) -> Seeded:
    """Where no text can leave this machine, the demo. A real carrier's line starts empty: nobody may be sent to a
    place made up."""
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key), SystemClock())
    try:
        return seed(database, demo=settings.demo)
    finally:
        database.engine.dispose()


def _programs(env: Mapping[str, str], host: str, settings: Settings, carrier_port: int) -> list[Program]:
    python = sys.executable
    gunicorn = (python, "-m", "gunicorn", "--worker-class", "sync", "--workers", env.get("WEB_CONCURRENCY") or "2",
                "--bind", f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}",
                "--no-control-socket", "--log-level", "warning", "wsgi:app")  # fmt: skip
    programs = [
        Program("web", gunicorn, env, stage=0),
        Program("worker", (python, "worker.py"), env, stage=1),
        Program("clock", (python, "worker.py", "clock"), env, stage=1),
        Program("watch", (python, "worker.py", "watch"), env, stage=1),
    ]
    if settings.simulation:
        its_own = {"QUIETLINE_SIMULATOR_PORT": str(carrier_port)}
        programs.insert(0, Program("carrier", (python, "-m", "bot.simulator"), {**env, **its_own}, stage=2))
    return programs


def _here(settings: Settings, host: str) -> str:
    """The address for this machine's own browser."""
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{settings.port}"  # noqa: S104


def _keep(children: Children, settings: Settings, host: str, welcome: str) -> None:
    late_at: float | None = time.monotonic() + READY_WITHIN_S
    ready = False
    while True:
        children.tend()
        if not ready:
            answer = _readiness(_here(settings, host))
            ready = answer == "ready"
            if ready:
                _say(welcome)
            elif late_at and time.monotonic() > late_at:
                _say(f"Not ready yet: {answer}")
                late_at = None
        time.sleep(0.2)


def _readiness(here: str) -> str:
    """`ready`, or the line that says what is not."""
    try:
        with urllib.request.urlopen(f"{here}/readyz", timeout=2):  # noqa: S310
            return "ready"
    except urllib.error.HTTPError as refusal:
        parts = refusal.read(200).decode(errors="replace").split()
        return f"{here}/readyz answers {refusal.code} ({', '.join(parts)})"
    except OSError:
        return f"nobody answers at {here}"


def _welcome(settings: Settings, here: str, seeded: Seeded) -> str:
    lines = ["", "  Quietline is running.", "", f"  Address     {here}/"]
    if settings.simulation:
        lines.append(f"  Phones      {here}/simulator/   (the built-in carrier: no text leaves this machine)")
    lines += [f"  Desk        {here}/desk/", f"  Campaigns   {here}/campaigns/"]
    lines += [f"  Data        {settings.data_dir}   (kept between runs)", ""]
    if seeded.logins:
        lines.append("  Demo log-ins")
        lines += [f"    {login.role:<10} {login.email:<28} {login.password}" for login in seeded.logins]
    else:
        lines.append("  Log-ins: `flask --app wsgi user add EMAIL --role ROLE` prints a link to set one up.")
    lines += ["", "  Ctrl-C stops everything; what is in the data folder stays.", ""]
    return "\n".join(lines)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
