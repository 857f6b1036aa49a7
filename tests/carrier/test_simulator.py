"""Does the simulated carrier behave as Twilio does? Webhooks, receipts, retries, STOP, faults, restarts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from bot.adapters.twilio import TwilioCarrier
from bot.errors import SendError, SettingsError
from bot.settings import SIMULATED_ACCOUNT, SimulatorSettings
from bot.simulator.control import TOKEN as TOKEN_HEADER
from bot.simulator.control import Control, ControlError
from bot.simulator.server import SimulatorServer
from bot.simulator.webhooks import Overrides
from tests.carrier.line import (
    ACCOUNT,
    ANA,
    BEA,
    LANDLINE,
    OURS,
    TOKEN,
    Answer,
    Line,
    inbound,
    receipt,
    settings_for,
    settle,
    signed,
    text_to,
)  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]


def bodies(line: Line) -> list[str]:
    return [call.form["Body"] for call in line.calls if inbound(call)]


def test_an_inbound_text_is_a_signed_form_with_twilios_fields(line: Line, control: Control) -> None:
    sid = control.text(ANA, "", "Hola 🙂 ¿qué?", media=1)
    (call,) = line.wait_for(1, inbound)
    assert signed(call, line.base)
    assert not signed(call, line.base, "another token")
    form = call.form
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == sid
    assert sid.startswith("MM")
    wanted = {"AccountSid": ACCOUNT, "From": ANA, "To": OURS, "Body": "Hola 🙂 ¿qué?", "NumMedia": "1",
              "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01", "FromCity": ""}  # fmt: skip
    assert {name: form[name] for name in wanted} == wanted
    assert call.headers["I-Twilio-Idempotency-Token"]


@pytest.mark.parametrize("sender", ["45678", "BANK", "+447700900123", ANA])
@pytest.mark.parametrize("body", ["", " ", "🙂", "\0", "x" * 1600, "שלום"])
def test_any_sender_and_any_body_arrives_as_it_is(line: Line, control: Control, sender: str, body: str) -> None:
    control.text(sender, OURS, body)
    (call,) = line.wait_for(1, inbound)
    assert signed(call, line.base)
    assert (call.form["From"], call.form["Body"]) == (sender, body)


def test_texts_of_one_phone_come_in_order_and_phones_do_not_wait_for_each_other(line: Line, control: Control) -> None:
    line.gate.clear()
    for i in range(5):
        control.text(ANA, OURS, f"ana {i}")
    control.text(BEA, OURS, "bea")
    line.wait_for(2, inbound)  # one of each, both still unanswered
    assert sorted(bodies(line)) == ["ana 0", "bea"]
    line.gate.set()
    settle(control)
    assert [b for b in bodies(line) if b.startswith("ana")] == [f"ana {i}" for i in range(5)]


def test_control_requests_never_wait_for_the_line(line: Line, control: Control) -> None:
    line.gate.clear()
    control.text(ANA, OURS, "hi")
    line.wait_for(1)
    assert [t["webhook"] for t in control.thread(ANA)] == ["pending"]
    line.gate.set()
    settle(control)
    assert [t["webhook"] for t in control.thread(ANA)] == ["done"]


def test_a_5xx_is_tried_again_with_the_same_ids_and_token(line: Line, control: Control) -> None:
    line.answers += [Answer(500), Answer(503)]
    control.text(ANA, OURS, "hi")
    calls = line.wait_for(3, inbound)
    settle(control)
    assert len({c.form["MessageSid"] for c in calls}) == 1
    assert len({c.headers["I-Twilio-Idempotency-Token"] for c in calls}) == 1
    assert all(signed(c, line.base) for c in calls)
    assert control.thread(ANA)[0]["webhook"] == "done"


def test_retries_end_and_the_text_stays_in_the_list(line: Line, control: Control, twilio: TwilioCarrier) -> None:
    line.answers += [Answer(500)] * 3
    sid = control.text(ANA, OURS, "hi")
    settle(control)
    assert len(bodies(line)) == 3
    assert control.thread(ANA)[0]["webhook"] == "failed"
    assert [m.provider_sid for m in twilio.inbound_since(datetime.now(UTC) - timedelta(minutes=1))] == [sid]


def test_a_4xx_is_not_tried_again(line: Line, control: Control) -> None:
    line.answers.append(Answer(403))
    control.text(ANA, OURS, "hi")
    settle(control)
    assert bodies(line) == ["hi"]


def test_overrides_in_the_fragment_are_obeyed_and_not_sent(line: Line) -> None:
    server = SimulatorServer(settings_for(line, inbound_url=f"{line.base}/twilio/inbound#rc=1&rp=5xx")).start()
    try:
        control = Control(server.base, TOKEN)
        line.answers += [Answer(500)] * 2
        control.text(ANA, OURS, "hi")
        settle(control)
        assert len(line.calls) == 2
        assert all(signed(call, line.base) for call in line.calls)
    finally:
        server.close()


@pytest.mark.parametrize(
    ("fragment", "wanted"),
    [
        ("", Overrides()),
        ("rc=9&ct=1&rt=99999&tt=0&rp=all", Overrides(100, 15_000, 100, 5, frozenset({"all"}))),
        ("rc=x&rp=ct", Overrides(policy=frozenset({"ct"}))),
    ],
)
def test_overrides_keep_within_twilios_ranges(fragment: str, wanted: Overrides) -> None:
    assert Overrides.from_fragment(fragment) == wanted


def test_receipts_come_signed_sent_then_delivered(line: Line, control: Control, twilio: TwilioCarrier) -> None:
    sid = twilio.send(text_to(ANA))
    calls = line.wait_for(2, receipt)
    assert [c.form["MessageStatus"] for c in calls] == ["sent", "delivered"]
    assert all(signed(c, line.base) and c.query == "m=" + "a" * 32 and c.form["MessageSid"] == sid for c in calls)
    assert "RawDlrDoneDate" in calls[1].form
    settle(control)
    assert control.thread(ANA)[0]["status"] == "delivered"


def test_an_undelivered_text_says_why(line: Line, control: Control, twilio: TwilioCarrier) -> None:
    control.faults(undelivered_code=30003)
    twilio.send(text_to(ANA))
    calls = line.wait_for(2, receipt)
    assert [(c.form["MessageStatus"], c.form.get("ErrorCode")) for c in calls] == [
        ("sent", None), ("undelivered", "30003"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("switches", "statuses"),
    [
        ({"drop_receipts": True}, []),
        ({"reorder_receipts": True}, ["delivered", "sent"]),
        ({"duplicate_receipts": 1}, ["sent", "sent", "delivered", "delivered"]),
    ],
)
def test_faults_of_receipts(
    line: Line, control: Control, twilio: TwilioCarrier, switches: dict[str, int], statuses: list[str]
) -> None:
    control.faults(**switches)
    twilio.send(text_to(ANA))
    settle(control)
    assert [c.form["MessageStatus"] for c in line.calls] == statuses
    assert control.thread(ANA)[0]["status"] == "delivered", "the phone has it either way"


def test_duplicates_arrive_at_the_same_time(line: Line, control: Control) -> None:
    control.faults(duplicate_inbound=2)
    line.gate.clear()
    control.text(ANA, OURS, "hi")
    calls = line.wait_for(3, inbound)  # all three, and none is answered yet
    line.gate.set()
    assert len({c.form["MessageSid"] for c in calls}) == 1


def test_reordered_texts_arrive_the_later_first(line: Line, control: Control) -> None:
    control.faults(reorder_inbound=True)
    control.text(ANA, OURS, "first")
    control.text(ANA, OURS, "second")
    control.text(ANA, OURS, "third")
    line.wait_for(2, inbound)
    control.faults()
    line.wait_for(3, inbound)
    assert bodies(line) == ["second", "first", "third"]


def test_delayed_texts_arrive_all_the_same(line: Line, control: Control) -> None:
    control.faults(delay_inbound_s=0.05)
    control.text(ANA, OURS, "hi")
    line.wait_for(1, inbound)


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "END", "quit", "CANCEL", "revoke", "OptOut"])
def test_stop_is_kept_by_the_carrier_and_the_webhook_is_called(
    line: Line, control: Control, twilio: TwilioCarrier, word: str
) -> None:
    control.text(ANA, OURS, word)
    with pytest.raises(SendError, match="21610"):
        twilio.send(text_to(ANA))
    settle(control)
    assert bodies(line) == [word]
    said = [t["body"] for t in control.thread(ANA) if t["direction"] == "out"]
    assert len(said) == 1
    assert "unsubscribed" in said[0], "the carrier's own confirmation, and no other"
    control.text(ANA, OURS, "START")
    twilio.send(text_to(ANA))


@pytest.mark.parametrize("words", ["stop it", "please stop", "make it stop", "STOP.", "alto"])
def test_a_word_among_others_is_no_stop_for_the_carrier(control: Control, twilio: TwilioCarrier, words: str) -> None:
    control.text(ANA, OURS, words)
    twilio.send(text_to(ANA))


def test_start_without_a_stop_says_nothing(control: Control) -> None:
    control.text(ANA, OURS, "yes")
    settle(control)
    assert [t["direction"] for t in control.thread(ANA)] == ["in"]


def test_a_landline_added_by_hand_cannot_be_texted(control: Control, twilio: TwilioCarrier) -> None:
    control.add_phone("+12105550177", landline=True, label="Office")
    assert twilio.line_type("+12105550177") == "landline"
    with pytest.raises(SendError, match="21614"):
        twilio.send(text_to("+12105550177"))


@pytest.mark.parametrize(
    ("answer", "texted"),
    [
        (Answer(200, "<Response/>"), []),
        (Answer(200, "<Response><Message>Hi &amp; welcome</Message></Response>"), ["Hi & welcome"]),
        (Answer(200, "An error page", {"Content-Type": "text/plain"}), ["An error page"]),
        (Answer(403, "An error page", {"Content-Type": "text/plain"}), []),
        (Answer(200, "<Response", {"Content-Type": "text/xml"}), []),
        (Answer(200, "<p>no</p>", {"Content-Type": "text/html"}), []),
    ],
)
def test_what_the_line_answers_is_texted_as_twilio_would(
    line: Line, control: Control, answer: Answer, texted: list[str]
) -> None:
    line.answers.append(answer)
    control.text(ANA, OURS, "hi")
    settle(control)
    assert [t["body"] for t in control.thread(ANA) if t["direction"] == "out"] == texted


def test_nothing_the_line_answers_reaches_a_phone_that_has_opted_out(line: Line, control: Control) -> None:
    line.answers.append(Answer(200, "<Response><Message>Bye</Message></Response>"))
    control.text(ANA, OURS, "STOP")
    settle(control)
    said = [t["body"] for t in control.thread(ANA) if t["direction"] == "out"]
    assert len(said) == 1
    assert "unsubscribed" in said[0]


def test_phones_are_listed_with_the_latest_first(control: Control, twilio: TwilioCarrier) -> None:
    control.text(ANA, OURS, "hi")
    twilio.send(text_to(BEA))
    new = control.add_phone(label="Ana")  # last: its number is drawn from those that nobody has
    assert new["number"].startswith("+1")
    listed = control.phones()
    assert [p["number"] for p in listed] == [BEA, ANA, new["number"]]
    assert [p["count"] for p in listed] == [1, 1, 0]
    assert listed[2]["last_at"] is None


def test_an_account_that_hides_numbers_shows_them_on_the_phone_alone(control: Control, simulator, line) -> None:
    hiding = TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", simulator.base, line.base, ("content", "address"))
    sid = hiding.send(text_to(ANA, "hello"))
    listed = hiding.fetch(sid)
    assert listed is not None
    assert (listed.to, listed.body) == (ANA[:-4] + "XXXX", "")
    assert hiding.look_up(to=ANA, since=datetime.now(UTC) - timedelta(hours=1)) == []
    assert [text["body"] for text in control.thread(ANA)] == ["hello"]
    assert hiding.fetch("SM" + "0" * 32) is None


def test_a_thread_shows_both_sides_and_only_what_is_new(control: Control, twilio: TwilioCarrier) -> None:
    control.text(ANA, OURS, "hi")
    twilio.send(text_to(ANA, "hello"))
    control.text(BEA, OURS, "not hers")
    shown = control.thread(ANA)
    assert [(t["direction"], t["body"], t["segments"]) for t in shown] == [("in", "hi", 1), ("out", "hello", 1)]
    assert [t["body"] for t in control.thread(ANA, after=shown[0]["n"])] == ["hello"]
    assert control.thread("+12105550199") == []


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/sim/text", None),
        ("/sim/text", []),
        ("/sim/text", {"from": "", "body": "x"}),
        ("/sim/text", {"from": "x" * 21, "body": "x"}),
        ("/sim/text", {"from": ANA, "body": "x" * 1601}),
        ("/sim/text", {"from": ANA, "body": 7}),
        ("/sim/text", {"from": ANA, "body": "x", "media": True}),
        ("/sim/text", {"from": ANA, "body": "x", "media": 11}),
        ("/sim/phones", {"number": "12"}),
        ("/sim/phones", {"landline": "yes"}),
        ("/sim/phones", {"label": "x" * 41}),
        ("/sim/faults", {"no_such_switch": 1}),
        ("/sim/faults", {"answer_429": -1}),
        ("/sim/faults", {"answer_429": 1.5}),
        ("/sim/faults", {"answer_429": True}),
        ("/sim/faults", {"slow_s": 1e9}),
        ("/sim/faults", {"drop_receipts": 1}),
        ("/sim/faults", {"odds": 1.5}),
        ("/sim/faults", {"seed": "x"}),
        ("/sim/faults", None),
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused(
    simulator: SimulatorServer, control: Control, path: str, document: object
) -> None:
    answer = requests.post(simulator.base + path, json=document, headers={TOKEN_HEADER: TOKEN}, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert control.phones() == []


@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: "wrong"}, {TOKEN_HEADER: "é".encode().decode("latin-1")}])
def test_the_controls_need_the_token(simulator: SimulatorServer, headers: dict[str, str]) -> None:
    for path in ("/sim/phones", "/sim/log", f"/sim/phones/{ANA}/messages"):
        assert requests.get(simulator.base + path, headers=headers, timeout=5).status_code == 403


def test_the_controls_are_for_this_machine_only(simulator: SimulatorServer) -> None:
    client = simulator._server.app.test_client()  # type: ignore[attr-defined]
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.1", 403)):
        answer = client.get("/sim/phones", headers={TOKEN_HEADER: TOKEN}, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status


def test_a_client_of_a_simulator_that_is_not_there_says_so(free_port: int) -> None:
    with pytest.raises(ControlError, match="does not answer"):
        Control(f"http://127.0.0.1:{free_port}", TOKEN).phones()


def test_threads_opt_outs_and_work_survive_a_restart(line: Line, tmp_path: Path) -> None:
    settings = settings_for(line, data_file=tmp_path / "carrier.sqlite3", receipt_delay_s=3600.0)
    first = SimulatorServer(settings).start()
    control = Control(first.base, TOKEN)
    control.add_phone(LANDLINE, landline=True, label="Office")
    control.text(BEA, OURS, "STOP")
    line.wait_for(1, inbound)
    TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", first.base, line.base).send(text_to(ANA, "under way"))
    control.faults(delay_inbound_s=3600.0)
    control.text(ANA, OURS, "never posted")
    first.close()

    second = SimulatorServer(settings_for(line, data_file=tmp_path / "carrier.sqlite3")).start()
    try:
        control = Control(second.base, TOKEN)
        settle(control)
        assert [(t["body"], t["status"]) for t in control.thread(ANA)] == [
            ("under way", "delivered"), ("never posted", "received"),
        ]  # fmt: skip
        assert "never posted" in bodies(line)
        assert {p["number"]: p["label"] for p in control.phones()}[LANDLINE] == "Office"
        with pytest.raises(SendError, match="21610"):
            TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", second.base, line.base).send(text_to(BEA))
    finally:
        second.close()


def environment(line: Line, data_dir: Path, **changes: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "PUBLIC_URL": line.base, "TWILIO_FROM": OURS,
            "TWILIO_ACCOUNT_SID": SIMULATED_ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, **changes}  # fmt: skip


def test_it_runs_as_a_process_and_says_where(line: Line, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", "bot.simulator"], cwd=ROOT, env=environment(line, tmp_path),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            control = Control(said.split()[-1], TOKEN)
            control.text(ANA, "", "the secret word")
            (call,) = line.wait_for(1, inbound)
            assert signed(call, line.base)
            settle(control)
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert (out, err) == ("", ""), "nothing of a text is ever printed"
    assert (tmp_path / "carrier.sqlite3").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID"),
        ({"QUIETLINE_SIMULATOR_PORT": "x"}, "QUIETLINE_SIMULATOR_PORT"),
        ({"PUBLIC_URL": "line"}, "PUBLIC_URL"),
    ],
)
def test_a_bad_setting_is_named(line: Line, tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        SimulatorSettings.from_env(environment(line, tmp_path, **changes))


def test_a_taken_port_is_one_clear_line(line: Line, tmp_path: Path) -> None:
    port = line.base.rsplit(":", 1)[1]
    ran = subprocess.run([sys.executable, "-m", "bot.simulator"], cwd=ROOT, text=True, capture_output=True,
                         env=environment(line, tmp_path, QUIETLINE_SIMULATOR_PORT=port), timeout=30)  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr == "QUIETLINE_SIMULATOR_PORT is taken by another process.\n"


def test_a_text_emptied_at_the_carrier_stays_on_the_phone(twilio: TwilioCarrier, control: Control) -> None:
    since = datetime.now(UTC)
    sid = twilio.send(text_to(ANA, "kept on the phone"))
    settle(control)
    twilio.redact(sid)
    assert [message.body for message in twilio.look_up(to=ANA, since=since)] == [""]
    assert [text["body"] for text in control.thread(ANA)] == ["kept on the phone"]


def test_a_text_whose_words_are_discarded_is_shown_without_them(simulator, line: Line, control: Control) -> None:  # type: ignore[no-untyped-def]
    carrier = TwilioCarrier(ACCOUNT, TOKEN, (OURS,), "", simulator.base, line.base, ("content",))
    since = datetime.now(UTC)
    carrier.send(text_to(ANA, "kept on the phone"))
    assert [message.body for message in carrier.look_up(to=ANA, since=since)] == [""]
    assert [text["body"] for text in control.thread(ANA)] == ["kept on the phone"]


def test_what_the_first_address_does_not_take_goes_to_the_second_with_the_reason(line: Line) -> None:
    server = SimulatorServer(
        settings_for(line, inbound_url=f"{line.base}/twilio/inbound#rc=0", fallback_url=f"{line.base}/twilio/fallback")
    ).start()
    line.answers.append(Answer(500))
    Control(server.base, TOKEN).text(ANA, OURS, "hi")
    (call,) = line.wait_for(1, lambda call: call.path == "/twilio/fallback")
    server.close()
    assert signed(call, line.base)
    assert (call.form["ErrorCode"], call.form["ErrorUrl"]) == ("11200", f"{line.base}/twilio/inbound")
    assert call.form["Body"] == "hi"
