"""How does the carrier knock in a simulated life? At the line's own door, over HTTP without a network."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

from flask import Flask
from sqlalchemy import make_url

from bot.services import Services
from bot.web import Web, twilio
from bot.web.context import EXTENSION
from tests.proof.account import Heard, Taken
from tests.web.line import services_on

SIGNED = {"X-Twilio-Signature": "accepted"}


@cache
def _usual() -> Services:
    """What is the same in every life. The settings insist on a file, which nobody opens."""
    nowhere = SimpleNamespace(engine=SimpleNamespace(url=make_url("sqlite:///nowhere.sqlite3")), clock=None)
    return services_on(nowhere)  # type: ignore[arg-type]


def services_of(**parts: Any) -> Services:
    """The line's parts, with these in their places. Every signature is good: another test's business."""
    return replace(_usual(), signature=SimpleNamespace(accepts=lambda *_: True), **parts)


@cache
def _app() -> Flask:
    app = Web()
    app.register_blueprint(twilio.blueprint)
    return app


class Door:
    """The two webhooks, of one life at a time. Returns what the carrier is answered; a killed process answers
    nothing."""

    def __init__(self, services: Services) -> None:
        self._app = _app()
        self._app.extensions[EXTENSION] = services

    def inbound(self, text: Heard) -> int:
        return self._post("/twilio/inbound", MessageSid=text.sid, From=text.from_, Body=text.body)

    def status(self, text: Taken, status: str, code: str) -> int:
        return self._post(
            f"/twilio/status?m={text.message_id}", MessageSid=text.sid, MessageStatus=status, ErrorCode=code
        )

    def _post(self, path: str, **form: str) -> int:
        return self._app.test_client().post(path, data=form, headers=SIGNED).status_code
