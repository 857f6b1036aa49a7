"""How does a person get into the advocates' queue, and what may they be promised? In the turn's own transaction."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.rules.hours import place_of
from bot.rules.ladder import promised_minutes
from bot.services import Services
from bot.store import handoffs, people, staff
from bot.store.conversations import Stored
from bot.store.db import Tx
from bot.usecases import climb, page_staff
from flows.actions import HandOff, TellAdvocates
from flows.events import HandOffOpened

_FALLBACK_ZONE = "America/Chicago"


def open_for(tx: Tx, services: Services, stored: Stored, action: HandOff, language: str) -> HandOffOpened:
    """A row with an alarm stands when this returns. A wait is promised only when somebody is on shift, and the promise
    is kept in the row; nobody on shift is answered with the time of the next planned shift, if there is one."""
    standing = handoffs.open_of(tx, stored.conversation_id)
    there = staff.on_shift(tx, tx.now)
    minutes = _minutes(tx, standing, action, len(there))
    told = bool(there) and _tells_minutes(services, action.reason)
    handoff_id = handoffs.open_handoff(
        tx,
        conversation_id=stored.conversation_id,
        tier=action.tier,
        reason=action.reason,
        next_at=tx.now,
        promised_at=tx.now + timedelta(minutes=minutes) if told else None,
    )
    climb.begin(tx, services, handoff_id)
    if not there:
        return HandOffOpened(action.reason, on_shift=False, when=_next_shift_words(tx, services, stored, language))
    return HandOffOpened(action.reason, on_shift=True, advocate=there[0].alias, minutes=minutes)


def tell(tx: Tx, services: Services, stored: Stored, action: TellAdvocates) -> None:
    """Put it before the advocates without a word to the person."""
    handoff_id = handoffs.open_handoff(
        tx,
        conversation_id=stored.conversation_id,
        tier=action.tier,
        reason=action.reason,
        next_at=tx.now,
        promised_at=None,
    )
    climb.begin(tx, services, handoff_id)


def _minutes(tx: Tx, standing: handoffs.Handoff | None, action: HandOff, advocates: int) -> int:
    """The wait that is still true: what was promised already, or what can be kept now."""
    if standing is not None and standing.promised_at is not None and standing.promised_at > tx.now:
        return max(1, round((standing.promised_at - tx.now).total_seconds() / 60))
    tier = min(str(action.tier), standing.tier) if standing else str(action.tier)
    ahead = sum(1 for h in handoffs.waiting(tx) if h.tier <= tier and (standing is None or h != standing))
    return promised_minutes(tier, ahead=ahead, advocates=advocates)


def _tells_minutes(services: Services, reason: str) -> bool:
    return any("MIN" in services.script.needs[key] for key in services.script.handoffs[reason].on)


def _next_shift_words(tx: Tx, services: Services, stored: Stored, language: str) -> str:
    """When the next shift begins, in the person's own time where their number says what that is."""
    starts_at = staff.next_shift_start(tx, tx.now)
    if starts_at is None:
        return ""
    zones = place_of(people.number_of(tx, stored.person_id)).zones
    zone = ZoneInfo(zones[0] if len(zones) == 1 else _FALLBACK_ZONE)
    return services.script.wording.when(starts_at.astimezone(zone), tx.now.astimezone(zone), language)


def heard(tx: Tx, services: Services, conversation_id: str, seq: int) -> None:
    """They wrote to whoever has them: if it is not seen in time, the ladder moves."""
    handoff = handoffs.open_of(tx, conversation_id)
    if handoff is not None and handoff.is_owned:
        handoffs.heard(tx, conversation_id, seq, services.ladder.due_at(handoff.tier, 0, tx.now, owned=True))


def call_owner(tx: Tx, services: Services, handoff: handoffs.Handoff, occasion: str) -> None:
    """What was promised is broken while somebody has the person: they and the leads are called."""
    who = [*page_staff.reach(tx, "owner", handoff.owner_id), *page_staff.leads(tx)]
    page_staff.call(tx, services, who, why="promise", tier=handoff.tier, occasion=occasion,
                    handoff_id=handoff.handoff_id)  # fmt: skip
    tx.after_commit(lambda: services.pager.page(handoff_id=handoff.handoff_id, tier=handoff.tier, step=0))
