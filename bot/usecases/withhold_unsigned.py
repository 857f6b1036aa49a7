"""What becomes of a text that nobody has signed off, or that might be read by somebody else? It never leaves, and an
advocate is told that a person waits.

In the transaction that claims texts, which holds the text's row already. A turn locks the conversation first and its
texts after; so this never waits for a conversation that is busy, and comes again a moment later instead.
"""

from __future__ import annotations

from datetime import timedelta

from bot.services import Services
from bot.store import conversations
from bot.store.db import Tx
from bot.usecases import hand_off
from flows.actions import TellAdvocates
from flows.conversation import Tier

UNSIGNED = "unreviewed"
IN_DOUBT = "holder_in_doubt"
"""The gate's reasons, and the hand-off's."""
TELLS = (UNSIGNED, IN_DOUBT)
TOLD = frozenset({"crisis", "reply", "notice"})
"""Kinds of text that somebody waits for. A campaign's governor refuses before; after STOP nobody waits."""
AGAIN = timedelta(seconds=1)


def tell_of_withheld(tx: Tx, services: Services, *, conversation_id: str, kind: str, reason: str) -> bool:
    """False when the conversation is busy: then the text stays as it is, to be asked of again after AGAIN."""
    if kind not in TOLD:
        return True
    if not conversations.lock_if_free(tx, conversation_id):
        return False
    stored = conversations.load(tx, conversation_id)
    if stored is not None and not stored.closed:
        tier = Tier.P0 if kind == "crisis" else Tier.P1
        hand_off.tell(tx, services, stored, TellAdvocates(tier, reason))
    return True
