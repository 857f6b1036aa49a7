"""How does a browser's push service call one of our devices? With a key that says who calls, and nothing else in it.

The push holds one dot, sealed for the device (RFC 8291): its service worker says "Somebody is needed" whatever comes.
The key is made from SECRET_KEY, so that every process has the same and nothing more must be kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

from bot.errors import PageFailed, PageGone

_TIMEOUT_S = 8
_LIVES_S = 600
"""A call that the service brings later than this calls nobody."""
_NOTHING = "."
_GONE = (404, 410)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256: a private key is a number from 1 to one less."""


class WebPush:
    """Calls devices. `contact` is whom a push service may write to about us; `allowed` says
    whether an address may be called at all."""

    def __init__(self, secret_key: str, contact: str, allowed: Callable[[str], bool]) -> None:
        digest = hashlib.sha512(b"quietline web push" + secret_key.encode()).digest()
        self._key = ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
        self._contact = contact
        self._allowed = allowed

    @property
    def public_key(self) -> str:
        """What a browser subscribes with."""
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def call(self, address: str) -> None:
        """Raises PageFailed, or PageGone when the device is subscribed no more."""
        kept = json.loads(address)
        if not self._allowed(kept["endpoint"]):  # it was, when it was kept: the setting has changed
            raise PageFailed("address")
        # A session of its own for each call: it is rare, and threads do not share one. No redirect is followed.
        with requests.Session() as session:
            session.max_redirects = 0
            try:
                webpush(
                    {"endpoint": kept["endpoint"], "keys": {"p256dh": kept["p256dh"], "auth": kept["auth"]}},
                    data=_NOTHING, vapid_private_key=Vapid02(self._key), vapid_claims={"sub": self._contact},
                    ttl=_LIVES_S, timeout=_TIMEOUT_S, headers={"Urgency": "high"}, requests_session=session,
                )  # fmt: skip
            except WebPushException as error:
                code = error.response.status_code if error.response is not None else "push"
                raise (PageGone if code in _GONE else PageFailed)(str(code)) from None
            except (requests.RequestException, ValueError, OSError) as error:
                raise PageFailed(type(error).__name__) from None
