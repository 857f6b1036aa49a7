"""How does a text of ours reach a provider? In the thread of the number that may report, like anyone's."""

from __future__ import annotations

from collections.abc import Mapping

from bot.services import Services
from bot.store import conversations, directory, messages, people
from bot.store.db import Tx
from bot.store.holds import Hold


def text_provider(tx: Tx, services: Services, *, number: str, language: str, key: str,
                  fields: Mapping[str, str | int], kind: str = "reply") -> None:  # fmt: skip
    """Queue one fixed text to this number; it leaves once the transaction has committed. `kind` is `reply` (it tells of
    something they wait for) or `ask` (nobody waits for it)."""
    person = people.find_or_add(tx, number, language)
    conversation_id = conversations.open_of(tx, person.person_id)
    stored = None if conversation_id is None else conversations.load(tx, conversation_id)
    if stored is None:
        stored = conversations.start(
            tx, person_id=person.person_id, phone_key=person.phone_key, language=language,
            flow_version=services.script.version,
        )  # fmt: skip
    messages.queue_text(
        tx, conversation_id=stored.conversation_id, epoch=stored.epoch, kind=kind, key=key, language=language,
        body=services.script.wording.render(key, language, fields),
    )  # fmt: skip
    tx.after_commit(services.nudges.deliver)


def tell_provider(tx: Tx, services: Services, hold: Hold, key: str, *,
                  answers: Mapping[str, object] | None = None) -> None:  # fmt: skip
    """One of PU3, PU4 and PU10, to every number that may speak for the program: the first answer counts."""
    for number, language in directory.reporters_of(tx, hold.program_id):
        fields: dict[str, str | int] = {"ID": hold.short_id, "PROG": hold.code_name, "H": hold.hours}
        if answers is not None:
            fields["WHO"] = services.script.wording.who(answers, language)
        text_provider(tx, services, number=number, language=language, key=key, fields=fields)
