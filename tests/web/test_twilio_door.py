"""The carrier's door: signed or refused, whole or refused, and 200 only for what is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator

from bot.adapters.twilio import SignatureCheck
from bot.settings import SIMULATED_ACCOUNT
from bot.store.messages import messages
from bot.web import twilio as door
from tests.usecases.line import the_line
from tests.web.line import app_on

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
