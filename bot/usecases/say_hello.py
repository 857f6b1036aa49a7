"""Who wished for a hello some days after the end, and is it right to say it? Once, and only into rest.

An advocate wrote the wish down as they finished (`finish`). Somebody who said STOP, who is talking with us or who waits
for an advocate is not said hello to. The text is a notice: it leaves in the hours that suit them, or never.
"""

from __future__ import annotations

from bot.services import Services
from bot.store import conversations, handoffs, people, promises, staff
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.promises import Promise
from bot.usecases import turn
from flows.conversation import Holder
from flows.events import Hello


def say_hello(database: Database, services: Services) -> None:
    """Everybody whose day it is."""
    with database.reading() as tx:
        due = promises.hellos_due(tx, tx.now)
    for promise in due:
        with database.transaction() as tx:
            _say(tx, services, promise)


def _say(tx: Tx, services: Services, seen: Promise) -> None:
    stored = conversations.load(tx, seen.conversation_id)  # its lock first, as every turn takes it
    promise = promises.get(tx, seen.promise_id)
    if stored is None or promise is None or promise.ended_at is not None:
        return
    advocate = _who_finished(tx, promise.conversation_id)
    resting = _at_rest(tx, services, stored, promise)
    if resting is None or not advocate:
        promises.end_one(tx, promise.promise_id, "let_go")
        return
    turn.take(tx, services, resting.conversation_id, Hello(advocate))
    promises.end_one(tx, promise.promise_id, "kept")


def _at_rest(tx: Tx, services: Services, stored: Stored, promise: Promise) -> Stored | None:
    """The conversation in which it is said; None when they wrote since, or want nothing more."""
    if stored.conversation.suppressed:
        return None
    standing = conversations.open_of(tx, stored.person_id)
    if standing is None:
        brought = people.brought_by(tx, stored.person_id)
        return conversations.start(
            tx, person_id=stored.person_id, phone_key=stored.phone_key, language=stored.conversation.language,
            flow_version=services.script.version, words=brought.words, marks=brought.marks,
        )  # fmt: skip
    wrote = stored.last_inbound_at is not None and stored.last_inbound_at > promise.made_at
    busy = stored.conversation.held_by is Holder.ADVOCATE or handoffs.open_of(tx, standing) is not None
    return None if standing != stored.conversation_id or wrote or busy else stored


def _who_finished(tx: Tx, conversation_id: str) -> str:
    last = handoffs.latest_of(tx, conversation_id)
    if last is None or last.owner_id is None:
        return ""
    return staff.aliases(tx, {last.owner_id}).get(last.owner_id, "")
