"""Nothing fits that is open now: what becomes of that? It is counted, and looked for again until something opens.

The person was told that a human keeps looking: the hand-off stands. What is found later is told to an advocate, never
to the person by the machine: weeks may have passed, and somebody else may hold the phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot import metrics
from bot.rules.facets import Candidate
from bot.rules.nearness import near_zip3s
from bot.rules.unmet import who_asks, why_unmet
from bot.services import Services
from bot.store import conversations, handoffs, heartbeats, openings, unmet
from bot.store.db import Database, Tx
from bot.usecases import hand_off
from bot.usecases.find_openings import found_in, openings_for
from flows.actions import TellAdvocates
from flows.conversation import Tier
from flows.events import OpeningsFound

FOUND = "opening_found"
"""The reason an advocate sees."""
LOOK_EVERY = timedelta(minutes=1)
MOST_AT_ONCE = 50
"""Searches in one look; the longest unlooked come first, so none is passed over for ever."""
_LOOKED = "searches"


def find_or_keep_looking(tx: Tx, conversation_id: str, answers: Mapping[str, object]) -> OpeningsFound:
    """What is open for these answers, and, when nothing is, a search that goes on: counted once, at its beginning."""
    candidates = openings_for(tx, answers)
    found = found_in(candidates, answers, tx.now)
    if found.count:
        unmet.stop_looking(tx, conversation_id)
    elif unmet.keep_looking(tx, conversation_id):
        _count(tx, candidates, answers)
    return found


def look_again(database: Database, services: Services) -> int:
    """Look for everyone nothing was found for, if anything was counted since; returns for how many something is."""
    with database.reading() as tx:
        looked_at = heartbeats.last_beat(tx, _LOOKED)
        if looked_at is not None and tx.now - looked_at < LOOK_EVERY:
            return 0
        waiting = [(whose, at) for whose, at in unmet.looking(tx) if openings.any_since(tx, at)][:MOST_AT_ONCE]
    with database.transaction() as tx:
        heartbeats.beat(tx, _LOOKED)
    return sum(_look(database, services, conversation_id) for conversation_id, _ in waiting)


def _look(database: Database, services: Services, conversation_id: str) -> bool:
    with database.transaction() as tx:
        stored = conversations.load(tx, conversation_id)
        if stored is None or stored.closed:
            return False
        answers = stored.conversation.answers
        found = found_in(openings_for(tx, answers), answers, tx.now).count > 0
        if not unmet.looked(tx, conversation_id, found=found) or not found:
            return False
        handoffs.say_why_now(tx, conversation_id, FOUND, only_from="no_match")
        hand_off.tell(tx, services, stored, TellAdvocates(Tier.P1, FOUND))
    return True


def _count(tx: Tx, candidates: Sequence[Candidate], answers: Mapping[str, object]) -> None:
    """By need, area and reason; not one row says of whom."""
    needs = answers.get("need")
    near = near_zip3s(answers.get("area"))
    reason = why_unmet(candidates, answers, tx.now)
    unmet.count(
        tx, needs if isinstance(needs, list | tuple) and needs else ["other"], area=min(near) if near else "",
        reason=reason.value, who=who_asks(answers),
    )  # fmt: skip
    tx.after_commit(lambda: metrics.unmet.count(reason.value))
