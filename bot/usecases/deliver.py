"""How do texts that are due leave? A rolling window of posts side by side, filled from leased rows as places get free.

Run as often as you like, in as many processes as you like: a row is claimed by one UPDATE under a lease. The lease is
written before the call, so that a process that dies anywhere leaves a row that says so (`sending`), and such a row is
looked up at the carrier (usecases/settle.py), never blindly sent again. Calls are made with nothing open. There is no
batch to wait for: what came back is written and its places are filled again in one short transaction, so that one slow
call holds up nobody else, and a text about danger is claimed within moments of being written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import log, metrics
from bot.errors import SendError
from bot.ports import OutboundText
from bot.rules.carrier_errors import Reaction, policy_of
from bot.rules.sending import ANSWER, CAMPAIGN, URGENT, retry_after_s
from bot.services import Services
from bot.store import outbox, senders
from bot.store.db import Database, Tx
from bot.usecases import react
from bot.usecases.alerts import alert
from bot.usecases.claim_texts import Claimed, Room, anything_due, claim_texts

LEASE = timedelta(seconds=30)
"""Longer than the carrier call's own time-out: while it runs the fate of the text is still ours to know."""
LATEST_START_S = LEASE.total_seconds() / 2
"""A post that has not begun by then (a process that was stopped, a machine that slept) does not begin at all: by the
end of the lease others may look the text up, and what they do not find they send."""

FIRST_LOOK = timedelta(seconds=10)
"""After a call that ended without an answer: what the carrier took it has in its list by then, as a rule."""

SIDE_BY_SIDE = 128
ROOM = (SIDE_BY_SIDE, SIDE_BY_SIDE - 16, SIDE_BY_SIDE - 32)
"""So many calls may be under way before a text of each class waits: sixteen places are only ever given to texts about
danger, and sixteen more never to campaigns."""
FEWEST = 4
"""When the carrier says that we call too often, the places of campaigns are halved, to this at the least."""
GATHER_S = 0.02
"""What comes back within it is written together: few transactions, and nobody waits long."""
LOOK_S = 0.05
"""While calls are under way and nothing more could leave, the rows are looked at again so often."""
LONGEST_S = 30.0
"""One job's share: then it lets go of the worker, which looks after itself, and rings for the next."""

Result = str | SendError
Done = tuple[Claimed, Result]


@dataclass(slots=True)
class _Window:
    """Calls under way, and the results that are not yet written."""

    under_way: dict[Future[Result], Claimed] = field(default_factory=dict)
    campaigns: int = ROOM[CAMPAIGN]
    taken: int = 0

    def room(self, *, over: bool) -> Room:
        """How many more of each class may be claimed. When this job's share is over, only what cannot wait for the end
        of the slowest call."""
        busy = len(self.under_way)
        answers, campaigns = (0, 0) if over else (ROOM[ANSWER] - busy, self.campaigns - busy)
        return (0 if over and not busy else ROOM[URGENT] - busy), answers, campaigns

    def gather(self, timeout_s: float) -> list[Done]:
        """What came back, once the first did; empty when nothing does in that time."""
        if not self.under_way:
            return []
        done, _ = wait(self.under_way, timeout_s, FIRST_COMPLETED)
        if done and len(done) < len(self.under_way):
            time.sleep(GATHER_S)
            done |= {future for future in self.under_way if future.done()}
        return [(self.under_way.pop(future), future.result()) for future in done]

    def learn(self, results: Sequence[Done]) -> None:
        """Fewer at once when the carrier says it is too many; one more with every few that it took."""
        taken = sum(isinstance(result, str) for _, result in results)
        self.taken += taken
        if any(isinstance(result, SendError) and result.code == "20429" for _, result in results):
            self.campaigns = max(FEWEST, self.campaigns // 2)
        else:
            self.campaigns = min(ROOM[CAMPAIGN], self.campaigns + -(-taken // 8))


def deliver(database: Database, services: Services) -> int:
    """Send what is due; returns how many texts the carrier took."""
    window, stop_at = _Window(), time.monotonic() + LONGEST_S
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="post") as pool:
        while True:
            results = window.gather(LOOK_S)
            window.learn(results)
            over = time.monotonic() >= stop_at
            # Counted from before the claim: a process held up behind its commit must not post after its lease.
            begin_by = time.monotonic() + LATEST_START_S
            for item in _record_and_claim(database, services, results, window.room(over=over)):
                window.under_way[pool.submit(_post, services.carrier.send, begin_by, item)] = item
            if not window.under_way:
                break
    if over:
        services.nudges.deliver()
    return window.taken


def _post(send: Callable[[OutboundText], str], begin_by: float, item: Claimed) -> Result:
    """The one line at which a text leaves. Nothing is open."""
    if time.monotonic() > begin_by:
        return SendError("begun_too_late", "later", "The process was held up before this text could leave.")
    try:
        return send(item.text)
    except SendError as error:
        return error
    except Exception as error:
        # A fault of ours on the way out: it may have left, and the others must not be lost over it.
        log.event("post_broke", level="error", message_id=item.message_id, error=error)
        return SendError("post_broke", "unknown", "Something of ours broke while this text was leaving.")


def _record_and_claim(database: Database, services: Services, results: list[Done], room: Room) -> list[Claimed]:
    """Write what came back and claim what may take its place, in one short transaction. What the carrier refused is
    written afterwards, each by itself: its consequences lock the conversation, which this transaction must not."""
    plain = [one for one in results if not _is_refused(one[1])]
    claimed: list[Claimed] = []
    if plain or _may_claim(database, services, room):
        try:
            with database.transaction() as tx:
                if plain:
                    _record(tx, plain)
                claimed = claim_texts(tx, services, room, LEASE)
        except SQLAlchemyError as error:
            log.event("round_not_recorded", level="error", count=len(plain), error=error)
            _record_each(database, plain)
            claimed = []
    for item, error in results:
        if isinstance(error, SendError) and _is_refused(error):
            _refused(database, services, item, error)
    return claimed


def _may_claim(database: Database, services: Services, room: Room) -> bool:
    """A look that takes no writer's lock: most end here when little is due."""
    with database.reading() as tx:
        return anything_due(tx, services, room)


def _record_each(database: Database, done: list[Done]) -> None:
    """If one cannot be written, it costs the others nothing. What stays unwritten is `sending` under a lease, and is
    looked up."""
    for one in done:
        try:
            with database.transaction() as tx:
                _record(tx, [one])
        except SQLAlchemyError as error:
            log.event("send_not_recorded", level="error", message_id=one[0].message_id, error=error)


def _refused(database: Database, services: Services, item: Claimed, error: SendError) -> None:
    _count(item, error)
    try:
        with database.transaction() as tx:
            react.refused(tx, services, item, error.code)
    except SQLAlchemyError as failure:
        log.event("send_not_recorded", level="error", message_id=item.message_id, error=failure)


def _is_refused(result: Result) -> bool:
    return isinstance(result, SendError) and result.fate == "refused"


def _record(tx: Tx, done: list[Done]) -> None:
    """What the carrier took, may have taken, or asked us to bring later."""
    taken = [{"id": item.message_id, "nth": item.nth, "sid": sid} for item, sid in done if isinstance(sid, str)]
    failed = [(item, error) for item, error in done if isinstance(error, SendError)]
    outbox.sent(tx, taken)
    outbox.not_sent(tx, [_after_failure(tx.now, item, error) for item, error in failed])
    rests: dict[str, datetime] = {}
    faults: set[tuple[str, str]] = set()
    for item, error in failed:
        _count(item, error)
        reactions = policy_of(error.code).reactions
        if error.fate == "later" and Reaction.REST in reactions:
            until = tx.now + timedelta(seconds=retry_after_s(item.nth, error.retry_after_s, item.message_id))
            rests[item.sender] = max(until, rests.get(item.sender, until))
        if error.fate == "later" and Reaction.ALERT in reactions:
            faults.add((error.code, item.sender))
    for code, sender in sorted(faults):
        alert(tx, code, sender)
    senders.rest(tx, rests)
    metrics.sends.count("sent", len(taken))


def _count(item: Claimed, error: SendError) -> None:
    metrics.sends.count(error.fate)
    log.event("send_failed", level="warning", message_id=item.message_id, code=error.code, status=error.fate)


def _after_failure(now: datetime, item: Claimed, error: SendError) -> dict[str, Any]:
    values = {"id": item.message_id, "nth": item.nth, "why": error.code, "due": item.due_at, "lease": None}
    if error.fate == "later":
        wait = timedelta(seconds=retry_after_s(item.nth, error.retry_after_s, item.message_id))
        return {**values, "to_status": "queued", "due": now + wait}
    return {**values, "to_status": "unknown", "lease": now + FIRST_LOOK}
