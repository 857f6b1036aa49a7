"""What does the desk show? Read models for its two pages; the number is not among their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from bot.rules import hours
from bot.rules.phrases import counted, phrase
from bot.services import Services
from bot.store import directory, handoffs, heartbeats, holds, people, presence, staff, threads, versions
from bot.store.db import Tx
from bot.store.holds import Hold
from bot.store.staff import Staff
from bot.store.threads import Note, Offer, QueueRow, Release, ThreadMessage
from bot.usecases.composing import where_they_may_be
from bot.usecases.send_again import AGAIN, DID_NOT_ARRIVE
from bot.usecases.watch import LATE
from bot.web.desk import words
from bot.web.desk.queue import Queue
from bot.web.desk.ready import Canned, ready_words
from bot.web.desk.times import theirs
from bot.web.desk.words import Fact
from bot.web.moments import when
from bot.web.tongue import language
from flows.conversation import Conversation

WAITING_SHOWN = 50
"""Whoever is next for anybody is almost always among them; how many wait behind them is said."""
_ONLY_OPTIONS = re.compile(r"[\W_]*(?:(?:\d{1,2}|[ab]|both)[\W_]*)*", re.IGNORECASE)
"""A text that only picks from what was offered: "2", "1 3", "A", "both"."""


@dataclass(frozen=True, slots=True)
class Board:
    now: datetime
    shift_ends_at: datetime | None
    waiting: tuple[QueueRow, ...]
    """Those who are first, WAITING_SHOWN at the most."""
    waits: int
    """How many wait in all."""
    others: int
    colleagues: int
    on_break: bool
    clock_stopped: bool
    """Alarms may be late: whoever looks at the board is the alarm."""

    @property
    def waiting_words(self) -> str:
        if not self.waits:
            return phrase("Nobody is waiting")
        return counted("%(n)s person is waiting", "%(n)s people are waiting", self.waits)


@dataclass(frozen=True, slots=True)
class Line:
    """One text of the thread with its words for staff."""

    message: ThreadMessage
    sender: str
    state: str
    state_kind: str
    again: bool = False
    """It did not arrive, and may be sent once more."""
    repeated: bool = False
    """It did not arrive, and stands below once more."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place they were offered, as they were told of it, and what became of asking it. `units` are what can be
    asked for there: stock and words."""

    offer: Offer
    traits: str
    units: tuple[tuple[str, str], ...]
    hold: Hold | None

    @property
    def is_asked(self) -> bool:
        return self.hold is not None and self.hold.state in ("asked", "held")


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation, as its advocate sees it."""

    number: str
    """On which versions of its rows this stands (`bot.store.versions`)."""
    now: datetime
    conversation_id: str
    person_id: str
    handoff: handoffs.Handoff
    call_sign: str
    language: str
    conversation: Conversation
    epoch: int
    owner: str
    mine: bool
    suppressed: bool
    safe_hours: str
    lines: tuple[Line, ...]
    facts: tuple[Fact, ...]
    places: tuple[Place, ...]
    release: Release | None
    notes: tuple[tuple[Note, str], ...]
    canned: tuple[Canned, ...]
    last_inbound_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.handoff.state != "closed"

    @property
    def last_words(self) -> ThreadMessage | None:
        """What the person said last, verbatim: the largest thing on the page. A bare "1" tells an advocate nothing, so
        words are looked for first."""
        theirs = [line.message for line in reversed(self.lines) if line.message.direction == "in"]
        return next((text for text in theirs if not _ONLY_OPTIONS.fullmatch(text.body)), theirs[0] if theirs else None)

    @property
    def shares(self) -> bool:
        """Whether they agreed that a place is asked, and still do."""
        return self.release is not None and self.release.revoked_at is None and self.release.expires_at > self.now

    @property
    def can_ask(self) -> bool:
        return self.mine and self.shares and not any(p.hold is not None and p.hold.state == "held" for p in self.places)

    @property
    def first_draft(self) -> str:
        """The first line of a human, until one has been sent."""
        said = any(line.message.is_a_humans for line in self.lines)
        ready = next((canned.text for canned in self.canned if canned.key == "H0"), "")
        return "" if said else ready

    @property
    def inbound_count(self) -> int:
        return sum(line.message.direction == "in" for line in self.lines)


def board(tx: Tx, account: Staff, mine: Queue) -> Board:
    beat = heartbeats.last_beat(tx, "clock")
    return Board(
        now=tx.now,
        shift_ends_at=staff.shift_of(tx, account.staff_id),
        waiting=tuple(threads.first_waiting(tx, WAITING_SHOWN)),
        waits=mine.waits,
        others=threads.count_held(tx) - len(mine.mine),
        colleagues=staff.count_on_shift(tx),
        on_break=presence.on_break(tx, account.staff_id),
        clock_stopped=beat is not None and tx.now - beat > LATE,
    )


def talk(tx: Tx, services: Services, account: Staff, conversation_id: str) -> Talk | None:
    """None unless the conversation was ever handed over: advocates see no others."""
    number = versions.of_conversation(tx, conversation_id, account.staff_id)  # before what it is the number of
    stored = threads.read(tx, conversation_id)
    handoff = handoffs.latest_of(tx, conversation_id)
    person = people.get(tx, stored.person_id) if stored else None
    if stored is None or handoff is None or person is None:
        return None
    messages = threads.thread(tx, conversation_id)
    notes = threads.notes_of(tx, conversation_id)
    writers = [m.staff_id for m in messages if m.staff_id] + [n.staff_id for n in notes]
    names = staff.aliases(tx, [*writers, *([handoff.owner_id] if handoff.owner_id else [])])
    owned = handoff.is_owned
    place = where_they_may_be(tx, person.person_id)
    repeated = frozenset(m.retry_of for m in messages if m.retry_of)
    return Talk(
        number=number,
        now=tx.now,
        conversation_id=conversation_id,
        person_id=stored.person_id,
        handoff=handoff,
        call_sign=person.call_sign,
        language=stored.conversation.language,
        conversation=stored.conversation,
        epoch=stored.epoch,
        owner=names.get(handoff.owner_id or "", "") if owned else "",
        mine=owned and handoff.owner_id == account.staff_id,
        suppressed=stored.conversation.suppressed,
        safe_hours=words.safe_hours(person.safe_hours),
        lines=tuple(_line(m, names, repeated, place, tx.now) for m in messages),
        facts=tuple(words.facts(stored.conversation.answers)),
        places=_places(tx, services, conversation_id),
        release=threads.release_of(tx, person.person_id),
        notes=tuple((note, names.get(note.staff_id, phrase("A colleague"))) for note in notes),
        canned=ready_words(tx, services, account, stored, place),
        last_inbound_at=stored.last_inbound_at,
    )


def _places(tx: Tx, services: Services, conversation_id: str) -> tuple[Place, ...]:
    """Each place once, as it was told of last."""
    asked = {hold.program_id: hold for hold in holds.of_conversation(tx, conversation_id)}  # the latest of each wins
    places: dict[str, Place] = {}
    for offer in threads.offers_of(tx, conversation_id):
        program_id = directory.program_id_of(tx, offer.code_name)
        if program_id is None or program_id in places:
            continue
        units = tuple(
            (stock.stock_id, words.UNITS.get(stock.unit, words.plain(stock.unit).lower()))
            for stock in directory.stocks_of(tx, program_id)
        )
        traits = services.script.wording.traits(offer.traits, language())
        places[program_id] = Place(offer, traits, units, asked.get(program_id))
    return tuple(places.values())


def _line(message: ThreadMessage, names: dict[str, str], repeated: frozenset[str], place: hours.Place,
          now: datetime) -> Line:  # fmt: skip
    if message.direction == "in":
        late = words.held_up(message.created_at, message.sent_at)
        return Line(message, phrase("They wrote"), late, "warn" if late else "")
    sender = names.get(message.staff_id, phrase("A colleague")) if message.staff_id else phrase("Bot")
    if message.kind == "scheduled" and message.status == "queued" and message.due_at is not None:
        on_their_clock = theirs(message.due_at, place.zones, now)
        waits = phrase("Waits for %(theirs)s, their time; %(ours)s on your clock", theirs=on_their_clock,
                       ours=when(message.due_at))  # fmt: skip
        return Line(message, sender, waits, "warn")
    state, kind = words.delivery(message.status, message.reason)
    lost = message.status in DID_NOT_ARRIVE and message.kind in AGAIN
    again, said_again = lost and message.message_id not in repeated, message.message_id in repeated
    return Line(message, sender, state, kind, again, said_again)
