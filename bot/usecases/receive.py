"""What happens when a text comes in? One transaction: known already, lock the person, the turn, every row, commit.

A 200 to the carrier means that this committed. Repeating it changes nothing: the carrier's id is unique. A text may
come late, out of the carrier's own list (`reconcile`); then it says when it was written, and is judged by that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import phonenumbers
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.exc import IntegrityError

from bot import log
from bot.services import Services
from bot.store import consent, conversations, handoffs, messages, pages, people
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.directory import reporters
from bot.store.prepared import Prepared
from bot.store.reporter_invites import reporter_invites
from bot.usecases import climb, hand_off, hear_page, reopen, report_opening, turn
from bot.usecases.claim_texts import sender_names
from flows.actions import TellAdvocates
from flows.conversation import LANGUAGES, Tier
from flows.engine import understand
from flows.events import MessageReceived
from flows.understanding import Intent

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
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class InboundText:
    """One webhook, already proven to be the carrier's."""

    provider_sid: str
    sender: str
    body: str
    media: int = 0
    opt_out: str = ""
    media_kinds: tuple[str, ...] = ()
    """Of what came with it: picture, voice, video, contact or file."""
    sent_at: datetime | None = None
    """When the carrier took it. A webhook does not say; it comes at once."""
    to: str = ""
    """The number of ours they texted."""


def receive(database: Database, services: Services, text: InboundText, *, unread: bool = False) -> Outcome:
    """Take in one text. Raises what the database raises: then nothing was kept and the carrier must try again.
    `unread`: its turn has failed, by a fault of ours; it is kept without one, and an advocate reads it."""
    for _ in range(MOST_TRIES):
        try:
            with database.transaction() as tx:
                return _receive(tx, services, text, unread=unread)
        except IntegrityError as error:
            # Somebody was quicker: the same delivery, which must change nothing, or another first text of theirs.
            with database.reading() as tx:
                if tx.conn.execute(_KNOWN_SID, {"sid": text.provider_sid}).scalar():
                    return Outcome.DUPLICATE
            lost = error
    raise lost


def _receive(tx: Tx, services: Services, text: InboundText, *, unread: bool) -> Outcome:
    number = dialable(text.sender, services.settings.default_region)
    phone = number or text.sender
    context = _look(tx, phone, text.provider_sid)
    if context.known:
        return Outcome.DUPLICATE
    if number is not None and hear_page.is_answer(text.body):
        phones = pages.staff_by_number(tx, number)
        if phones and hear_page.hear_text(tx, phones, text.body):
            return Outcome.PROVIDER
    if context.suppressed_at is not None and consent.lift_learned(tx, context.phone_key):
        context = _look(tx, phone, text.provider_sid)
    ours = text.to if text.to in sender_names(services.settings) else None
    if context.person_id is not None and context.sender is None and ours is not None:
        people.set_sender(tx, context.person_id, ours)  # they are answered from the number they texted
    stored = _conversation(tx, services, context, phone, ours)
    if stored.last_inbound_at is None and not stored.conversation.suppressed:
        _take_as_consent(tx, context)
    body = _NULL.sub("", text.body)[:LONGEST_BODY]
    inbound = messages.inbound_row(
        tx, conversation_id=stored.conversation_id, provider_sid=text.provider_sid, body=body, media=text.media,
        media_kinds=",".join(text.media_kinds)[:40] or None, sent_at=text.sent_at,
    )  # fmt: skip
    event = _event(text, body, stored, context.suppressed_at, tx.now)
    if unread:
        return _leave_unread(tx, services, _keep(tx, stored, inbound), body)
    if context.reporter:
        stored = _keep(tx, stored, inbound)
        told = {"number": phone, "text": body, "message_id": inbound["message_id"], "late": event.late}
        if report_opening.report(tx, services, **told):
            return Outcome.PROVIDER
    if number is None:
        return _leave_unanswered(tx, services, _keep(tx, stored, inbound))
    flooding = turn.is_flooding(stored, tx.now)
    after = turn.apply(tx, services, stored, event, inbound=inbound, quiet=flooding)
    if after.suppressed:
        return Outcome.STOP
    if stored.epoch or (context.conversation_id is None and context.person_id is not None):
        reopen.after_an_end(tx, services, stored)
    return Outcome.FLOODED if flooding else Outcome.TAKEN


def _take_as_consent(tx: Tx, context: Any) -> None:
    """They wrote: that is their yes to an answer (R-C1). A stop is not undone by it."""
    # The look into a conversation that we began did not ask.
    said = context.consent if context.conversation_id is None else consent.state_of(tx, context.phone_key)
    if said in (None, "none"):
        consent.give(tx, context.phone_key, how="inbound_first")


def _event(text: InboundText, body: str, stored: Stored, suppressed_at: datetime | None,
           now: datetime) -> MessageReceived:  # fmt: skip
    """The text as the engine must judge it: by when it was written, not by when it reached us. One without a time of
    its own came just now, whatever another machine's clock wrote into the rows a moment ago."""
    late = overtaken = False
    if text.sent_at is not None:
        late = now - text.sent_at >= turn.GAP
        overtaken = stored.last_seq > 0 and text.sent_at < stored.last_activity_at
        overtaken = overtaken or (suppressed_at is not None and text.sent_at < suppressed_at)
    return MessageReceived(
        body, text.media, gap=turn.after_gap(stored, now), opt_out=text.opt_out, late=late, overtaken=overtaken
    )


_p, _c, _s = people.people.c, conversations.conversations.c, consent.suppressions.c
_m = messages.messages.c
_IS_KNOWN = (_m.provider_sid == bindparam("sid"), _m.direction == "in")
_KNOWN_SID = select(exists().where(*_IS_KNOWN))
_THEM = select(bindparam("phone_key", type_=String).label("phone_key")).subquery("them")
_ASKED_TO_REPORT = (
    select(reporter_invites.c.program_id).where(reporter_invites.c.phone_key == _THEM.c.phone_key).scalar_subquery()
)
_ABOUT_THEM = (
    _THEM.c.phone_key,
    _p.person_id,
    _p.language,
    _p.code_word,
    _p.duress_word,
    _p.safe_hours,
    _p.sender,
    _s.at.label("suppressed_at"),
    func.coalesce(reporters.c.program_id, _ASKED_TO_REPORT).label("reporter"),
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
    _about(
        (null().label("conversation_id"), consent.last_state(_THEM.c.phone_key).label("consent")),
        _THEM.outerjoin(people.people, _p.phone_key == _THEM.c.phone_key),
    )
)
"""The same of somebody who is in no conversation, or whom nobody has met: always one row."""


def _look(tx: Tx, phone: str, sid: str) -> Any:
    asked = {"phone_key": tx.keys.index("phone", phone), "sid": sid}
    return _IN_A_CONVERSATION.one_or_none(tx, asked) or _BEFORE_ONE.one_or_none(tx, asked)


def _conversation(tx: Tx, services: Services, context: Any, phone: str, ours: str | None) -> Stored:
    if context.conversation_id is not None:
        return conversations.from_row(tx, context)
    brought = people.brought(tx, context.person_id or "", code_word=context.code_word, duress_word=context.duress_word,
                             safe_hours=context.safe_hours)  # fmt: skip
    return conversations.start(
        tx,
        person_id=context.person_id or people.meet(tx, phone, LANGUAGES[0], ours),
        phone_key=context.phone_key,
        language=context.language or LANGUAGES[0],
        flow_version=services.script.version,
        suppressed=context.suppressed_at is not None,
        words=brought.words,
        marks=brought.marks,
    )


def _keep(tx: Tx, stored: Stored, inbound: dict[str, Any]) -> Stored:
    """Store the text before anybody answers it; a turn that follows finds it in its place."""
    if "seq" in inbound:
        return stored
    inbound["seq"] = conversations.take_seqs(tx, stored.conversation_id, 1)
    messages.insert_rows(tx, [inbound])
    return replace(stored, last_seq=inbound["seq"])


def _leave_unanswered(tx: Tx, services: Services, stored: Stored) -> Outcome:
    """A short code or a name as sender: nothing can be sent back, but somebody looks at it."""
    handoff_id = handoffs.open_handoff(
        tx, conversation_id=stored.conversation_id, tier="P3", reason="odd_sender", next_at=tx.now, promised_at=None
    )
    climb.begin(tx, services, handoff_id)
    return Outcome.TAKEN


def _leave_unread(tx: Tx, services: Services, stored: Stored, body: str) -> Outcome:
    """The bot says nothing, a person looks at once, and a STOP counts all the same."""
    try:
        intent = understand(stored.conversation, body, services.script).intent
    except Exception as error:  # the very fault that broke the turn, perhaps
        log.event("text_not_understood", level="error", error=error)
        intent = Intent.UNCLEAR
    if intent in (Intent.STOP, Intent.STOP_SILENT, Intent.WRONG_NUMBER):
        consent.withdraw(tx, stored.phone_key, how="unread_stop")
        messages.refuse_queued(tx, stored.person_id, "stopped")
    hand_off.tell(tx, services, stored, TellAdvocates(Tier.P1, "unread"))
    return Outcome.UNREAD


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
