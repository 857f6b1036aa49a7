"""Which words has somebody signed off, as the gate must know it? The copy files' marks, and the database's over them.

The sign-offs are read once a process, and again when there is a new one: asking whether there is costs one look at the
end of an index. Where drafts may leave, the gate asks nothing and nothing is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from bot.services import Services
from bot.store import reviews, staff
from bot.store.db import Database, Tx
from flows.conversation import LANGUAGES
from flows.script import Script
from flows.wording import Review, Text, Wording


@dataclass(frozen=True, slots=True)
class _Seen:
    seq: int
    script: Script
    wording: Wording


_seen: WeakKeyDictionary[Database, _Seen] = WeakKeyDictionary()


def wording_now(tx: Tx, services: Services) -> Wording:
    """The script's words with every sign-off there is."""
    newest, seen = reviews.newest(tx), _seen.get(services.database)
    if seen is None or seen.seq != newest or seen.script is not services.script:
        wording = services.script.wording
        seen = _Seen(newest, services.script, wording.reviewed(_reviews(tx)) if newest else wording)
        _seen[services.database] = seen
    return seen.wording


def wording_at_the_gate(tx: Tx, services: Services) -> Wording:
    """The words whose marks decide whether a text may leave."""
    return services.script.wording if services.settings.allow_unreviewed_texts else wording_now(tx, services)


def unlike_the_files(tx: Tx, services: Services) -> list[Text]:
    """Every text whose marks in the copy files are not what the sign-offs say, with the marks it should have."""
    files, now = services.script.wording, wording_now(tx, services)
    pairs = ((files.text(key, name), now.text(key, name)) for name in LANGUAGES for key in files.keys)
    return [right for written, right in pairs if written != right]


def _reviews(tx: Tx) -> list[Review]:
    """Every act, oldest first, as the wording takes it."""
    lines = reviews.every(tx)
    names = staff.aliases(tx, {line.staff_id for line in lines})
    return [
        Review(one.key, one.language, one.fingerprint, names[one.staff_id], one.at.date().isoformat(), one.signed)
        for one in lines
    ]
