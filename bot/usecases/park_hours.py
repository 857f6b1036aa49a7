"""Until which hours may an owner look away? Those that are safe for the person, by every clock they may live by."""

from __future__ import annotations

from datetime import datetime

from bot.rules.hours import BY_DAY, Place, safe_moments
from bot.store import people
from bot.store.db import Tx
from bot.usecases.composing import where_they_may_be
from bot.usecases.park import LONGEST


def park_hours(tx: Tx, person_id: str) -> tuple[Place, list[datetime]]:
    """Where they may be, and every full hour that is safe within the longest an owner may look away."""
    person = people.get(tx, person_id)
    place = where_they_may_be(tx, person_id)
    chosen = person.safe_hours if person is not None else None
    return place, safe_moments(place, tx.now, chosen or BY_DAY, LONGEST)
