"""Can a number, a text, a name or a place reach the log or a metric? Every way in is tried, libraries' too."""

from __future__ import annotations

import inspect
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import log, metrics
from bot.adapters.clock import FakeClock
from bot.store.db import Database
from bot.store.heartbeats import beat
from tests.logs import configured

ROOT = Path(__file__).resolve().parent.parent
ID = "0190" * 8
NUMBER = "+12105550123"
SECRET_WORDS = "he knows where I sleep"


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    with configured():
        yield


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_of_json_with_its_ids_and_codes(capsys: pytest.CaptureFixture[str]) -> None:
    log.event("send_refused", level="warning", message_id=ID, code=21610, reason="opted_out", duration_ms=12.5)
    (line,) = written(capsys)
    assert line.pop("at")
    assert line == {"level": "warning", "event": "send_refused", "message_id": ID, "code": 21610,
                    "reason": "opted_out", "duration_ms": 12.5}  # fmt: skip


@pytest.mark.parametrize("field", ["body", "text", "number", "to", "name_", "place", "url", "answers", "email"])
def test_a_field_that_is_not_on_the_list_is_refused_at_the_call(field: str) -> None:
    with pytest.raises(TypeError):
        log.event("turn_taken", **{field: "x"})


FIELDS = sorted(set(inspect.signature(log.event).parameters) - {"name", "level"})


LEAKS = [NUMBER, NUMBER[1:], int(NUMBER), SECRET_WORDS, "210-555-0123 ", ["Ana"], {"a": 1}]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", LEAKS)
def test_no_field_carries_what_is_not_an_id_or_a_code(
    field: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    log.event("turn_taken", **{field: value})
    (line,) = written(capsys)
    assert line[field] == "withheld"


def test_the_event_name_is_fixed_words(capsys: pytest.CaptureFixture[str]) -> None:
    log.event(f"took {SECRET_WORDS}")
    assert written(capsys)[0]["event"] == "withheld"


def test_an_error_is_its_class_and_our_frames_never_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise KeyError(NUMBER)
        except KeyError as cause:
            raise ValueError(SECRET_WORDS) from cause
    except ValueError as error:
        log.event("turn_failed", level="error", error=error)
    (line,) = written(capsys)
    assert line["error"] == "ValueError"
    assert line["cause"] == "KeyError"
    assert str(line["frames"]).startswith("['tests/test_log.py:")
    assert NUMBER not in str(line)
    assert SECRET_WORDS not in str(line)


LIBRARIES = ["twilio.http_client", "rq.worker", "sqlalchemy.engine", "sqlalchemy.pool", "werkzeug", "gunicorn.error",
             "gunicorn.access", "flask", "alembic.runtime.migration", "urllib3.connectionpool", "anything"]  # fmt: skip


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical", "exception"])
def test_a_library_may_say_what_it_likes(library: str, level: str, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger(library)
    try:
        raise RuntimeError(f"{NUMBER} {SECRET_WORDS}")
    except RuntimeError:
        getattr(logger, level)("POST /Messages?To=%s %s", NUMBER, SECRET_WORDS)
        getattr(logger, level)("one argument too few %s %s", NUMBER)
        if level not in ("debug", "info"):
            getattr(logger, level)(f"filled in before: {NUMBER} {SECRET_WORDS}")
    said = capsys.readouterr().err
    assert NUMBER not in said
    assert SECRET_WORDS not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("library", ["twilio.http_client", "rq.worker", "werkzeug", "gunicorn.access", "sqlalchemy"])
def test_chatter_is_silent(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger(library).info("GET /?To=%s", NUMBER)
    assert written(capsys) == []


def test_gunicorn_still_tells_of_its_processes(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("gunicorn.error").critical("WORKER TIMEOUT (pid:%s)", 7)
    assert written(capsys)[0]["message"] == "WORKER TIMEOUT (pid:%s)"


def test_configuring_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    log.event("started")
    assert len(written(capsys)) == 1


DIES = f"""
import threading
from bot import log
log.configure()
def fall():
    raise ValueError({SECRET_WORDS!r})
thread = threading.Thread(target=fall)
thread.start()
thread.join()
raise LookupError({NUMBER!r})
"""


def test_a_process_that_dies_says_the_class_and_nothing_else() -> None:
    died = subprocess.run([sys.executable, "-c", DIES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert died.returncode == 1
    thread, process = [json.loads(line) for line in died.stderr.splitlines()]
    assert (thread["event"], thread["error"]) == ("thread_died", "ValueError")
    assert (process["event"], process["error"]) == ("process_died", "LookupError")


def test_a_metric_takes_only_its_own_words(database: Database) -> None:
    metrics.inbound.count("taken")
    metrics.inbound.count(NUMBER)
    metrics.turns.count()
    text, kind = metrics.render(database)
    assert kind.startswith("text/plain")
    assert b'quietline_inbound_total{outcome="taken"} ' in text
    assert b'quietline_inbound_total{outcome="other"} ' in text
    assert NUMBER.encode() not in text


def test_the_gauges_come_from_the_database(database: Database, clock: FakeClock) -> None:
    text, _ = metrics.render(database)
    assert b'quietline_handoffs_open{tier="P0"} 0.0' in text
    assert b'quietline_outbox_queued{kind="campaign"} 0.0' in text
    assert b"quietline_outbox_unknown 0.0" in text
    assert b"quietline_clock_heartbeat_age_seconds +Inf" in text
    with database.transaction() as tx:
        beat(tx, "clock")
    clock.advance(timedelta(seconds=7))
    text, _ = metrics.render(database)
    assert b"quietline_clock_heartbeat_age_seconds 7.0" in text


COUNTS = "from bot import metrics; metrics.turns.count(); metrics.sends.count('sent')"
SUMS = """
import sys
from datetime import UTC, datetime
from bot import metrics
from bot.store.crypto import Keyring
from bot.store.db import Database
class Now:
    def now(self): return datetime.now(UTC)
sys.stdout.buffer.write(metrics.render(Database(sys.argv[1], Keyring([b"k" * 32], "s" * 32), Now()))[0])
"""


def test_processes_that_share_a_folder_are_added_up(sqlite_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    env = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    for _ in range(3):
        subprocess.run([sys.executable, "-c", COUNTS], cwd=ROOT, env=env, check=True)
    asking = [sys.executable, "-c", SUMS, sqlite_url]
    summed = subprocess.run(asking, cwd=ROOT, env=env, check=True, capture_output=True)
    assert b"quietline_turns_total 3.0" in summed.stdout
    assert b'quietline_sends_total{outcome="sent"} 3.0' in summed.stdout
