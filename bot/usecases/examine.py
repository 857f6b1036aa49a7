"""Is everything there that the line needs? One finding a part, in words, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import SendError
from bot.rules.wording import check
from bot.services import Services
from bot.store import heartbeats, outbox, redactions, schema
from bot.usecases import alerts

STALE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    good: bool
    words: str


def examine(services: Services) -> list[Finding]:
    """Settings were read already, or nothing would run; the rest is asked here."""
    return [_settings(services), *_database(services), _carrier(services), *_on_the_way(services), *_texts(services)]


def _settings(services: Services) -> Finding:
    where = "simulation: no text leaves this machine" if services.settings.simulation else "a real carrier"
    return Finding("settings", True, where)


def _database(services: Services) -> list[Finding]:
    try:
        with services.database.reading() as tx:
            tx.conn.execute(sql("SELECT 1"))
            beat = heartbeats.last_beat(tx, "clock")
            now = tx.now
    except SQLAlchemyError:
        return [Finding("database", False, "it does not answer, or is not migrated: run the release command")]
    current = schema.is_current(services.database.engine)
    found = [Finding("database", current, "migrated" if current else "not migrated: run the release command")]
    alive = beat is not None and now - beat < STALE
    found.append(
        Finding("clock", alive, "beating" if alive else "no heartbeat in 30 s: start `python worker.py clock`")
    )
    return found


def _carrier(services: Services) -> Finding:
    try:
        services.carrier.inbound_since(services.clock.now())
    except SendError as error:
        return Finding("carrier", False, f"{error.staff_text} ({error.code})")
    return Finding("carrier", True, "credentials accepted")


def _on_the_way(services: Services) -> list[Finding]:
    """What stands between us and the carrier that an operator should know of."""
    try:
        with services.database.reading() as tx:
            faults = alerts.standing(tx, services)
            unknown = outbox.stay_unknown(tx)
            left = redactions.counts(tx).get("given_up", 0)
    except SQLAlchemyError:
        return []  # told already, by the database's own finding
    found = [Finding("alert", False, f"{words} ({code})") for code, words in faults]
    if unknown:
        words = f"nobody can tell whether {unknown} texts arrived: see that receipts reach PUBLIC_URL"
        found.append(Finding("unknown", False, words))
    if left:
        words = f"{left} copies at the carrier could not be emptied: empty them in its console"
        found.append(Finding("redaction", False, words))
    return found or [Finding("outbox", True, "nothing that needs an operator")]


def _texts(services: Services) -> list[Finding]:
    wording = services.script.wording
    faults = check(wording, services.settings.brand)
    drafts = sum(not wording.is_reviewed(key, language) for key in wording.keys for language in ("en", "es"))
    found = [
        Finding("texts", not faults, "every rule holds" if not faults else f"{len(faults)} faults: run `flows check`")
    ]
    if services.settings.simulation:
        return found
    allowed = services.settings.allow_unreviewed_texts
    if drafts and allowed:
        found.append(
            Finding("review", False, f"{drafts} texts are unreviewed and ALLOW_UNREVIEWED_TEXTS lets them out")
        )
    elif drafts:
        found.append(
            Finding("review", False, f"{drafts} texts are unreviewed and will be refused: have them signed off")
        )
    return found
