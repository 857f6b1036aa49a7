"""What does a colleague promise somebody, and is it kept? A row with a deadline, an owner and the hours that are safe.

It outlives the text it was made with, a change of hands and the end of the hand-off: whoever has the person owns it,
and its maker while nobody does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.rules.phrases import phrase
from bot.store import audit, conversations, handoffs, people, promises, staff
from bot.store.db import Database, Tx
from bot.store.promises import Promise
from bot.usecases.holding import held
from bot.usecases.refusal import Refused

WITHIN_MINUTES = (10, 30, 60, 180, 720, 1440, 2880)
LONGEST = 160


@dataclass(frozen=True, slots=True)
class Word:
    """What was promised, and within how many minutes of now."""

    what: str
    minutes: int


def fault(word: Word) -> Refused | None:
    """Before anything is written: what is wrong with it, if something is."""
    if not word.what.strip() or len(word.what) > LONGEST:
        return Refused(phrase("Write what you promise, in up to %(most)s characters. Nothing was sent.", most=LONGEST))
    if word.minutes not in WITHIN_MINUTES:
        return Refused("Choose by when you will have done it. Nothing was sent.")
    return None


def give(tx: Tx, *, conversation_id: str, person_id: str, staff_id: str, word: Word) -> str:
    """In the transaction of the text it goes with. The caller has asked `fault`, and holds the conversation's lock."""
    person = people.get(tx, person_id)
    promise_id = promises.give(
        tx, conversation_id=conversation_id, staff_id=staff_id, what=" ".join(word.what.split()),
        due_at=tx.now + timedelta(minutes=word.minutes), safe_hours=person.safe_hours if person else None,
    )  # fmt: skip
    audit.record(tx, act="promise_made", staff_id=staff_id, object_id=promise_id)
    return promise_id


def give_word(database: Database, *, conversation_id: str, staff_id: str, epoch: int, word: Word) -> str | Refused:
    """A promise that was spoken, or went with an earlier text."""
    refused = fault(word)
    if refused is not None:
        return refused
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        return give(tx, conversation_id=conversation_id, person_id=mine.stored.person_id, staff_id=staff_id, word=word)


def keep_word(database: Database, *, promise_id: str, staff_id: str) -> Refused | None:
    """It is done. Late, it stays broken and is made good. None means noted."""
    return _close(database, promise_id, staff_id, "kept")


def let_go(database: Database, *, promise_id: str, staff_id: str) -> Refused | None:
    """The person no longer wants it. None means noted."""
    return _close(database, promise_id, staff_id, "let_go")


def owner_of(tx: Tx, promise: Promise) -> str | None:
    """Whoever has the person now; while nobody has, who made it."""
    standing = handoffs.open_of(tx, promise.conversation_id)
    return standing.owner_id if standing is not None and standing.is_owned else promise.staff_id


def _close(database: Database, promise_id: str, staff_id: str, ending: str) -> Refused | None:
    with database.transaction() as tx:
        seen = promises.get(tx, promise_id)
        if seen is None or seen.staff_id is None:
            return Refused("There is no such promise of a colleague's.")
        conversations.load(tx, seen.conversation_id)
        account = staff.get(tx, staff_id)
        if account is None or not (staff_id in (owner_of(tx, seen), seen.staff_id) or account.may(("lead",))):
            return Refused("Only whoever has the person, who promised, or a lead says that it is done.")
        done = promises.end_one(tx, promise_id, ending) or (ending == "kept" and promises.make_good(tx, promise_id))
        if not done:
            return Refused("It had ended already.")
        audit.record(tx, act=f"promise_{ending}", staff_id=staff_id, object_id=promise_id)
    return None
