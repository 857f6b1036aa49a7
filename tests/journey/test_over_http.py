"""Does the journey hold with web, worker and clock as processes, on both databases, and when they are killed?

One line serves the tests of one database, each with phones of its own; the last ends it, and looks through all that
was written.
"""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import redis
from sqlalchemy import URL

from tests.journey.house import PATIENCE_S, SCREEN, House, house_on, key_of
from tests.servers import postgres_admin

SHOWN = ["number_masked", "person_id", "language", "consent", "suppressed", "state", "held_by", "answers", "flags",
         "safe_hours", "handoff", "messages"]  # fmt: skip
HANDOFF = ["id", "state", "tier", "reason", "owner", "opened_at", "next_at"]
MESSAGE = ["direction", "key", "status", "at", "body"]
"""The keys of `contract.md`, letter by letter."""
DANGER = "he found me and he has a gun, I am in the zinnia closet"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        with house_on(folder) as house:
            yield house
        return
    server: URL = request.getfixturevalue("postgres_server_url")
    name = f"quietline_journey_{uuid.uuid4().hex}"
    with postgres_admin(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        with house_on(folder, server.set(database=name).render_as_string(hide_password=False)) as house:
            yield house
    finally:
        with postgres_admin(server) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.parametrize("language", ["en", "es"])
def test_from_a_first_text_to_a_person(house: House, language: str) -> None:
    phone = house.phone()
    came = phone.walks(language)
    assert came[:3] == ["C1", "C2", "C3"], "who writes, then what may be done, then the limits of privacy"
    asked = came[3:-3]
    assert 4 <= len(asked) <= 7
    assert set(asked) <= set(SCREEN)
    assert came[-3:] == ["M1", "SH1", "H1"], "what is open, consent to share, a person"

    house.wait_for(lambda: phone.answered(len(came)))
    shown = house.show(phone.number)
    assert [key for key in shown if key in SHOWN] == SHOWN
    assert shown["number_masked"].endswith(phone.number[-2:])
    assert phone.number[-4:] not in shown["number_masked"]
    assert re.fullmatch("[0-9a-f]{32}", shown["person_id"])
    assert (shown["language"], shown["state"], shown["held_by"]) == (language, "waiting", "bot")
    assert (shown["consent"], shown["suppressed"], shown["safe_hours"], shown["flags"]) == ("given", False, None, [])
    assert shown["answers"] | {"urgency": "tonight", "need": ["bed"]} == shown["answers"]
    assert shown["answers"]["age"] == {"en": "25up", "es": "18-24"}[language]
    assert "78201" not in str(shown["answers"]), "no more of a ZIP than three digits"

    assert [list(message) for message in shown["messages"]] == [MESSAGE] * (2 * len(came))
    assert [m["key"] for m in shown["messages"] if m["direction"] == "out"] == came
    assert {m["status"] for m in shown["messages"] if m["direction"] == "out"} == {"delivered"}, "the receipts came"
    assert {(m["status"], m["key"]) for m in shown["messages"] if m["direction"] == "in"} == {("received", None)}
    said = [(m["direction"], m["body"]) for m in phone.thread()]
    assert [(m["direction"], m["body"]) for m in shown["messages"]] == said
    assert all(datetime.fromisoformat(m["at"]).utcoffset() is not None for m in shown["messages"])

    handoff = shown["handoff"]
    assert list(handoff) == HANDOFF
    assert (handoff["state"], handoff["tier"], handoff["reason"]) == ("waiting", "P1", "share")
    assert handoff["owner"] is None
    assert datetime.fromisoformat(handoff["next_at"]) >= datetime.fromisoformat(handoff["opened_at"])
    assert handoff["id"] in {one["id"] for one in house.command("handoffs")}


def test_stop_ends_it_before_the_next_text(house: House) -> None:
    phone = house.phone()
    phone.walks("en", until="Q1")
    by_us = len(house.sent_to(phone.number))
    phone.texts("stop texting me")  # a word among others: the carrier's own list does not know it
    phone.texts("2")
    house.wait_for(lambda: phone.answered(6))
    shown = phone.row()
    assert (shown["consent"], shown["suppressed"], shown["state"]) == ("withdrawn", True, "stopped")
    assert len(house.sent_to(phone.number)) - by_us <= 1, "at most the one confirmation"
    received = len(phone.received())
    phone.texts("are you there")
    house.wait_for(lambda: phone.answered(7))
    assert len(phone.received()) == received


def test_danger_comes_first_whoever_waits(house: House) -> None:
    waiting, phone = house.phone(), house.phone()
    waiting.says("hi")
    waiting.says("PERSON")
    phone.says("hi")
    assert key_of(phone.says(DANGER), "en") == "D1"
    shown = house.show(phone.number)
    assert "danger" in shown["flags"]
    assert (shown["handoff"]["tier"], shown["handoff"]["reason"]) == ("P0", "danger")
    listed = house.command("handoffs")
    assert [set(HANDOFF) - set(one) for one in listed] == [set()] * len(listed)
    assert listed[0]["id"] == shown["handoff"]["id"]
    assert [one["tier"] for one in listed] == sorted(one["tier"] for one in listed)
    assert waiting.row()["handoff"]["id"] in {one["id"] for one in listed}


def test_whatever_the_carrier_repeats_changes_nothing(house: House) -> None:
    phone = house.phone()
    house.control.faults(duplicate_inbound=3, duplicate_receipts=2, reorder_receipts=True)
    try:
        phone.says("hi")
        house.wait_for(lambda: phone.answered(1))
    finally:
        house.control.faults()
    kept = [(m["direction"], m["status"]) for m in phone.row()["messages"]]
    assert kept == [("in", "received"), ("out", "delivered")]
    assert len(house.sent_to(phone.number)) == 1


def test_a_worker_killed_while_a_text_leaves_neither_loses_nor_doubles_it(house: House) -> None:
    phone = house.phone()
    house.control.faults(slow_s=2.0)
    phone.texts("hi")
    house.wait_for(lambda: house.sent_to(phone.number))  # the carrier has it, and the worker does not know it yet
    house.kill("worker.py")
    house.control.faults()
    house.wait_for(lambda: phone.answered(1))
    assert [key_of(body, "en") for body in phone.received()] == ["C1"]
    assert key_of(phone.says("1"), "en") == "C2"
    house.wait_for(lambda: phone.answered(2))
    assert [key_of(body, "en") for body in house.sent_to(phone.number)] == ["C1", "C2"]


def test_a_web_killed_among_texts_keeps_what_it_said_yes_to_and_answers_it_once(house: House) -> None:
    phones = [house.phone() for _ in range(8)]
    for phone in phones:
        phone.texts("hi")
    house.wait_for(lambda: any(phone.thread()[0]["webhook"] == "done" for phone in phones))
    house.kill("gunicorn")
    house.wait_for(lambda: house.line.ready() and house.control.pending() == 0)
    for phone in phones:
        if phone.thread()[0]["webhook"] != "done":  # the carrier was told so: they text again
            phone.texts("hi")
    for phone in phones:
        house.wait_for(lambda phone=phone: phone.answered(1, receipts=False))  # some found no web to tell
        kept = [m["direction"] for m in phone.row()["messages"]]
        acknowledged = sum(text["webhook"] == "done" for text in phone.thread() if text["direction"] == "in")
        assert acknowledged >= 1
        assert kept.count("in") >= acknowledged, "a 200 means that it is kept"
        assert kept.count("out") == kept.count("in"), "one text for each turn"
        assert len(house.sent_to(phone.number)) == kept.count("out")


def test_a_queue_that_is_killed_costs_time_and_nothing_else(house: House) -> None:
    before, after = house.phone(), house.phone()
    assert key_of(before.says("hi"), "en") == "C1"
    killed = house.queue_pid()
    os.kill(killed, signal.SIGKILL)
    assert key_of(before.says("1"), "en") == "C2"
    assert key_of(after.says("hi"), "en") == "C1"
    house.wait_for(lambda: before.answered(2) and after.answered(1))
    assert [len(house.sent_to(phone.number)) for phone in (before, after)] == [2, 1]
    house.wait_for(lambda: house.queue_pid() not in (0, killed))


def test_a_queue_that_forgets_everything_costs_time_and_nothing_else(house: House) -> None:
    phone = house.phone()
    (worker,) = house.pids("worker.py")
    with redis.Redis.from_url(house.env["REDIS_URL"]) as queue:
        os.kill(worker, signal.SIGSTOP)
        try:
            phone.texts("hi")
            house.wait_for(lambda: phone.thread()[0]["webhook"] == "done")
            queue.flushall()
        finally:
            os.kill(worker, signal.SIGCONT)
    house.wait_for(lambda: phone.answered(1))
    assert [key_of(body, "en") for body in house.sent_to(phone.number)] == ["C1"]


def test_no_number_and_no_word_is_written_anywhere(house: House) -> None:
    """After all of the above: in what the processes said to their very end, in the queue and its log, in the metrics,
    in the database. Nothing runs any more after this test."""
    phone = house.phone()
    phone.says("hi")
    phone.says(DANGER)
    places = {path: house.line.get(path)[1] for path in ("/metrics", "/readyz", "/healthz")}
    numbers = [str(one["number"]) for one in house.control.phones()]
    places |= _files(house.line.data_dir)
    house.line.process.terminate()  # what a process has not written out yet, it writes now
    house.line.process.wait(PATIENCE_S)
    places |= {"output": house.line.text(), **_files(house.line.data_dir)}
    assert 'quietline_inbound_total{outcome="taken"}' in places["/metrics"]
    assert any(name.startswith("queue/") for name in places)
    secrets = {word for number in numbers for word in _spelled(number)}
    secrets |= {body.lower() for body in house.said if len(body) > 12}
    secrets |= {"zinnia"}
    assert DANGER.lower() in secrets
    found = {(name, word) for name, text in places.items() for word in secrets if word in text.lower()}
    # A ZIP is short enough to stand by chance within an id, which is hexadecimal, or within a fraction of a second.
    found |= {(name, "78201") for name, text in places.items() if re.search(r"(?<![0-9a-f])78201(?![0-9a-f])", text)}
    assert found == set()


def _spelled(number: str) -> set[str]:
    """As it may be written: E.164, national, with its usual marks, and the part that is this person's alone."""
    area, middle, last = number[2:5], number[5:8], number[8:]
    return {number, number[2:], f"({area}) {middle}-{last}", f"{area}-{middle}-{last}", f"{area} {middle} {last}",
            f"{middle}-{last}"}  # fmt: skip


def _files(folder: Path) -> dict[str, str]:
    """Everything in DATA_DIR but what the carrier keeps (the phones themselves) and the secrets."""
    ours = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("carrier.sqlite3")]
    return {str(path.relative_to(folder)): path.read_bytes().decode("latin-1") for path in ours}
