"""How are words and numbers kept unreadable at rest, yet findable? AES-256-GCM with a key ring; a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import SealBroken

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"quietline key id" + key).digest()[:_KEY_ID_BYTES]


class Keyring:
    """Seals with the newest key and opens with any. A value is `version, key id, nonce, ciphertext`; the
    field (`messages.body`) and the row's id are bound in, so that a value moved to another place does not open.

    The index's key is made from SECRET_KEY, never from FIELD_KEYS: data keys are rotated, one row after the other,
    while a keyed hash cannot be made anew without every number in clear. So SECRET_KEY is kept as long as the
    database; with another one, nobody is found and every suppression is forgotten.
    """

    def __init__(self, keys: Sequence[bytes], index_secret: str) -> None:
        self._newest = _key_id(keys[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._header = _VERSION + self._newest
        self._index_key = hashlib.sha256(b"quietline blind index" + index_secret.encode()).digest()

    def seal(self, field: str, row_id: str, text: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._newest]
        return self._header + nonce + cipher.encrypt(nonce, text.encode(), f"{field}:{row_id}".encode())

    def open(self, field: str, row_id: str, sealed: bytes) -> str:
        """Raises SealBroken when no key in the ring opens it."""
        sealed = bytes(sealed)
        cipher = self._ciphers.get(sealed[1 : 1 + _KEY_ID_BYTES])
        body = 1 + _KEY_ID_BYTES + _NONCE_BYTES
        if len(sealed) < body + _TAG_BYTES:
            raise SealBroken(f"{field}: not a sealed value")
        if sealed[:1] != _VERSION or cipher is None:
            raise SealBroken(f"{field}: sealed with a key that is not in FIELD_KEYS")
        try:
            nonce = sealed[body - _NONCE_BYTES : body]
            return cipher.decrypt(nonce, sealed[body:], f"{field}:{row_id}".encode()).decode()
        except InvalidTag:
            raise SealBroken(f"{field}: does not open in this row") from None

    @property
    def newest_header(self) -> bytes:
        """What every value sealed from now on begins with."""
        return self._header

    def index(self, domain: str, value: str) -> str:
        """A keyed hash to find a number or address by. Numbers can be guessed: this key is as secret as the others."""
        return hmac.digest(self._index_key, f"{domain}:{value}".encode(), "sha256").hex()[:40]
