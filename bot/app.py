"""What is built from what? The composition root: the only file that sees both a use case and an adapter."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType

import click
from flask import Flask

from bot import cli, jobs, log, web
from bot.adapters.clock import DatabaseClock
from bot.adapters.nudges import RqNudges
from bot.adapters.pagers import Pagers
from bot.adapters.push import WebPush
from bot.adapters.queue_worker import take_jobs
from bot.adapters.twilio import SignatureCheck, TwilioCarrier
from bot.errors import SettingsError
from bot.rules import ladder
from bot.rules.protocols import ProtocolError
from bot.rules.push_service import is_allowed
from bot.script_files import load_script
from bot.services import Services
from bot.settings import Settings, load, read
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases import canary
from bot.usecases.ask_after_texts import ask_after_texts
from bot.usecases.fire_protocol import protocols
from bot.usecases.reconcile import reconcile
from bot.usecases.send_pages import send_pages
from bot.usecases.sweep import sweep
from bot.usecases.watch import watch
from bot.usecases.watch_wording import compare_wordings
from flows.script import ScriptError

_SWEEP_EVERY_S = 1.0
_WATCH_EVERY_S = 5.0


def build(settings: Settings) -> Services:
    """Every part, once, for one process."""
    clock = DatabaseClock()
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key), clock)
    clock.asks(database.its_time)
    carrier = TwilioCarrier(
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.twilio_from,
        settings.twilio_messaging_service_sid,
        settings.twilio_api_base,
        settings.public_url,
        settings.twilio_retention,
    )
    push = _push(settings)
    return Services(
        settings=settings,
        database=database,
        script=load_script(),
        clock=clock,
        carrier=carrier,
        signature=SignatureCheck((settings.twilio_auth_token,), settings.public_url, settings.twilio_account_sid),
        nudges=RqNudges(settings.redis_url),
        pager=Pagers(carrier, settings.smtp_url, settings.mail_from, push),
        ladder=_ladder(settings.ladder_file),
        push_key=push.public_key if push else "",
    )


def _push(settings: Settings) -> WebPush | None:
    """None while nobody has said whom a push service may write to: then no browser is called."""
    if not settings.push_contact:
        return None
    return WebPush(settings.secret_key, settings.push_contact, partial(is_allowed, services=settings.push_services))


def _ladder(file: str) -> ladder.Ladder:
    """The one in force. One that would leave somebody without an alarm stops the start, with every reason."""
    if not file:
        return ladder.DEFAULT
    try:
        return ladder.parse(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"LADDER_FILE cannot be read: {error.strerror}.") from None
    except ladder.LadderRefused as refused:
        raise SettingsError(f"LADDER_FILE is refused:\n{refused}") from None


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. A missing or wrong setting stops the start with one line that names it."""
    if settings is None and click.get_current_context(silent=True) is not None:
        try:
            settings = read()
        except SettingsError as missing:
            app = web.Web()
            cli.register_without_settings(app, str(missing))
            return app
    services = _build_or_stop(settings)
    app = web.Web()
    web.register(app, services)
    cli.register(app)
    os.register_at_fork(after_in_child=services.database.forget_connections)
    settle_collector()
    return app


@dataclass(frozen=True, slots=True)
class Worker:
    """The process that works without being asked over HTTP: it takes jobs, or it sweeps."""

    services: Services

    def run(self, role: str) -> None:
        match role:
            case "worker":
                jobs.install(self.services)
                take_jobs(self.services.settings.redis_url)
            case "clock":
                self._tick()
            case "watch":
                since = self.services.database.clock.now()
                self._each_second(self._stopping(), lambda: self._watch(since), every_s=_WATCH_EVERY_S)
            case _:
                sys.exit("worker.py: say nothing for the worker, 'clock' for the sweep, or 'watch' to watch the clock.")

    def _tick(self) -> None:
        """Every second, until told to stop; a round that began is finished. The carrier's list is read beside the
        sweep, for the carrier may take its time and an alarm may not; so are calls to staff, and wordings compared."""
        stopping = self._stopping()
        # Daemons: what they do is done again, so a carrier that does not answer holds up nobody's end.
        for deed, name in ((self._reconcile, "list"), (self._call_staff, "calls"), (self._compare, "words")):
            threading.Thread(target=self._each_second, args=(stopping, deed), daemon=True, name=name).start()
        self._each_second(stopping, lambda: sweep(self.services.database, self.services))

    def _stopping(self) -> threading.Event:
        stopping = threading.Event()

        def stop(_number: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return stopping

    def _each_second(self, stopping: threading.Event, deed: Callable[[], None], *,
                     every_s: float = _SWEEP_EVERY_S) -> None:  # fmt: skip
        while not stopping.is_set():
            began = time.monotonic()
            deed()
            stopping.wait(max(0.0, every_s - (time.monotonic() - began)))

    def _call_staff(self) -> None:
        """Calls that are due, and the canary's night: channels may take their time, an alarm may not."""
        database, services = self.services.database, self.services
        try:
            send_pages(database, services)
            if canary.is_due(database):
                canary.begin(database, services)
        except Exception as error:  # the rows stand: tried again in a second
            log.event("calls_failed", level="error", error=error)

    def _watch(self, since: datetime) -> None:
        try:
            watch(self.services.database, self.services, since)
        except Exception as error:  # a database that does not answer: this process can only say so, and look again
            log.event("watch_failed", level="critical", error=error)

    def _compare(self) -> None:
        try:
            compare_wordings(self.services.database)
        except Exception as error:  # nothing is lost: every comparison is made anew from the rows
            log.event("comparison_failed", level="error", error=error)

    def _reconcile(self) -> None:
        try:
            reconcile(self.services.database, self.services)
            ask_after_texts(self.services.database, self.services)
        except Exception as error:  # each begins again where its rows stand
            log.event("reconcile_failed", level="error", error=error)


def create_worker(settings: Settings | None = None) -> Worker:
    """The same parts as the web application's, behind the other door."""
    worker = Worker(_build_or_stop(settings))
    settle_collector()
    return worker


def settle_collector() -> None:
    """What is built by now lives as long as the process, and the collector need not look at it again. What comes after
    is rows: a turn makes some hundreds of values, a page of a list some thousands, and no cycles worth a look."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _build_or_stop(settings: Settings | None) -> Services:
    log.configure()
    try:
        services = build(settings or load())
        protocols()
    except (SettingsError, ScriptError, ProtocolError) as error:
        sys.exit(str(error))
    if services.settings.allow_unreviewed_texts and not services.settings.simulation:
        sys.stderr.write(
            "ALLOW_UNREVIEWED_TEXTS is on with a real carrier: texts nobody has signed off will be sent.\n"
        )
    return services
