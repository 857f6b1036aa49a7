"""Is everything there that the line needs? One finding a part, in words, with what to do."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import LargeBinary, bindparam, func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from bot.rules.discreet import SECTIONS
from bot.rules.wording import check
from bot.services import Services
from bot.store import heartbeats, outbox, reach, redactions, schema, watermarks
from bot.store.db import Tx
from bot.store.messages import messages
from bot.usecases import alerts
from bot.usecases.examine_carrier import examine_carrier
from bot.usecases.finding import Finding
from bot.usecases.fire_protocol import protocols
from bot.usecases.reconcile import NAME
from bot.usecases.signed_off import wording_now
from flows.wording import Wording

STALE = timedelta(seconds=30)


LIST_MAY_BE_OLD = timedelta(minutes=15)
KEYS_MAY_BE_OLD = timedelta(days=365)
AT_THE_CARRIER = timedelta(days=1)
"""So long after a text was settled its words should be gone from the carrier's side."""


def examine(services: Services) -> list[Finding]:
    """Settings were read already, or nothing would run; the rest is asked here."""
    found = [_settings(services), *_database(services), *examine_carrier(services), *_on_the_way(services)]
    return [*found, *_texts(services), _protocols(services), _marked_words(services), *_push(services)]


def _settings(services: Services) -> Finding:
    where = "simulation: no text leaves this machine" if services.settings.simulation else "a real carrier"
    return Finding("settings", True, where)


def _database(services: Services) -> list[Finding]:
    try:
        with services.database.reading() as tx:
            tx.conn.execute(sql("SELECT 1"))
            beat, watching = heartbeats.last_beat(tx, "clock"), heartbeats.last_beat(tx, "watch")
            now = tx.now
    except SQLAlchemyError:
        return [Finding("database", False, "it does not answer, or is not migrated: run the release command")]
    current = schema.is_current(services.database.engine)
    found = [Finding("database", current, "migrated" if current else "not migrated: run the release command")]
    alive = beat is not None and now - beat < STALE
    found.append(
        Finding("clock", alive, "beating" if alive else "no heartbeat in 30 s: start `python worker.py clock`")
    )
    watched = watching is not None and now - watching < STALE
    words = "watched" if watched else "nobody watches it: start `python worker.py watch`"
    found.append(Finding("watch", watched, words))
    if not current:
        return found
    with services.database.reading() as tx:
        return [*found, _list(tx), _keys(tx, len(services.settings.field_keys)), *_retention(tx, services)]


def _list(tx: Tx) -> Finding:
    """The carrier's own list of what came in, against which ours is held."""
    mark = watermarks.get(tx, NAME)
    if mark is None or mark.good_at is None:
        return Finding("list", False, "the carrier's list was never read: start `python worker.py clock`")
    age = tx.now - mark.good_at
    words = f"the carrier's was read {age // timedelta(minutes=1)} min ago"
    if age > LIST_MAY_BE_OLD:
        words += f", {mark.failures} failures since: lost texts stay unseen; see `carrier` here, and the clock"
    return Finding("list", age <= LIST_MAY_BE_OLD, words)


def _keys(tx: Tx, keys: int) -> Finding:
    """How old is the newest key, by the first text it sealed, and does an older one still seal anything?"""
    begins = func.substr(messages.c.body, 1, len(tx.keys.newest_header), type_=LargeBinary)
    newest = bindparam("header", tx.keys.newest_header, LargeBinary)
    first = tx.conn.execute(select(func.min(messages.c.created_at)).where(begins == newest)).scalar()
    older = tx.conn.execute(select(func.count()).select_from(messages).where(begins != newest)).scalar_one()
    if older:
        return Finding("keys", False, f"{older} texts lie under an older key: run `keys rotate`, then take it out")
    if keys > 1:
        return Finding("keys", False, "no text needs the older key: take it out once `keys rotate` has nothing to do")
    if first is not None and tx.now - first > KEYS_MAY_BE_OLD:
        days = (tx.now - first).days
        return Finding("keys", False, f"the key is {days} days old: put a new one first in FIELD_KEYS, `keys rotate`")
    return Finding("keys", True, "one key, and everything is sealed with it")


def _retention(tx: Tx, services: Services) -> list[Finding]:
    if services.settings.simulation:
        return []
    c = messages.c
    lying = (c.provider_sid.is_not(None), c.redacted_at.is_(None), c.created_at < tx.now - AT_THE_CARRIER)
    left = tx.conn.execute(select(func.count()).select_from(messages).where(*lying)).scalar_one()
    words = "no words lie at the carrier longer than a day"
    if left:
        words = f"the words of {left} texts still lie at the carrier after a day: see that a worker runs"
    return [Finding("retention", not left, words)]


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


def _wording(services: Services) -> Wording:
    """With the sign-offs, where the database can be asked for them."""
    try:
        with services.database.reading() as tx:
            return wording_now(tx, services)
    except SQLAlchemyError:
        return services.script.wording


def _texts(services: Services) -> list[Finding]:
    wording = _wording(services)
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
            Finding("review", False, f"{drafts} texts are unreviewed and will be refused: sign them off at /flows/")
        )
    return found


def _push(services: Services) -> list[Finding]:
    """Can staff be called by their browsers? Off is no fault: the other channels stand."""
    if not services.push_key:
        return [Finding("push", True, "off: no browser is called; PUSH_CONTACT switches it on")]
    try:
        with services.database.reading() as tx:
            devices = reach.devices(tx)
    except SQLAlchemyError:
        return []  # told already, by the database's own finding
    failing = sum(one.failed_at is not None for one in devices)
    proved = sum(one.proved_at is not None for one in devices)
    words = f"on: {len(devices)} devices, {proved} of them proven"
    if failing:
        words += f"; {failing} could not be called lately: see that this machine reaches the push services"
    return [Finding("push", not devices or failing < len(devices), words)]


def _protocols(services: Services) -> Finding:
    """Whom a duty is told to must have been looked up by a person before somebody real depends on it."""
    stale = protocols().unconfirmed(services.clock.now().date())
    words = f"{stale} rows were not verified in twelve months: check each, and date it in bot/protocols.toml"
    return Finding("protocols", services.settings.simulation or not stale, words if stale else "all verified")


def _marked_words(services: Services) -> Finding:
    """The lists behind what the desk marks in a text are used unread; but somebody must read them."""
    drafts = [section.kind for section in SECTIONS if not section.reviewed]
    words = f"not read by survivors and native speakers yet: {', '.join(drafts)} in bot/rules/discreet.toml"
    return Finding("words", services.settings.simulation or not drafts, words if drafts else "all reviewed")
