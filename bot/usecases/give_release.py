"""Who said yes to what being told, to whom, and how do we know? An advocate notes it; anybody may note its end.

The person reads or hears each thing that would be told, and says yes to each. Help never depends on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from bot.rules.sharing import DAYS, ITEMS, in_words
from bot.services import Services
from bot.store import audit, conversations, releases, threads, warm_transfers
from bot.store.db import Database, Tx
from bot.usecases.end_sharing import take_back
from bot.usecases.holding import held
from bot.usecases.refusal import Refused

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Yes:
    """What the form says. `message_id` is their text; without one it was spoken, and whoever notes it heard it."""

    items: Collection[str]
    days: int
    program_id: str | None = None
    whole_organization: bool = False
    message_id: str | None = None
    first_name: str = ""
    words: str = field(default="", repr=False)


def give_release(database: Database, *, conversation_id: str, staff_id: str, epoch: int,
                 yes: Yes) -> str | Refused:  # fmt: skip
    """The release's id. Only whoever has the person notes their yes."""
    if not yes.items or not set(yes.items) <= set(ITEMS):
        return Refused("Tick each thing they said yes to. Nothing was kept.")
    if yes.days not in DAYS:
        return Refused("Choose until when. Nothing was kept.")
    name = " ".join(yes.first_name.split())
    if ("first_name" in yes.items) != bool(name) or len(name) > LONGEST_NAME:
        return Refused("Write the first name they chose, and tick it; or neither. Nothing was kept.")
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        refused = _for_whom(tx, yes) or _how(tx, conversation_id, yes)
        if refused is not None:
            return refused
        place = releases.place_of(tx, yes.program_id or "")
        assert place is not None
        items = [item for item in ITEMS if item in yes.items]
        release_id = releases.to_place(
            tx, mine.stored.person_id, told=items, days=yes.days, words=yes.words.strip() or in_words(items),
            way="text" if yes.message_id else "spoken", message_id=yes.message_id,
            noted_by=None if yes.message_id else staff_id, first_name=name,
            **({"organization_id": place[0]} if yes.whole_organization else {"program_id": yes.program_id}),
        )  # fmt: skip
        audit.record(tx, act="release_given", staff_id=staff_id, object_id=release_id, detail=",".join(items)[:80])
    return release_id


def take_back_release(database: Database, services: Services, *, conversation_id: str, staff_id: str,
                      release_id: str) -> Refused | None:  # fmt: skip
    """In force at once, whoever notes it: the person told somebody, and that is enough."""
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        release = releases.get(tx, release_id)
        if stored is None or release is None or release.person_id != stored.person_id:
            return Refused("There is no such release.")
        if not release.stands(tx.now):
            return Refused("It had ended already. Nothing leaves under it.")
        take_back(tx, services, stored.person_id, release_id=release_id, staff_id=staff_id)
    return None


def _for_whom(tx: Tx, yes: Yes) -> Refused | None:
    if yes.program_id is None or not warm_transfers.callable_programs(tx, [yes.program_id]):
        return Refused("Choose for whom: a place that is approved and active. Nothing was kept.")
    return None


def _how(tx: Tx, conversation_id: str, yes: Yes) -> Refused | None:
    """A yes by text is one of their own texts here."""
    theirs = {one.message_id for one in threads.thread(tx, conversation_id) if one.direction == "in"}
    if yes.message_id is not None and yes.message_id not in theirs:
        return Refused("That is not one of their texts. Choose the one that says yes, or note that they said it.")
    return None
