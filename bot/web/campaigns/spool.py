"""Where does an uploaded list lie while it arrives? In memory up to a block, beyond that in a file without a name whose
blocks are sealed with a key that only this request knows: a copy of the disk shows no number."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Sequence
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Request

from bot.rules.sheet import MAX_BYTES

BLOCK = 256 * 1024
_SEALED = BLOCK + 16
_MARGIN = 1024 * 1024
LARGEST_UPLOAD = MAX_BYTES + _MARGIN
"""Bytes of a request that carries a list; every other route keeps the small limit of the whole site."""
LARGEST_PASTE = 5 * 1024 * 1024
"""A paste is held in memory, so it is bounded more tightly than a file."""


class SealedSpool(io.RawIOBase):
    """Written once from start to end, then read from anywhere."""

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(bit_length=256))
        self._file: IO[bytes] | None = None
        self._tail = bytearray()
        self._blocks = 0
        self._at = 0
        self._cached: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """At the end, wherever was read before."""
        self._tail += data
        while len(self._tail) >= BLOCK:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the spool
            sealed = self._cipher.encrypt(self._nonce(self._blocks), bytes(self._tail[:BLOCK]), None)
            self._file.seek(self._blocks * _SEALED)
            self._file.write(sealed)
            self._blocks += 1
            del self._tail[:BLOCK]
        self._at = self._size
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        n, skip = divmod(self._at, BLOCK)
        piece = self._block(n)[skip : skip + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()

    @property
    def _size(self) -> int:
        return self._blocks * BLOCK + len(self._tail)

    def _block(self, n: int) -> bytes:
        if n >= self._blocks:
            return bytes(self._tail) if n == self._blocks else b""
        if self._cached[0] != n:
            assert self._file is not None
            self._file.seek(n * _SEALED)
            self._cached = n, self._cipher.decrypt(self._nonce(n), self._file.read(_SEALED), None)
        return self._cached[1]

    @staticmethod
    def _nonce(n: int) -> bytes:
        return n.to_bytes(12, "big")  # each block once, under a key of its own


class ListRequest(Request):
    """A request whose uploaded files never touch the disk in clear."""

    _spools: Sequence[SealedSpool] = ()

    def _get_file_stream(self, total_content_length: int | None, content_type: str | None,
                         filename: str | None = None, content_length: int | None = None) -> IO[bytes]:  # fmt: skip
        self._spools = [*self._spools, SealedSpool()]
        return self._spools[-1]  # type: ignore[return-value]

    def close(self) -> None:
        """At the end of the request; a form that was cut off half-way leaves nothing open either."""
        super().close()
        for spool in self._spools:
            spool.close()
