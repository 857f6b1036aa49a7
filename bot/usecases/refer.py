"""Since when is somebody on their way to a place, and have they arrived? In the transaction of what says so.

A held place, a program's yes and an advocate, who also finishes with "referred", begin a referral; a provider's word,
or an advocate, says that they are there. What follows is `follow_up` and the clock's `look_after`.
"""

from __future__ import annotations

from datetime import datetime

from bot.rules import follow_up
from bot.store import conversations, referrals
from bot.store.db import Tx


def begin(tx: Tx, conversation_id: str, *, program_id: str | None, staff_id: str) -> str:
    """One at a time for a person: another place is the next step of the same way, and its clock begins anew."""
    conversations.load(tx, conversation_id)
    standing = referrals.open_of(tx, conversation_id)
    alarm_at = follow_up.alarm_at(tx.now, 0)
    if standing is None:
        return referrals.add(
            tx, conversation_id=conversation_id, program_id=program_id, staff_id=staff_id, referred_at=tx.now,
            alarm_at=alarm_at,
        )  # fmt: skip
    if standing.program_id != program_id:
        referrals.change(tx, standing.referral_id, program_id=program_id, moved_at=tx.now, alarm=0, alarm_at=alarm_at,
                         intake_at=None, check_n=0, check_at=None)  # fmt: skip
        referrals.note(tx, standing.referral_id, "referred", staff_id=staff_id)
    return standing.referral_id


def arrived(tx: Tx, conversation_id: str, *, program_id: str | None, staff_id: str, told_by: str | None = None,
            at: datetime | None = None) -> None:  # fmt: skip
    """They are there, since `at`. `told_by` is the colleague who says so; None when the place itself does."""
    referral_id = begin(tx, conversation_id, program_id=program_id, staff_id=staff_id)
    standing = referrals.get(tx, referral_id)
    if standing is None or standing.intake_at is not None:
        return
    since = max(min(at or tx.now, tx.now), standing.referred_at)
    first = follow_up.check_at(since, 0) if standing.agreed else None
    referrals.change(tx, referral_id, intake_at=since, moved_at=tx.now, alarm=0, alarm_at=None, outcome="arrived",
                     check_n=0, check_at=first)  # fmt: skip
    referrals.note(tx, referral_id, "arrived", staff_id=told_by, at=since)


def finished(tx: Tx, conversation_id: str, outcome: str, *, staff_id: str, at: datetime | None) -> None:
    """How an advocate wrapped up says where the person is: on their way, there, or out of our sight."""
    standing = referrals.open_of(tx, conversation_id)
    match outcome:
        case "referred" | "held" if standing is None:
            begin(tx, conversation_id, program_id=None, staff_id=staff_id)
        case "arrived":
            program_id = standing.program_id if standing else None
            arrived(tx, conversation_id, program_id=program_id, staff_id=staff_id, told_by=staff_id, at=at)
        case "lost_contact" | "wrong_person" if standing is not None:
            over = {"ended_at": tx.now, "ended_by": staff_id, "outcome": "lost", "check_at": None, "alarm_at": None}
            referrals.change(tx, standing.referral_id, **over)
            referrals.note(tx, standing.referral_id, "lost", staff_id=staff_id, at=at)


def stopped(tx: Tx, conversation_id: str) -> None:
    """They said STOP: nothing more is asked. Who has not arrived stays in our sight, without a text; for who has, it
    ends here, by their own word."""
    standing = referrals.open_of(tx, conversation_id)
    if standing is None:
        return
    over = {} if standing.intake_at is None else {
        "ended_at": tx.now, "ended_by": "person", "outcome": "asked_to_stop"
    }  # fmt: skip
    referrals.change(tx, standing.referral_id, agreed=False, check_at=None, **over)
    referrals.note(tx, standing.referral_id, "asked_to_stop")
