"""Which of the places that fit has room for certain? The best few are asked at once; the first yes lets the others go.

Asked in the order of the ranking, and only where somebody can be asked by text: until as many as
wished have been asked, or nothing is left. Letting go is hold's own deed.
"""

from __future__ import annotations

from bot.services import Services
from bot.store import threads
from bot.store.db import Database
from bot.usecases.find_openings import search
from bot.usecases.hold import Asked, ask
from bot.usecases.refusal import Refused

AT_ONCE = 3
"""`domain.md` 3.5. A provider that is let go too often stops answering."""


MOST_TRIES = 12
"""So many of the best are tried, however few of them can be asked by text."""


def confirm_match(database: Database, services: Services, *, conversation_id: str, staff_id: str, hours: int = 4,
                  at_once: int = AT_ONCE) -> tuple[Asked, ...] | Refused:  # fmt: skip
    """Ask the best places for this person's answers; returns what was asked, best first. Refused when not one could
    be asked, with the reason of the best."""
    with database.reading() as tx:
        stored = threads.read(tx, conversation_id)
    if stored is None:
        return Refused("There is no such conversation.")
    found = search(database, stored.conversation.answers)[:MOST_TRIES]
    asked: list[Asked] = []
    refused: list[Refused] = []
    for ranked in found:
        answer = ask(database, services, conversation_id=conversation_id, stock_id=ranked.candidate.stock_id,
                     staff_id=staff_id, hours=hours)  # fmt: skip
        if isinstance(answer, Asked):
            asked.append(answer)
        else:
            refused.append(answer)
        if len(asked) == at_once:
            break
    if asked:
        return tuple(asked)
    return refused[0] if refused else Refused("Nothing fits that could be asked. The search goes on by itself.")
