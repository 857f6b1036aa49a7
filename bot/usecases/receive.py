"""What happens when a text comes in? One transaction: known already, lock the person, the turn, every row, commit.

A 200 to the carrier means that this committed. Repeating it changes nothing: the carrier's id is unique.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import phonenumbers
from sqlalchemy import ColumnElement, FromClause, Select, String, and_, bindparam, exists, literal, null, select
from sqlalchemy.exc import IntegrityError

from bot.rules.ladder import next_alarm
from bot.services import Services
from bot.store import consent, conversations, handoffs, messages, people
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.directory import reporters
from bot.store.prepared import Prepared
from bot.usecases import report_opening, turn
from flows.conversation import LANGUAGES
from flows.events import MessageReceived

LONGEST_BODY = 1_600
"""The carrier's own limit; what is longer is kept up to here."""

MOST_TRIES = 5

_NULL = re.compile(r"[\x00\ud800-\udfff]")
"""Characters that PostgreSQL cannot keep or that are no text at all."""


class Outcome(StrEnum):
    """What became of the text. The words are the metric's."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    STOP = "stop"
    PROVIDER = "provider"
    FLOODED = "flooded"


@dataclass(frozen=True, slots=True)
class InboundText:
    """One webhook, already proven to be the carrier's."""

    provider_sid: str
    sender: str
    body: str
    media: int = 0
    opt_out: str = ""


def receive(database: Database, services: Services, text: InboundText) -> Outcome:
    """Take in one text. Raises what the database raises: then nothing was kept and the carrier must try again."""
    for _ in range(MOST_TRIES):
        try:
            with database.transaction() as tx:
                return _receive(tx, services, text)
        except IntegrityError as error:
            # Somebody was quicker: the same delivery, which must change nothing, or another first text of theirs.
            with database.reading() as tx:
                if tx.conn.execute(_KNOWN_SID, {"sid": text.provider_sid}).scalar():
                    return Outcome.DUPLICATE
            lost = error
    raise lost


def _receive(tx: Tx, services: Services, text: InboundText) -> Outcome:
    number = dialable(text.sender, services.settings.default_region)
    phone = number or text.sender
    context = _look(tx, phone, text.provider_sid)
    if context.known:
        return Outcome.DUPLICATE
    if context.suppressed_at is not None and consent.lift_learned(tx, context.phone_key):
        context = _look(tx, phone, text.provider_sid)
    stored = _conversation(tx, services, context, phone)
    if stored.last_inbound_at is None and consent.state_of(tx, context.phone_key) == "none":
        consent.give(tx, context.phone_key, how="inbound_first")  # they wrote: that is their yes to an answer (R-C1)
    body = _NULL.sub("", text.body)[:LONGEST_BODY]
    inbound = messages.inbound_row(
        tx, conversation_id=stored.conversation_id, provider_sid=text.provider_sid, body=body, media=text.media
    )
    if context.reporter:
        stored = _keep(tx, stored, inbound)
        if report_opening.report(tx, services, number=phone, text=body):
            return Outcome.PROVIDER
    if number is None:
        return _leave_unanswered(tx, _keep(tx, stored, inbound))
    flooding = turn.is_flooding(stored, tx.now)
    event = MessageReceived(body, text.media, gap=turn.after_gap(stored, tx.now), opt_out=text.opt_out)
    after = turn.apply(tx, services, stored, event, inbound=inbound, quiet=flooding)
    if after.suppressed:
        return Outcome.STOP
    return Outcome.FLOODED if flooding else Outcome.TAKEN


_p, _c, _s = people.people.c, conversations.conversations.c, consent.suppressions.c
_m = messages.messages.c
_IS_KNOWN = (_m.provider_sid == bindparam("sid"), _m.direction == "in")
_KNOWN_SID = select(exists().where(*_IS_KNOWN))
_THEM = select(bindparam("phone_key", type_=String).label("phone_key")).subquery("them")
_ABOUT_THEM = (
    _THEM.c.phone_key,
    _p.person_id,
    _p.language,
    _p.code_word,
    _s.at.label("suppressed_at"),
    reporters.c.program_id.label("reporter"),
    exists(select(literal(1)).where(*_IS_KNOWN)).label("known"),
)


def _about(columns: Iterable[ColumnElement[Any]], rows: FromClause) -> Select[Any]:
    return (
        select(*columns, *_ABOUT_THEM)
        .select_from(rows)
        .outerjoin(consent.suppressions, _s.phone_key == _THEM.c.phone_key)
        .outerjoin(reporters, reporters.c.phone_key == _THEM.c.phone_key)
    )


_IN_A_CONVERSATION = Prepared(
    _about(
        (c for c in conversations.COLUMNS if c.name != "person_id"),
        _THEM.join(people.people, _p.phone_key == _THEM.c.phone_key).join(
            conversations.conversations, and_(_c.person_id == _p.person_id, _c.closed_at.is_(None))
        ),
    ).with_for_update(of=conversations.conversations)
)
"""Everything a turn must know, in one round trip, with the conversation locked: one person's turns happen one at a
time, and, since a claim takes the same lock first, no turn and no claim wait for each other. PostgreSQL shows a locked
row as it is after the wait, but not the rows joined to it: so it is the conversation that is locked, not the person."""

_BEFORE_ONE = Prepared(
    _about((null().label("conversation_id"),), _THEM.outerjoin(people.people, _p.phone_key == _THEM.c.phone_key))
)
"""The same of somebody who is in no conversation, or whom nobody has met: always one row."""


def _look(tx: Tx, phone: str, sid: str) -> Any:
    asked = {"phone_key": tx.keys.index("phone", phone), "sid": sid}
    return _IN_A_CONVERSATION.one_or_none(tx, asked) or _BEFORE_ONE.one_or_none(tx, asked)


def _conversation(tx: Tx, services: Services, context: Any, phone: str) -> Stored:
    if context.conversation_id is not None:
        return conversations.from_row(tx, context)
    kept = context.code_word
    return conversations.start(
        tx,
        person_id=context.person_id or people.meet(tx, phone, LANGUAGES[0]),
        phone_key=context.phone_key,
        language=context.language or LANGUAGES[0],
        flow_version=services.script.version,
        suppressed=context.suppressed_at is not None,
        code_word=tx.keys.open("people.code_word", context.person_id, kept) if kept else None,
    )


def _keep(tx: Tx, stored: Stored, inbound: dict[str, Any]) -> Stored:
    """Store the text before anybody answers it; a turn that follows finds it in its place."""
    if "seq" in inbound:
        return stored
    inbound["seq"] = conversations.take_seqs(tx, stored.conversation_id, 1)
    messages.insert_rows(tx, [inbound])
    return replace(stored, last_seq=inbound["seq"])


def _leave_unanswered(tx: Tx, stored: Stored) -> Outcome:
    """A short code or a name as sender: nothing can be sent back, but somebody looks at it."""
    handoffs.open_handoff(
        tx, conversation_id=stored.conversation_id, tier="P3", reason="odd_sender",
        next_at=next_alarm("P3", 0, tx.now), promised_at=None,
    )  # fmt: skip
    return Outcome.TAKEN


@lru_cache(maxsize=4096)
def dialable(sender: str, region: str) -> str | None:
    """E.164 if the sender is a number that can be texted back, else None (short codes, names, nonsense)."""
    try:
        number = phonenumbers.parse(sender, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
