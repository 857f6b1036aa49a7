"""What became of a text when the carrier fails? Each failure, its code, its fate, and what is found afterwards."""

from __future__ import annotations

import json
import logging
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.adapters.twilio import CODES, TwilioCarrier
from bot.errors import SendError
from bot.simulator.control import Control
from tests.carrier.line import ACCOUNT, ANA, BEA, OURS, TOKEN, Answer, Line, settle, text_to

JSON = {"Content-Type": "application/json"}


def fate_of(carrier: TwilioCarrier, body: str = "once") -> SendError:
    with pytest.raises(SendError) as caught:
        carrier.send(text_to(ANA, body))
    return caught.value


@pytest.mark.parametrize(
    ("fault", "fate", "code", "carried"),
    [
        ("answer_429", "later", "20429", False),
        ("answer_500", "unknown", "500", False),
        ("hang_up", "unknown", "connection", False),
        ("accept_then_500", "unknown", "500", True),
        ("accept_then_hang_up", "unknown", "connection", True),
        ("accept_then_wrong_json", "unknown", "undecodable", True),
    ],
)
def test_a_failing_carrier(
    twilio: TwilioCarrier, control: Control, fault: str, fate: str, code: str, carried: bool
) -> None:
    since = datetime.now(UTC)
    control.faults(**{fault: 1})
    error = fate_of(twilio)
    assert (error.fate, error.code) == (fate, code)
    found = [(m.to, m.body) for m in twilio.look_up(to=ANA, since=since)]
    assert found == ([(ANA, "once")] if carried else []), "what a look-up finds settles the fate"
    twilio.send(text_to(ANA, "twice"))  # the fault is used up


def test_too_many_requests_says_how_long_to_wait(twilio: TwilioCarrier, control: Control) -> None:
    control.faults(answer_429=1, retry_after_s=42)
    assert fate_of(twilio).retry_after_s == 42


def test_no_answer_in_time_is_unknown_and_the_text_is_found(
    twilio: TwilioCarrier, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = datetime.now(UTC)
    control.faults(slow_s=2.0)
    monkeypatch.setattr(twilio._client.http_client, "timeout", (1.0, 0.2))
    error = fate_of(twilio)
    assert (error.fate, error.code) == ("unknown", "timeout")
    control.faults()
    monkeypatch.undo()
    assert [m.body for m in twilio.look_up(to=ANA, since=since)] == ["once"]


@pytest.mark.parametrize(
    ("answer", "fate", "code", "wait"),
    [
        (Answer(400, '{"code": 21610, "message": "x"}', JSON), "refused", "21610", None),
        (Answer(400, '{"code": 21611, "message": "x"}', JSON), "later", "21611", 600),
        (Answer(401, '{"code": 20003, "message": "x"}', JSON), "refused", "20003", None),
        (Answer(404, '{"code": 20404, "message": "x"}', JSON), "refused", "20404", None),
        (Answer(400, '{"code": 99999, "message": "to +12105550123"}', JSON), "refused", "99999", None),
        (Answer(403, "<html>blocked</html>", {"Content-Type": "text/html"}), "refused", "403", None),
        (Answer(429, "slow down", {"Retry-After": "3"}), "later", "20429", 3),
        (Answer(429, "{}", {"Retry-After": "soon"}), "later", "20429", 5),
        (Answer(429, "{}", {"Retry-After": "999999"}), "later", "20429", 3600),
        (Answer(429, '{"code": 21611}', JSON), "later", "21611", 600),
        (Answer(429, '{"code": 99998}', JSON), "later", "99998", 5),
        (Answer(408, "", {}), "unknown", "408", None),
        (Answer(302, "", {"Location": "http://127.0.0.1:9/"}), "unknown", "302", None),
        (Answer(502, "<html/>", {"Content-Type": "text/html"}), "unknown", "502", None),
        (Answer(503, "", {}), "unknown", "503", None),
        (Answer(201, "", JSON), "unknown", "undecodable", None),
        (Answer(201, "[]", JSON), "unknown", "undecodable", None),
        (Answer(201, '{"sid"', JSON), "unknown", "undecodable", None),
        (Answer(201, "{}", JSON), "unknown", "no_sid", None),
    ],
)
def test_each_answer_has_one_fate(line: Line, answer: Answer, fate: str, code: str, wait: float | None) -> None:
    line.answers.append(answer)
    error = fate_of(TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", line.base, "https://line.example.org"))
    assert (error.fate, error.code, error.retry_after_s) == (fate, code, wait)
    assert ANA not in str(error), "the carrier's own words may hold the number"


def test_retry_after_may_be_a_date(line: Line) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    line.answers.append(Answer(429, "{}", {"Retry-After": at}))
    wait = fate_of(TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", line.base, "https://x.example")).retry_after_s
    assert wait is not None
    assert 100 < wait <= 120


def test_nobody_there_is_later_since_nothing_can_have_left() -> None:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))  # bound, never listening: refused
        base = f"http://127.0.0.1:{held.getsockname()[1]}"
        error = fate_of(TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", base, "https://x.example"))
    assert (error.fate, error.code) == ("later", "unreachable")


@pytest.mark.parametrize("ask", [lambda c: c.look_up(to=ANA, since=datetime.now(UTC)), lambda c: c.line_type(ANA)])
def test_a_question_that_fails_may_be_asked_again(line: Line, ask) -> None:  # type: ignore[no-untyped-def]
    carrier = TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", line.base, "https://x.example")
    line.answers.append(Answer(503, "", {}))
    with pytest.raises(SendError) as caught:
        ask(carrier)
    assert caught.value.fate == "later"


def test_wrong_credentials_are_refused(simulator, line: Line) -> None:  # type: ignore[no-untyped-def]
    error = fate_of(TwilioCarrier(ACCOUNT, "wrong", (OURS,), "", simulator.base, line.base))
    assert (error.fate, error.code) == ("refused", "20003")


def test_every_code_has_a_fate_and_staff_words() -> None:
    for code, (fate, words) in CODES.items():
        assert fate in ("refused", "later"), code
        assert words.endswith(".") or words.endswith("!"), code


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    # The http client's own logger is left alone: silencing it is the adapter's promise.
    caplog.set_level(logging.INFO)
    return caplog


def test_no_number_and_no_body_is_logged(
    everything_logged: pytest.LogCaptureFixture, twilio: TwilioCarrier, control: Control
) -> None:
    twilio.send(text_to(ANA, "the secret word"))
    twilio.look_up(to=ANA, since=datetime.now(UTC))
    twilio.line_type(ANA)
    control.faults(accept_then_500=1)
    fate_of(twilio, "the secret word")
    for words in (ANA, ANA[1:], "secret"):
        assert words not in everything_logged.text


def test_what_is_handed_over(twilio: TwilioCarrier, control: Control, line: Line) -> None:
    twilio.send(text_to(ANA, "Hola"))
    settle(control)
    created = control.log()[0]
    assert (created["kind"], created["to"], created["from"], created["body"]) == ("created", ANA, OURS, "Hola")
    assert created["status_callback"] == f"{line.base}/twilio/status?m={'a' * 32}"
    assert created["validity_s"] == 14_400


def test_it_leaves_by_the_number_it_is_given(line: Line) -> None:
    carrier = TwilioCarrier(ACCOUNT, TOKEN, (OURS, BEA), "", line.base, "https://x.example")
    for sender in (BEA, OURS, ""):
        line.answers.append(Answer(201, json.dumps({"sid": "SM" + "1" * 32}), JSON))
        carrier.send(replace(text_to(ANA), sender=sender))
    assert [call.form["From"] for call in line.calls] == [BEA, OURS, OURS]


@pytest.mark.parametrize(
    ("retention", "asked"),
    [((), {}), (("content",), {"ContentRetention": "discard"}),
     (("content", "address"), {"ContentRetention": "discard", "AddressRetention": "obfuscate"})],
)  # fmt: skip
def test_what_the_account_keeps_to_itself_is_asked_for_with_each_text(line: Line, retention, asked) -> None:  # type: ignore[no-untyped-def]
    line.answers.append(Answer(201, json.dumps({"sid": "SM" + "1" * 32}), JSON))
    TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", line.base, "https://x.example", retention).send(text_to(ANA))
    form = line.calls[0].form
    assert {name: form[name] for name in ("ContentRetention", "AddressRetention") if name in form} == asked


def test_a_service_sends_when_one_is_set(simulator, line: Line, control: Control) -> None:  # type: ignore[no-untyped-def]
    carrier = TwilioCarrier(ACCOUNT, TOKEN, (), "MG" + "1" * 32, simulator.base, line.base)
    since = datetime.now(UTC)
    sid = carrier.send(text_to(ANA))
    assert [m.provider_sid for m in carrier.look_up(to=ANA, since=since)] == [sid]
    settle(control)
    assert {c.form.get("MessagingServiceSid") for c in line.calls} == {"MG" + "1" * 32}


def test_connections_are_kept_and_never_shared_with_a_fork(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", line.base, "https://x.example")
    line.answers += [Answer(201, json.dumps({"sid": "SM" + "1" * 32}), JSON) for _ in range(4)]
    for _ in range(3):
        carrier.send(text_to(BEA))
    assert line.connections == 1
    monkeypatch.setattr("os.getpid", lambda: -1)  # as in a child
    carrier.send(text_to(BEA))
    assert line.connections == 2


def test_a_host_that_is_not_twilios_is_never_called(line: Line) -> None:
    carrier = TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", line.base, "https://x.example")
    with pytest.raises(SendError):
        carrier._client.request("GET", "https://elsewhere.example/2010-04-01/Accounts.json")
    assert line.calls == []
