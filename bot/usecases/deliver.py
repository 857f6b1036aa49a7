"""How do texts that are due leave? Claim a batch, ask once more, commit, call the carrier with nothing open, record.

Run as often as you like, in as many processes as you like: a row is claimed by one UPDATE under a lease. The lease is
written before the call, so that a process that dies anywhere leaves a row that says so (`sending`), and such a row is
looked up at the carrier (usecases/settle.py), never blindly sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased

from bot import log, metrics
from bot.errors import SendError
from bot.ports import OutboundText
from bot.rules.hours import place_of
from bot.rules.may_send import Allowed, Later, Refused, SendFacts, may_send
from bot.services import Services
from bot.store import campaigns, consent, people
from bot.store.conversations import conversations, stated_zip3s
from bot.store.db import Database, Tx
from bot.store.messages import PRIORITY, messages
from bot.usecases.receipt import OPTED_OUT, withdraw_by_carrier

LEASE = timedelta(seconds=30)
"""Longer than the carrier call's own time-out: while it runs the fate of the text is still ours to know."""

SIDE_BY_SIDE = 16
BATCH = SIDE_BY_SIDE
"""No more than can be posted at once: a text that waited its turn under a lease could be taken for lost."""

LATEST_START_S = LEASE.total_seconds() / 2
"""A post that has not begun by then (a process that was stopped, a machine that slept) does not begin at all: by the
end of the lease others may look the text up, and what they do not find they send."""

RETRY_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One text that may leave now."""

    message_id: str
    conversation_id: str
    text: OutboundText


def deliver(database: Database, services: Services) -> int:
    """Send everything that is due; returns how many texts the carrier took."""
    taken = 0
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        while True:
            begin_by = time.monotonic() + LATEST_START_S
            with database.transaction() as tx:
                looked_at, claimed = _claim(tx, services)
            if not looked_at:
                return taken
            post = partial(_post, services.carrier.send, begin_by)
            # An answer to one person is the common case, and needs no thread to wake.
            results = [post(claimed[0])] if len(claimed) == 1 else list(pool.map(post, claimed))
            _record_all(database, list(zip(claimed, results, strict=True)))
            taken += sum(isinstance(result, str) for result in results)


_m, _c, _p = messages.c, conversations.c, people.people.c
_earlier = aliased(messages, name="earlier")
_waits_for_one_before = (
    select(_earlier.c.message_id)
    .where(
        _earlier.c.conversation_id == _m.conversation_id,
        _earlier.c.direction == "out",
        _earlier.c.seq < _m.seq,
        or_(
            _earlier.c.status == "sending",
            # An unknown holds its thread back until it is settled, but never a text about danger.
            and_(_earlier.c.status == "unknown", _m.priority > PRIORITY["confirmation"]),
            and_(_earlier.c.status == "queued", _earlier.c.due_at <= _m.due_at, _earlier.c.priority <= _m.priority),
        ),
    )
    .exists()
)


def _due(now: datetime) -> Select[Any]:
    return (
        select(
            _m.message_id, _m.conversation_id, _m.kind, _m.key, _m.language, _m.body, _m.epoch, _m.created_at,
            _m.recipient_id, _c.person_id, _c.epoch.label("current_epoch"), _c.held_by, _p.phone, _p.phone_key,
            _p.safe_hours, consent.suppressions.c.at.label("suppressed_at"),
        )
        .join_from(messages, conversations, _c.conversation_id == _m.conversation_id)
        .join(people.people, _p.person_id == _c.person_id)
        .outerjoin(consent.suppressions, consent.suppressions.c.phone_key == _p.phone_key)
        .where(_m.status == "queued", _m.direction == "out", _m.due_at <= now, ~_waits_for_one_before)
        .order_by(_m.priority, _m.due_at, _m.seq)
        .limit(BATCH)
    )  # fmt: skip


def _claim(tx: Tx, services: Services) -> tuple[int, list[Claimed]]:
    """Rows under our lease that may leave, and how many rows were looked at."""
    rows = tx.conn.execute(_due(tx.now).with_for_update(of=messages, skip_locked=True)).all()
    claimed, ids = [], []
    for row in rows:
        match may_send(_facts(tx, services, row)):
            case Allowed(validity_s):
                ids.append(row.message_id)
                claimed.append(_claimed(tx, row, validity_s))
            case Refused(reason):
                _withhold(tx, row.message_id, reason)
            case Later(reason, at):
                _put_off(tx, row.message_id, at, reason)
    if ids:
        values = {"status": "sending", "lease_until": tx.now + LEASE, "attempts": _m.attempts + 1}
        tx.conn.execute(messages.update().where(_m.message_id.in_(ids)).values(**values))
    return len(rows), claimed


def _claimed(tx: Tx, row: Row[Any], validity_s: int) -> Claimed:
    body = tx.keys.open("messages.body", row.message_id, row.body)
    number = tx.keys.open("people.phone", row.person_id, row.phone)
    return Claimed(row.message_id, row.conversation_id, OutboundText(row.message_id, number, body, validity_s))


def _facts(tx: Tx, services: Services, row: Row[Any]) -> SendFacts:
    settings, wording = services.settings, services.script.wording
    basics = {
        "kind": row.kind,
        "created_at": row.created_at,
        "now": tx.now,
        "suppressed": row.suppressed_at is not None,
        "epoch": row.epoch,
        "current_epoch": row.current_epoch,
        "held_by": row.held_by,
        "reviewed": row.key is None or wording.is_reviewed(row.key, row.language),
        "allow_unreviewed": settings.allow_unreviewed_texts,
    }
    if row.kind not in ("notice", "campaign"):
        return SendFacts(**basics)
    number = tx.keys.open("people.phone", row.person_id, row.phone)
    return SendFacts(
        **basics,
        stopped=campaigns.stopped(tx),
        consent=consent.state_of(tx, row.phone_key),
        safe_hours=row.safe_hours,
        expected=row.kind == "notice" and row.safe_hours is None,
        place=place_of(number, stated_zip3s(tx, row.person_id)),
        last_inbound_at=campaigns.last_inbound_at(tx, row.person_id),
        **(_campaign_facts(tx, row) if row.kind == "campaign" else {}),
    )


def _campaign_facts(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    r, k = campaigns.recipients.c, campaigns.campaigns.c
    query = (
        select(r.basis, k.state, k.window_from, k.window_to)
        .join_from(campaigns.recipients, campaigns.campaigns, k.campaign_id == r.campaign_id)
        .where(r.recipient_id == row.recipient_id)
    )
    campaign = tx.conn.execute(query).one()
    before = campaigns.histories(tx, [row.person_id], but=row.recipient_id).get(row.person_id)
    return {
        "basis": campaign.basis,
        "campaign_state": campaign.state,
        "window": (campaign.window_from, campaign.window_to),
        "last_unanswered_at": before.unanswered_at if before else None,
        "released_before": before.released if before else 0,
    }


def _withhold(tx: Tx, message_id: str, reason: str) -> None:
    values = {"status": "refused", "reason": reason, "settled_at": tx.now}
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(**values))
    metrics.sends.count("withheld")
    log.event("text_withheld", message_id=message_id, reason=reason)


def _put_off(tx: Tx, message_id: str, at: datetime, reason: str) -> None:
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(due_at=at, reason=reason))


def _post(send: Callable[[OutboundText], str], begin_by: float, item: Claimed) -> str | SendError:
    """The one line at which a text leaves. Nothing is open."""
    if time.monotonic() > begin_by:
        return SendError("begun_too_late", "later", "The process was held up before this text could leave.")
    try:
        return send(item.text)
    except SendError as error:
        return error


def _record_all(database: Database, done: list[tuple[Claimed, str | SendError]]) -> None:
    """All at once; and if one cannot be written, each by itself, so that it costs the others nothing. What stays
    unwritten is `sending` under a lease, and is looked up."""
    try:
        with database.transaction() as tx:
            for item, result in done:
                _record(tx, item, result)
    except SQLAlchemyError as error:
        if len(done) == 1:
            log.event("send_not_recorded", level="error", message_id=done[0][0].message_id, error=error)
            return
        for one in done:
            _record_all(database, [one])


def _record(tx: Tx, item: Claimed, result: str | SendError) -> None:
    """Only a row that is still `sending` is ours to write: a receipt may have been quicker."""
    mine = and_(_m.message_id == item.message_id, _m.status == "sending")
    if isinstance(result, str):
        sent = {"status": "sent", "provider_sid": result, "sent_at": tx.now, "lease_until": None, "reason": None}
        tx.conn.execute(messages.update().where(mine).values(**sent))
        metrics.sends.count("sent")
        return
    metrics.sends.count(result.fate)
    log.event("send_failed", level="warning", message_id=item.message_id, code=result.code, status=result.fate)
    tx.conn.execute(messages.update().where(mine).values(**_after_failure(tx, result)))
    if result.code == OPTED_OUT:
        withdraw_by_carrier(tx, item.conversation_id, message_id=item.message_id)


def _after_failure(tx: Tx, error: SendError) -> dict[str, Any]:
    match error.fate:
        case "later":
            wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s else RETRY_AFTER
            return {"status": "queued", "due_at": tx.now + wait, "lease_until": None, "reason": error.code}
        case "refused":
            return {"status": "failed", "reason": error.code, "settled_at": tx.now, "lease_until": None}
        case _:
            return {"status": "unknown", "reason": error.code, "lease_until": tx.now + LEASE}


def anything_due(tx: Tx) -> bool:
    """Could a text leave now? What the sweep rings for."""
    return tx.conn.execute(_due(tx.now).with_only_columns(_m.message_id).limit(1)).first() is not None
