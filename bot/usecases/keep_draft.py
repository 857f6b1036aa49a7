"""Is what an advocate types safe? Kept sealed as they type, whoever holds the conversation; never sent by itself.

A page may write over what it wrote itself, or what it was shown. If the same advocate wrote elsewhere in between,
neither is lost: the server keeps the one, the page keeps the other, and the advocate chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.store import conversations, drafts, handoffs
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.usecases.holding import not_yours
from bot.usecases.refusal import Refused

LONGEST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """It is safe. `lost` says whose the conversation is by now, if it is not theirs any more."""

    at: datetime
    lost: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another page of theirs wrote something else: `words`, last by the page `page_id`. Nothing was written over."""

    words: str
    page_id: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What a page wants kept. `page_id` is its own, `since` that of the page that wrote what it was shown."""

    conversation_id: str
    staff_id: str
    epoch: int
    draft_id: str
    page_id: str
    since: str
    text: str


def keep_draft(database: Database, typed: Typed) -> Kept | Elsewhere | Refused:
    """An empty text lets go of the draft."""
    words = typed.text.replace("\r\n", "\n").replace("\r", "\n")
    if len(words) > LONGEST_KEPT:
        return Refused("This is far too long for a text, and is not kept. Shorten it.")
    with database.transaction() as tx:
        stored = conversations.load(tx, typed.conversation_id)
        if stored is None:
            return Refused("There is no such conversation. Nothing was kept.")
        known = drafts.get(tx, typed.draft_id)
        if known is not None and (known.conversation_id, known.staff_id) != (typed.conversation_id, typed.staff_id):
            return Refused("This page belongs to another conversation. Open this one again. Nothing was kept.")
        if known is not None and known.message_id is not None:
            return Refused("This was sent already, from this page or another one. What stands here is not kept.")
        standing = drafts.open_of(tx, typed.conversation_id, typed.staff_id)
        if standing is not None and standing.page_id not in (typed.page_id, typed.since) and standing.words != words:
            return Elsewhere(standing.words, standing.page_id)
        if words.strip():
            drafts.keep(tx, draft_id=typed.draft_id, conversation_id=typed.conversation_id, staff_id=typed.staff_id,
                        epoch=typed.epoch, page_id=typed.page_id, words=words)  # fmt: skip
        else:
            drafts.drop(tx, typed.conversation_id, typed.staff_id)
        return Kept(tx.now, _lost(tx, stored, typed))


def _lost(tx: Tx, stored: Stored, typed: Typed) -> str:
    handoff = handoffs.open_of(tx, typed.conversation_id)
    if handoff is None:
        return "This conversation is finished."
    refused = not_yours(tx, stored, handoff, typed.staff_id, typed.epoch)
    return refused.reason if refused else ""
