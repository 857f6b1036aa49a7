"""How does a text of ours reach a provider? In the thread of the number that may report, like anyone's.

What can tell of a person is filled in only with a `Telling`: what they said yes to, asked in this very transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bot.services import Services
from bot.store import conversations, directory, messages, people
from bot.store.db import Tx
from bot.store.holds import Hold
from bot.usecases import tell_place
from bot.usecases.tell_place import Telling
from flows.script import Script

ABOUT_NOBODY = frozenset({"AGE", "BRAND", "H", "ID", "N", "PROG", "TIME"})
"""Placeholders that say nothing of any person: counts, hours, who we are, the program's own name. Any other needs a
Telling."""


@cache
def telling_keys(script: Script) -> frozenset[str]:
    """The texts to providers that tell of a person: at the moment they leave it is asked once more whether they may."""
    to_them = (key for key in script.wording.keys if key.startswith("PU"))
    return frozenset(key for key in to_them if not script.needs[key] <= ABOUT_NOBODY)


class Untold(RuntimeError):
    """A text would tell of somebody, and nobody asked whether it may. A fault in our code; nothing was written."""


def text_provider(tx: Tx, services: Services, *, number: str, language: str, key: str,
                  fields: Mapping[str, str | int], kind: str = "reply",
                  under: Telling | None = None) -> str:  # fmt: skip
    """Queue one fixed text to this number; it leaves once the transaction has committed. `kind` is `reply` (it tells of
    something they wait for) or `ask` (nobody waits for it). Returns the text's id."""
    if under is None and not services.script.needs[key] <= ABOUT_NOBODY:
        raise Untold(key)
    person = people.find_or_add(tx, number, language)
    conversation_id = conversations.open_of(tx, person.person_id)
    stored = None if conversation_id is None else conversations.load(tx, conversation_id)
    if stored is None:
        stored = conversations.start(
            tx, person_id=person.person_id, phone_key=person.phone_key, language=language,
            flow_version=services.script.version,
        )  # fmt: skip
    message_id = messages.queue_text(
        tx, conversation_id=stored.conversation_id, epoch=stored.epoch, kind=kind, key=key, language=language,
        body=services.script.wording.render(key, language, fields),
    )  # fmt: skip
    tx.after_commit(services.nudges.deliver)
    return message_id


def tell_provider(tx: Tx, services: Services, hold: Hold, key: str, *, answers: Mapping[str, object] | None = None,
                  under: Telling | None = None) -> None:  # fmt: skip
    """One of PU3, PU4, PU9 and PU10, to every number that may speak for the program: the first answer counts. Only with
    `under` does it say who would come, and each text that does is noted."""
    for number, language in directory.reporters_of(tx, hold.program_id):
        fields: dict[str, str | int] = {"ID": hold.short_id, "PROG": hold.code_name, "H": hold.hours}
        if answers is not None and under is not None:
            fields["WHO"] = services.script.wording.who(answers, language)
        message_id = text_provider(tx, services, number=number, language=language, key=key, fields=fields, under=under)
        if under is not None:
            tell_place.note(tx, under, how="text", staff_id=hold.staff_id, message_id=message_id, hold_id=hold.hold_id)
