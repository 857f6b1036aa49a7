"""Whom do I hold, who was offered to me, and who waits? What stands beside every conversation, and on the board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.store import handoff_offers, staff, threads
from bot.store.db import Tx
from bot.store.staff import Staff
from bot.store.threads import QueueRow


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody I am asked to take. No word of theirs: that is for whoever has them."""

    handoff_offer_id: str
    row: QueueRow
    kind: str
    who: str
    """Who gives them on, or cannot be reached; empty while they are nobody's."""
    offered_at: datetime
    expires_at: datetime

    @property
    def lasts_s(self) -> int:
        return max(1, round((self.expires_at - self.offered_at).total_seconds()))


@dataclass(frozen=True, slots=True)
class Hand:
    """A colleague who raised a hand, and who sits beside them."""

    row: QueueRow
    asked_by: str
    beside: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Queue:
    now: datetime
    here: str
    """The conversation that is open beside it."""
    mine: tuple[QueueRow, ...]
    offered: tuple[Offered, ...]
    waiting: tuple[tuple[str, int], ...]

    @property
    def waits(self) -> int:
        return sum(n for _, n in self.waiting)


def of(tx: Tx, account: Staff, conversation_id: str = "") -> Queue:
    return Queue(
        now=tx.now,
        here=conversation_id,
        mine=tuple(threads.held_by(tx, account.staff_id)),
        offered=offered_to(tx, account),
        waiting=tuple(threads.waiting_by_tier(tx).items()),
    )


def offered_to(tx: Tx, account: Staff) -> tuple[Offered, ...]:
    """The first to run out first."""
    standing = handoff_offers.open_to(tx, account.staff_id)
    if not standing:
        return ()
    rows = threads.among(tx, [one.handoff_id for one in standing])
    owners = {row.owner_id for row in rows.values() if row.owner_id}
    names = staff.aliases(tx, owners | {one.by_id for one in standing if one.by_id})
    return tuple(
        Offered(one.handoff_offer_id, rows[one.handoff_id], one.kind,
                names.get(one.by_id or rows[one.handoff_id].owner_id or "", ""), one.offered_at, one.expires_at)
        for one in standing if one.handoff_id in rows
    )  # fmt: skip


def raised_hands(tx: Tx, account: Staff) -> tuple[Hand, ...]:
    """Where a second chair is asked for or taken, the longest first; but one's own."""
    chairs = handoff_offers.chairs(tx)
    if not chairs:
        return ()
    rows = threads.among(tx, [one.handoff_id for one in chairs])
    names = staff.aliases(tx, {one.asked_by_id for one in chairs} | {one.staff_id for one in chairs if one.staff_id})
    return tuple(
        Hand(rows[one.handoff_id], names.get(one.asked_by_id, ""), names.get(one.staff_id or "", ""),
             one.staff_id == account.staff_id)
        for one in chairs
        if one.handoff_id in rows and rows[one.handoff_id].owner_id not in (None, account.staff_id)
    )  # fmt: skip
