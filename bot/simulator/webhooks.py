"""How does the carrier call the line? A signed POST with Twilio's time-outs and retries, and what comes back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import uuid4
from xml.etree import ElementTree

import requests
from twilio.request_validator import RequestValidator

SIGNATURE = "X-Twilio-Signature"
IDEMPOTENCY = "I-Twilio-Idempotency-Token"
PAUSE_S = 0.25
"""Before the first retry; doubled before each later one."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """Twilio's connection overrides, from the fragment of a webhook's address (`#rc=3&rp=ct,rt,5xx&rt=5000`).

    Milliseconds. Twilio's own defaults retry a failed connection once and a 5xx never; ours are the ones the line is
    to be configured with, so that a restart loses nothing.
    """

    connect_ms: int = 5_000
    read_ms: int = 15_000
    total_ms: int = 15_000
    retries: int = 2
    policy: frozenset[str] = frozenset({"ct", "rt", "5xx"})

    @classmethod
    def from_fragment(cls, fragment: str) -> Overrides:
        """What the fragment asks for, within Twilio's ranges; what cannot be read keeps its default."""
        usual = cls()
        asked = {key: values[-1] for key, values in parse_qs(fragment).items()}

        def bounded(key: str, low: int, high: int, default: int) -> int:
            return min(max(int(asked[key]), low), high) if asked.get(key, "").isdigit() else default

        return cls(
            connect_ms=bounded("ct", 100, 10_000, usual.connect_ms),
            read_ms=bounded("rt", 100, 15_000, usual.read_ms),
            total_ms=bounded("tt", 100, 15_000, usual.total_ms),
            retries=bounded("rc", 0, 5, usual.retries),
            policy=frozenset(asked["rp"].split(",")) if "rp" in asked else usual.policy,
        )

    def retries_on(self, what: str) -> bool:
        return what in self.policy or "all" in self.policy


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last try came to. `http_status` is 0 when nobody answered; `says` are texts to send back."""

    http_status: int
    attempts: int
    says: tuple[str, ...] = ()

    @property
    def taken(self) -> bool:
        return 200 <= self.http_status < 300


def sign(url: str, form: Mapping[str, str], auth_token: str) -> str:
    """The X-Twilio-Signature of a form posted to this address."""
    return str(RequestValidator(auth_token).compute_signature(url, form))


def post(url: str, form: Mapping[str, str], auth_token: str) -> Outcome:
    """Post it, signed, until it is taken or the overrides in the address' fragment forbid another try."""
    parts = urlsplit(url)
    overrides = Overrides.from_fragment(parts.fragment)
    address = urlunsplit(parts._replace(fragment=""))
    headers = {SIGNATURE: sign(address, form, auth_token), IDEMPOTENCY: str(uuid4()), "User-Agent": "TwilioProxy/1.1"}
    ends = time.monotonic() + overrides.total_ms / 1000
    attempt = 0
    while True:
        attempt += 1
        left = max(ends - time.monotonic(), 0.1)
        status, failure, says = _once(address, form, headers, overrides, left)
        pause = PAUSE_S * 2 ** (attempt - 1)
        last = attempt > overrides.retries or time.monotonic() + pause >= ends
        if not failure or not overrides.retries_on(failure) or last:
            return Outcome(status, attempt, says)
        time.sleep(pause)


def _once(
    address: str, form: Mapping[str, str], headers: Mapping[str, str], overrides: Overrides, left_s: float
) -> tuple[int, str, tuple[str, ...]]:
    """One try: status, what failed in the words of `rp` ("" if nothing did), texts to send back."""
    timeout = (min(overrides.connect_ms / 1000, left_s), min(overrides.read_ms / 1000, left_s))
    try:
        with requests.Session() as session:
            session.trust_env = False  # the line is on this machine: no proxy between
            answer = session.post(address, data=dict(form), headers=dict(headers), timeout=timeout)
    except requests.ReadTimeout:
        return 0, "rt", ()
    except requests.RequestException:
        return 0, "ct", ()
    if answer.status_code >= 400:
        return answer.status_code, f"{answer.status_code // 100}xx", ()
    return answer.status_code, "", _says(answer)


def _says(answer: requests.Response) -> tuple[str, ...]:
    """What Twilio would text back: each <Message> of TwiML, and a text/plain answer as it stands."""
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
    if kind == "text/plain":
        return (answer.text,) if answer.text.strip() else ()
    if kind not in ("text/xml", "application/xml"):
        return ()
    try:
        root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own line's answer
    except ElementTree.ParseError:
        return ()
    said = ("".join(message.itertext()).strip() for message in root.iter("Message"))
    return tuple(words for words in said if words)
