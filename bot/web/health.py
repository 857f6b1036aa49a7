"""Is this process alive, and is the line ready? For a balancer and an operator; nothing of a person."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.store import heartbeats
from bot.web.context import services

blueprint = Blueprint("health", __name__)

CLOCK_MAY_BE_OLD = timedelta(seconds=30)
"""It beats every second; after this long somebody should look (`advocate-inbox.md` G12)."""


@blueprint.get("/healthz")
def healthz() -> Response:
    return _plain("ok", 200)


@blueprint.get("/readyz")
def readyz() -> Response:
    """503 with the names of the parts that are not good, one a line."""
    bad = _bad_parts()
    return _plain("\n".join(bad), 503) if bad else _plain("ready", 200)


@blueprint.get("/metrics")
def metrics_page() -> Response:
    """Counts for Prometheus; keep it behind the balancer."""
    body, content_type = metrics.render(services().database)
    return Response(body, content_type=content_type)


def _bad_parts() -> list[str]:
    bad = []
    try:
        with services().database.reading() as tx:
            tx.conn.execute(text("SELECT 1"))
            beat = heartbeats.last_beat(tx, "clock")
            if beat is None or tx.now - beat > CLOCK_MAY_BE_OLD:
                bad.append("clock")
    except SQLAlchemyError:
        bad += ["database", "clock"]
    if not services().nudges.ready():
        bad.append("queue")
    return bad


def _plain(body: str, status: int) -> Response:
    return Response(body + "\n", status=status, content_type="text/plain; charset=utf-8")
