"""How does a page or a test play with the simulated phones? A small client for the control routes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

TOKEN = "X-Simulator-Token"  # noqa: S105 - a header's name
TIMEOUT_S = 5.0


class ControlError(Exception):
    """The simulator is not there, or refused; the words are fit for a page."""


class Control:
    """The phones on the table. `base` is the simulator's address, `token` the account's auth token."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base.rstrip("/")
        self._headers = {TOKEN: token}

    def text(self, from_: str, to: str, body: str, media: int = 0) -> str:
        """Text from a phone; `to` may be empty for our first number. Returns the carrier's id, before the webhook."""
        document = {"from": from_, "to": to, "body": body, "media": media}
        return str(self._call("POST", "/sim/text", document)["sid"])

    def phones(self) -> list[dict[str, Any]]:
        """number, label, landline, count, last_at (ISO or None), last_n; the latest first."""
        return list(self._call("GET", "/sim/phones")["phones"])

    def add_phone(self, number: str = "", *, landline: bool = False, label: str = "") -> dict[str, Any]:
        """Put a phone on the table; a free fictional number if none is given."""
        return self._call("POST", "/sim/phones", {"number": number, "landline": landline, "label": label})

    def thread(self, number: str, after: int = 0) -> list[dict[str, Any]]:
        """n, sid, direction (in: from the phone, out: to it), from, to, body, media, segments, status, error_code,
        webhook (of `in`: pending, done, failed), at. Oldest first."""
        return list(self._call("GET", f"/sim/phones/{quote(number, safe='+')}/messages?after={after}")["messages"])

    def faults(self, **switches: int | float | bool) -> None:
        """Throw the switches of `bot.simulator.faults.Faults`; those not named are off."""
        self._call("POST", "/sim/faults", switches)

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """What was created, refused and posted since entry `after`."""
        return list(self._call("GET", f"/sim/log?after={after}")["entries"])

    def pending(self) -> int:
        """How many webhooks are still to be posted."""
        return int(self._call("GET", "/sim/log?after=999999999")["pending"])

    def _call(self, method: str, path: str, document: Any = None) -> dict[str, Any]:
        try:
            with requests.Session() as session:
                session.trust_env = False  # on this machine: no proxy between
                answer = session.request(method, self._base + path, json=document, headers=self._headers,
                                         timeout=TIMEOUT_S)  # fmt: skip
            found = answer.json()
        except (requests.RequestException, ValueError):
            raise ControlError("the simulator does not answer") from None
        if answer.status_code != 200:
            raise ControlError(str(found.get("error", "refused")))
        return dict(found)
