"""Is the public face as promised? Each line of the contract that no other test holds: the commands, as they are typed.

Elsewhere: the doors of the carrier (tests/web/test_twilio_door.py), health and metrics (tests/web/test_desk_pages.py,
tests/test_log.py), settings (tests/test_settings.py), openings (tests/directory), campaigns (tests/campaigns),
`make run` (tests/test_run.py), the documents of `conversation show` and `handoffs` (tests/journey/test_over_http.py).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from bot import cli
from bot.adapters.clock import FakeClock
from bot.errors import SendError
from bot.script_files import FLOWS
from bot.settings import SIMULATED_ACCOUNT
from bot.store import handoffs, heartbeats, people, staff
from bot.store.db import Database
from bot.usecases.reconcile import reconcile
from flows.transcript import play
from tests.journey.house import ROOT, key_of
from tests.usecases.line import PERSON, SCRIPT, TheLine, the_line
from tests.web.line import Browser, app_on, someone_waits


@pytest.fixture
def line(sqlite_database: Database, clock: FakeClock) -> TheLine:
    return the_line(sqlite_database, clock)


@pytest.fixture
def app(line: TheLine) -> Flask:
    app = app_on(line.services)
    cli.register(app)
    return app


def typed(app: Flask, *words: str, answers: str = "") -> Result:
    """`flask --app wsgi …`"""
    return app.test_cli_runner().invoke(args=list(words), input=answers)


def document(app: Flask, *words: str) -> object:
    done = typed(app, *words, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


# conversation show, handoffs


@pytest.mark.parametrize("written", [PERSON, "(210) 555-0142", "210.555.0142"])
def test_a_conversation_is_found_however_the_number_is_written(app: Flask, line: TheLine, written: str) -> None:
    line.text("hi")
    shown = document(app, "conversation", "show", written)
    assert isinstance(shown, dict)
    assert (shown["number_masked"], shown["consent"], shown["held_by"]) == ("…42", "given", "bot")
    assert [m["key"] for m in shown["messages"]] == [None, "C1"]
    in_words = typed(app, "conversation", "show", written)
    assert in_words.exit_code == 0
    assert PERSON not in in_words.stdout


@pytest.mark.parametrize("number", ["+12105550199", "nonsense", ""])
def test_a_number_nobody_has_is_refused_in_one_line(app: Flask, number: str) -> None:
    done = typed(app, "conversation", "show", number, "--json")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "Error: Nobody with that number is known.\n")


def test_consent_is_given_by_writing_first_and_withdrawn_by_stop(app: Flask, line: TheLine) -> None:
    with line.database.transaction() as tx:
        people.find_or_add(tx, "+12105550143", "en")
    line.text("hi")
    seen = [document(app, "conversation", "show", number) for number in ("+12105550143", PERSON)]
    line.text("STOP")
    seen.append(document(app, "conversation", "show", PERSON))
    assert [(one["consent"], one["suppressed"]) for one in seen] == [  # type: ignore[index]
        ("none", False), ("given", False), ("withdrawn", True),
    ]  # fmt: skip


def test_consent_is_given_by_writing_when_the_number_was_known_before(app: Flask, line: TheLine) -> None:
    with line.database.transaction() as tx:
        people.find_or_add(tx, PERSON, "en")  # as the import of a list does
    line.text("hi")
    shown = document(app, "conversation", "show", PERSON)
    assert isinstance(shown, dict)
    assert shown["consent"] == "given"


def test_an_advocates_name_is_the_owner_and_the_conversation_is_theirs(app: Flask, line: TheLine) -> None:
    with line.database.transaction() as tx:
        ana = staff.add(tx, email="ana@example.org", alias="Ana", roles=("advocate",))
        _, handoff_id = someone_waits(tx, PERSON, tier="P2")
        assert handoffs.claim(tx, handoff_id, ana, tx.now)
    shown = document(app, "conversation", "show", PERSON)
    assert isinstance(shown, dict)
    assert (shown["handoff"]["owner"], shown["handoff"]["state"], shown["handoff"]["tier"]) == ("Ana", "owned", "P2")


def test_hand_offs_are_listed_most_urgent_first_and_only_the_open_ones(app: Flask, line: TheLine) -> None:
    assert document(app, "handoffs") == []
    assert typed(app, "handoffs").stdout == "Nobody waits.\n"
    with line.database.transaction() as tx:
        for n, tier in enumerate(("P2", "P0", "P3", "P1")):
            someone_waits(tx, f"+1210555015{n}", tier=tier)
        _, closed = someone_waits(tx, "+12105550159", tier="P0")
        handoffs.close(tx, closed, "referred", by_id="a")
    listed = document(app, "handoffs")
    assert isinstance(listed, list)
    assert [one["tier"] for one in listed] == ["P0", "P1", "P2", "P3"]


# chat


FOUR_QUESTIONS = ["hi", "1", "1", "1", "2", "1", "near 78201", "3", "1", "1"]


@pytest.mark.parametrize(("language", "said", "keys"), [
    ("en", FOUR_QUESTIONS, ["C1", "C2", "C3", "Q1", "Q2", "Q3", "Q5", "M1", "SH1", "H1"]),
    ("en", ["hi", "1", "he hit me"], ["C1", "C2", "D1"]),
    ("es", ["hola", "1", "alto"], ["C1", "C2", "X1"]),
])  # fmt: skip
def test_chat_talks_through_the_real_engine(app: Flask, language: str, said: list[str], keys: list[str]) -> None:
    done = typed(app, "chat", "--lang", language, answers="\n".join([*said, "", ""]))
    assert done.exit_code == 0
    assert [key_of(body, language) for body in re.findall(r"< (.+)", done.stdout)] == keys


@pytest.mark.parametrize(("language", "said"), [
    ("en", ["hi", "1", "1"]),
    ("en", FOUR_QUESTIONS),
    ("es", ["hola", "1", "alto"]),
])  # fmt: skip
def test_chat_saves_a_transcript_that_passes_as_a_test(
    app: Flask, tmp_path: Path, language: str, said: list[str]
) -> None:
    kept = tmp_path / "chat.txt"
    typed(app, "chat", "--lang", language, "--save", str(kept), answers="\n".join([*said, "", ""]))
    saved = kept.read_text(encoding="utf-8")
    assert [line[2:] for line in saved.splitlines() if line.startswith("> ")] == said
    assert "\n".join(play(saved, SCRIPT)) + "\n" == saved


# flows check, flows diagram


def test_flows_check_finds_no_fault_in_ours(app: Flask) -> None:
    done = typed(app, "flows", "check")
    assert done.exit_code == 0, done.stdout
    assert "no fault found" in done.stdout


@pytest.mark.parametrize(("file", "old", "new", "named"), [
    ("copy/en.toml", "OK time to text?", "OK time to text? " + "a" * 160, ("copy/en.toml", "C1", "segment")),
    ("copy/es.toml", "¿Puedes textear ahora?", "¿Puedes textear {NOWHERE} ahora?", ("es", "C1", "NOWHERE")),
    ("line.toml", "[states.safe_now]", "[states.safe_now]\nnot toml at all", ("line.toml",)),
])  # fmt: skip
def test_flows_check_says_file_key_and_reason_and_fails(
    app: Flask, tmp_path: Path, file: str, old: str, new: str, named: tuple[str, ...]
) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    done = typed(app, "flows", "check", "--folder", str(folder))
    assert done.exit_code == 1
    assert [word for word in named if word not in done.output] == []
    assert "Traceback" not in done.output


def test_flows_diagram_is_mermaid_and_nothing_else(app: Flask) -> None:
    done = typed(app, "flows", "diagram")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("stateDiagram-v2\n")
    assert "safe_now" in done.stdout


# user add


def test_a_new_account_gets_a_link_that_opens_once(app: Flask) -> None:
    done = typed(app, "user", "add", "nina@example.org", "--role", "advocate", "--alias", "Nina")
    assert done.exit_code == 0
    (link,) = done.stdout.split()
    address, _, path = link.partition("/desk/setup/")
    assert address == "http://127.0.0.1:8000", "PUBLIC_URL"
    browser = Browser(app)
    browser.get(f"/desk/setup/{path}")
    assert browser.post(f"/desk/setup/{path}", {"password": "four plain words here"}).status_code == 302
    assert "opens nothing any more" in Browser(app).get(f"/desk/setup/{path}").text
    assert Browser(app).log_in("nina@example.org", "four plain words here").status_code == 302


@pytest.mark.parametrize(("words", "named"), [
    (("not-an-address", "--role", "advocate"), "Error"),
    (("ana@example.org",), "--role"),
    (("ana@example.org", "--role", "queen"), "queen"),
])  # fmt: skip
def test_an_account_that_makes_no_sense_is_refused(app: Flask, words: tuple[str, ...], named: str) -> None:
    done = typed(app, "user", "add", *words)
    assert done.exit_code != 0
    assert done.stdout == ""
    assert named in done.stderr


# doctor, and the start's warning


def test_doctor_says_a_line_for_each_part(app: Flask, line: TheLine) -> None:
    with line.database.transaction() as tx:
        heartbeats.beat(tx, "clock")
        heartbeats.beat(tx, "watch")
    reconcile(line.database, line.services)
    done = typed(app, "doctor")
    parts = [text.split()[:2] for text in done.stdout.splitlines()]
    assert parts == [["ok", part] for part in ("settings", "database", "clock", "watch", "list", "keys", "carrier",
                                               "address", "sender", "opt-outs", "outbox", "texts", "protocols", "words",
                                               "push", "queue")]  # fmt: skip
    assert done.exit_code == 0
    found = document(app, "doctor")
    assert isinstance(found, dict)
    assert found["ok"] is True
    assert [set(one) for one in found["findings"]] == [{"part", "good", "words"}] * len(parts)


def test_doctor_fails_and_says_which_part_is_not_good(app: Flask, line: TheLine, clock: FakeClock,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with line.database.transaction() as tx:
        heartbeats.beat(tx, "clock")
    reconcile(line.database, line.services)
    clock.advance(timedelta(minutes=1))
    monkeypatch.setattr(line.nudges, "ready", lambda: False, raising=False)

    line.carrier.list_error = SendError("20003", "refused", "the account's credentials were refused")
    done = typed(app, "doctor")
    assert done.exit_code == 1
    bad = [text.split()[1] for text in done.stdout.splitlines() if text.startswith("BAD")]
    assert bad == ["clock", "watch", "carrier", "queue"]
    told = typed(app, "doctor", "--json")
    assert (told.exit_code, json.loads(told.stdout)["ok"]) == (1, False)


REAL = {"TWILIO_ACCOUNT_SID": "AC" + "0f" * 16, "TWILIO_API_BASE": "", "QUIETLINE_SIMULATION": ""}


def test_doctor_complains_of_unreviewed_texts_with_a_real_carrier(sqlite_database: Database, clock: FakeClock) -> None:
    app = app_on(the_line(sqlite_database, clock, **REAL, ALLOW_UNREVIEWED_TEXTS="1").services)
    cli.register(app)
    done = typed(app, "doctor")
    assert done.exit_code == 1
    assert re.search(r"^BAD +review .*ALLOW_UNREVIEWED_TEXTS", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(("account", "allowed", "warned"), [
    (REAL["TWILIO_ACCOUNT_SID"], "1", True),
    (REAL["TWILIO_ACCOUNT_SID"], "0", False),
    (SIMULATED_ACCOUNT, "1", False),
])  # fmt: skip
def test_the_start_warns_of_unreviewed_texts_with_a_real_carrier(
    sqlite_url: str, account: str, allowed: str, warned: bool
) -> None:
    simulated = account == SIMULATED_ACCOUNT
    env = {"DATABASE_URL": sqlite_url, "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "s" * 32,
           "FIELD_KEYS": "A" * 43 + "=", "TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": "t" * 32,
           "TWILIO_FROM": "+12105550100", "ALLOW_UNREVIEWED_TEXTS": allowed,
           "TWILIO_API_BASE": "http://127.0.0.1:1" if simulated else "",
           "QUIETLINE_SIMULATION": "1" if simulated else ""}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", "from bot.app import create_app; create_app()"], cwd=ROOT, env=env,
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ("ALLOW_UNREVIEWED_TEXTS is on with a real carrier" in done.stderr) is warned
