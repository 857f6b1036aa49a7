"""A call by a browser's push service, over HTTP: who it says calls, that it holds nothing, and what becomes of a device
that is no more."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from bot.adapters.fake_carrier import FakeCarrier
from bot.adapters.pagers import Pagers
from bot.adapters.push import WebPush
from bot.app import build
from bot.errors import PageFailed, PageGone
from bot.ports import Page
from bot.rules.push_service import is_allowed
from bot.services import Services
from bot.store import pages
from bot.store.audit import audit
from bot.usecases import page_staff, subscribe_push
from bot.usecases.examine import examine
from bot.usecases.refusal import Refused
from bot.usecases.send_pages import send_pages
from tests.faults.desk import Desk
from tests.usecases.line import TheLine, the_line
from tests.web.line import settings_for

CONTACT = "mailto:desk@example.org"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class PushService:
    """What a browser's maker runs, and one device of ours that is subscribed there."""

    answers: int = 201
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"
    port: int = 0

    @property
    def subscription(self) -> dict[str, object]:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        endpoint = f"http://127.0.0.1:{self.port}/wpush/v2/device"
        return {"endpoint": endpoint, "keys": {"p256dh": b64(point), "auth": b64(self.auth)}}

    def opened(self, nth: int = -1) -> bytes:
        return http_ece.decrypt(self.calls[nth][1], private_key=self.key, auth_secret=self.auth, version="aes128gcm")


@pytest.fixture
def service() -> Iterator[PushService]:
    made = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.calls.append((headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(made.answers)
            if made.answers in (301, 307):
                self.send_header("Location", f"http://127.0.0.1:{made.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    yield made
    server.shutdown()
    serving.join(5)
    server.server_close()


@pytest.fixture
def push(service: PushService) -> WebPush:
    return WebPush("s" * 40, CONTACT, partial(is_allowed, services=(f"127.0.0.1:{service.port}",)))


@pytest.fixture
def line(sqlite_database, clock, service: PushService, push: WebPush) -> TheLine:  # type: ignore[no-untyped-def]
    made = the_line(sqlite_database, clock, PUSH_CONTACT=CONTACT, PUSH_SERVICES=f"127.0.0.1:{service.port}")
    pager = Pagers(FakeCarrier(clock), push=push)
    return replace(made, services=replace(made.services, push_key=push.public_key, pager=pager))


def test_it_says_who_calls_and_nothing_else(service: PushService, push: WebPush) -> None:
    address = {"endpoint": service.subscription["endpoint"], **service.subscription["keys"]}  # type: ignore[dict-item]
    push.call(json.dumps(address))
    (headers, sealed), = service.calls
    assert service.opened() == b"."
    assert len(sealed) < 200
    assert (headers["ttl"], headers["urgency"]) == ("600", "high")
    token, key = (part.split("=", 1)[1] for part in headers["authorization"].removeprefix("vapid ").split(","))
    assert key == push.public_key
    public = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    )
    said = jwt.decode(token, public, algorithms=["ES256"], audience=f"http://127.0.0.1:{service.port}")
    assert set(said) == {"aud", "exp", "sub"}
    assert said["sub"] == CONTACT


def test_every_process_calls_with_the_same_key() -> None:
    first, second = (WebPush("s" * 40, CONTACT, lambda _: True) for _ in range(2))
    assert first.public_key == second.public_key != WebPush("t" * 40, CONTACT, lambda _: True).public_key


@pytest.mark.parametrize(("answer", "error"), [(410, PageGone), (404, PageGone), (429, PageFailed), (500, PageFailed),
                                               (307, PageFailed)])  # fmt: skip
def test_what_the_service_answers(service: PushService, push: WebPush, answer: int, error: type[PageFailed]) -> None:
    service.answers = answer
    address = {"endpoint": service.subscription["endpoint"], **service.subscription["keys"]}  # type: ignore[dict-item]
    with pytest.raises(PageFailed) as raised:
        push.call(json.dumps(address))
    assert type(raised.value) is error
    assert "127.0.0.1" not in str(raised.value)
    assert len(service.calls) == 1, "a redirect was followed"


def test_an_address_that_is_not_allowed_any_more_is_not_called(service: PushService) -> None:
    address = {"endpoint": service.subscription["endpoint"], **service.subscription["keys"]}  # type: ignore[dict-item]
    strict = WebPush("s" * 40, CONTACT, partial(is_allowed, services=("fcm.googleapis.com",)))
    with pytest.raises(PageFailed):
        strict.call(json.dumps(address))
    assert service.calls == []


def test_a_device_is_one_more_channel_and_when_it_is_gone_the_next_follows(line: TheLine, service: PushService) -> None:
    desk = Desk(line)
    ana = desk.colleague("Ana")
    database, services = line.database, line.services
    made = subscribe_push.subscribe(database, services, staff_id=ana, sent=service.subscription, device="Firefox")
    assert isinstance(made, str)
    assert send_pages(database, services) == 1  # it is tried at once
    desk.hears(ana)
    with database.transaction() as tx:
        (channel,) = pages.channels_of(tx, [ana])
        assert (channel.kind, channel.name, channel.proved_at) == ("push", "Firefox", tx.now)
        pages.add_channel(tx, ana, "sms", "+12105550133")
        page_staff.call(tx, services, [ana], why="waits", tier="P0", occasion="x")
    service.answers = 410
    send_pages(database, services)
    assert len(service.calls) == 2
    with database.reading() as tx:
        assert [one.kind for one in pages.channels_of(tx, [ana])] == ["sms"]
        calls = tx.conn.execute(select(pages.pages.c.state, pages.pages.c.due_at)).all()
        acts = tx.conn.execute(select(audit.c.act)).scalars().all()
    assert [state for state, _ in calls] == ["sent"], "the text left in the same round"
    assert "channel_gone" in acts


def test_a_device_that_changes_hands_calls_whoever_has_it_now(line: TheLine, service: PushService) -> None:
    desk = Desk(line)
    ana, luis = desk.colleague("Ana"), desk.colleague("Luis")
    for who in (ana, ana, luis):
        subscribe_push.subscribe(line.database, line.services, staff_id=who, sent=service.subscription, device="Chrome")
    with line.database.reading() as tx:
        assert [one.staff_id for one in pages.channels_of(tx, [ana, luis])] == [luis]


def test_a_line_that_names_a_contact_calls_browsers_and_another_does_not(sqlite_url: str) -> None:
    on, off = (build(settings_for(sqlite_url, PUSH_CONTACT=contact)) for contact in (CONTACT, ""))
    assert (len(on.push_key), off.push_key) == (87, "")
    page = Page("a" * 32, "push", json.dumps({"endpoint": "https://evil.example/"}), "", "waits", "P0", "2345")
    for services, why in ((on, "address"), (off, "no such channel")):
        with pytest.raises(PageFailed, match=why):
            services.pager.reach(page)
        services.database.engine.dispose()


def test_the_doctor_says_how_it_stands(line: TheLine, service: PushService) -> None:
    def said(services: Services) -> tuple[bool, str]:
        (found,) = [one for one in examine(services) if one.part == "push"]
        return found.good, found.words

    assert said(replace(line.services, push_key="")) == (True, "off: no browser is called; PUSH_CONTACT switches it on")
    assert said(line.services) == (True, "on: 0 devices, 0 of them proven")
    ana = Desk(line).colleague("Ana")
    subscribe_push.subscribe(line.database, line.services, staff_id=ana, sent=service.subscription, device="Chrome")
    service.answers = 500
    send_pages(line.database, line.services)
    good, words = said(line.services)
    assert (good, "1 could not be called lately" in words) == (False, True)


def test_switched_off_nobody_subscribes_and_nobody_is_called(line: TheLine, service: PushService) -> None:
    desk = Desk(line)
    ana = desk.colleague("Ana")
    subscribe_push.subscribe(line.database, line.services, staff_id=ana, sent=service.subscription, device="Chrome")
    off = replace(line.services, push_key="", pager=Pagers(FakeCarrier(line.clock)))
    refused = subscribe_push.subscribe(line.database, off, staff_id=ana, sent=service.subscription, device="Chrome")
    assert isinstance(refused, Refused)
    for _ in range(4):
        assert send_pages(line.database, off) == 0
        line.clock.advance(timedelta(minutes=1))
    assert service.calls == []
