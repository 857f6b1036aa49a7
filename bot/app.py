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
from types import FrameType

import click
from flask import Flask

from bot import cli, jobs, log, web
from bot.adapters.clock import SystemClock
from bot.adapters.nudges import RqNudges
from bot.adapters.pagers import LogPager
from bot.adapters.queue_worker import take_jobs
from bot.adapters.twilio import SignatureCheck, TwilioCarrier
from bot.errors import SettingsError
from bot.rules.protocols import ProtocolError
from bot.script_files import load_script
from bot.services import Services
from bot.settings import Settings, load, read
from bot.store.crypto import Keyring
from bot.store.db import Database
from bot.usecases.fire_protocol import protocols
from bot.usecases.reconcile import reconcile
from bot.usecases.sweep import sweep
from flows.script import ScriptError

_SWEEP_EVERY_S = 1.0


def build(settings: Settings) -> Services:
    """Every part, once, for one process."""
    clock = SystemClock()
    return Services(
        settings=settings,
        database=Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key), clock),
        script=load_script(),
        clock=clock,
        carrier=TwilioCarrier(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            settings.twilio_from,
            settings.twilio_messaging_service_sid,
            settings.twilio_api_base,
            settings.public_url,
            settings.twilio_retention,
        ),
        signature=SignatureCheck((settings.twilio_auth_token,), settings.public_url, settings.twilio_account_sid),
        nudges=RqNudges(settings.redis_url),
        pager=LogPager(),
    )


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. A missing or wrong setting stops the start with one line that names it."""
    if settings is None and click.get_current_context(silent=True) is not None:
        try:
            settings = read()
        except SettingsError as missing:
            app = Flask("bot.web")
            cli.register_without_settings(app, str(missing))
            return app
    services = _build_or_stop(settings)
    # Named for bot.web, so that templates and static files are found beside their views.
    app = Flask("bot.web")
    web.register(app, services)
    cli.register(app)
    os.register_at_fork(after_in_child=services.database.forget_connections)
    gc.freeze()  # what is built now lives as long as the process: the collector need not look at it again
    gc.set_threshold(20_000, 20, 20)  # a turn makes some hundreds of values and no cycles worth looking for
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
            case _:
                sys.exit("worker.py: say nothing for the worker, or 'clock' for the sweep.")

    def _tick(self) -> None:
        """Every second, until told to stop; a round that began is finished. The carrier's list is read beside the
        sweep, for the carrier may take its time and an alarm may not."""
        stopping = threading.Event()

        def stop(_number: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        # A daemon: what it reads is read again, so a carrier that does not answer holds up nobody's end.
        threading.Thread(target=self._each_second, args=(stopping, self._reconcile), daemon=True, name="list").start()
        self._each_second(stopping, lambda: sweep(self.services.database, self.services))

    def _each_second(self, stopping: threading.Event, deed: Callable[[], None]) -> None:
        while not stopping.is_set():
            began = time.monotonic()
            deed()
            stopping.wait(max(0.0, _SWEEP_EVERY_S - (time.monotonic() - began)))

    def _reconcile(self) -> None:
        try:
            reconcile(self.services.database, self.services)
        except Exception as error:  # it begins again where the watermark stands
            log.event("reconcile_failed", level="error", error=error)


def create_worker(settings: Settings | None = None) -> Worker:
    """The same parts as the web application's, behind the other door."""
    return Worker(_build_or_stop(settings))


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
