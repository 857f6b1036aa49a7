"""Who was referred and has not moved, and whose check has come? The clock's part of a follow-up.

The alarm for no movement is ours: whoever has the person, then the leads, then on-call, for as long as nothing moves.
A check by text goes only to who agreed to it, in hours they chose, and once into silence; then a named human looks.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rules import follow_up
from bot.rules.follow_up import LOOK_AGAIN, Facts, Next, next_check
from bot.rules.hours import Place, next_safe, place_of, safe_now
from bot.services import Services
from bot.store import audit, conversations, handoffs, people, referrals, staff, tasks
from bot.store.conversations import Stored
from bot.store.db import Database, Tx
from bot.store.referrals import Referral
from bot.usecases import hand_off, page_staff, turn
from bot.usecases.fire_protocol import named_humans
from flows.actions import TellAdvocates
from flows.conversation import Tier
from flows.events import Hello

KIND = "follow_up"
"""The kind of the task when a human should look, or say how it ended."""
DUE, BACKUP = timedelta(hours=24), timedelta(hours=4)
MOST_AT_ONCE = 100
"""Of each, in one round; what is left is looked at in the next."""


def look_after(database: Database, services: Services) -> int:
    """One round; how many alarms and checks there were."""
    with database.reading() as tx:
        still = [one.referral_id for one in referrals.still(tx)][:MOST_AT_ONCE]
        checks = [one.referral_id for one in referrals.to_check(tx)][:MOST_AT_ONCE]
    done = 0
    for referral_id in still:
        with database.transaction() as tx:
            done += _still(tx, services, referral_id)
    for referral_id in checks:
        with database.transaction() as tx:
            done += _check(tx, services, referral_id)
    return done


def _open(tx: Tx, referral_id: str) -> tuple[Referral, Stored] | None:
    """As it is now, under the lock of the conversation their words would go to; it may be another than it began in."""
    seen = referrals.get(tx, referral_id)
    stored = None if seen is None else conversations.living(tx, seen.conversation_id)
    again = referrals.get(tx, referral_id)
    if stored is None or again is None or again.ended_at is not None:
        return None
    return again, stored


def _still(tx: Tx, services: Services, referral_id: str) -> bool:
    found = _open(tx, referral_id)
    if found is None:
        return False
    seen, stored = found
    if seen.intake_at is not None or seen.alarm_at is None or seen.alarm_at > tx.now:
        return False
    moved_at = max(seen.moved_at, referrals.last_movement(tx, stored.person_id, seen.referred_at) or seen.moved_at)
    if moved_at > seen.moved_at:
        referrals.change_if(tx, seen, moved_at=moved_at, alarm=0, alarm_at=follow_up.alarm_at(moved_at, 0))
        return False
    again = max(follow_up.alarm_at(seen.moved_at, seen.alarm + 1), tx.now + timedelta(hours=1))
    if not referrals.change_if(tx, seen, alarm=seen.alarm + 1, alarm_at=again):
        return False
    referrals.note(tx, referral_id, "alarm")
    _call(tx, services, seen, stored)
    return True


def _call(tx: Tx, services: Services, seen: Referral, stored: Stored) -> None:
    """Somebody has the person again, if nobody had; and they are called, with the leads the longer it lasts."""
    if handoffs.open_of(tx, stored.conversation_id) is None:
        hand_off.tell(tx, services, stored, TellAdvocates(Tier.P1 if seen.alarm else Tier.P2, "no_movement"))
    standing = handoffs.open_of(tx, stored.conversation_id)
    owner = standing.owner_id if standing is not None and standing.is_owned else seen.staff_id
    who = [one for act in follow_up.hears(seen.alarm) for one in page_staff.reach(tx, act, owner)]
    page_staff.call(
        tx, services, who, why="promise", tier=standing.tier if standing else "P2",
        occasion=f"still:{seen.referral_id}:{seen.moved_at:%d%H}:{seen.alarm}",
        handoff_id=standing.handoff_id if standing else None,
    )  # fmt: skip


def _check(tx: Tx, services: Services, referral_id: str) -> bool:
    seen = referrals.get(tx, referral_id)
    stored = None if seen is None else conversations.load(tx, seen.conversation_id)  # its lock first, as in a turn
    seen = referrals.get(tx, referral_id)
    if seen is None or stored is None or seen.ended_at is not None or seen.check_at is None or seen.check_at > tx.now:
        return False
    standing = conversations.open_of(tx, stored.person_id)
    person = people.get(tx, stored.person_id)
    safe_hours = person.safe_hours if person else None
    place = _place(tx, stored)
    facts = Facts(
        agreed=seen.agreed, stopped=stored.conversation.suppressed,
        held=standing is not None and handoffs.open_of(tx, standing) is not None, safe_hours=safe_hours,
        in_safe_hours=bool(safe_hours) and safe_now(place, tx.now, safe_hours or ""), asked_at=seen.asked_at,
        wrote_at=referrals.wrote_last(tx, stored.person_id),
    )  # fmt: skip
    match next_check(facts):
        case None:
            return referrals.change_if(tx, seen, check_at=None)
        case Next.LATER:
            return referrals.change_if(tx, seen, check_at=_later(tx, place, facts))
        case Next.HUMAN:
            if _on(tx, seen):
                _look(tx, seen, "silent" if seen.asked_at else "to_look")
                return True
        case Next.TEXT:
            return _ask(tx, services, seen, stored)
    return False


def _ask(tx: Tx, services: Services, seen: Referral, stored: Stored) -> bool:
    """The flow says it, if it can say anything now; else a human looks."""
    resting = _resting(tx, services, stored)
    turn.take(tx, services, resting.conversation_id, Hello(staff.aliases(tx, [seen.staff_id]).get(seen.staff_id, "")))
    after = conversations.load(tx, resting.conversation_id)
    if after is None or after.last_seq == resting.last_seq:
        return _on(tx, seen) and _look(tx, seen, "to_look")
    if _on(tx, seen, asked_at=tx.now):
        referrals.note(tx, seen.referral_id, "asked")
        audit.record(tx, act="follow_up_asked", object_id=seen.referral_id)
    return True


def _resting(tx: Tx, services: Services, stored: Stored) -> Stored:
    """The conversation in which it is said: the one that is open, or a new one."""
    standing = conversations.open_of(tx, stored.person_id)
    found = None if standing is None else conversations.load(tx, standing)
    if found is not None:
        return found
    brought = people.brought_by(tx, stored.person_id)
    return conversations.start(
        tx, person_id=stored.person_id, phone_key=stored.phone_key, language=stored.conversation.language,
        flow_version=services.script.version, words=brought.words, marks=brought.marks,
    )  # fmt: skip


def _on(tx: Tx, seen: Referral, **values: datetime) -> bool:
    """On to the next check; after the last a human says how it ended."""
    since = seen.intake_at or seen.agreed_at or seen.referred_at
    due = follow_up.check_at(since, seen.check_n + 1)
    if due is not None:
        due = max(due, tx.now + follow_up.CHECKS[0])
    moved = referrals.change_if(tx, seen, check_n=seen.check_n + 1, check_at=due, **values)
    if moved and due is None:
        _look(tx, seen, "to_end")
    return moved


def _look(tx: Tx, seen: Referral, why: str) -> bool:
    """A task with a name: who referred them, and a colleague behind."""
    referrals.note(tx, seen.referral_id, why)
    first, second = named_humans(tx, seen.conversation_id)
    account = staff.get(tx, seen.staff_id)
    mine = seen.staff_id if account is not None and account.active else first
    tasks.open_task(
        tx, kind=KIND, conversation_id=seen.conversation_id, program_id=seen.program_id, due_at=tx.now + DUE,
        backup_at=tx.now + BACKUP, assigned_to=mine, backup_id=first if first != mine else second,
    )  # fmt: skip
    return True


def _later(tx: Tx, place: Place, facts: Facts) -> datetime:
    """Their next safe hour; while an advocate has them, half a day on."""
    if facts.held or not facts.safe_hours:
        return tx.now + LOOK_AGAIN
    return next_safe(place, tx.now, facts.safe_hours) or tx.now + LOOK_AGAIN


def _place(tx: Tx, stored: Stored) -> Place:
    zips = conversations.stated_zip3s(tx, [stored.person_id]).get(stored.person_id, ())
    return place_of(people.number_of(tx, stored.person_id), zips)
