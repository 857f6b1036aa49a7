"""Until which hours may an owner look away? Those that are safe for the person, by every clock they may live by."""

from __future__ import annotations

from datetime import datetime

from bot.rules.hours import Place, place_of, safe_moments
from bot.store import conversations, people
from bot.store.db import Tx
from bot.usecases.park import LONGEST

BY_DAY = "morning,afternoon"
"""For who chose no hours."""


def park_hours(tx: Tx, person_id: str) -> tuple[Place, list[datetime]]:
    """Where they may be, and every full hour that is safe within the longest an owner may look away."""
    person = people.get(tx, person_id)
    zips = conversations.stated_zip3s(tx, [person_id]).get(person_id, ())
    place = place_of(people.number_of(tx, person_id), zips)
    chosen = person.safe_hours if person is not None else None
    return place, safe_moments(place, tx.now, chosen or BY_DAY, LONGEST)
