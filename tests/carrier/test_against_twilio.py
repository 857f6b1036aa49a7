"""Do the adapter and the simulator speak Twilio's API? Every exchange against Twilio's own OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.exceptions import OpenAPIError

from bot.adapters.twilio import TwilioCarrier
from bot.errors import SendError
from bot.simulator.control import Control
from bot.simulator.server import SimulatorServer
from tests.carrier.line import ACCOUNT, ANA, BEA, LANDLINE, OURS, TOKEN, Line, settings_for, settle, text_to
from tests.carrier.spec import HERE, LOOKUP, PARTS, extract

SHARED = HERE.parents[1].parent / "shared" / "data" / "twilio"
API = f"/2010-04-01/Accounts/{ACCOUNT}"
AUTH = (ACCOUNT, TOKEN)


@pytest.mark.parametrize("ours", PARTS)
def test_our_extract_is_twilios_own_words(ours: str) -> None:
    theirs, paths = PARTS[ours]
    held = json.loads((HERE / ours).read_text(encoding="utf-8"))
    assert set(held["paths"]) == set(paths)
    if (whole := SHARED / theirs).exists():
        assert held == extract(json.loads(whole.read_text(encoding="utf-8")), paths)


class Checker:
    """Holds every exchange it sees against the documents. Their servers are replaced by where we call."""

    def __init__(self, base: str) -> None:
        self._apis = {}
        for ours in PARTS:
            document = json.loads((HERE / ours).read_text(encoding="utf-8"))
            for path in document["paths"].values():
                path["servers"] = [{"url": base}]
            self._apis[ours] = OpenAPI.from_dict(document)
        self.seen: list[tuple[str, str, int]] = []

    def check(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        """A requests hook. Raises OpenAPIError for a request or a success that Twilio's document does not allow."""
        path = response.request.path_url
        api = self._apis[_document_of(path)]
        request = RequestsOpenAPIRequest(response.request)
        if response.status_code < 400:  # Twilio describes no error
            api.validate_request(request)
            api.validate_response(request, RequestsOpenAPIResponse(response))
        self.seen.append((str(response.request.method), path.partition("?")[0], response.status_code))


def _document_of(path: str) -> str:
    if path.startswith("/v"):
        return "twilio_lookups.json" if path.startswith("/v2/") else "twilio_messaging.json"
    return "twilio_messages.json" if "/Messages" in path else "twilio_account.json"


@pytest.fixture
def checker(simulator: SimulatorServer) -> Checker:
    return Checker(simulator.base)


@pytest.fixture
def checked(twilio: TwilioCarrier, checker: Checker) -> TwilioCarrier:
    twilio._client.http_client.request_hooks = {"response": [checker.check]}
    return twilio


@pytest.fixture
def api(simulator: SimulatorServer, checker: Checker) -> Iterator[requests.Session]:
    """A session of our own, checked too. Call with `url(simulator, …)`."""
    with requests.Session() as session:
        session.auth, session.trust_env = AUTH, False
        session.hooks["response"].append(checker.check)
        yield session


def test_everything_the_adapter_does(checked: TwilioCarrier, checker: Checker, control: Control) -> None:
    since = datetime.now(UTC)
    sid = checked.send(text_to(ANA, "Hola, ¿qué necesitas? 🙂"))
    control.text(ANA, OURS, "a place", media=1)
    checked.look_up(to=ANA, since=since)
    checked.inbound_since(since)
    settle(control)
    checked.redact(sid)
    for number in (ANA, LANDLINE, "+1555"):
        checked.line_type(number)
    assert [(method, status) for method, _, status in checker.seen] == [
        ("POST", 201), ("GET", 200), ("GET", 200), ("POST", 200), ("GET", 200), ("GET", 200), ("GET", 200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("senders", "service", "seen"),
    [((OURS, "262966"), "", [(OURS, True), ("262966", True)]),
     ((OURS, "+12105550999"), "", [(OURS, True), ("+12105550999", False)]),
     ((OURS,), "MG" + "5e" * 16, [("MG" + "5e" * 16, True)]),
     ((OURS,), "MG" + "00" * 16, [("MG" + "00" * 16, False)])],
)  # fmt: skip
def test_what_a_doctor_reads(line: Line, senders: tuple[str, ...], service: str, seen: list[tuple[str, bool]]) -> None:
    server = SimulatorServer(
        settings_for(line, numbers=(OURS, "262966"), messaging_service_sid="MG" + "5e" * 16, fallback_url="http://f/x")
    ).start()
    carrier = TwilioCarrier(ACCOUNT, TOKEN, senders, service, server.base, line.base)
    checker = Checker(server.base)
    carrier._client.http_client.request_hooks = {"response": [checker.check]}
    setup = carrier.inspect()
    server.close()
    assert setup.active
    assert setup.now is not None
    assert abs((setup.now - datetime.now(UTC)).total_seconds()) < 5
    assert [(s.name, s.known) for s in setup.senders] == seen
    assert {(s.inbound, s.inbound_method, s.fallback, s.can_text) for s in setup.senders if s.known} <= {
        (f"{line.base}/twilio/inbound", "POST", "http://f/x", True)
    }


def test_a_service_that_leaves_it_to_its_numbers_is_read_number_by_number(line: Line) -> None:
    service = "MG" + "5e" * 16
    server = SimulatorServer(settings_for(line, messaging_service_sid=service, numbers_own_webhooks=True)).start()
    setup = TwilioCarrier(ACCOUNT, TOKEN, (), service, server.base, line.base).inspect()
    server.close()
    assert [(s.name, s.inbound) for s in setup.senders] == [(OURS, f"{line.base}/twilio/inbound")]


@pytest.mark.parametrize(
    ("token", "base", "code"), [("wrong", "", "20003"), (TOKEN, "http://127.0.0.1:9", "unreachable")]
)
def test_a_doctor_is_told_what_is_wrong_with_the_way_in(
    simulator: SimulatorServer, token: str, base: str, code: str
) -> None:
    with pytest.raises(SendError) as caught:
        TwilioCarrier(ACCOUNT, token, (OURS,), "", base or simulator.base, "https://line.example.org").inspect()
    assert caught.value.code == code


def test_fetch_delete_and_after(
    api: requests.Session, simulator: SimulatorServer, twilio: TwilioCarrier, control: Control
) -> None:
    sid = twilio.send(text_to(ANA, "once"))
    settle(control)
    one = f"{simulator.base}{API}/Messages/{sid}.json"
    shown = api.get(one).json()
    assert (shown["sid"], shown["body"], shown["status"], shown["direction"]) == (
        sid, "once", "delivered", "outbound-api",
    )  # fmt: skip
    assert api.delete(one).status_code == 204
    for answer in (api.get(one), api.delete(one), api.post(one, data={"Body": ""})):
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_pages_hold_every_text_once_while_more_arrive(
    api: requests.Session, simulator: SimulatorServer, control: Control
) -> None:
    for i in range(7):
        control.text(ANA, OURS, f"text {i}")
    address: str | None = f"{API}/Messages.json?PageSize=3"
    seen: list[str] = []
    while address and len(seen) < 20:
        page = api.get(simulator.base + address).json()
        seen += [m["body"] for m in page["messages"]]
        control.text(BEA, OURS, "later")
        address = page["next_page_uri"]
    assert seen == [f"text {i}" for i in reversed(range(7))]


def test_the_sdk_follows_pages(checked: TwilioCarrier, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.twilio.PAGE", 2)
    since = datetime.now(UTC)
    sids = [checked.send(text_to(ANA, f"{i}")) for i in range(5)]
    assert [m.provider_sid for m in checked.look_up(to=ANA, since=since)] == sids[::-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"To": OURS}, 2),
        ({"From": ANA}, 1),
        ({"To": OURS, "From": BEA}, 1),
        ({"DateSent>": "2020-01-01"}, 2),
        ({"DateSent>": "2020-01-01T10:00:00Z"}, 2),
        ({"DateSent<": "2020-01-01"}, 0),
        ({"DateSent>": "2120-01-01"}, 0),
        ({"DateSent": "2020-01-01"}, 0),
        ({"DateSent": "TODAY"}, 2),
        ({"DateSent<": "TODAY", "DateSent>": "TODAY"}, 2),
    ],
)
def test_filters(simulator: SimulatorServer, control: Control, query: dict[str, str], found: int) -> None:
    before = datetime.now(UTC).date()
    control.text(ANA, OURS, "one")
    control.text(BEA, OURS, "two")
    asked = {name: before.isoformat() if value == "TODAY" else value for name, value in query.items()}
    answer = requests.get(f"{simulator.base}{API}/Messages.json", params=asked, auth=AUTH, timeout=5)
    assert len(answer.json()["messages"]) == found or before != datetime.now(UTC).date()


def test_a_text_that_has_not_left_has_no_date_sent(line: Line, simulator: SimulatorServer, control: Control,
                                                   twilio: TwilioCarrier) -> None:  # fmt: skip
    """Why the adapter's look-up must not filter by DateSent."""
    object.__setattr__(simulator.carrier.settings, "receipt_delay_s", 3600.0)
    since = datetime.now(UTC)
    sid = twilio.send(text_to(ANA))
    listed = requests.get(f"{simulator.base}{API}/Messages.json", params={"DateSent>": "2020-01-01"}, auth=AUTH,
                          timeout=5).json()  # fmt: skip
    assert listed["messages"] == []
    assert [m.provider_sid for m in twilio.look_up(to=ANA, since=since)] == [sid]
    one = f"{simulator.base}{API}/Messages/{sid}.json"
    for answer in (requests.delete(one, auth=AUTH, timeout=5), requests.post(one, {"Body": ""}, auth=AUTH, timeout=5)):
        assert (answer.status_code, answer.json()["code"]) == (409, 20009)
    canceled = requests.post(one, {"Status": "canceled"}, auth=AUTH, timeout=5)
    assert canceled.json()["status"] == "canceled"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 21604),
        ({"To": ANA}, 21603),
        ({"To": ANA, "From": OURS}, 21619),
        ({"To": "5550123", "From": OURS, "Body": "x"}, 21211),
        ({"To": ANA, "From": "+12105550199", "Body": "x"}, 21606),
        ({"To": ANA, "From": OURS, "Body": "x", "StatusCallback": "not an address"}, 21609),
        ({"To": ANA, "From": OURS, "Body": "x", "StatusCallback": "https://under_score.example/"}, 21609),
        ({"To": ANA, "From": OURS, "Body": "x", "ValidityPeriod": "0"}, 21630),
        ({"To": ANA, "From": OURS, "Body": "x", "ValidityPeriod": "soon"}, 21630),
    ],
)
def test_errors_look_like_twilios(simulator: SimulatorServer, form: dict[str, str], code: int) -> None:
    answer = requests.post(f"{simulator.base}{API}/Messages.json", data=form, auth=AUTH, timeout=5)
    assert answer.status_code == 400
    document = answer.json()
    assert (document["code"], document["status"]) == (code, 400)
    assert document["more_info"].endswith(f"/{code}")
    assert document["message"]


@pytest.mark.parametrize(
    ("account", "auth", "code"),
    [
        (ACCOUNT, None, 20003),
        (ACCOUNT, (ACCOUNT, "wrong"), 20003),
        (ACCOUNT, ("AC" + "0" * 32, TOKEN), 20003),
        (ACCOUNT, (ACCOUNT, "é"), 20003),
        ("AC" + "0" * 32, AUTH, 20404),
    ],
)
def test_only_the_account_gets_in(
    simulator: SimulatorServer, account: str, auth: tuple[str, str] | None, code: int
) -> None:
    for path in (f"/2010-04-01/Accounts/{account}/Messages.json", f"/2010-04-01/Accounts/{account}/Messages/SM1.json"):
        answer = requests.get(simulator.base + path, auth=auth, timeout=5)
        assert answer.json()["code"] == code


def test_the_checker_sees_a_wrong_answer(checker: Checker, simulator: SimulatorServer, twilio: TwilioCarrier) -> None:
    """A check that cannot fail proves nothing."""
    sid = twilio.send(text_to(ANA))
    good = requests.get(f"{simulator.base}{API}/Messages/{sid}.json", auth=AUTH, timeout=5)
    checker.check(good)
    for change in ({"sid": "XX1"}, {"status": "gone"}, {"num_segments": 1}, {"account_sid": "AC1"}):
        bad = deepcopy(good)
        bad._content = json.dumps({**good.json(), **change}).encode()
        with pytest.raises(OpenAPIError):
            checker.check(bad)
    unsigned = requests.get(f"{simulator.base}/v2/PhoneNumbers/{ANA}", auth=AUTH, timeout=5)
    del unsigned.request.headers["Authorization"]
    with pytest.raises(OpenAPIError):
        checker.check(unsigned)


def test_where_the_shared_documents_would_be() -> None:
    assert Path(SHARED).parts[-3:] == ("shared", "data", "twilio")
    assert LOOKUP in json.loads((HERE / "twilio_lookups.json").read_text(encoding="utf-8"))["paths"]
