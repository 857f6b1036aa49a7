"""What became of a text whose fate is unknown? Look it up at the carrier; never send it again on a guess.

A row is in doubt when the process that was sending it died (`sending`, lease over) or the carrier did not answer
(`unknown`). Its receipt may settle it at any time. Otherwise the carrier's own list is asked: the same number, the
same words, created since our text was written, under an id that no other row of ours has. `rules/fate.py` says what a
list proves: a text that is in it has left; one that is missing twice, the second time when a call of ours can no longer
be under way, never did, and only then is it sent again. What the list cannot tell stays unknown, and a person looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row

from bot import log, metrics
from bot.errors import SendError
from bot.ports import CarrierMessage
from bot.rules.fate import Absent, CannotTell, Found, Seen, judge
from bot.services import Services
from bot.store import conversations, outbox
from bot.store.db import Database, Tx
from bot.usecases import react

AT_ONCE, SIDE_BY_SIDE = 40, 8
CLOCKS_APART = timedelta(seconds=120)
"""How far the carrier's clock may be from ours."""
LOOK_AGAIN = timedelta(seconds=15)
"""Between two looks: a list that lags behind is given time to show what it has."""
SAFE_WAIT = timedelta(seconds=50)
"""After an attempt began. By then no call of ours is under way (13 s at most, begun within 15), and the carrier's list
has had twenty seconds and more to show what it took at the last moment."""
TELL_AFTER = timedelta(minutes=5)
"""What could not be settled for so long stays unknown: a person is told, and later texts wait for it no longer."""
LOOK_NO_MORE = timedelta(hours=24)
LOOK_SLOWLY = timedelta(minutes=5)
MOST_ATTEMPTS = 5
"""After so many posts whose fate had to be looked up a human looks."""


def settle(database: Database, services: Services) -> int:
    """Settle what is in doubt; returns how many were settled. Each look-up is made with nothing open."""
    with database.reading() as tx:
        doubtful = outbox.in_doubt(tx, AT_ONCE)
    if not doubtful:
        return 0
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="settle") as pool:
        return sum(pool.map(partial(_settle_one, database, services), doubtful))


def anything_in_doubt(tx: Tx) -> bool:
    return bool(outbox.in_doubt(tx, 1))


def _settle_one(database: Database, services: Services, row: Row[Any]) -> bool:
    body = database.keys.open("messages.body", row.message_id, row.body)
    number = database.keys.open("people.phone", row.person_id, row.phone)
    there: Sequence[CarrierMessage] | None = None
    try:
        if "address" in services.settings.twilio_retention:
            raise SendError("address_hidden", "later", "The carrier hides numbers: its list cannot be asked for one.")
        there = services.carrier.look_up(to=number, since=row.created_at - CLOCKS_APART)
    except SendError as error:
        log.event("look_up_failed", level="warning", message_id=row.message_id, code=error.code)
    with database.transaction() as tx:
        conversations.load(tx, row.conversation_id)  # the lock that a telling needs, before the text's own
        standing = outbox.lock_in_doubt(tx, row.message_id)
        if standing is None:
            return False
        become = _decide(tx, services, standing, there, body)
    if become is None:
        return False
    metrics.sends.count("settled")
    log.event("fate_settled", message_id=row.message_id, status=become)
    return True


def _decide(tx: Tx, services: Services, row: Row[Any], there: Sequence[CarrierMessage] | None,
            body: str) -> str | None:  # fmt: skip
    """Write what the list proves; returns the text's new status, or None while it is in doubt still."""
    verdict = CannotTell() if there is None else judge(_seen(tx, there), body, _siblings(tx, row, body))
    match verdict:
        case Found(provider_sid):
            outbox.settle(tx, row.message_id, status="sent", provider_sid=provider_sid, sent_at=tx.now)
            return "sent"
        case Absent() if _proved(row, tx.now):
            return _never_left(tx, services, row)
        case Absent():
            again = tx.now + LOOK_AGAIN if row.absent_at is None else row.begun_at + SAFE_WAIT
            outbox.doubt(tx, row, again_at=max(again, _begun_at(row) + SAFE_WAIT), absent_at=row.absent_at or tx.now)
            return None
        case _:
            return _stays(tx, services, row)


def _seen(tx: Tx, there: Sequence[CarrierMessage]) -> list[Seen]:
    """The carrier's messages whose id no row of ours has, oldest first. Its own answers to STOP are not ours."""
    ours = [m for m in there if m.direction == "outbound-api"]
    taken = outbox.known_sids(tx, [m.provider_sid for m in ours])
    ours.sort(key=lambda m: str(m.date_created))
    return [Seen(m.provider_sid, m.body) for m in ours if m.provider_sid not in taken]


def _siblings(tx: Tx, row: Row[Any], body: str) -> int:
    """How many older texts in doubt there are with the same words for the same person: the list's older copies are
    theirs."""
    others = outbox.in_doubt_before(tx, row.conversation_id, row.seq)
    return sum(tx.keys.open("messages.body", one.message_id, one.body) == body for one in others)


def _proved(row: Row[Any], now: datetime) -> bool:
    """Missing twice, far enough apart, and long enough after the attempt began."""
    return row.absent_at is not None and now - row.absent_at >= LOOK_AGAIN and now - _begun_at(row) >= SAFE_WAIT


def _begun_at(row: Row[Any]) -> datetime:
    begun_at: datetime = row.begun_at or row.created_at
    return begun_at


def _never_left(tx: Tx, services: Services, row: Row[Any]) -> str:
    """It is sent again; but not one that a person was told of and that later texts have passed by: said now, an old
    question would be answered in place of the new one. What is about danger is never too late."""
    passed_by = row.settled_at is not None and row.kind != "crisis" and outbox.later_left(tx, row)
    if row.attempts < MOST_ATTEMPTS and not passed_by:
        outbox.put_back(tx, row.message_id)
        tx.after_commit(services.nudges.deliver)
        return "queued"
    reason = "passed_by" if passed_by else "never_taken"
    outbox.fail(tx, row.message_id, reason, nth=row.attempts)
    about = outbox.about(tx, row.message_id)
    assert about is not None
    react.failed(tx, services, about, reason)
    return "failed"


def _stays(tx: Tx, services: Services, row: Row[Any]) -> None:
    """Nothing is proved. It is looked up again, more slowly once a person was told; a receipt may still settle it."""
    age = tx.now - _begun_at(row)
    told = row.settled_at is not None
    if not told and age >= TELL_AFTER:
        about = outbox.about(tx, row.message_id)
        assert about is not None
        react.stays_unknown(tx, services, about)
        told = True
    again_at = tx.now + (LOOK_SLOWLY if told else LOOK_AGAIN)
    outbox.doubt(tx, row, again_at=again_at if age < LOOK_NO_MORE else None, told_at=tx.now if told else None)
