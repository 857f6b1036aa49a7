"""How does a colleague look after somebody who was referred? Begin, note their yes to be asked, what happened, the end.

Only a human ends it, or the person. An outcome is a line with the time it came about; several may be true in turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules import follow_up
from bot.rules.follow_up import ENDS, OUTCOMES
from bot.rules.phrases import phrase
from bot.store import audit, conversations, handoffs, referrals, staff, threads, warm_transfers
from bot.store.db import Database, Tx
from bot.store.referrals import Referral
from bot.usecases import refer
from bot.usecases.refusal import Refused

BY_THE_PERSON = "person"
BACK = timedelta(days=120)
"""So long ago something may be noted that came about then."""


def begin(database: Database, *, conversation_id: str, staff_id: str, program_id: str | None = None) -> str | Refused:
    """They were referred, now: to a program of ours, or elsewhere. The referral's id."""
    with database.transaction() as tx:
        refused = _may(tx, conversation_id, staff_id)
        if refused is not None:
            return refused
        if program_id is not None and not warm_transfers.callable_programs(tx, [program_id]):
            return Refused("This program is not approved, or is paused.")
        referral_id = refer.begin(tx, conversation_id, program_id=program_id, staff_id=staff_id)
        audit.record(tx, act="referral_begun", staff_id=staff_id, object_id=referral_id)
    return referral_id


def agree(database: Database, *, conversation_id: str, staff_id: str, agreed: bool,
          message_id: str | None = None) -> Refused | None:  # fmt: skip
    """Their yes to be asked later, or that they take it back. `message_id` is their text; without one it was spoken."""
    with database.transaction() as tx:
        standing = _standing(tx, conversation_id, staff_id)
        if isinstance(standing, Refused):
            return standing
        theirs = {one.message_id for one in threads.thread(tx, conversation_id) if one.direction == "in"}
        if message_id is not None and message_id not in theirs:
            return Refused("That is not one of their texts. Choose the one that says yes, or note that they said it.")
        since = standing.intake_at or tx.now
        values = {"agreed": agreed, "agreed_at": tx.now, "message_id": message_id,
                  "noted_by": None if message_id else staff_id,
                  "check_at": _first_check(tx, standing, since) if agreed else None}  # fmt: skip
        referrals.change(tx, standing.referral_id, **values)
        referrals.note(tx, standing.referral_id, "agreed" if agreed else "not_agreed", staff_id=staff_id)
        audit.record(tx, act="follow_up_agreed" if agreed else "follow_up_not_agreed", staff_id=staff_id,
                     object_id=standing.referral_id)  # fmt: skip
    return None


def _first_check(tx: Tx, standing: Referral, since: datetime) -> datetime | None:
    due = follow_up.check_at(since, standing.check_n)
    return None if due is None else max(due, tx.now + timedelta(hours=1))


def moved(database: Database, *, conversation_id: str, staff_id: str) -> Refused | None:
    """Something happened that no row shows: a call, a form, a bus. The clock of no movement begins anew."""
    with database.transaction() as tx:
        standing = _standing(tx, conversation_id, staff_id)
        if isinstance(standing, Refused):
            return standing
        again = None if standing.intake_at else follow_up.alarm_at(tx.now, 0)
        referrals.change(tx, standing.referral_id, moved_at=tx.now, alarm=0, alarm_at=again)
        referrals.note(tx, standing.referral_id, "moved", staff_id=staff_id)
        audit.record(tx, act="referral_moved", staff_id=staff_id, object_id=standing.referral_id)
    return None


def outcome(database: Database, *, conversation_id: str, staff_id: str, what: str, at: datetime | None = None,
            ends: bool = False) -> Refused | None:  # fmt: skip
    """What came about, and when; `ends` when nothing more is looked at."""
    if what not in OUTCOMES:
        return Refused("Say what came about.")
    if ends and what not in ENDS:
        return Refused("Arriving is not the end: they are looked after until they stay, move on, or wish it to stop.")
    with database.transaction() as tx:
        standing = _standing(tx, conversation_id, staff_id)
        if isinstance(standing, Refused):
            return standing
        when = at or tx.now
        if not tx.now - BACK <= when <= tx.now:
            return Refused("Say when it came about: not later than now, and within four months.")
        if what == "arrived":
            refer.arrived(tx, conversation_id, program_id=standing.program_id, staff_id=standing.staff_id,
                          told_by=staff_id, at=when)  # fmt: skip
        else:
            over = _over(tx, what, staff_id) if ends or what == "asked_to_stop" else {}
            referrals.change(tx, standing.referral_id, outcome=what, moved_at=tx.now, **over)
            referrals.note(tx, standing.referral_id, what, staff_id=staff_id, at=when)
        audit.record(tx, act="referral_outcome", staff_id=staff_id, object_id=standing.referral_id, detail=what)
    return None


def _over(tx: Tx, what: str, staff_id: str) -> dict[str, object]:
    by = BY_THE_PERSON if what == "asked_to_stop" else staff_id
    return {"ended_at": tx.now, "ended_by": by, "check_at": None, "alarm_at": None}


def _standing(tx: Tx, conversation_id: str, staff_id: str) -> Referral | Refused:
    refused = _may(tx, conversation_id, staff_id)
    if refused is not None:
        return refused
    return referrals.open_of(tx, conversation_id) or Refused("Nobody is looked after here. Note the referral first.")


def _may(tx: Tx, conversation_id: str, staff_id: str) -> Refused | None:
    """Whoever has the person; while nobody has, anybody of the desk."""
    if conversations.load(tx, conversation_id) is None:
        return Refused("There is no such conversation.")
    standing = handoffs.open_of(tx, conversation_id)
    if standing is not None and standing.owner_id not in (None, staff_id):
        name = staff.aliases(tx, [standing.owner_id])[standing.owner_id]
        return Refused(phrase("%(name)s holds this conversation now. Nothing was changed.", name=name))
    return None
