"""Can a browser, or somebody who says they are one, make us call anything but a browser's own push service?"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bot.rules.push_service import is_allowed, subscription
from bot.settings import PUSH_SERVICES

KEYS = {"p256dh": base64.urlsafe_b64encode(b"\x04" + b"k" * 64).rstrip(b"=").decode(),
        "auth": base64.urlsafe_b64encode(b"a" * 16).rstrip(b"=").decode()}  # fmt: skip
GOOD = "https://fcm.googleapis.com/fcm/send/abc:def"


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        (GOOD, True),
        ("https://updates.push.services.mozilla.com/wpush/v2/gAAA", True),
        ("https://web.push.apple.com/QGu", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=BQ", True),
        ("https://fcm.googleapis.com:443/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilpush.apple.com.example/x", False),
        ("https://push.apple.com.example/.push.apple.com", False),
        ("https://fcm.googleapis.com@169.254.169.254/x", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("http://127.0.0.1:9000/x", False),
        ("http://localhost/x", False),
        ("https://[::1]/x", False),
        ("file:///etc/passwd", False),
        ("https://fcm.googleapis.com\\@evil.example/x", False),
        ("https://fcm.googleapis.com/\r\nX: y", False),
        ("https://fcm.googleapis.com:99999/x", False),
        ("", False),
        (f"https://fcm.googleapis.com/{'x' * 1000}", False),
    ],
)
def test_only_the_makers_own_services_are_called(endpoint: str, allowed: bool) -> None:
    assert is_allowed(endpoint, PUSH_SERVICES) is allowed


def test_a_service_on_this_machine_is_called_only_where_its_port_was_named() -> None:
    assert is_allowed("http://127.0.0.1:9000/x", ("127.0.0.1:9000",))
    assert not is_allowed("http://127.0.0.1:9001/x", ("127.0.0.1:9000",))


@pytest.mark.parametrize(
    "sent",
    [
        None, [], "x", {}, {"endpoint": GOOD}, {"endpoint": GOOD, "keys": []}, {"endpoint": 1, "keys": KEYS},
        {"endpoint": GOOD, "keys": {**KEYS, "auth": "x"}}, {"endpoint": GOOD, "keys": {**KEYS, "p256dh": KEYS["auth"]}},
        {"endpoint": GOOD, "keys": {**KEYS, "p256dh": "é" * 87}}, {"endpoint": "https://evil.example/", "keys": KEYS},
    ],
)  # fmt: skip
def test_what_is_no_subscription_is_none(sent: Any) -> None:
    assert subscription(sent, PUSH_SERVICES) is None


def test_a_subscription_is_kept_as_it_came() -> None:
    found = subscription({"endpoint": GOOD, "keys": KEYS, "expirationTime": None}, PUSH_SERVICES)
    assert found is not None
    assert (found.endpoint, found.p256dh, found.auth) == (GOOD, KEYS["p256dh"], KEYS["auth"])
