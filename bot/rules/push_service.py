"""Is this address a browser's own push service, and is this a subscription at all? Pure.

A browser hands us an address to call. Only the addresses of the makers' services are ever called: anything else would
make of this line a way to call whomever somebody likes, from inside our network.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_LONGEST = 1_000
_POINT, _AUTH = 65, 16
"""Bytes of an uncompressed point of P-256, which begins with 4, and of the shared secret (RFC 8291)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One device, as its browser described it."""

    endpoint: str
    p256dh: str
    auth: str


def is_allowed(endpoint: str, services: Collection[str]) -> bool:
    """https, a name of `services` and its usual port; a service that is named with its port (`127.0.0.1:9000`) is one
    that tests run on this machine, and may be http."""
    if len(endpoint) > _LONGEST or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or "\\" in endpoint:
        return False
    if host == "127.0.0.1":
        return f"{host}:{port}" in services and parts.scheme in ("http", "https")
    named = any(host == one or (one.startswith(".") and host.endswith(one)) for one in services)
    return named and parts.scheme == "https" and port in (None, 443)


def subscription(sent: object, services: Collection[str]) -> Subscription | None:
    """What a browser sent (`PushSubscription.toJSON()`), checked whole; None if it is none that may be called."""
    if not isinstance(sent, Mapping) or not isinstance(sent.get("keys"), Mapping):
        return None
    endpoint, p256dh, auth = sent.get("endpoint"), sent["keys"].get("p256dh"), sent["keys"].get("auth")
    if not (isinstance(endpoint, str) and isinstance(p256dh, str) and isinstance(auth, str)):
        return None
    point, secret = _bytes(p256dh), _bytes(auth)
    good = len(point) == _POINT and point[:1] == b"\x04" and len(secret) == _AUTH
    return Subscription(endpoint, p256dh, auth) if good and is_allowed(endpoint, services) else None


def _bytes(text: str) -> bytes:
    if len(text) > 200:
        return b""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
