"""May somebody see what the desk hides? With a press, a reason of a list, and a line in the record; never by opening a
page. The number leaves the rows for the carrier and for this alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.rules.phrases import phrase
from bot.store import audit, conversations, handoffs, people, staff
from bot.store.db import Database, Tx
from bot.store.handoffs import Handoff
from bot.usecases.refusal import Refused

WHY_NUMBER = ("emergency_call", "they_asked_for_a_call", "carrier_asks", "legal_duty", "other")
WHY_EARLIER = ("their_safety", "they_spoke_of_it", "a_plan_goes_on", "other")
"""Why it was looked at: words of a list, for the record holds no story."""
AN_HOUR = timedelta(hours=1)
MOST_NUMBERS = 5
"""In an hour. More is for a lead to hear of."""


@dataclass(frozen=True, slots=True)
class Number:
    """In E.164. Shown for half a minute, kept nowhere."""

    number: str


def number(database: Database, *, conversation_id: str, staff_id: str, why: str) -> Number | Refused:
    """To whoever holds the person, and to a lead."""
    if why not in WHY_NUMBER:
        return Refused("Choose why you need the number. It was not shown.")
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        if stored is None or not _may(tx, conversation_id, staff_id):
            return Refused("Whoever holds this person, or a lead, may see the number.")
        if audit.count_since(tx, staff_id, "number_revealed", tx.now - AN_HOUR) >= MOST_NUMBERS:
            return Refused(
                phrase(
                    "You have looked at %(most_numbers)s numbers within an hour. Ask a lead to look with you.",
                    most_numbers=MOST_NUMBERS,
                )
            )
        audit.record(tx, act="number_revealed", staff_id=staff_id, object_id=conversation_id, detail=why)
        return Number(people.number_of(tx, stored.person_id))


def earlier(database: Database, *, conversation_id: str, staff_id: str, why: str) -> list[Handoff] | Refused:
    """Every earlier time this person was handed over, the latest first. Opening one is another line in the record."""
    if why not in WHY_EARLIER:
        return Refused("Choose why you look at what was before. It was not shown.")
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        if stored is None or not _may(tx, conversation_id, staff_id):
            return Refused("Whoever holds this person, or a lead, may see what was before.")
        audit.record(tx, act="earlier_revealed", staff_id=staff_id, object_id=conversation_id, detail=why)
        latest = handoffs.latest_of(tx, conversation_id)
        return [one for one in handoffs.of_person(tx, stored.person_id) if latest is None or one != latest]


def _may(tx: Tx, conversation_id: str, staff_id: str) -> bool:
    account, standing = staff.get(tx, staff_id), handoffs.open_of(tx, conversation_id)
    owns = standing is not None and standing.owner_id == staff_id
    return account is not None and (account.may(("lead",)) or (owns and account.active))
