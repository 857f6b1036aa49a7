"""What do the tests of the staff pages stand on? The real application over a real database, and a browser's manners."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import argon2
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.serving import WSGIRequestHandler
from werkzeug.test import TestResponse

from bot import web
from bot.ports import Page
from bot.rules.ladder import DEFAULT
from bot.script_files import load_script
from bot.services import Services
from bot.settings import SIMULATED_ACCOUNT, Settings
from bot.store import conversations, handoffs, messages, people, staff
from bot.store.db import Database, Tx
from flows.script import Script

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PASSWORD = "correct horse battery staple"
NUMBER = "+12105550142"


@dataclass
class Bell:
    """Nudges that count."""

    rings: int = 0
    heard: bool = True

    def deliver(self) -> None:
        self.rings += 1

    def ready(self) -> bool:
        return self.heard


@dataclass
class Pages:
    """A pager that remembers."""

    paged: list[tuple[str, str]] = field(default_factory=list)

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        self.paged.append((handoff_id, tier))

    def reach(self, page: Page) -> None:
        pass


def settings_for(url: str, **changes: str) -> Settings:
    env = {
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "tests-only-" + "s" * 32,
        "FIELD_KEYS": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "TWILIO_ACCOUNT_SID": SIMULATED_ACCOUNT,
        "TWILIO_API_BASE": "http://127.0.0.1:1",
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "TWILIO_FROM": "+12105550100",
        "QUIETLINE_SIMULATION": "1",
        **changes,
    }
    return Settings.from_env(env)


def services_on(database: Database, **changes: str) -> Services:
    url = database.engine.url.render_as_string(hide_password=False)
    fields: dict[str, Any] = {
        "settings": settings_for(url, **changes),
        "database": database,
        "script": script(),
        "clock": database.clock,
        "carrier": None,
        "nudges": Bell(),
        "pager": Pages(),
        "ladder": DEFAULT,
    }
    known = Services.__dataclass_fields__
    return Services(**{name: fields.get(name) for name in known})


class _Compiled(BytecodeCache):
    """A template is compiled once for all the applications of a test run, not once for each."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def app_on(services: Services) -> Flask:
    app = web.Web()
    web.register(app, services)
    app.jinja_env.bytecode_cache = _COMPILED
    return app


class QuietHandler(WSGIRequestHandler):
    """Serves a browser without a line for every request."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


def whole(app: Flask) -> WSGIApplication:
    """The application, each answer read whole and closed before it is sent.

    The test server leaves a file it was sending open when the browser hangs up, and the test that runs when the file is
    collected fails for it.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            body.close()  # type: ignore[attr-defined]

    return answer


class Browser:
    """A client that fills in the token of the form it saw, as a browser does."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._seen(self.client.get(path, **more))

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        return self._seen(self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **more))

    def _seen(self, response: TestResponse) -> TestResponse:
        found = re.search(r'name="csrf_token" value="([^"]+)"', response.get_data(as_text=True))
        if found:
            self.token = found.group(1)
        return response

    def log_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        self.get("/desk/login")
        response = self.post("/desk/login", {"email": email, "password": password})
        if response.status_code == 302:
            self.get("/desk/account")
        return response


@cache
def script() -> Script:
    """Read once: it does not change, and it takes longer than most tests."""
    return load_script()


@cache
def _cheap_hash() -> str:
    return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


def add_account(database: Database, email: str, alias: str, *roles: str) -> str:
    """A staff account with PASSWORD; returns its id."""
    with database.transaction() as tx:
        staff_id = staff.add(tx, email=email, alias=alias, roles=roles)
        staff.update(tx, staff_id, password_hash=_cheap_hash())
    return staff_id


def staff_login(database: Database, staff_id: str) -> None:
    """PASSWORD opens this account."""
    with database.transaction() as tx:
        staff.update(tx, staff_id, password_hash=_cheap_hash())


def someone_waits(tx: Tx, number: str = NUMBER, *, tier: str = "P1", reason: str = "human", language: str = "en",
                  promised_at: datetime | None = None) -> tuple[str, str]:  # fmt: skip
    """A person, their conversation and their hand-off; returns the conversation's and the hand-off's id."""
    person = people.find_or_add(tx, number, language)
    stored = conversations.start(
        tx, person_id=person.person_id, phone_key=person.phone_key, language=language, flow_version="tests"
    )
    handoff_id = handoffs.open_handoff(
        tx, conversation_id=stored.conversation_id, tier=tier, reason=reason, next_at=tx.now + timedelta(minutes=1),
        promised_at=promised_at,
    )  # fmt: skip
    return stored.conversation_id, handoff_id


def they_wrote(tx: Tx, conversation_id: str, body: str, sid: str) -> None:
    row = messages.inbound_row(tx, conversation_id=conversation_id, provider_sid=sid, body=body, media=0)
    messages.insert_rows(tx, [{**row, "seq": conversations.take_seqs(tx, conversation_id, 1)}])
    c = conversations.conversations
    tx.conn.execute(c.update().where(c.c.conversation_id == conversation_id).values(last_inbound_at=tx.now))
