"""Which texts may leave next, and what must be known of them? Claims under a lease, and what became of them.

Everything here works on many texts in few statements: a claim of fifty costs the database hardly more than one of one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, or_, select

from bot.store import asks, campaigns, consent, people
from bot.store.conversations import conversations
from bot.store.db import Tx
from bot.store.directory import programs, reporters
from bot.store.messages import PRIORITY, messages, queue_text

URGENT = PRIORITY["confirmation"]
"""The last priority that waits for no rate and holds its own room."""
CAMPAIGN = PRIORITY["campaign"]
PATIENCE = timedelta(seconds=5)
"""So long a text about danger waits for one of the same person that is being handed over, for the sake of order."""

_m, _c, _p = messages.c, conversations.c, people.people.c
_earlier = messages.alias("earlier").c


def _waits_for_one_before() -> ColumnElement[bool]:
    """One person's texts leave in their order. One before that is being handed over, or put off by the carrier, holds
    the later ones back; so does one whose fate is unknown, until it is settled or put before a person. A text about
    danger waits for nothing but an earlier one on its way, and not long for that."""
    urgent = _m.priority <= URGENT
    patient = or_(~urgent, _m.due_at > bindparam("patient_since"))
    return (
        select(_earlier.message_id)
        .where(
            _earlier.conversation_id == _m.conversation_id,
            _earlier.direction == "out",
            _earlier.seq < _m.seq,
            or_(
                and_(_earlier.status == "sending", patient),
                and_(_earlier.status == "unknown", _earlier.settled_at.is_(None), ~urgent),
                and_(
                    _earlier.status == "queued",
                    _earlier.priority <= _m.priority,
                    or_(_earlier.due_at <= _m.due_at, and_(_earlier.attempts > 0, ~urgent)),
                ),
            ),
        )
        .correlate(messages)
        .exists()
    )


_WANTED = (
    _m.message_id, _m.conversation_id, _m.kind, _m.priority, _m.key, _m.language, _m.body, _m.segments, _m.epoch,
    _m.attempts, _m.created_at, _m.recipient_id, _m.due_at, _c.person_id, _c.epoch.label("current_epoch"), _c.held_by,
    _p.phone, _p.phone_key, _p.safe_hours, _p.sender.label("known_sender"),
    consent.suppressions.c.at.label("suppressed_at"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which texts: of the priorities `first` to `last`, but those to people who know one of the shut senders. A text
    about danger is never left out."""

    first: int = 0
    last: int = CAMPAIGN
    shut_answers: frozenset[str] = frozenset()
    shut_campaigns: frozenset[str] = frozenset()


def due(tx: Tx, wanted: Wanted, limit: int, *, locked: bool = False) -> Sequence[Row[Any]]:
    """Texts whose time has come and that wait for none before, urgent ones first."""
    moments = {"now": tx.now, "patient_since": tx.now - PATIENCE, "most": limit}
    return tx.conn.execute(_due(wanted, locked), moments).all()


@lru_cache(maxsize=64)
def _due(wanted: Wanted, locked: bool) -> Select[Any]:
    """Built once for each combination: a drain asks some forty times a second."""
    known = func.coalesce(_p.sender, "")
    shut = [
        ~and_(_m.priority > after, known.in_(names))
        for after, names in ((URGENT, wanted.shut_answers), (CAMPAIGN - 1, wanted.shut_campaigns))
        if names
    ]
    query = (
        select(*_WANTED)
        .join_from(messages, conversations, _c.conversation_id == _m.conversation_id)
        .join(people.people, _p.person_id == _c.person_id)
        .outerjoin(consent.suppressions, consent.suppressions.c.phone_key == _p.phone_key)
        .where(
            _m.status == "queued", _m.direction == "out", _m.due_at <= bindparam("now"),
            _m.priority.between(wanted.first, wanted.last), *shut,
            ~_waits_for_one_before(),
        )
        .order_by(_m.priority, _m.due_at, _m.seq)
        .limit(bindparam("most"))
    )  # fmt: skip
    return query.with_for_update(of=messages, skip_locked=True) if locked else query


def claim(tx: Tx, ids_by_sender: Mapping[str, Sequence[str]], lease: timedelta) -> None:
    """These are ours to hand over, for so long."""
    for sender, ids in ids_by_sender.items():
        values = {"status": "sending", "lease_until": tx.now + lease, "attempts": _m.attempts + 1, "sender": sender,
                  "begun_at": tx.now, "absent_at": None, "reason": None}  # fmt: skip
        tx.conn.execute(messages.update().where(_m.message_id.in_(ids)).values(**values))


def know(tx: Tx, person_ids_by_sender: Mapping[str, Sequence[str]]) -> None:
    """From now on these people know this number of ours."""
    for sender, ids in person_ids_by_sender.items():
        tx.conn.execute(people.people.update().where(_p.person_id.in_(ids)).values(sender=sender))


def withhold(tx: Tx, message_id: str, reason: str) -> None:
    values = {"status": "refused", "reason": reason, "settled_at": tx.now}
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(**values))


def put_off(tx: Tx, message_id: str, at: datetime, reason: str) -> None:
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(due_at=at, reason=reason))


# `attempts` fences: what a process learns of an attempt is never written over a later one.
_mine = and_(_m.message_id == bindparam("id"), _m.attempts == bindparam("nth"))
_SENT = (
    messages.update()
    # Put back in the queue by somebody who took us for dead, it would leave a second time: not now that it is known.
    .where(_mine, or_(_m.status == "sending", _m.status == "unknown", _m.status == "queued"))
    .values(status="sent", provider_sid=bindparam("sid"), sent_at=bindparam("at"), lease_until=None, reason=None)
)
_FAILED = (
    messages.update()
    .where(_mine, _m.status == "sending")
    .values(status=bindparam("to_status"), reason=bindparam("why"), due_at=bindparam("due"),
            lease_until=bindparam("lease"))
)  # fmt: skip


def sent(tx: Tx, done: Sequence[Mapping[str, Any]]) -> None:
    """`id`, `nth` and `sid` of texts the carrier took."""
    if done:
        tx.conn.execute(_SENT, [{**one, "at": tx.now} for one in done])


def not_sent(tx: Tx, done: Sequence[Mapping[str, Any]]) -> None:
    """`id`, `nth`, `to_status`, `why`, `due` and `lease` of texts it asked us to bring later, or may have taken."""
    if done:
        tx.conn.execute(_FAILED, list(done))


# What the gate asks about texts nobody asked for, of a whole batch at once


def consents(tx: Tx, phone_keys: Collection[str]) -> dict[str, str]:
    """phone_key -> the last line of its log."""
    c = consent.consent.c
    query = select(c.phone_key, c.state).where(c.phone_key.in_(phone_keys)).order_by(c.at, c.consent_id)
    return dict(tx.conn.execute(query).all())


def last_inbound(tx: Tx, person_ids: Collection[str]) -> dict[str, datetime]:
    """person_id -> when they last wrote, in any conversation."""
    query = (
        select(_c.person_id, func.max(_c.last_inbound_at))
        .where(_c.person_id.in_(person_ids), _c.last_inbound_at.is_not(None))
        .group_by(_c.person_id)
    )
    return dict(tx.conn.execute(query).all())


def campaigns_of(tx: Tx, recipient_ids: Collection[str]) -> dict[str, Row[Any]]:
    """recipient_id -> basis, state and window of the campaign it belongs to."""
    r, k = campaigns.recipients.c, campaigns.campaigns.c
    query = (
        select(r.recipient_id, r.basis, k.state, k.window_from, k.window_to)
        .join_from(campaigns.recipients, campaigns.campaigns, k.campaign_id == r.campaign_id)
        .where(r.recipient_id.in_(recipient_ids))
    )
    return {row.recipient_id: row for row in tx.conn.execute(query)}


def releases(tx: Tx, person_ids: Collection[str]) -> dict[str, dict[str, datetime]]:
    """person_id -> recipient_id -> when a campaign's text to them was released."""
    r = campaigns.recipients.c
    query = select(r.person_id, r.recipient_id, r.released_at).where(
        r.person_id.in_(person_ids), r.state == "released"
    )
    found: dict[str, dict[str, datetime]] = {}
    for person_id, recipient_id, at in tx.conn.execute(query):
        found.setdefault(person_id, {})[recipient_id] = at
    return found


def office_hours_of(tx: Tx, phone_keys: Collection[str]) -> dict[str, tuple[str | None, tuple[int, int] | None]]:
    """phone_key -> the time zone of the program it reports for, where the program has one, and the local hours in
    which it chose to be asked, if it chose."""
    chosen = asks.ask_hours
    query = (
        select(reporters.c.phone_key, programs.c.facets, chosen.c.first_hour, chosen.c.end_hour)
        .join_from(reporters, programs, programs.c.program_id == reporters.c.program_id)
        .outerjoin(chosen, chosen.c.program_id == programs.c.program_id)
        .where(reporters.c.phone_key.in_(phone_keys))
    )
    return {
        key: (facets.get("timezone"), None if first is None else (first, end))
        for key, facets, first, end in tx.conn.execute(query)
    }


# What became of one text


def about(tx: Tx, message_id: str) -> Row[Any] | None:
    """One outbound text, whose it is, and what it served; nothing is locked."""
    query = (
        select(_m.message_id, _m.conversation_id, _m.kind, _m.key, _m.language, _m.body, _m.epoch, _m.staff_id,
               _m.recipient_id, _m.sender, _m.attempts, _m.retry_of, _m.status, _c.person_id, _p.phone_key)
        .join_from(messages, conversations, _c.conversation_id == _m.conversation_id)
        .join(people.people, _p.person_id == _c.person_id)
        .where(_m.message_id == message_id, _m.direction == "out")
    )  # fmt: skip
    return tx.conn.execute(query).one_or_none()


def fail(tx: Tx, message_id: str, reason: str, *, nth: int) -> bool:
    """This attempt was the last. False if the text is not in its hands any more."""
    mine = (_m.message_id == message_id, _m.attempts == nth, _m.status.in_(("sending", "unknown")))
    values = {"status": "failed", "reason": reason, "settled_at": tx.now, "lease_until": None}
    return tx.conn.execute(messages.update().where(*mine).values(**values)).rowcount == 1


def put_back(tx: Tx, message_id: str) -> None:
    """It has not left, and may leave at once."""
    values = {"status": "queued", "due_at": tx.now, "lease_until": None, "absent_at": None, "settled_at": None}
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(**values))


def repeat(tx: Tx, of: Row[Any], due_at: datetime, **changed: Any) -> str:
    """The same words again as a text of its own, with an id of its own; the constraint allows one for each text.
    `changed` is what differs: who says it now, and under which epoch."""
    words = tx.keys.open("messages.body", of.message_id, of.body)
    same = {name: getattr(of, name) for name in ("epoch", "kind", "language", "key", "staff_id", "recipient_id")}
    message_id = queue_text(tx, conversation_id=of.conversation_id, body=words, due_at=due_at, **{**same, **changed})
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(retry_of=of.message_id))
    return message_id


def is_repeated(tx: Tx, message_id: str) -> bool:
    return tx.conn.execute(select(_m.message_id).where(_m.retry_of == message_id)).first() is not None


def texts_of(tx: Tx, recipient_id: str) -> int:
    """How many texts this recipient was ever sent."""
    query = select(func.count()).select_from(messages).where(_m.recipient_id == recipient_id)
    return tx.conn.execute(query).scalar_one()


def ended_with(tx: Tx, campaign_id: str, code: str) -> tuple[int, int]:
    """Of a campaign's texts, how many ended with this code, and how many the carrier took."""
    r = campaigns.recipients.c
    query = (
        select(func.count(case((_m.reason == code, 1))), func.count(_m.provider_sid))
        .join_from(campaigns.recipients, messages, _m.recipient_id == r.recipient_id)
        .where(r.campaign_id == campaign_id)
    )
    ended, taken = tx.conn.execute(query).one()
    return int(ended), int(taken)


# Texts in doubt

_DOUBTFUL = (_m.direction == "out", _m.status.in_(("sending", "unknown")))


def in_doubt(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """Texts whose lease is over and whose fate nobody has told, urgent ones first."""
    query = (
        select(_m.message_id, _m.conversation_id, _m.body, _m.created_at, _c.person_id, _p.phone)
        .join_from(messages, conversations, _c.conversation_id == _m.conversation_id)
        .join(people.people, _p.person_id == _c.person_id)
        .where(*_DOUBTFUL, _m.lease_until <= tx.now)
        .order_by(_m.priority, _m.lease_until)
        .limit(limit)
    )
    return tx.conn.execute(query).all()


def lock_in_doubt(tx: Tx, message_id: str) -> Row[Any] | None:
    """The text, if it is still in doubt and nobody else looked it up meanwhile."""
    query = select(messages).where(*_DOUBTFUL, _m.message_id == message_id, _m.lease_until <= tx.now)
    return tx.conn.execute(query.with_for_update()).one_or_none()


def in_doubt_before(tx: Tx, conversation_id: str, seq: int) -> Sequence[Row[Any]]:
    query = select(_m.message_id, _m.body).where(*_DOUBTFUL, _m.conversation_id == conversation_id, _m.seq < seq)
    return tx.conn.execute(query).all()


def later_left(tx: Tx, row: Row[Any]) -> bool:
    """Whether a text that was written after this one, in the same conversation, has reached the carrier."""
    later = (_m.conversation_id == row.conversation_id, _m.direction == "out", _m.seq > row.seq)
    query = select(_m.message_id).where(*later, _m.provider_sid.is_not(None)).limit(1)
    return tx.conn.execute(query).first() is not None


def known_sids(tx: Tx, provider_sids: Collection[str]) -> frozenset[str]:
    """Those of the carrier's ids that an outbound text of ours has."""
    query = select(_m.provider_sid).where(_m.provider_sid.in_(provider_sids), _m.direction == "out")
    return frozenset(tx.conn.execute(query).scalars())


def settle(tx: Tx, message_id: str, **values: Any) -> None:
    """It is known what became of it."""
    values |= {"lease_until": None, "absent_at": None, "settled_at": None}
    tx.conn.execute(messages.update().where(_m.message_id == message_id).values(**values))


def doubt(tx: Tx, row: Row[Any], *, again_at: datetime | None, absent_at: datetime | None = None,
          told_at: datetime | None = None) -> None:  # fmt: skip
    """It is still not known: look again then, or wait for its receipt alone. One that was put before a person
    (`settled_at`) holds back no later text."""
    values = {"status": "unknown", "lease_until": again_at, "absent_at": absent_at,
              "settled_at": row.settled_at or told_at}  # fmt: skip
    tx.conn.execute(messages.update().where(_m.message_id == row.message_id).values(**values))


def give_back(tx: Tx, provider_sid: str) -> None:
    """The text that was taken for this message of the carrier's is in doubt again: a receipt says whose it is."""
    wrong = (_m.provider_sid == provider_sid, _m.direction == "out", _m.confirmed_at.is_(None))
    values = {"status": "unknown", "provider_sid": None, "lease_until": tx.now, "sent_at": None, "settled_at": None}
    tx.conn.execute(messages.update().where(*wrong).values(**values))


def stay_unknown(tx: Tx) -> int:
    """Texts that were put before a person because nobody could tell what became of them."""
    query = select(func.count()).select_from(messages).where(_m.status == "unknown", _m.settled_at.is_not(None))
    return tx.conn.execute(query).scalar_one()
