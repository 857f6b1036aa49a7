"""Has somebody just come to talk with us, and by which door? Noted in the turn in which it happens, once for all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.rules.funnel import engages
from bot.rules.hours import place_of
from bot.services import Services
from bot.store import arrivals, conversations
from bot.store.arrivals import Unplaced
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from flows.conversation import Conversation

SETTLED = timedelta(hours=1)
"""By then they have said near which place they look, if they do."""
_AT_ONCE = 200
_CAMPAIGN, _DIRECT = "campaign", "direct"


def note(tx: Tx, services: Services, stored: Stored, after: Conversation, reasons: Sequence[str]) -> None:
    """`reasons` are those of the hand-offs this turn asked for. Most turns end here without a statement."""
    before = stored.conversation
    door = next((door for door, _ in services.script.doors.values() if door in after.marks), None)
    opened = door is not None and before.state == "idle"
    engaged = engages(before.safe_now, after.safe_now, reasons)
    if not opened and not engaged:
        return
    texted = door is None and "outreach" in after.marks
    arrivals.came(
        tx, stored.conversation_id, door=door or (_CAMPAIGN if texted else _DIRECT), language=after.language,
        engaged=engaged, recipient_id=arrivals.texted_as(tx, stored.person_id) if texted else None,
    )  # fmt: skip


def place_arrivals(database: Database) -> None:
    """In which state are those who came an hour ago? As they said, else as their area code says, else nobody knows."""
    with database.reading() as tx:
        found = arrivals.unplaced(tx, tx.now - SETTLED, _AT_ONCE)
        zip3s = conversations.stated_zip3s(tx, [one.person_id for one in found if one.person_id])
    if found:
        states = {one.arrival_id: _state_of(one, zip3s.get(one.person_id or "", ())) for one in found}
        with database.transaction() as tx:
            arrivals.place(tx, states)


def _state_of(one: Unplaced, zip3s: tuple[str, ...]) -> str:
    """What they said stands last in a place's states; the state of the area code, where there is one, first."""
    states = () if one.number is None else place_of(one.number, zip3s).states
    return states[-1] if states else ""
