"""Whose webhook is it? The cases of `stack.md` 3.3, and that our faster check gives the SDK's own verdict."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from bot.adapters.twilio import SignatureCheck
from bot.simulator.webhooks import sign
from tests.carrier.line import ACCOUNT

TOKEN, NEXT_TOKEN = "primary-token", "secondary-token"
ORIGIN = "https://line.example.org"
PATH = "/twilio/inbound"
FORM = MultiDict([("AccountSid", ACCOUNT), ("Body", "Hola ¿qué? 🙂\r\n\0"), ("From", "+12105550123"), ("FromCity", "")])


def accepted(
    form: MultiDict[str, str] = FORM, *, signature: str | None = None, signed_url: str = ORIGIN + PATH,
    path: str = PATH, query: str = "", origin: str = ORIGIN, tokens: tuple[str, ...] = (TOKEN,), account: str = ACCOUNT,
) -> bool:  # fmt: skip
    header = sign(signed_url, form, TOKEN) if signature is None else signature
    return SignatureCheck(tokens, origin, account).accepts(path, query, form, header, form.get("AccountSid"))


def test_what_the_carrier_signed_is_accepted() -> None:
    assert accepted()


@pytest.mark.parametrize("header", ["", "=", "x" * 28, "é", "A" * 100_000])
def test_a_missing_or_foreign_signature_is_not(header: str) -> None:
    assert not accepted(signature=header)


def test_no_header_at_all_is_not_and_never_raises() -> None:
    assert not SignatureCheck((TOKEN,), ORIGIN, ACCOUNT).accepts(PATH, "", FORM, None, ACCOUNT)
    assert not SignatureCheck((TOKEN,), ORIGIN, ACCOUNT).accepts(PATH, "", MultiDict(), None, None)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (MultiDict([*FORM.items(multi=True), ("Extra", "1")]), "a field was added"),
        (MultiDict([(k, v) for k, v in FORM.items(multi=True) if k != "FromCity"]), "an empty field was dropped"),
        (MultiDict([*FORM.items(multi=True), ("Body", "STOP")]), "a second value was added"),
        (MultiDict([(k, "STOP" if k == "Body" else v) for k, v in FORM.items(multi=True)]), "a field was changed"),
    ],
)
def test_a_changed_form_is_refused(form: MultiDict[str, str], why: str) -> None:
    assert not accepted(form, signature=sign(ORIGIN + PATH, FORM, TOKEN)), why


@pytest.mark.parametrize(
    ("path", "query"),
    [("/twilio/status", ""), (PATH, "m=2"), (PATH, "m=1&m=2"), ("/twilio/inbound/", ""), ("/TWILIO/inbound", "")],
)
def test_another_address_is_refused(path: str, query: str) -> None:
    assert not accepted(path=path, query=query)


def test_a_repeated_field_counts_with_every_value() -> None:
    form = MultiDict([("AccountSid", ACCOUNT), ("Media", "b"), ("Media", "a"), ("Media", "a")])
    assert accepted(form)
    assert not accepted(MultiDict(form.to_dict()), signature=sign(ORIGIN + PATH, form, TOKEN))


@pytest.mark.parametrize("query", ["m=caf%C3%A9", "m=a%20b", "m=a+b", "m=%2B1&x=", "m=1&&", "m=%zz"])
def test_the_query_counts_as_it_was_spelled(query: str) -> None:
    assert accepted(query=query, signed_url=f"{ORIGIN}{PATH}?{query}")


def test_raw_path_and_query_survive_a_proxy() -> None:
    """What Werkzeug calls `request.url` is decoded and has the proxy's scheme; the raw form is the carrier's."""
    spelled = "/twilio/caf%C3%A9"
    url = f"{ORIGIN}{spelled}?m=a%20b"
    environ = EnvironBuilder(path=spelled, query_string="m=a%20b", base_url="http://10.0.0.7:8000",
                             method="POST", data=FORM).get_environ()  # fmt: skip
    environ["RAW_URI"] = f"{spelled}?m=a%20b"
    request = Request(environ)
    raw_path, _, raw_query = request.environ["RAW_URI"].partition("?")
    header = sign(url, request.form, TOKEN)
    assert accepted(request.form, signature=header, path=raw_path, query=raw_query)
    assert not RequestValidator(TOKEN).validate(request.url, request.form, header)


@pytest.mark.parametrize(
    ("origin", "signed_origin", "good"),
    [
        (ORIGIN, ORIGIN + ":443", True),
        (ORIGIN + ":443", ORIGIN, True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", True),
        (ORIGIN + ":8443", ORIGIN + ":8443", True),
        (ORIGIN, ORIGIN + ":8443", False),
        ("https://line.example.org", "http://line.example.org", False),
        ("https://line.example.org", "https://other.example.org", False),
    ],
)
def test_ports_and_origins(origin: str, signed_origin: str, good: bool) -> None:
    assert accepted(origin=origin, signed_url=signed_origin + PATH) is good


def test_both_tokens_are_good_while_one_is_rotated() -> None:
    assert accepted(tokens=(NEXT_TOKEN, TOKEN))
    assert not accepted(tokens=(NEXT_TOKEN,))
    assert not accepted(tokens=())


@pytest.mark.parametrize("account", ["AC" + "0" * 32, ""])
def test_another_account_is_refused_even_when_signed(account: str) -> None:
    assert not accepted(MultiDict([("AccountSid", account), ("Body", "hi")]))
    assert not accepted(MultiDict([("Body", "hi")]))


def test_a_json_body_brings_no_fields_and_so_no_account() -> None:
    """The SDK leaves the body unchecked when a JSON webhook's form is a mapping: ours has no account then."""
    query = "bodySHA256=" + "0" * 64
    empty: MultiDict[str, str] = MultiDict()
    header = sign(f"{ORIGIN}{PATH}?{query}", {}, TOKEN)
    assert RequestValidator(TOKEN).validate(f"{ORIGIN}{PATH}?{query}", empty, header)
    assert not accepted(empty, signature=header, query=query)


def test_what_cannot_be_encoded_is_refused_not_raised() -> None:
    form = MultiDict([("AccountSid", ACCOUNT), ("Body", "\ud800")])
    assert not accepted(form, signature="x" * 28)
    assert not accepted(path="/twilio/\ud800", signature="x" * 28)


NAMES = st.text(string.ascii_letters + "é", min_size=1, max_size=5)
FORMS = st.lists(st.tuples(NAMES, st.text(max_size=8)), max_size=6)
ORIGINS = st.sampled_from([ORIGIN, ORIGIN + ":443", ORIGIN + ":8443", "http://line.example.org", "http://[::1]:8000"])
QUERIES = st.sampled_from(["", "m=1", "m=%20", "?", "a=b?c", "x=#y", "bodySHA256=00"])


@settings(max_examples=300, deadline=None)
@given(FORMS, ORIGINS, ORIGINS, QUERIES, st.booleans())
def test_every_verdict_is_the_sdks_own(
    fields: list[tuple[str, str]], origin: str, signed_origin: str, query: str, change: bool
) -> None:
    form = MultiDict([*fields, ("AccountSid", ACCOUNT)])
    tail = PATH + ("?" + query if query else "")
    header = RequestValidator(TOKEN).compute_signature(signed_origin + tail, form)
    if change:
        form.add("Body", "more")
    oracle = RequestValidator(TOKEN).validate(origin + tail, form, header)
    account = form.get("AccountSid")
    expected = oracle and account == ACCOUNT
    check = SignatureCheck((TOKEN,), origin, ACCOUNT)
    assert check.accepts(PATH, query, form, header, account) is expected
