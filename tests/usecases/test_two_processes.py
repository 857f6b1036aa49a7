"""Texts of one person at the same instant in two processes: one turn at a time, none lost, none twice, none mixed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.store.conversations import conversations
from bot.store.db import Database
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.people import people

ROOT = Path(__file__).parents[2]
PERSON = "+12105550142"

PROGRAM = """
import sys
from bot.adapters.clock import SystemClock
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.receive import InboundText, receive
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.web.line import services_on

url, own = sys.argv[1:]
database = Database(url, Keyring(TEST_KEYS, TEST_SECRET), SystemClock())
services = services_on(database)
texts = [InboundText(f"SMshared{n}", PERSON, f"hello {n}") for n in range(6)]
texts += [InboundText(f"SM{own}{n}", PERSON, f"{own} {n}") for n in range(6)]
texts.append(InboundText("SMstop", PERSON, "STOP"))
print("ready", flush=True)
sys.stdin.readline()
for text in texts:
    print(receive(database, services, text).value)
""".replace("PERSON", repr(PERSON))


@pytest.fixture
def both(database: Database) -> list[list[str]]:
    """What each of two processes said of each of its thirteen texts."""
    url = database.engine.url.render_as_string(hide_password=False)
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, url, own], cwd=ROOT, text=True, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for own in ("left", "right")
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = []
    for process in started:
        out, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        said.append(out.split())
    return said


def test_one_person_in_two_processes_is_one_thread_of_whole_turns(both: list[list[str]], database: Database) -> None:
    assert [len(said) for said in both] == [13, 13]
    assert sum(said.count("duplicate") for said in both) == 7, "each shared text was a turn in one of them alone"
    with database.reading() as tx:
        counts = [tx.conn.execute(select(func.count()).select_from(t)).scalar_one() for t in (people, conversations)]
        talk = tx.conn.execute(select(conversations)).one()
        seqs = tx.conn.execute(select(messages.c.seq).order_by(messages.c.seq)).scalars().all()
        came = tx.conn.execute(select(messages.c.provider_sid).where(messages.c.direction == "in")).scalars().all()
        still_queued = tx.conn.execute(
            select(messages.c.kind).where(messages.c.direction == "out", messages.c.status == "queued")
        ).scalars().all()
        open_ones = tx.conn.execute(select(func.count()).where(handoffs.c.closed_at.is_(None))).scalar_one()
    assert counts == [1, 1]
    assert len(came) == len(set(came)) == 19
    assert list(seqs) == list(range(1, talk.last_seq + 1)), "two turns wrote over each other"
    assert talk.turn >= 19, "a turn was lost under another"
    assert (talk.state, still_queued) == ("stopped", ["confirmation"]), "something would leave after STOP"
    assert open_ones <= 1
