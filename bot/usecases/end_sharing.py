"""A yes was taken back, or has run out: what stops, and what is still to be done?

Nothing more is told: that holds from the moment itself, for every telling asks anew. What had not left never leaves,
questions to places are taken back, a warm transfer ends; and for what a place was already told a named human is asked
to have it let go of. By the person's own text this is in their turn; by the clock within a second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from bot.rules import warm_transfer
from bot.rules.sharing import ASK, INTRODUCE, in_words, told_in_hold
from bot.services import Services
from bot.store import audit, consent, conversations, disclosures, holds, releases, tasks, warm_transfers
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.disclosures import Disclosure
from bot.store.releases import Release
from bot.usecases import tell_place
from bot.usecases.fire_protocol import named_humans
from bot.usecases.provider_texts import tell_provider
from bot.usecases.refusal import Refused
from bot.usecases.tell_place import telling

KIND = "told_before"
DUE, BACKUP = timedelta(hours=24), timedelta(hours=4)


def take_back(tx: Tx, services: Services, person_id: str, *, release_id: str | None = None,
              staff_id: str | None = None) -> int:  # fmt: skip
    """All they gave, or this one; `staff_id` is who noted it, None when they wrote it themselves. Returns how many
    stood until now. The caller holds the conversation's lock."""
    ended = consent.revoke_release(tx, person_id, release_id)
    _act(tx, services, person_id, staff_id)
    return ended


def run_out(database: Database, services: Services) -> int:
    """Every end that nobody has acted on; how many people it was."""
    with database.reading() as tx:
        whose = releases.ended_unseen(tx)
    for person_id in whose:
        with database.transaction() as tx:
            talk = conversations.open_of(tx, person_id)
            if talk is not None:
                conversations.load(tx, talk)  # its lock first, as every turn takes it
            _act(tx, services, person_id, None)
    return len(whose)


def _act(tx: Tx, services: Services, person_id: str, staff_id: str | None) -> None:
    over = [one for one in releases.of_person(tx, person_id) if one.ended_at is None and not one.stands(tx.now)]
    acted = [one for one in over if releases.end(tx, one.release_id, _ending(one))]
    if not acted:
        return
    for release in acted:
        audit.record(tx, act="release_ended", staff_id=staff_id, object_id=release.release_id, detail=_ending(release))
    told = disclosures.under(tx, [one.release_id for one in acted])
    left = [one for one in told if not disclosures.recall(tx, one)]
    heard = {one.hold_id for one in left if one.hold_id}
    talks = {one.conversation_id for one in told} | {conversations.open_of(tx, person_id)}
    for conversation_id in sorted(talk for talk in talks if talk is not None):
        stored = conversations.load(tx, conversation_id)
        if stored is not None:
            _take_questions_back(tx, services, stored, {one.hold_id for one in told} - heard)
            _end_transfer(tx, stored)
    _ask_to_let_go(tx, person_id, left, {one.release_id for one in acted if one.revoked_at is not None})


def _ending(release: Release) -> str:
    return "expired" if release.revoked_at is None else "revoked"


def _take_questions_back(tx: Tx, services: Services, stored: Stored, unheard: set[str | None]) -> None:
    """Places that are asked and have not answered, politely; one that never heard of it is told nothing. A place that
    is held stays: nothing more is told of the person, and a bed is not lost by a text."""
    for hold in holds.of_conversation(tx, stored.conversation_id, "asked"):
        asked_with = disclosures.by_question(tx, hold.hold_id)
        if not isinstance(_asking(tx, stored, hold.program_id, asked_with), Refused):
            continue
        moved = holds.move(tx, hold.hold_id, to="withdrawn", only_from=("asked",), reason="consent")
        if moved and hold.hold_id not in unheard:
            tell_provider(tx, services, hold, "PU10")


def _end_transfer(tx: Tx, stored: Stored) -> None:
    """Unless another yes still covers it."""
    transfer = warm_transfers.open_of(tx, stored.conversation_id)
    if transfer is None:
        return
    covered = _asking(tx, stored, transfer.program_id)
    if transfer.state == warm_transfer.State.TOGETHER:
        covered = telling(
            tx, conversation_id=stored.conversation_id, person_id=stored.person_id, program_id=transfer.program_id,
            items=warm_transfer.TELLS[warm_transfer.Deed.START], purpose=INTRODUCE,
        )  # fmt: skip
    if isinstance(covered, Refused):
        warm_transfers.move(tx, transfer, to=str(warm_transfer.State.WITHDRAWN),
                            deed=str(warm_transfer.Deed.WITHDRAW), staff_id=None, due_at=None,
                            reason="consent")  # fmt: skip


def _asking(tx: Tx, stored: Stored, program_id: str, items: Collection[str] = ()) -> tell_place.Telling | Refused:
    return telling(
        tx, conversation_id=stored.conversation_id, person_id=stored.person_id, program_id=program_id,
        items=items or told_in_hold(stored.conversation.answers), purpose=ASK,
    )  # fmt: skip


def _ask_to_let_go(tx: Tx, person_id: str, left: Iterable[Disclosure], taken_back: set[str]) -> None:
    """One task for each place. When a yes has only run out, a place that has the person by now may go on knowing."""
    by_place: dict[tuple[str, str], list[Disclosure]] = {}
    for one in left:
        if one.release_id in taken_back or not _is_there(tx, one):
            by_place.setdefault((one.conversation_id, one.program_id), []).append(one)
    for (conversation_id, program_id), told in by_place.items():
        items = {item for one in told for item in one.told.split(",")}
        still = telling(tx, conversation_id=conversation_id, person_id=person_id, program_id=program_id, items=items,
                        purpose=ASK)  # fmt: skip
        if isinstance(still, Refused):
            open_task(tx, conversation_id, program_id, items)


def _is_there(tx: Tx, told: Disclosure) -> bool:
    """They moved in, or both sides said that the other has them."""
    moved_in = holds.of_conversation(tx, told.conversation_id, "arrived")
    handed = warm_transfers.of_conversation(tx, told.conversation_id)
    return any(one.program_id == told.program_id for one in moved_in) or any(
        one.program_id == told.program_id and one.state == warm_transfer.State.DONE for one in handed
    )


def open_task(tx: Tx, conversation_id: str | None, program_id: str, items: Iterable[str]) -> None:
    """A named human asks the place to let go of it. Without a conversation it is about somebody who was erased."""
    assigned, backup = named_humans(tx, conversation_id)
    place = releases.place_of(tx, program_id)
    script = (
        f"Place: {place[1] if place else 'unknown'}\n"
        f"It was told: {in_words(set(items))}\n"
        "Do: ask them to let go of it, and write down who said that they have"
    )
    tasks.open_task(
        tx, kind=KIND, conversation_id=conversation_id, program_id=program_id, due_at=tx.now + DUE,
        backup_at=tx.now + BACKUP, assigned_to=assigned, backup_id=backup, script=script,
    )  # fmt: skip
