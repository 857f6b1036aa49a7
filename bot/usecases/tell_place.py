"""May this be told of somebody to that place, and what was told? The one door through which anything of a person goes
to a provider: a text cannot be filled without what `telling` gives, and a call and a line are noted by it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.rules.phrases import phrase
from bot.rules.sharing import Covered, Grant, NotCovered, Place, in_words, may_tell
from bot.store import disclosures, releases
from bot.store.db import Tx
from bot.store.releases import Release
from bot.usecases.refusal import Refused


@dataclass(frozen=True, slots=True)
class Telling:
    """What may be told now, in this transaction, and under which releases."""

    conversation_id: str
    program_id: str
    covered: Covered


def telling(tx: Tx, *, conversation_id: str, person_id: str, program_id: str, items: Collection[str],
            purpose: str) -> Telling | Refused:  # fmt: skip
    """Asked anew for every telling: a yes that was taken back, or ran out a moment ago, covers nothing."""
    place = releases.place_of(tx, program_id)
    if place is None:
        return Refused("There is no such program.")
    organization_id, code_name = place
    grants = [grant_of(release) for release in releases.of_person(tx, person_id)]
    match may_tell(grants, Place(program_id, organization_id), items, purpose, tx.now):
        case Covered() as covered:
            return Telling(conversation_id, program_id, covered)
        case NotCovered(missing, ended):
            again = phrase("They took it back, or it has expired: ask again.")
            why = again if ended else phrase("Ask them first, and note their yes.")
            return Refused(
                phrase(
                    "The person has not agreed to share this with %(code_name)s: %(missing)s. %(why)s",
                    code_name=code_name,
                    missing=in_words(missing),
                    why=why,
                )
            )


def note(tx: Tx, said: Telling, *, how: str, staff_id: str | None, message_id: str | None = None,
         hold_id: str | None = None) -> None:  # fmt: skip
    """It was told: a row under each release that covered a part of it."""
    for release_id, items in said.covered.by.items():
        disclosures.add(
            tx, release_id=release_id, conversation_id=said.conversation_id, program_id=said.program_id, told=items,
            how=how, staff_id=staff_id, message_id=message_id, hold_id=hold_id,
        )  # fmt: skip


def grant_of(release: Release) -> Grant:
    return Grant(
        release.release_id, frozenset(release.told), release.expires_at, release.revoked_at, release.program_id,
        release.organization_id,
    )  # fmt: skip
