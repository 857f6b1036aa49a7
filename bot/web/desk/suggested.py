"""What does the colleague in the second chair suggest? For the owner and themselves; only the owner sends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.store import drafts, handoff_offers, staff
from bot.store.db import Tx
from bot.store.staff import Staff
from bot.web.desk.views import Talk

KEY = "suggested"
"""What the button says that puts it in the box, where ready words have theirs."""


@dataclass(frozen=True, slots=True)
class Suggested:
    alias: str
    words: str
    at: datetime


def of(tx: Tx, account: Staff, talk: Talk) -> Suggested | None:
    """It is for the next text of the owner's: once one is written, or somebody else has the person, it is of before."""
    chair = handoff_offers.chair_of(tx, talk.handoff.handoff_id) if talk.handoff.is_owned else None
    if chair is None or chair.staff_id is None or not (talk.mine or chair.staff_id == account.staff_id):
        return None
    draft = drafts.open_of(tx, talk.conversation_id, chair.staff_id)
    if draft is None or draft.page_id != drafts.SUGGESTED or draft.epoch != talk.epoch:
        return None
    if any(line.message.is_a_humans and line.message.created_at >= draft.saved_at for line in talk.lines):
        return None
    return Suggested(staff.aliases(tx, [chair.staff_id])[chair.staff_id], draft.words, draft.saved_at)
