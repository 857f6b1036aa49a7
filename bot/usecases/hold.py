"""Can this place be saved for this person, and what did the provider say? Never more places than there are.

asked -> held -> arrived, with the exits declined, expired, withdrawn and no_show (`domain.md` 3.5); what is held can be
extended once. The stock's row is locked first, then the person's conversation, then the provider's: so counts, holds
and answers about the same places happen one after the other, on both databases.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.rules.freshness import Freshness, age_of, freshness
from bot.rules.sharing import ASK, told_in_hold
from bot.services import Services
from bot.store import audit, conversations, directory, handoffs, holds, openings, staff
from bot.store.db import Database, Tx
from bot.store.holds import Hold
from bot.usecases import hand_off, refer, tell_place, turn
from bot.usecases.draft_criterion import draft_criterion
from bot.usecases.provider_texts import tell_provider
from bot.usecases.refusal import Refused
from bot.usecases.tell_place import Telling
from flows.actions import TellAdvocates
from flows.conversation import Tier
from flows.events import HoldAnswered
from flows.understanding.provider import ProviderText, Said

HOURS = (2, 4, 24)
"""How long a place may be held, as agreed with the provider."""
ANSWER_WITHIN = timedelta(minutes=30)
"""65% of receiving bodies answer inside 30 minutes (`domain.md` 0.4); after it the request lapses."""
_IDS_REST = timedelta(days=30)
_ID_DIGITS, _ID_LETTERS = "23456789", "BCDFGHJKLMNPQRSTVWXZ"

Reply = tuple[str, dict[str, str | int]]
"""The key of a provider's text, and what fills it."""


@dataclass(frozen=True, slots=True)
class Asked:
    hold_id: str
    short_id: str


def ask(database: Database, services: Services, *, conversation_id: str, stock_id: str, staff_id: str,
        hours: int = 4) -> Asked | Refused:  # fmt: skip
    """Ask the provider to hold one place. Nothing of the person leaves but what they agreed to tell (SH1): who would
    come and how soon. Refused without an unexpired release, for a program that is not approved, or with no room."""
    if hours not in HOURS:
        return Refused("A place can be held for 2, 4 or 24 hours.")
    with database.transaction() as tx:
        stock = directory.stock(tx, stock_id, lock=True)
        stored = conversations.load(tx, conversation_id)
        if stock is None or stored is None:
            return Refused("There is no such place or conversation.")
        under = _may(tx, stock, stored)
        if isinstance(under, Refused):
            return under
        short_id = _short_id(tx, stock.program_id)
        hold_id = holds.add(
            tx, short_id=short_id, stock_id=stock_id, conversation_id=conversation_id, staff_id=staff_id, hours=hours,
            answer_by=tx.now + ANSWER_WITHIN,
        )  # fmt: skip
        hold = holds.find(tx, stock.program_id, short_id)
        assert hold is not None
        tell_provider(tx, services, hold, "PU3", answers=stored.conversation.answers, under=under)
        audit.record(tx, act="hold_asked", staff_id=staff_id, object_id=hold_id)
    return Asked(hold_id, short_id)


def answer(tx: Tx, services: Services, *, program_id: str, said: ProviderText) -> Reply:
    """A provider's answer to PU3 or PU4; returns what to read back. The same answer twice changes nothing."""
    hold = holds.find(tx, program_id, said.hold_id or "")
    if hold is None:
        return "PU6", {}
    directory.stock(tx, hold.stock_id, lock=True)
    hold = holds.find(tx, program_id, hold.short_id) or hold  # as it is now that nobody else can move it
    match said.said:
        case Said.HOLD_YES:
            return _yes(tx, services, hold)
        case Said.HOLD_NO:
            return _no(tx, services, hold, said)
        case Said.MOVED_IN:
            return _moved_in(tx, hold)
        case Said.HOLD_CALL:
            return _call(tx, services, hold)
        case Said.COUNT | Said.SAME | Said.FULL | Said.WAIT | Said.OFF | Said.UNDO | Said.UNCLEAR:
            raise ValueError(said.said)
        case _:
            assert_never(said.said)


def lapse(database: Database, services: Services) -> int:
    """Let go of what is past its time; returns how many. A lapse counts against nobody."""
    with database.reading() as tx:
        late = holds.lapsed(tx)
    return sum(_lapse_one(database, services, hold) for hold in late)


def _lapse_one(database: Database, services: Services, hold: Hold) -> bool:
    with database.transaction() as tx:
        directory.stock(tx, hold.stock_id, lock=True)
        if not holds.move(tx, hold.hold_id, to="expired", only_from=(hold.state,), before=tx.now):
            return False
        if hold.state == "held":
            turn.take(tx, services, hold.conversation_id, HoldAnswered("lapsed"))
            tell_provider(tx, services, hold, "PU4")
        else:
            turn.take(tx, services, hold.conversation_id, HoldAnswered("declined"))
            tell_provider(tx, services, hold, "PU10")
    return True


def extend(database: Database, services: Services, *, hold_id: str, staff_id: str,
           hours: int = 4) -> Refused | None:  # fmt: skip
    """Keep a held place longer, once, as a person has agreed with the provider; the provider reads it back."""
    if hours not in HOURS:
        return Refused("A place can be kept for 2, 4 or 24 hours more.")
    with database.transaction() as tx:
        hold = holds.get(tx, hold_id)
        if hold is None:
            return Refused("There is no such hold.")
        directory.stock(tx, hold.stock_id, lock=True)
        hold = holds.get(tx, hold_id) or hold
        if hold.extended_at is not None:
            return Refused("It was kept longer once already. Ask the provider again instead.")
        if hold.state != "held" or hold.expires_at is None or hold.expires_at <= tx.now:
            return Refused("This place is not held any more.")
        holds.extend(tx, hold_id, hold.expires_at + timedelta(hours=hours))
        tell_provider(tx, services, hold, "PU9")
        audit.record(tx, act="hold_extended", staff_id=staff_id, object_id=hold_id)
    return None


def _may(tx: Tx, stock: directory.Stock, stored: conversations.Stored) -> Telling | Refused:
    """What may be told to this place, if it may be asked at all."""
    under = tell_place.telling(
        tx, conversation_id=stored.conversation_id, person_id=stored.person_id, program_id=stock.program_id,
        items=told_in_hold(stored.conversation.answers), purpose=ASK,
    )  # fmt: skip
    return under if isinstance(under, Refused) else _not_now(tx, stock, stored) or under


def _not_now(tx: Tx, stock: directory.Stock, stored: conversations.Stored) -> Refused | None:
    if not openings.is_offered(tx, stock.stock_id):
        return Refused("This program is not approved, or is paused.")
    mine = [h for state in ("asked", "held") for h in holds.of_conversation(tx, stored.conversation_id, state)]
    if any(h.stock_id == stock.stock_id for h in mine):
        return Refused("This place has been asked already.")
    if any(h.state == "held" for h in mine):
        return Refused("A place is held for this person already.")
    if not directory.reporters_of(tx, stock.program_id):
        return Refused("Nobody at this program can be asked by text.")
    if openings.active_holds(tx, stock.stock_id) >= _room(tx, stock):
        return Refused("All the room there is has been asked for or is held.")
    return None


def _room(tx: Tx, stock: directory.Stock) -> int:
    """The last count while it may be believed; after that asking is the way to learn, up to what there ever is."""
    known = openings.state(tx, stock.stock_id)
    return known.available if known is not None and _is_believed(tx, known) else stock.maximum


def _is_believed(tx: Tx, known: openings.State) -> bool:
    age = None if known.silent_at else age_of(known.observed_at, tx.now)
    return freshness(known.life, age, known.available) in (Freshness.FRESH, Freshness.AGING)


def _yes(tx: Tx, services: Services, hold: Hold) -> Reply:
    fields = {"ID": hold.short_id, "PROG": hold.code_name, "H": hold.hours}
    if hold.state == "held":
        return "PU9", fields
    in_time = hold.expires_at is not None and hold.expires_at > tx.now
    until = tx.now + timedelta(hours=hold.hours)
    if not in_time or not holds.move(tx, hold.hold_id, to="held", only_from=("asked",), expires_at=until):
        return "PU10", fields
    for other in holds.of_conversation(tx, hold.conversation_id, "asked"):
        if holds.move(tx, other.hold_id, to="withdrawn", only_from=("asked",)):
            tell_provider(tx, services, other, "PU10")
    _learn_from_yes(tx, hold)
    refer.begin(tx, hold.conversation_id, program_id=hold.program_id, staff_id=hold.staff_id)
    told_by = staff.aliases(tx, [hold.staff_id]).get(hold.staff_id, "")
    turn.take(tx, services, hold.conversation_id, HoldAnswered("held", hours=hold.hours, advocate=told_by))
    return "PU9", fields


def _learn_from_yes(tx: Tx, hold: Hold) -> None:
    """They looked, and there is room: as much as was counted while that may be believed, else what is held for sure."""
    known = openings.state(tx, hold.stock_id)
    counted = known.available if known is not None and _is_believed(tx, known) else 0
    there = max(counted, holds.held(tx, hold.stock_id))
    openings.observe(tx, stock_id=hold.stock_id, available=there, via="hold", by_id=hold.hold_id)


def _no(tx: Tx, services: Services, hold: Hold, said: ProviderText) -> Reply:
    """To a request it is a no; to a held place the end of it, of which the person hears; after PU4, nobody came."""
    fields = {"ID": hold.short_id, "PROG": hold.code_name}
    why = {"reason": said.reason or None, "facet": said.facet or None}
    if holds.move(tx, hold.hold_id, to="declined", only_from=("asked", "held"), **why):
        _learn_from_no(tx, hold, said)
        state = "lapsed" if hold.state == "held" else "declined"
        turn.take(tx, services, hold.conversation_id, HoldAnswered(state))
    else:
        holds.move(tx, hold.hold_id, to="no_show", only_from=("expired",))
    return "PU9N", fields


def _learn_from_no(tx: Tx, hold: Hold, said: ProviderText) -> None:
    """What a refusal teaches the directory. "safety" teaches nothing: that someone is there is kept nowhere."""
    if said.reason == "full":
        others = openings.active_holds(tx, hold.stock_id)  # counted as there, and taken off again when shown
        openings.observe(tx, stock_id=hold.stock_id, available=others, via="hold", by_id=hold.hold_id)
    elif said.reason == "fit":
        draft_criterion(tx, hold, said.facet)
    elif said.reason == "paused":
        directory.set_status(tx, hold.program_id, "paused", only_from="active")


def _moved_in(tx: Tx, hold: Hold) -> Reply:
    """One place fewer, with the age the count had: knowing of one says nothing new of the others. Said without a Y
    before it, it is no less true; of a place that was let go it is not believed."""
    latest = openings.state(tx, hold.stock_id)
    moved = holds.move(tx, hold.hold_id, to="arrived", only_from=("asked", "held", "expired"))
    if moved:
        refer.arrived(tx, hold.conversation_id, program_id=hold.program_id, staff_id=hold.staff_id)
    if moved and latest is not None:
        left = max(0, latest.available - 1)
        openings.observe(
            tx, stock_id=hold.stock_id, available=left, via="hold", observed_at=latest.observed_at, by_id=hold.hold_id
        )
    fields: dict[str, str | int] = {"ID": hold.short_id, "PROG": hold.code_name}
    if latest is None or not (moved or hold.state == "arrived"):
        return "PU9N", fields
    return "PU13", fields | {"N": counted(tx, directory.stocks_of(tx, hold.program_id))}


def counted(tx: Tx, stocks: Iterable[directory.Stock]) -> int:
    """What was last said of these stocks together, holds not taken off: a program's own number, read back to it."""
    standing = (openings.state(tx, stock.stock_id) for stock in stocks)
    return sum(latest.available for latest in standing if latest is not None)


def _call(tx: Tx, services: Services, hold: Hold) -> Reply:
    """The provider would rather talk: the advocate who asked, or whoever is there, is told."""
    fields = {"ID": hold.short_id, "PROG": hold.code_name}
    stored = conversations.load(tx, hold.conversation_id)
    if stored is None or hold.state not in ("asked", "held"):
        return "PU10", fields
    body = f"{hold.code_name} asks for a call about hold {hold.short_id}."
    handoffs.add_note(tx, conversation_id=hold.conversation_id, staff_id=hold.staff_id, body=body)
    hand_off.tell(tx, services, stored, TellAdvocates(Tier.P1, "hold_call"))
    return "PU12", fields


def _short_id(tx: Tx, program_id: str) -> str:
    """{ID}: a digit and two consonants that this program has not been asked about lately."""
    taken = holds.short_ids_since(tx, program_id, tx.now - _IDS_REST)
    while True:
        made = secrets.choice(_ID_DIGITS) + secrets.choice(_ID_LETTERS) + secrets.choice(_ID_LETTERS)
        if made not in taken:
            return made
