"""How is one event applied to one conversation? One transaction: step, carry out, save, write the texts.

The only place where a conversation changes. Everything above it is parsing; below it is one match over actions. What an
action asks of our own database (openings, a place in the queue) is answered here and fed back as the next event.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never

from bot.rules.sharing import told_in_hold
from bot.services import Services
from bot.store import consent, conversations, disclosures, handoffs, messages, people
from bot.store import promises as kept_promises
from bot.store.conversations import Stored
from bot.store.db import Tx
from bot.usecases import (
    arrive,
    drop_scheduled,
    end_sharing,
    find_openings,
    fire_protocol,
    hand_off,
    keep_searching,
    promises,
    refer,
)
from flows.actions import (
    Action,
    Close,
    CodeWord,
    DuressWord,
    EraseRequested,
    FindOpenings,
    HandOff,
    Release,
    Restore,
    SafeHours,
    Say,
    TellAdvocates,
    Withdraw,
)
from flows.conversation import Conversation, Holder
from flows.engine import step
from flows.events import AdvocateClaimed, Event, OpeningsFound

MOST_STEPS = 12
"""A turn that needs more is a loop in the script: it fails whole rather than hang (goflow caps its sprints too)."""

GAP = timedelta(minutes=15)
"""After so long a silence somebody else may hold the phone (`screen-texts.md` 2)."""


BURST_WINDOW = timedelta(seconds=60)
MOST_IN_A_BURST = 20
"""Texts from one person in that window; beyond it they are kept and shown, but only safety is answered."""


class TurnTooLong(RuntimeError):
    """The script went round in circles; nothing of the turn was kept."""


@dataclass(slots=True)
class Work:
    """What one turn has gathered so far."""

    tx: Tx
    services: Services
    stored: Stored
    conversation: Conversation
    epoch: int
    message_id: str | None = None
    wrote_at: datetime | None = None
    """When the text that caused it was written, if one did: whatever is said then answers them."""
    quiet: bool = False
    """A flood: only what safety and the law require is said."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    coming: deque[Event] = field(default_factory=deque)
    event: Event | None = None
    """What is being applied now."""
    found: OpeningsFound | None = None
    closes: bool = False
    reasons: list[str] = field(default_factory=list)
    """Why a human was asked for in this turn."""


def take(tx: Tx, services: Services, conversation_id: str, event: Event) -> None:
    """Apply an event that is not a text (a claim, a late promise, a hold's answer). A conversation that is gone or over
    is left alone: a late event changes nothing."""
    stored = conversations.load(tx, conversation_id)
    if stored is not None and not stored.closed:
        apply(tx, services, stored, event)


def ask_for_person(tx: Tx, services: Services, conversation_id: str, action: HandOff) -> None:
    """Tell the person anew how their place in the queue stands, as if they had asked."""
    stored = conversations.load(tx, conversation_id)
    if stored is not None and not stored.closed:
        apply(tx, services, stored, hand_off.open_for(tx, services, stored, action, stored.conversation.language))


def apply(tx: Tx, services: Services, stored: Stored, event: Event, *, inbound: dict[str, Any] | None = None,
          quiet: bool = False) -> Conversation:  # fmt: skip
    """Apply an event and everything that follows from it. `inbound` is the row of the text that caused it: kept
    with the turn, unless it has its place in the thread already."""
    work = Work(tx, services, stored, stored.conversation, stored.epoch, quiet=quiet)
    if inbound is not None:
        work.message_id = inbound["message_id"]
        work.wrote_at = min(inbound["sent_at"] or tx.now, tx.now)
        if "seq" not in inbound:
            work.rows.append({**inbound, "seq": stored.last_seq + 1})
    work.coming.append(event)
    steps = 0
    while work.coming:
        steps += 1
        if steps > MOST_STEPS:
            raise TurnTooLong(stored.conversation.state)
        work.event = work.coming.popleft()
        turn = step(work.conversation, work.event, services.script)
        if turn.conversation.held_by is not work.conversation.held_by or isinstance(work.event, AdvocateClaimed):
            work.epoch += 1
        work.conversation = turn.conversation
        for action in turn.actions:
            _carry_out(work, action)
    _let_go_of_waits(work)
    _save(work)
    if work.wrote_at is not None:
        arrive.note(tx, services, stored, work.conversation, work.reasons)
    if inbound is not None and stored.conversation.held_by is Holder.ADVOCATE:
        hand_off.heard(tx, services, stored.conversation_id, inbound.get("seq") or stored.last_seq + 1)
    return work.conversation


def _carry_out(work: Work, action: Action) -> None:
    tx, stored = work.tx, work.stored
    match action:
        case Say():
            _say(work, action)
        case FindOpenings(answers):
            work.found = keep_searching.find_or_keep_looking(tx, stored.conversation_id, answers)
            work.coming.append(work.found)
        case HandOff():
            work.reasons.append(action.reason)
            work.coming.append(hand_off.open_for(tx, work.services, stored, action, work.conversation.language))
        case TellAdvocates():
            hand_off.tell(tx, work.services, stored, action)
        case Withdraw(how):
            consent.withdraw(tx, stored.phone_key, how=how, message_id=work.message_id)
            messages.refuse_queued(tx, stored.person_id, "stopped")
            kept_promises.end(tx, stored.conversation_id, "let_go")
            refer.stopped(tx, stored.conversation_id)
        case Restore():
            consent.restore(tx, stored.phone_key, message_id=work.message_id)
        case Release(given, hours):
            _release(work, given, hours)
        case SafeHours(windows):
            people.set_safe_hours(tx, stored.person_id, ",".join(windows))
        case CodeWord(word):
            people.set_code_word(tx, stored.person_id, word)
        case DuressWord(word):
            people.set_duress_word(tx, stored.person_id, word)
        case EraseRequested():
            people.mark_erase_requested(tx, stored.person_id)
            promises.write_down(tx, work.services, stored.conversation_id, "DL1", None, None)
        case Close():
            # Not while somebody is still in the queue: an open hand-off always has a living conversation.
            if handoffs.open_of(tx, stored.conversation_id) is None:
                work.closes = True
        case _:
            assert_never(action)


def _say(work: Work, say: Say) -> None:
    if work.quiet and not (say.crisis or say.confirmation):
        return
    if say.crisis:
        # A question that has not left yet is overtaken: the screen is over.
        messages.overtake(work.tx, work.stored.conversation_id)
    settings, wording = work.services.settings, work.services.script.wording
    work.rows.append(
        messages.outbound_row(
            work.tx,
            conversation_id=work.stored.conversation_id,
            seq=work.stored.last_seq + len(work.rows) + 1,
            epoch=work.epoch,
            key=say.key,
            language=say.language,
            kind=_kind(work, say),
            body=wording.render(say.key, say.language, {"BRAND": settings.brand, **say.fields}),
            # The five minutes it has (R-S6) run from their STOP, however late that reached us.
            created_at=work.wrote_at if say.confirmation else None,
        )
    )
    if say.key != "DL1":  # which asks first: the promise is made by their yes
        promises.write_down(work.tx, work.services, work.stored.conversation_id, say.key, say, work.event)
    if say.key == "M1" and work.found is not None:
        find_openings.record_offers(work.tx, work.stored.conversation_id, work.found)


def _kind(work: Work, say: Say) -> str:
    """A text nobody has just asked for is a notice: it keeps to the person's hours."""
    if say.confirmation or say.crisis:
        return "confirmation" if say.confirmation else "crisis"
    return "notice" if work.wrote_at is None else "reply"


def _release(work: Work, given: bool, hours: int) -> None:
    if not given:
        end_sharing.take_back(work.tx, work.services, work.stored.person_id)
        return
    conversation, wording = work.conversation, work.services.script.wording
    who = wording.who(conversation.answers, conversation.language)
    items = wording.render("SH1", conversation.language, {"WHO": who})
    told = ",".join(sorted(told_in_hold(conversation.answers)))
    person_id = work.stored.person_id
    release_id = consent.release(work.tx, person_id, items=items, hours=hours, told=told, message_id=work.message_id)
    disclosures.carry_over(work.tx, person_id, release_id)


def _let_go_of_waits(work: Work) -> None:
    """They asked for quiet: no wait is running against us, and none is told of."""
    state = work.services.script.states.get(work.conversation.state)
    if work.wrote_at is not None and state is not None and state.quiet:
        kept_promises.end(work.tx, work.stored.conversation_id, "let_go", waits_only=True)
        standing = handoffs.open_of(work.tx, work.stored.conversation_id)
        if standing is not None:
            handoffs.clear_promise(work.tx, standing.handoff_id)


def _save(work: Work) -> None:
    tx, stored, conversation, wrote_at = work.tx, work.stored, work.conversation, work.wrote_at
    said = any(row["direction"] == "out" for row in work.rows)
    if conversation.language != stored.conversation.language:
        people.set_language(tx, stored.person_id, conversation.language)
    held_by = Holder.NOBODY if work.closes else conversation.held_by
    burst_from_at, burst = _burst(stored, tx.now) if wrote_at else (stored.burst_from_at, stored.burst)
    values = {
        "id": stored.conversation_id,
        "flow_version": work.services.script.version,
        "state": conversation.state,
        "turn": conversation.turn,
        "held_by": held_by.value,
        "epoch": work.epoch,
        "mind": conversations.seal_mind(tx, stored.conversation_id, conversation),
        "last_seq": stored.last_seq + len(work.rows),
        "last_inbound_at": _later(stored.last_inbound_at, wrote_at),
        "last_activity_at": tx.now if said else _later(stored.last_activity_at, wrote_at),
        "burst_from_at": burst_from_at,
        "burst": burst,
    }
    if work.rows:
        messages.insert_rows(tx, work.rows, saving=values)
    else:
        conversations.save(tx, values)
    if work.epoch != stored.epoch:
        drop_scheduled.at_a_change_of_hands(tx, work.services, stored.conversation_id)
    if work.closes:
        conversations.close(tx, stored.conversation_id)
    if new_flags := [flag for flag in conversation.flags if flag not in stored.conversation.flags]:
        fire_protocol.on_flags(tx, work.services, stored.conversation_id, new_flags, conversation.answers)
    if said:
        tx.after_commit(work.services.nudges.deliver)


def _later(known: datetime | None, moment: datetime | None) -> datetime | None:
    """A text that comes late does not turn the time back."""
    return max((at for at in (known, moment) if at is not None), default=None)


def _burst(stored: Stored, now: datetime) -> tuple[datetime, int]:
    if stored.burst_from_at is None or now - stored.burst_from_at > BURST_WINDOW:
        return now, 1
    return stored.burst_from_at, stored.burst + 1


def is_flooding(stored: Stored, now: datetime) -> bool:
    """A loop, a machine, or someone leaning on a key: Twilio breaks such loops too (14107)."""
    return _burst(stored, now)[1] > MOST_IN_A_BURST


def after_gap(stored: Stored, now: datetime) -> bool:
    return now - stored.last_activity_at >= GAP
