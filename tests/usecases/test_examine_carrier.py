"""Does the doctor name the very webhook, sender or credential that is wrong, and say what puts it right?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import SendError
from bot.ports import AccountSetup
from bot.store.crypto import Keyring
from bot.usecases.examine import examine
from bot.usecases.finding import Finding
from bot.usecases.reconcile import reconcile
from tests.conftest import TEST_KEYS, TEST_SECRET
from tests.usecases.line import TheLine, the_line

URL = "https://line.example.org"
OURS = "+12105550100"
REAL = {"TWILIO_ACCOUNT_SID": "AC" + "0f" * 16, "TWILIO_API_BASE": "", "QUIETLINE_SIMULATION": "", "PUBLIC_URL": URL}


@pytest.fixture
def line(sqlite_database, clock) -> TheLine:  # type: ignore[no-untyped-def]
    return the_line(sqlite_database, clock, **REAL)


def found(line: TheLine, part: str) -> list[Finding]:
    return [finding for finding in examine(line.services) if finding.part == part]


def words_of(line: TheLine, part: str) -> str:
    (finding,) = found(line, part)
    assert not finding.good, finding
    return finding.words


def test_a_line_that_is_set_up_right_is_told_so(line) -> None:
    line.carrier.setup = replace(line.carrier.setup, now=line.clock.now() + timedelta(seconds=2))
    for part in ("carrier", "time", "address", "sender", "opt-outs"):
        (finding,) = found(line, part)
        assert finding.good, finding


@pytest.mark.parametrize(
    ("code", "named"),
    [("20003", "(401)"), (401, "TWILIO_AUTH_TOKEN"), (403, "(403)"), (20008, "not a test"), ("unreachable", "network"),
     ("timeout", "TWILIO_API_BASE"), (20500, "could not answer (20500)")],
)  # fmt: skip
def test_what_is_wrong_with_the_credentials(line, code, named) -> None:
    line.carrier.list_error = SendError(code, "later", "The carrier could not answer")
    assert named in words_of(line, "carrier")
    assert found(line, "sender") == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"known": False}, "correct TWILIO_FROM"),
        ({"can_text": False}, "SMS capability"),
        ({"inbound": ""}, f"goes to nowhere: set it to {URL}/twilio/inbound#rc=2&rp=ct,rt,5xx"),
        ({"inbound": "https://demo.twilio.com/welcome/sms/reply?key=s3cret"}, "goes to https://demo.twilio.com/welcome"),
        ({"inbound": URL.replace("https", "http") + "/twilio/inbound"}, "set it to https://"),
        ({"inbound_method": "GET"}, "comes by GET: set it to HTTP POST"),
        ({"fallback": ""}, f"its fallback goes to nowhere: set it to {URL}/twilio/fallback"),
        ({"fallback": f"{URL}/twilio/inbound"}, f"set it to {URL}/twilio/fallback"),
        ({"fallback_method": "get"}, "its fallback comes by GET"),
        ({"receipts": "https://old.example.org/status"}, "clear its status callback"),
        ({"overruled": True}, "remove the app"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sender_and_how_it_is_put_right(line, changes: dict[str, Any], named: str) -> None:
    (good,) = line.carrier.setup.senders
    line.carrier.setup = replace(line.carrier.setup, senders=(replace(good, **changes), replace(good, name="262966")))
    bad, other = found(line, "sender")
    assert (bad.good, other.good) == (False, True)
    assert bad.words.startswith(f"{OURS}: ")
    assert named in bad.words
    assert "s3cret" not in bad.words


@pytest.mark.parametrize(
    ("changes", "named"), [({"known": False}, "MESSAGING_SERVICE_SID"), ({"can_text": False}, "sender pool")]
)
def test_what_is_wrong_with_a_service(sqlite_database, clock, changes, named) -> None:
    line = the_line(sqlite_database, clock, **REAL, TWILIO_MESSAGING_SERVICE_SID="MG" + "0f" * 16)
    (good,) = line.carrier.setup.senders
    line.carrier.setup = replace(line.carrier.setup, senders=(replace(good, **changes),))
    assert named in words_of(line, "sender")


def test_a_suspended_account_and_a_clock_that_is_wrong(line) -> None:
    line.carrier.setup = AccountSetup(False, line.clock.now() + timedelta(minutes=3), ())
    assert "suspended" in words_of(line, "carrier")
    assert "180 s" in words_of(line, "time")


@pytest.mark.parametrize(
    ("url", "named"),
    [("http://line.example.org", "use https"), ("https://10.0.0.7", "cannot reach"),
     ("https://localhost", "cannot reach"), ("https://the_line.example.org", "underscore")],
)  # fmt: skip
def test_an_address_the_carrier_cannot_call(sqlite_database, clock, url, named) -> None:
    line = the_line(sqlite_database, clock, **{**REAL, "PUBLIC_URL": url})
    assert named in words_of(line, "address")


def test_a_list_that_is_not_read_any_more_is_told_of(line) -> None:
    assert "never read" in words_of(line, "list")
    reconcile(line.database, line.services)
    assert found(line, "list")[0].good
    line.carrier.list_error = SendError(20500, "later", "no answer")
    for _ in range(4):
        line.clock.advance(timedelta(minutes=11))
        reconcile(line.database, line.services)
    assert "44 min ago, 4 failures" in words_of(line, "list")


def test_keys_that_are_old_and_keys_that_are_left(line) -> None:
    line.text("hi")
    assert found(line, "keys")[0].good
    line.clock.advance(timedelta(days=400))
    assert "400 days old" in words_of(line, "keys")
    line.database.keys = Keyring((b"\x02" * 32, *TEST_KEYS), TEST_SECRET)
    assert "2 texts lie under an older key: run `keys rotate`" in words_of(line, "keys")


def test_words_that_lie_at_the_carrier_for_days_are_counted(line) -> None:
    line.text("hi", sid=line.carrier.receive("+12105550142", "hi"))
    assert found(line, "retention")[0].good
    line.clock.advance(timedelta(days=2))
    assert "the words of 1 texts" in words_of(line, "retention")
