"""What follows when a text could not be delivered? All that the table of codes asks for, in one transaction.

Locks are taken in the order every other deed takes them: campaigns, then the conversation, then texts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from bot import log
from bot.rules.carrier_errors import Reaction, policy_of, too_many_filtered
from bot.rules.sending import another_sender, day_ends
from bot.services import Services
from bot.store import audit, campaigns, consent, conversations, messages, outbox, people, senders
from bot.store.db import Tx
from bot.usecases import hand_off
from bot.usecases.alerts import alert
from bot.usecases.claim_texts import Claimed
from flows.actions import TellAdvocates
from flows.conversation import Holder, Tier

RETRY_IN = timedelta(hours=24)
"""A phone that was off is tried once more, no sooner (`campaigns.md`, error-code policy)."""
FAILED, UNKNOWN = "text_failed", "text_unknown"
"""Reasons of a hand-off: a person looks."""
_PAUSES = frozenset({Reaction.PAUSE, Reaction.PAUSE_ALL, Reaction.WATCH})
_MISSED = frozenset({"crisis", "advocate", "scheduled", "reply", "notice"})
"""Kinds that somebody waits for: when one is lost, an advocate is told. Campaigns have their counters."""


def refused(tx: Tx, services: Services, item: Claimed, code: str) -> None:
    """The carrier would not take this text, and nothing left."""
    about = begin(tx, item.message_id, code)
    if about is None:
        return
    if Reaction.OTHER_SENDER in policy_of(code).reactions and _by_another(tx, services, about):
        alert_if_asked(tx, code, about)
        return
    if outbox.fail(tx, item.message_id, code, nth=item.nth):
        failed(tx, services, about, code)


def begin(tx: Tx, message_id: str, code: str) -> Row[Any] | None:
    """The text with its person, with everything locked that the code may ask for; nothing is changed yet."""
    about = outbox.about(tx, message_id)
    if about is None:
        return None  # erased meanwhile: there is nobody left to text, and nothing to keep
    if policy_of(code).reactions & _PAUSES:
        campaigns.running_ids(tx, lock=True)
    conversations.load(tx, about.conversation_id)
    return about


def failed(tx: Tx, services: Services, about: Row[Any], code: str) -> None:
    """It stands as failed or undelivered; now what the table asks for. The caller has gone through `begin`."""
    reactions = policy_of(code).reactions
    alert_if_asked(tx, code, about)
    _pause(tx, about, code)
    learn(tx, about, code)
    _rest(tx, about, code, reactions)
    if about.recipient_id:
        campaigns.note(tx, about.recipient_id, code)
    again = _again(tx, about, reactions)
    if about.kind in _MISSED and not again and Reaction.WITHDRAW not in reactions:
        tell(tx, services, about, FAILED)


def tell(tx: Tx, services: Services, about: Row[Any], reason: str) -> None:
    """Put it before the advocates. One who holds the conversation sees it in the thread."""
    stored = conversations.living(tx, about.conversation_id)
    if stored is not None and stored.conversation.held_by is not Holder.ADVOCATE:
        tier = Tier.P1 if about.kind == "crisis" else Tier.P2
        hand_off.tell(tx, services, stored, TellAdvocates(tier, reason))


def stays_unknown(tx: Tx, services: Services, about: Row[Any]) -> None:
    """Nobody can tell whether it arrived. A person decides whether to say it again; of a campaign's text its counters
    tell, and it counts as a contact."""
    alert(tx, "stays_unknown", about.sender or "")
    if about.kind in _MISSED:
        tell(tx, services, about, UNKNOWN)


def alert_if_asked(tx: Tx, code: str, about: Row[Any]) -> None:
    if Reaction.ALERT in policy_of(code).reactions:
        alert(tx, code, about.sender or "")


def _by_another(tx: Tx, services: Services, about: Row[Any]) -> bool:
    """Put it back for another number of ours, which this person knows from now on; once for each text."""
    other = another_sender(about.sender or "", services.settings.twilio_from, about.phone_key)
    if other is None or about.attempts > len(services.settings.twilio_from):
        return False
    people.set_sender(tx, about.person_id, other)
    outbox.put_back(tx, about.message_id)
    tx.after_commit(services.nudges.deliver)
    return True


def learn(tx: Tx, about: Row[Any], code: str) -> None:
    """What the code says of the number, once and for all texts to it."""
    reactions, how = policy_of(code).reactions, f"carrier_{code}"
    if Reaction.WITHDRAW in reactions or Reaction.REASSIGNED in reactions:
        consent.withdraw(tx, about.phone_key, how=how, message_id=about.message_id)
        messages.refuse_queued(tx, about.person_id, "stopped" if Reaction.WITHDRAW in reactions else "no_such_phone")
    if reactions & {Reaction.SUPPRESS, Reaction.LANDLINE, Reaction.UNREACHABLE}:
        consent.suppress(tx, about.phone_key, how=how)
        messages.refuse_queued(tx, about.person_id, "no_such_phone")
    if Reaction.LANDLINE in reactions:
        people.set_line_type(tx, about.person_id, "landline")


def _rest(tx: Tx, about: Row[Any], code: str, reactions: frozenset[Reaction]) -> None:
    if about.sender and Reaction.REST in reactions:
        senders.rest(tx, {about.sender: tx.now + timedelta(seconds=policy_of(code).rest_s)})
    if about.sender and Reaction.REST_DAY in reactions:
        senders.rest_campaigns(tx, about.sender, day_ends(tx.now))


def _again(tx: Tx, about: Row[Any], reactions: frozenset[Reaction]) -> bool:
    """A text nobody was waiting for is brought once more: the next day as a text of its own, since this one is known
    not to have arrived; or, if its hours ran out on the way, whenever its campaign comes to the person again."""
    first = about.retry_of is None
    if Reaction.REPLAN in reactions and about.recipient_id and first and outbox.texts_of(tx, about.recipient_id) == 1:
        campaigns.replan(tx, about.recipient_id)
        return True
    if Reaction.RETRY in reactions and about.kind in ("campaign", "notice") and first:
        outbox.repeat(tx, about, tx.now + RETRY_IN)
        return True
    return False


def _pause(tx: Tx, about: Row[Any], code: str) -> None:
    """A campaign the carrier objects to rests until a person resumes it."""
    reactions = policy_of(code).reactions
    paused: list[str] = []
    if Reaction.PAUSE_ALL in reactions:
        paused = campaigns.running_ids(tx)
    elif about.recipient_id and reactions & {Reaction.PAUSE, Reaction.WATCH}:
        campaign = campaigns.campaign_of(tx, about.recipient_id)
        running = campaign is not None and campaign in campaigns.running_ids(tx)
        if running and (Reaction.PAUSE in reactions or _filtered(tx, str(campaign), code)):
            paused = [str(campaign)]
    for campaign_id in paused:
        campaigns.change(tx, campaign_id, state="paused")
        audit.record(tx, act="campaign_paused", object_id=campaign_id, detail=f"carrier_{code}")
        log.event("campaign_paused", level="warning", campaign_id=campaign_id, code=code)


def _filtered(tx: Tx, campaign_id: str, code: str) -> bool:
    return too_many_filtered(*outbox.ended_with(tx, campaign_id, code))
