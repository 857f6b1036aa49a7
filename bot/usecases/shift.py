"""Who is here to answer, and until when? Promises to people are counted from the shifts."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules.phrases import counted
from bot.store import audit, handoffs, pages, promises, staff
from bot.store.db import Database, Tx
from bot.usecases import prove_channel
from bot.usecases.promises import SHIFT_BEGINS_WITHIN
from bot.usecases.refusal import Refused

LONGEST = timedelta(hours=12)


def go_on(database: Database, *, staff_id: str, until: datetime) -> Refused | None:
    """On shift from now until then; a running shift is replaced. None means done."""
    with database.transaction() as tx:
        if not timedelta(0) < until - tx.now <= LONGEST:
            return Refused("A shift ends later than now, and within 12 hours.")
        staff.begin_shift(tx, staff_id, until)
        _ring_in(tx, staff_id)
        audit.record(tx, act="shift_on", staff_id=staff_id, object_id=staff_id)
    return None


def begin_planned(database: Database) -> None:
    """Shifts of the plan whose hour has come, each once, whichever sweep sees to it."""
    with database.reading() as tx:
        due = staff.beginning(tx)
    for shift_id, staff_id in due:
        with database.transaction() as tx:
            if staff.begun(tx, shift_id):
                _ring_in(tx, staff_id)
                audit.record(tx, act="shift_began", object_id=staff_id)


def _ring_in(tx: Tx, staff_id: str) -> None:
    """Whoever cannot be heard cannot be given anybody: each of their channels rings now, and waits for an answer."""
    pages.add_channel(tx, staff_id, "desk", staff_id)
    prove_channel.ring_all(tx, staff_id)
    promises.wake(tx, tx.now + SHIFT_BEGINS_WITHIN)


def go_off(database: Database, *, staff_id: str) -> Refused | None:
    """Off shift now; refused while somebody would be left without an answer. None means done."""
    with database.transaction() as tx:
        mine = handoffs.owned_by(tx, staff_id)
        if mine:
            return Refused(
                counted(
                    "You still hold %(n)s person. Finish first, or hand back to the bot.",
                    "You still hold %(n)s people. Finish first, or hand back to the bot.",
                    len(mine),
                )
            )
        staff.end_shift(tx, staff_id)
        audit.record(tx, act="shift_off", staff_id=staff_id, object_id=staff_id)
    return None
