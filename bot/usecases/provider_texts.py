"""How does a text of ours reach a provider? In the thread of the number that may report, like anyone's."""

from __future__ import annotations

from collections.abc import Mapping

from bot.services import Services
from bot.store import conversations, messages, people
from bot.store.db import Tx


def text_provider(tx: Tx, services: Services, *, number: str, language: str, key: str,
                  fields: Mapping[str, str | int]) -> None:  # fmt: skip
    """Queue one fixed text to this number; it leaves once the transaction has committed."""
    person = people.find_or_add(tx, number, language)
    conversation_id = conversations.open_of(tx, person.person_id)
    stored = None if conversation_id is None else conversations.load(tx, conversation_id)
    if stored is None:
        stored = conversations.start(
            tx, person_id=person.person_id, phone_key=person.phone_key, language=language,
            flow_version=services.script.version,
        )  # fmt: skip
    messages.queue_text(
        tx, conversation_id=stored.conversation_id, epoch=stored.epoch, kind="reply", key=key, language=language,
        body=services.script.wording.render(key, language, fields),
    )  # fmt: skip
    tx.after_commit(services.nudges.deliver)
