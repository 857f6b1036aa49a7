"""May an owner look away? Until an hour that is safe, until they are safe, or to write up; with an alarm in any case.

Parked comes back at its hour, or as soon as the person writes. Until-safe has no end that a clock could bring: the
alarm comes every half hour until a human closes it. Wrap-up waits for the outcome.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules.hours import next_safe, place_of
from bot.rules.ladder import LOOK_AGAIN
from bot.store import audit, conversations, handoffs, people
from bot.store.db import Database, Tx
from bot.usecases.holding import Held, held
from bot.usecases.refusal import Refused

LONGEST = timedelta(hours=72)
NEXT_DAY = timedelta(hours=20)
_MAY = ("owned", "parked", "until_safe", "wrap_up")


def park(database: Database, *, conversation_id: str, staff_id: str, epoch: int,
         until: datetime | None = None, next_day: bool = False) -> datetime | Refused:  # fmt: skip
    """Until that moment, or without one until the person's next safe hour; `next_day` is a look at them tomorrow.
    Answers when it comes back."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        if mine.handoff.unanswered:
            return Refused("They wrote and nobody answered yet. Answer first, then park.")
        at = until or _safe_from(tx, mine, tx.now + (NEXT_DAY if next_day else timedelta(minutes=15)))
        if at is None or not timedelta(0) < at - tx.now <= LONGEST:
            return Refused("Park until a time within three days; they chose no hour that is safe before.")
        return at if _set(tx, mine, "parked", at, staff_id) else _not_now()


def until_safe(database: Database, *, conversation_id: str, staff_id: str, epoch: int) -> Refused | None:
    """Open until a human says that they are safe. None means done."""
    return _change(database, "until_safe", conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)


def wrap_up(database: Database, *, conversation_id: str, staff_id: str, epoch: int) -> Refused | None:
    """All is said; the outcome is still to be written. None means done."""
    return _change(database, "wrap_up", conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)


def resume(database: Database, *, conversation_id: str, staff_id: str, epoch: int) -> Refused | None:
    """Back to the conversation. None means done."""
    return _change(database, "owned", conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)


def _change(database: Database, state: str, *, conversation_id: str, staff_id: str, epoch: int) -> Refused | None:
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        return None if _set(tx, mine, state, tx.now + LOOK_AGAIN, staff_id) else _not_now()


def _set(tx: Tx, mine: Held, state: str, at: datetime, staff_id: str) -> bool:
    handoff = mine.handoff
    if not handoffs.set_state(tx, handoff.handoff_id, state, at, among=_MAY, owner_id=staff_id):
        return False
    audit.record(tx, act=f"handoff_{state}", staff_id=staff_id, object_id=handoff.handoff_id)
    return True


def _not_now() -> Refused:
    return Refused("This person is being given on. Wait for the answer, or call the offer back.")


def _safe_from(tx: Tx, mine: Held, at: datetime) -> datetime | None:
    """The first moment from then on in their own hours; who chose none may be written to by day."""
    person = people.get(tx, mine.stored.person_id)
    zips = conversations.stated_zip3s(tx, [mine.stored.person_id]).get(mine.stored.person_id, ())
    place = place_of(people.number_of(tx, mine.stored.person_id), zips)
    chosen = person.safe_hours if person is not None else None
    return next_safe(place, at, chosen or "morning,afternoon")


