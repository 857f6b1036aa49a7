"""How is somebody brought together with a place, without ever being handed a number? A deed at a time, by their owner.

Nothing is told to the program but what the person said yes to; they are told of each step, and no text names a place.
A refusal or no answer calls the next place in the same transaction; where none is left a named human looks for one and
the search goes on. The owner keeps the person until both sides have said that the other has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.rules import warm_transfer
from bot.rules.ladder import LOOK_AGAIN
from bot.rules.matching import match
from bot.rules.sharing import ASK, INTRODUCE, told_in_hold
from bot.rules.warm_transfer import LEADS_ON, NOTHING_LEFT, SAYS, TELLS, WAYS, WITHIN, Deed, State
from bot.services import Services
from bot.store import audit, handoffs, messages, promises, tasks, unmet, warm_transfers
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.warm_transfers import Transfer
from bot.usecases import refer, tell_place
from bot.usecases.find_openings import openings_for
from bot.usecases.fire_protocol import named_humans
from bot.usecases.holding import Held, held
from bot.usecases.refusal import Refused
from bot.usecases.signed_off import wording_at_the_gate
from bot.usecases.tell_place import Telling

NO_NEXT = "no_next_place"
"""The kind of the task when no place is left to call."""
DUE, BACKUP = timedelta(hours=1), timedelta(minutes=30)
REASONS = ("full", "fit", "staffing", "safety", "conditions", "paused")
"""Why a program said no: kept on our side, and told to nobody (`domain.md` 3.5)."""
_SPEAKS = (Deed.PROGRAM_YES, Deed.PROGRAM_NO)


@dataclass(frozen=True, slots=True)
class Done:
    """What the page says beside a deed. `way` is how the person wishes to talk; `say` sends them our words for it."""

    deed: Deed
    way: str = ""
    say: bool = False
    spoke_with: str = ""
    reason: str = ""


def begin(database: Database, *, conversation_id: str, staff_id: str, epoch: int, program_id: str) -> str | Refused:
    """The program is to be called first. The transfer's id."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        if warm_transfers.open_of(tx, conversation_id) is not None:
            return Refused("One place is being called for them already. Go on with that one, or end it first.")
        refused = _may_call(tx, mine.stored, program_id)
        return refused or _begin(tx, mine.stored, program_id, staff_id)


def do(database: Database, services: Services, *, conversation_id: str, staff_id: str, epoch: int, transfer_id: str,
       done: Done) -> State | Refused:  # fmt: skip
    """One deed; where it led. Of two who press at once one is refused, and nothing is told twice."""
    with database.transaction() as tx:
        mine = held(tx, conversation_id=conversation_id, staff_id=staff_id, epoch=epoch)
        if isinstance(mine, Refused):
            return mine
        transfer = warm_transfers.get(tx, transfer_id)
        if transfer is None or transfer.conversation_id != conversation_id:
            return Refused("There is no such transfer.")
        to = _where(transfer, done.deed)
        if to is None:
            return Refused("It stands elsewhere by now. Look again; nothing was changed.")
        refused = _missing(done) or _unsayable(tx, services, mine, done) or _told(tx, mine, transfer, done, staff_id)
        if refused is not None:
            return refused
        if not _move(tx, transfer, to, done, staff_id):
            return Refused("Somebody else was quicker. Look again; nothing was changed.")
        following = _lead_on(tx, mine.stored, transfer, staff_id) if to in LEADS_ON else transfer.program_id
        if done.say:
            _say(tx, services, mine, staff_id, SAYS[done.deed] if following else NOTHING_LEFT)
        audit.record(tx, act=f"warm_{done.deed}", staff_id=staff_id, object_id=transfer_id, detail=str(to))
    return to


def _where(transfer: Transfer, deed: Deed) -> State | None:
    person_ok = transfer.person_ok_at is not None or deed is Deed.PERSON_OK
    program_ok = transfer.program_ok_at is not None or deed is Deed.PROGRAM_OK
    return warm_transfer.move(State(transfer.state), deed, person_ok=person_ok, program_ok=program_ok)


def _missing(done: Done) -> Refused | None:
    if done.deed is Deed.PERSON_CHOSE and done.way not in WAYS:
        return Refused("Choose how they wish to talk: by text or by voice.")
    if done.deed is Deed.PROGRAM_NO and done.reason and done.reason not in REASONS:
        return Refused("Choose why from the list, or leave it out.")
    if done.say and done.deed not in SAYS:
        return Refused("There are no words of ours for this. Write to them yourself.")
    return None


def _unsayable(tx: Tx, services: Services, mine: Held, done: Done) -> Refused | None:
    """Asked before anything is changed: what may not be said is not half done."""
    if not done.say:
        return None
    if mine.stored.conversation.suppressed:
        return Refused("They asked for no more texts, so nothing can be sent. Nothing was changed.")
    if cleared(tx, services, SAYS[done.deed], mine.stored.conversation.language):
        return None
    return Refused("These words are not signed off yet. Say it in your own, then press without sending.")


def cleared(tx: Tx, services: Services, key: str, language: str) -> bool:
    """Whether these words may leave: signed off, or where drafts may."""
    if services.settings.allow_unreviewed_texts:
        return True
    return wording_at_the_gate(tx, services).is_reviewed(key, language)


def _told(tx: Tx, mine: Held, transfer: Transfer, done: Done, staff_id: str) -> Refused | None:
    """What the program hears of the person by this deed, noted; refused when their yes does not cover it."""
    stored = mine.stored
    if done.deed in _SPEAKS and transfer.state == State.TO_CALL:
        items, purpose, how = told_in_hold(stored.conversation.answers), ASK, "call"
    elif done.deed in TELLS:
        items, purpose, how = TELLS[done.deed], INTRODUCE, "line"
    else:
        return None
    under = tell_place.telling(
        tx, conversation_id=stored.conversation_id, person_id=stored.person_id, program_id=transfer.program_id,
        items=items, purpose=purpose,
    )  # fmt: skip
    if isinstance(under, Refused):
        return under
    tell_place.note(tx, under, how=how, staff_id=staff_id)
    return None


def _move(tx: Tx, transfer: Transfer, to: State, done: Done, staff_id: str) -> bool:
    values: dict[str, object] = {}
    match done.deed:
        case Deed.PERSON_OK:
            values = {"person_ok_at": tx.now}
        case Deed.PROGRAM_OK:
            values = {"program_ok_at": tx.now}
        case Deed.DROPPED:
            values = {"person_ok_at": None, "program_ok_at": None}
        case Deed.PERSON_CHOSE:
            values = {"way": done.way}
        case Deed.PROGRAM_NO:
            values = {"reason": done.reason or None}
    due_at = tx.now + WITHIN[to] if to in WITHIN else None
    moved = warm_transfers.move(tx, transfer, to=str(to), deed=str(done.deed), staff_id=staff_id, due_at=due_at,
                                spoke_with=" ".join(done.spoke_with.split())[:80], **values)  # fmt: skip
    if moved and to is State.AGREED:
        refer.begin(tx, transfer.conversation_id, program_id=transfer.program_id, staff_id=staff_id)
    return moved


def _lead_on(tx: Tx, stored: Stored, ended: Transfer, staff_id: str) -> str | None:
    """The next place, to be called at once; None when there is none, and then a named human has it, with a clock."""
    tried = {one.program_id for one in warm_transfers.of_conversation(tx, stored.conversation_id)}
    answers = stored.conversation.answers
    ranked = [one.candidate.program_id for one in match(openings_for(tx, answers), answers, tx.now)]
    following = next((one for one in dict.fromkeys(ranked) if one not in tried and _may_call(tx, stored, one) is None),
                     None)  # fmt: skip
    if following is not None:
        _begin(tx, stored, following, staff_id, after_id=ended.transfer_id)
        return following
    unmet.keep_looking(tx, stored.conversation_id)
    if not tasks.list_open(tx, kind=NO_NEXT, conversation_id=stored.conversation_id):
        assigned, backup = named_humans(tx, stored.conversation_id)
        tasks.open_task(
            tx, kind=NO_NEXT, conversation_id=stored.conversation_id, due_at=tx.now + DUE, backup_at=tx.now + BACKUP,
            assigned_to=assigned, backup_id=backup,
        )  # fmt: skip
    return None


def _may_call(tx: Tx, stored: Stored, program_id: str) -> Refused | None:
    known = warm_transfers.callable_programs(tx, [program_id]).get(program_id)
    if known is None:
        return Refused("This program is not approved, or is paused.")
    if known[1] is False:
        return Refused("This program takes no warm transfers. Stay with them, and ask another place.")
    under = tell_place.telling(
        tx, conversation_id=stored.conversation_id, person_id=stored.person_id, program_id=program_id,
        items=told_in_hold(stored.conversation.answers), purpose=ASK,
    )  # fmt: skip
    return None if isinstance(under, Telling) else under


def _begin(tx: Tx, stored: Stored, program_id: str, staff_id: str, after_id: str | None = None) -> str:
    transfer_id = warm_transfers.add(
        tx, conversation_id=stored.conversation_id, program_id=program_id, staff_id=staff_id,
        due_at=tx.now + WITHIN[State.TO_CALL], after_id=after_id,
    )  # fmt: skip
    audit.record(tx, act="warm_begin", staff_id=staff_id, object_id=transfer_id)
    return transfer_id


def _say(tx: Tx, services: Services, mine: Held, staff_id: str, key: str) -> None:
    """As if the owner had typed it: it answers what they wrote, and keeps what was promised."""
    stored, language = mine.stored, mine.stored.conversation.language
    handoffs.answered(tx, mine.handoff.handoff_id, tx.now + LOOK_AGAIN)
    messages.queue_text(
        tx, conversation_id=stored.conversation_id, epoch=stored.epoch, kind="advocate", key=key, language=language,
        body=services.script.wording.render(key, language, {}), staff_id=staff_id,
    )  # fmt: skip
    promises.end(tx, stored.conversation_id, "kept", but=["DL1"])
    tx.after_commit(services.nudges.deliver)
