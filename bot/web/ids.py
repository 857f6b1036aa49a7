"""What may stand for an id in an address? Hexadecimal digits, of the length of ours; anything else is not found."""

from __future__ import annotations

from werkzeug.routing import BaseConverter, Map


class IdConverter(BaseConverter):
    """`<id:staff_id>` is one of our ids; `<id(40):session_key>` one of our keyed hashes."""

    def __init__(self, url_map: Map, length: int = 32) -> None:
        super().__init__(url_map)
        self.regex = f"[0-9a-f]{{{length}}}"
