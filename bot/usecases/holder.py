"""Who holds the phone? A human who looked says so, with a name; until then no automatic text goes to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.rules.holder import OUTCOMES, SIGNS, Check, is_doubted
from bot.services import Services
from bot.store import audit, tasks, threads
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.usecases.holding import held
from bot.usecases.refusal import Refused
from flows.understanding import read

KIND = "holder"
"""Of a task: it is written when it is done, for it is the look itself that counts."""


def check(database: Database, *, conversation_id: str, staff_id: str, epoch: int, outcome: str) -> Refused | None:
    """The owner looked: it is them, it is not, or nobody can tell. None means it is on the record."""
    if outcome not in OUTCOMES:
        return Refused("Say who you think is holding the phone.")
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        tasks.write_done(tx, kind=KIND, conversation_id=conversation_id, done_by=staff_id, outcome=outcome)
        audit.record(tx, act="holder_checked", staff_id=staff_id, object_id=conversation_id, detail=outcome)
    return None


def last_check(tx: Tx, conversation_id: str) -> Check | None:
    done = tasks.last_done(tx, KIND, conversation_id)
    return None if done is None or done.done_at is None else Check(done.outcome or "", done.done_at)


def in_doubt(tx: Tx, services: Services, stored: Stored, reason: str = "") -> bool:
    """`reason` is that of the open hand-off, where one is looked at."""
    said = last_check(tx, stored.conversation_id)
    signs = _signs(tx, services, stored, said.at) if said is not None and said.outcome == "them" else ()
    return is_doubted(stored.conversation.flags, reason, said, signs)


def sent_their_word(stored: Stored, services: Services, body: str) -> bool | None:
    """Is this text the word they chose? None while they have chosen none. The word itself is shown to nobody."""
    word = stored.conversation.answers.get("code_word")
    return None if word is None else "".join(services.script.lexicon.hear(body).plain) == word


def _signs(tx: Tx, services: Services, stored: Stored, since: datetime) -> Iterator[datetime]:
    """Texts since then that raise the doubt anew; the second word among them."""
    lexicon, duress = services.script.lexicon, stored.conversation.answers.get("duress_word")
    for text in threads.thread(tx, stored.conversation_id):
        if text.direction != "in" or text.created_at <= since:
            continue
        reading = read(text.body, expecting=None, language=stored.conversation.language, lexicon=lexicon)
        if {reading.intent.value, *reading.flags} & SIGNS or "".join(lexicon.hear(text.body).plain) == duress:
            yield text.created_at
