"""The carrier's door: signed or refused, whole or refused, and 200 only for what is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator

from bot import metrics
from bot.adapters.twilio import SignatureCheck
from bot.settings import SIMULATED_ACCOUNT
from bot.store import handoffs, schema
from bot.store.conversations import conversations
from bot.store.messages import messages
from bot.usecases import receive as receiving
from bot.usecases import turn
from bot.web import twilio as door
from tests.usecases.line import the_line
from tests.web.line import Browser, add_account, app_on

TOKEN = "t" * 32
ORIGIN = "https://line.example.org"
FIELDS = {
    "MessageSid": "SM1", "AccountSid": SIMULATED_ACCOUNT, "From": "+12105550142", "To": "+12105550100", "Body": "hi",
    "NumMedia": "0",
}  # fmt: skip


@pytest.fixture
def line(sqlite_database, clock):  # type: ignore[no-untyped-def]
    return the_line(sqlite_database, clock)


@pytest.fixture
def client(line):  # type: ignore[no-untyped-def]
    services = replace(line.services, signature=SignatureCheck((TOKEN,), ORIGIN, SIMULATED_ACCOUNT))
    return app_on(services).test_client()


def post(client, fields=None, *, path="/twilio/inbound", signature=None, headers=None):  # type: ignore[no-untyped-def]
    fields = FIELDS if fields is None else fields
    signature = RequestValidator(TOKEN).compute_signature(ORIGIN + path, fields) if signature is None else signature
    headers = {"X-Twilio-Signature": signature, **(headers or {})}
    return client.post(path, data=fields, headers=headers, environ_overrides={"RAW_URI": path})


def kept(line) -> int:  # type: ignore[no-untyped-def]
    with line.database.reading() as tx:
        return int(tx.conn.execute(select(func.count()).select_from(messages)).scalar_one())


def test_a_signed_text_is_kept_and_the_answer_is_not_in_the_twiml(client, line) -> None:
    answer = post(client)
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert answer.get_data(as_text=True).endswith("<Response/>")
    assert kept(line) == 2
    assert "Set-Cookie" not in answer.headers


def test_behind_a_proxy_the_public_address_is_what_counts(client, line) -> None:
    answer = post(client, headers={"Host": "10.0.0.7:8000", "X-Forwarded-Proto": "https"})
    assert answer.status_code == 200


@pytest.mark.parametrize("signature", ["", "no", "YWJj", "ü", "x" * 5000])
def test_a_wrong_signature_is_refused_and_nothing_is_kept(client, line, signature) -> None:
    answer = post(client, signature=signature.encode("utf-8").decode("latin-1"))
    assert (answer.status_code, answer.mimetype, kept(line)) == (403, "text/xml", 0)


def test_no_signature_is_refused(client, line) -> None:
    assert client.post("/twilio/inbound", data=FIELDS).status_code == 403
    assert kept(line) == 0


def test_one_letter_changed_after_signing_is_refused(client, line) -> None:
    signature = RequestValidator(TOKEN).compute_signature(ORIGIN + "/twilio/inbound", FIELDS)
    assert post(client, {**FIELDS, "Body": "ho"}, signature=signature).status_code == 403


def test_another_account_is_refused(client, line) -> None:
    assert post(client, {**FIELDS, "AccountSid": "AC" + "0" * 32}).status_code == 403


def test_replayed_it_changes_nothing(client, line) -> None:
    assert [post(client).status_code for _ in range(3)] == [200, 200, 200]
    assert kept(line) == 2


def test_parameters_nobody_knows_are_ignored(client, line) -> None:
    assert post(client, {**FIELDS, "Moon": "full", "FromCity": ""}).status_code == 200


@pytest.mark.parametrize("lost", ["MessageSid", "From"])
@pytest.mark.parametrize("value", [None, ""])
def test_without_what_it_needs_it_is_malformed(client, line, lost, value) -> None:
    fields = {k: v for k, v in FIELDS.items() if k != lost} | ({} if value is None else {lost: value})
    assert post(client, fields).status_code == 400
    assert kept(line) == 0


@pytest.mark.parametrize("media", ["", "x", "-1", "999999999999", "٣"])
def test_a_number_of_pictures_that_is_none_is_zero(client, line, media) -> None:
    assert post(client, {**FIELDS, "NumMedia": media}).status_code == 200


def test_when_nothing_could_be_kept_the_carrier_is_told_to_try_again(client, line, monkeypatch) -> None:
    def down(*_args: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server is gone"))

    monkeypatch.setattr(door, "receive", down)
    answer = post(client)
    assert (answer.status_code, answer.mimetype) == (503, "text/xml")
    monkeypatch.undo()
    assert post(client).status_code == 200
    assert kept(line) == 2


def test_get_is_not_a_text(client) -> None:
    assert client.get("/twilio/inbound").status_code == 405


def test_a_receipt_is_taken_by_our_own_id(client, line) -> None:
    post(client)
    line.deliver()
    with line.database.reading() as tx:
        row = tx.conn.execute(select(messages).where(messages.c.direction == "out")).one()
    fields = {"MessageSid": row.provider_sid, "AccountSid": SIMULATED_ACCOUNT, "MessageStatus": "delivered"}
    assert post(client, fields, path=f"/twilio/status?m={row.message_id}").status_code == 204
    assert line.statuses() == [("C1", "delivered", None)]


def test_an_unsigned_receipt_is_refused(client) -> None:
    assert client.post("/twilio/status?m=x", data={"MessageStatus": "delivered"}).status_code == 403


def test_nothing_of_the_text_is_logged(client, line, capfd) -> None:
    post(client, {**FIELDS, "Body": "my name is Maria and I am at 12 Elm Street"})
    post(client, {**FIELDS, "Body": "again"}, signature="wrong")
    logged = "".join(capfd.readouterr())
    for word in ("Maria", "Elm", "2105550142", "again", "SM1"):
        assert word not in logged


# --- The second address -------------------------------------------------------------------------------------------

FAILED = {**FIELDS, "ErrorCode": "11200", "ErrorUrl": "https://line.example.org/twilio/inbound"}


def test_what_the_first_address_did_not_take_the_second_does_once(client, line) -> None:
    assert post(client, FAILED, path="/twilio/fallback").status_code == 200
    assert kept(line) == 2
    assert post(client, FAILED, path="/twilio/fallback").status_code == 200
    assert post(client).status_code == 200
    assert kept(line) == 2


def test_the_second_address_is_signed_too(client, line) -> None:
    assert client.post("/twilio/fallback", data=FAILED).status_code == 403
    signature = RequestValidator(TOKEN).compute_signature(ORIGIN + "/twilio/inbound", FAILED)
    assert post(client, FAILED, path="/twilio/fallback", signature=signature).status_code == 403
    assert post(client, {**FAILED, "From": ""}, path="/twilio/fallback").status_code == 400
    assert kept(line) == 0


def test_a_fault_in_the_turn_is_tried_again_and_at_last_kept_for_a_person(client, line, monkeypatch) -> None:
    monkeypatch.setattr(turn, "step", _breaks)
    for _ in range(3):
        answer = post(client)
        assert (answer.status_code, answer.mimetype, kept(line)) == (503, "text/xml", 0)
    assert post(client, FAILED, path="/twilio/fallback").status_code == 200
    shown = line.shows()
    assert [m["body"] for m in shown["messages"]] == ["hi"]
    assert (shown["handoff"]["tier"], shown["handoff"]["reason"], shown["suppressed"]) == ("P1", "unread", False)
    assert line.pager.pages == [(shown["handoff"]["id"], "P1", 0)]
    monkeypatch.undo()
    assert post(client).status_code == 200
    assert post(client, {**FIELDS, "MessageSid": "SM2"}).status_code == 200
    assert line.said() == ["C1"], "the next text is read as ever"


@pytest.mark.parametrize("broken", ["turn", "understanding"])
def test_a_stop_counts_though_its_turn_broke(client, line, monkeypatch, broken) -> None:
    post(client)
    monkeypatch.setattr(turn, "step", _breaks)
    if broken == "understanding":
        monkeypatch.setattr(receiving, "understand", _breaks)
    stop = {**FAILED, "MessageSid": "SM2", "Body": "STOP"}
    assert post(client, stop, path="/twilio/fallback").status_code == 200
    shown = line.shows()
    assert shown["suppressed"] is (broken == "turn")
    assert shown["handoff"]["reason"] == "unread"
    if broken == "turn":
        assert line.deliver() == []


def _breaks(*_args: object, **_more: object) -> None:
    raise ZeroDivisionError


# --- What may come through the door -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/twilio/inbound", "/twilio/fallback", "/twilio/status?m=x"])
@pytest.mark.parametrize(
    ("data", "content_type"),
    [(b"{}", "application/json"), (b"\xff\xfe\x00", "application/x-www-form-urlencoded"), (b"", ""),
     (b"--x\r\n", "multipart/form-data; boundary=x"), (b"a=1&" * 400_000, "application/x-www-form-urlencoded")],
    ids=["json", "not text", "nothing", "half a form", "two megabytes"],
)  # fmt: skip
def test_what_is_no_form_is_refused_in_xml_and_nothing_is_kept(client, line, path, data, content_type) -> None:
    answer = client.post(path, data=data, content_type=content_type, headers={"X-Twilio-Signature": "x"})
    assert answer.status_code in (400, 403, 413)
    assert answer.mimetype == "text/xml", "the carrier would text anything plainer to the person"
    assert kept(line) == 0


@pytest.mark.parametrize("path", ["/twilio/inbound", "/twilio/nowhere", "/twilio/"])
def test_a_wrong_way_in_is_answered_in_xml_too(client, path) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) in ((404, "text/xml"), (405, "text/xml"))


@pytest.mark.parametrize(
    "body",
    ["", "x" * 1600, "😀😀", "\u202eolleh\u202c", "nul\x00l", "مرحبا", "a" * 3000, " \t\n "],
)
def test_strange_words_are_kept_and_answered(client, line, body) -> None:
    assert post(client, {**FIELDS, "Body": body}).status_code == 200
    shown = line.shows()
    assert [m["direction"] for m in shown["messages"]][:2] == ["in", "out"]
    assert "\x00" not in shown["messages"][0]["body"]


@pytest.mark.parametrize("sender", ["262966", "INFO-LINE", "+1", "anonymous"])
def test_a_sender_nobody_can_answer_is_kept_for_a_person(client, line, sender) -> None:
    assert post(client, {**FIELDS, "From": sender}).status_code == 200
    assert kept(line) == 1
    assert line.carrier.sent == []


def test_the_same_retry_with_the_carriers_token_changes_nothing(client, line) -> None:
    token = {"I-Twilio-Idempotency-Token": "5b1d8a06-2f51-4c9b-9c7f-7d6f0e6f1b7e"}
    assert [post(client, headers=token).status_code for _ in range(3)] == [200, 200, 200]
    assert kept(line) == 2


def test_each_refusal_is_counted(client) -> None:
    def total(reason: str) -> float:
        return metrics._counters.get_sample_value("quietline_refused_webhooks_total", {"reason": reason}) or 0.0

    reasons = ("unsigned", "signature", "malformed")
    before = [total(reason) for reason in reasons]
    client.post("/twilio/inbound", data=FIELDS)
    post(client, signature="wrong")
    post(client, {**FIELDS, "From": ""})
    assert [total(reason) for reason in reasons] == [n + 1 for n in before]


# --- What comes with a text ---------------------------------------------------------------------------------------


def media(*types: str) -> dict[str, str]:
    where = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME77private"
    came = {f"MediaContentType{n}": kind for n, kind in enumerate(types)}
    came |= {f"MediaUrl{n}": f"{where}{n}" for n in range(len(types))}
    return {**FIELDS, "NumMedia": str(len(types)), **came}


def test_a_picture_alone_gets_a_plain_answer_and_is_neither_fetched_nor_kept(client, line, capfd, monkeypatch) -> None:
    post(client)
    monkeypatch.setattr(requests.Session, "request", _breaks)
    assert post(client, {**media("image/jpeg"), "MessageSid": "MM1", "Body": ""}).status_code == 200
    assert line.said() == ["C1", "PIC"]
    with line.database.reading() as tx:
        row = tx.conn.execute(select(messages).where(messages.c.provider_sid == "MM1")).one()
        everything = "".join(str(tx.conn.execute(select(table)).all()) for table in schema.metadata.sorted_tables)
    assert (row.media, row.media_kinds) == (1, "picture")
    assert "ME77private" not in everything + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("types", "words"),
    [(("image/jpeg",), "A picture came with this"), (("image/png", "image/gif"), "2 files came with this: picture"),
     (("audio/amr", "text/vcard"), "2 files came with this: voice and contact"),
     (("application/pdf",), "A file came with this"), (("",), "A file came with this"),
     (("video/mp4; codecs=x",), "A video came with this")],
)  # fmt: skip
def test_the_advocate_sees_how_many_and_of_what_kind_and_no_address(client, line, types, words) -> None:
    post(client, media(*types))
    with line.database.transaction() as tx:
        (talk,) = tx.conn.execute(select(conversations.c.conversation_id)).scalars()
        handoffs.open_handoff(tx, conversation_id=talk, tier="P1", reason="human", next_at=tx.now,
                              promised_at=None)  # fmt: skip
    add_account(line.database, "ana@example.org", "Ana", "advocate")
    browser = Browser(app_on(line.services))
    browser.log_in("ana@example.org")
    page = browser.get(f"/desk/conversations/{talk}").get_data(as_text=True)
    assert words in page
    assert "api.twilio.com" not in page
    assert "<img" not in page
