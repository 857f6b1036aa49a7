"""What becomes of a question to a provider when the person no longer wants it asked? It is taken back, politely."""

from __future__ import annotations

from bot.services import Services
from bot.store import holds
from bot.store.db import Tx
from bot.usecases.provider_texts import tell_provider


def withdraw_all(tx: Tx, services: Services, conversation_id: str) -> int:
    """Take back every place that is asked for and not answered; returns how many. A place that is held already stays:
    nothing more is told of the person, and a bed is not lost by a text. The caller holds the conversation's lock; the
    stock's is not needed, since letting go can only make room."""
    taken_back = 0
    for hold in holds.of_conversation(tx, conversation_id, "asked"):
        if holds.move(tx, hold.hold_id, to="withdrawn", only_from=("asked",), reason="consent"):
            tell_provider(tx, services, hold, "PU10")
            taken_back += 1
    return taken_back
