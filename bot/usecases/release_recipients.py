"""Who on a running campaign's list is texted next, if anyone? One decision, one recipient, one transaction.

Called by the clock about once a second. The governor is asked again for every single release, with the running
campaigns locked, so that two clocks cannot give the same place away twice. Only numbers whose local hours are open are
released: a text never lies in the outbox over night, to leave with a hundred others at ten.
"""

from __future__ import annotations

from datetime import timedelta

from bot import log
from bot.rules.governor import PER_MINUTE, Facts, Pace
from bot.rules.hours import next_open, place_of
from bot.rules.may_send import Allowed, Answer, Later, Refused, SendFacts, may_send
from bot.rules.replay import kept
from bot.rules.variants import choose
from bot.services import Services
from bot.store import campaigns, consent, conversations, handoffs, messages, pacing, people, wording_tests
from bot.store.campaigns import FOLLOW_UP, Campaign, Recipient
from bot.store.db import Database, Tx
from bot.store.pacing import Decision
from bot.usecases import turn
from bot.usecases.approve_campaign import still_approved, void_approval
from bot.usecases.campaign_pace import InFlight, decide
from bot.usecases.campaign_words import opener
from bot.usecases.signed_off import wording_at_the_gate
from flows.conversation import LANGUAGES, Holder
from flows.events import Invited

_PLANNED_AT_ONCE = 500
_LOOKS = 50
"""So many recipients are looked at for one release; those who may not be texted are put aside on the way."""
_LIVE = timedelta(days=14)
"""Someone who wrote so lately is in a conversation, and is not spoken to by a campaign."""


def release_recipients(database: Database, services: Services) -> int:
    """Release what may be released now, over all running campaigns; returns how many texts were queued."""
    with database.reading() as tx:
        running = campaigns.running_ids(tx)
    return sum(_release(database, services, campaign_id) for campaign_id in running)


def _release(database: Database, services: Services, campaign_id: str) -> int:
    if not _approved(database, services, campaign_id):
        return 0
    _plan_hours(database, campaign_id)
    with database.reading() as tx:  # most seconds end here, without having taken the writer's lock
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None or sum(one.minute for one in pacing.lately(tx).values()) >= PER_MINUTE:
            return 0
        sent = pacing.sent(tx)
        now, facts = decide(tx, services, campaign, sent)
        news = now.n > 0 or now.code != pacing.last_code(tx, campaign_id)
    if news:
        _remember(database, campaign_id, now, facts)
    if now.code == "done":
        _finish(database, campaign_id)
    released = 0
    while released < now.n and _release_one(database, services, campaign_id, sent):
        released += 1
    return released


def _approved(database: Database, services: Services, campaign_id: str) -> bool:
    with database.reading() as tx:
        campaign = campaigns.get(tx, campaign_id)
        good = campaign is not None and still_approved(tx, services, campaign)
    if campaign is not None and not good:
        void_approval(database, services, campaign_id)
    return good


def _remember(database: Database, campaign_id: str, now: Pace, facts: Facts) -> None:
    """What was decided and on what it rests: each release, and each change of what holds it."""
    decision = Decision(facts.gates.now, now.n, now.per_hour, now.code, kept(facts))
    with database.transaction() as tx:
        pacing.remember(tx, campaign_id, decision)


def _plan_hours(database: Database, campaign_id: str) -> None:
    """Work out when the hours of recipients not looked at before open next."""
    with database.reading() as tx:
        if not pacing.any_unplanned(tx, campaign_id):
            return
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None:
            return
        recipients = campaigns.unplanned(tx, campaign_id, _PLANNED_AT_ONCE)
        zip3s = conversations.stated_zip3s(tx, [recipient.person_id for recipient in recipients])
        for recipient in recipients:
            place = place_of(recipient.number, zip3s.get(recipient.person_id, ()))
            at = next_open(place, tx.now, campaign.window)
            if at is None:
                campaigns.refuse(tx, recipient.recipient_id, "no_hours")
            else:
                campaigns.plan(tx, recipient.recipient_id, at)


def _finish(database: Database, campaign_id: str) -> None:
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is not None and campaign.state == "running" and not pacing.languages(tx, campaign_id, LANGUAGES):
            campaigns.change(tx, campaign_id, state="done")
            log.event("campaign_done", campaign_id=campaign_id)


def _release_one(database: Database, services: Services, campaign_id: str, sent: InFlight) -> bool:
    with database.transaction() as tx:
        campaigns.running_ids(tx, lock=True)
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None or not still_approved(tx, services, campaign):
            return False
        now, _ = decide(tx, services, campaign, sent)
        if now.n < 1:
            return False
        for _ in range(_LOOKS):
            recipient = campaigns.next_ready(tx, campaign_id, now.languages)
            if recipient is None:
                return False
            if _invite(tx, services, campaign, recipient):
                tx.after_commit(services.nudges.deliver)
                return True
    return False


def _invite(tx: Tx, services: Services, campaign: Campaign, recipient: Recipient) -> bool:
    """Text this recipient, or put them aside with the reason or until their hours. True if a text was queued."""
    conversation_id = conversations.open_of(tx, recipient.person_id)
    stored = None if conversation_id is None else conversations.load(tx, conversation_id)
    language = recipient.language if stored is None else stored.conversation.language
    key = _wording(tx, campaign, recipient, language)
    answer = _in_conversation(tx, recipient, stored) or _gate(tx, services, campaign, recipient, language, key)
    match answer:
        case Refused(reason):
            campaigns.refuse(tx, recipient.recipient_id, reason)
            return False
        case Later(_, at):
            campaigns.plan(tx, recipient.recipient_id, at)
            return False
        case Allowed():
            pass
    if stored is None:
        brought = people.brought_by(tx, recipient.person_id)
        stored = conversations.start(
            tx, person_id=recipient.person_id, phone_key=recipient.phone_key, language=language,
            flow_version=services.script.version, words=brought.words, marks=brought.marks,
        )  # fmt: skip
    turn.take(tx, services, stored.conversation_id, Invited(key))
    after = conversations.load(tx, stored.conversation_id)
    assert after is not None
    messages.queue_text(
        tx, conversation_id=stored.conversation_id, epoch=after.epoch, kind="campaign", key=key,
        language=language, recipient_id=recipient.recipient_id,
        body=opener(services, key=key, language=language, sender=campaign.sender, area=campaign.area),
    )  # fmt: skip
    history = campaigns.histories(tx, [recipient.person_id]).get(recipient.person_id)
    nth = 1 if history is None else history.released_before + 1
    campaigns.mark_released(tx, recipient.recipient_id, nth=nth, variant=None if recipient.step else key)
    return True


def _wording(tx: Tx, campaign: Campaign, recipient: Recipient, language: str) -> str:
    """Which first text they get: of those that are still said, the one that fewest have had. With the running campaigns
    locked, so that two clocks count one after the other."""
    if recipient.step:
        return FOLLOW_UP
    if len(campaign.keys) == 1:
        return campaign.key
    stopped = wording_tests.stops(tx, campaign.campaign_id)
    said = [key for key in campaign.keys if key not in stopped] or [campaign.key]
    return choose(said, wording_tests.had(tx, campaign.campaign_id, language), recipient.recipient_id)


def _in_conversation(tx: Tx, recipient: Recipient, stored: conversations.Stored | None) -> Answer | None:
    """A refusal for someone who is talking with us already, or waits for an advocate."""
    if stored is None:
        return None
    wrote_at = campaigns.last_inbound_at(tx, recipient.person_id)
    lately = wrote_at is not None and tx.now - wrote_at < _LIVE
    held = stored.conversation.held_by is Holder.ADVOCATE or handoffs.open_of(tx, stored.conversation_id) is not None
    return Refused("in_conversation") if lately or held else None


def _zip3s(tx: Tx, person_id: str) -> tuple[str, ...]:
    return conversations.stated_zip3s(tx, [person_id]).get(person_id, ())


def _gate(tx: Tx, services: Services, campaign: Campaign, recipient: Recipient, language: str, key: str) -> Answer:
    """The same gate that is asked again at delivery."""
    history = campaigns.histories(tx, [recipient.person_id], but=recipient.recipient_id).get(recipient.person_id)
    return may_send(
        SendFacts(
            kind="campaign",
            created_at=tx.now,
            now=tx.now,
            suppressed=bool(campaigns.suppressed(tx, [recipient.phone_key])),
            epoch=0,
            current_epoch=0,
            held_by=Holder.BOT.value,
            reviewed=wording_at_the_gate(tx, services).is_reviewed(key, language),
            allow_unreviewed=services.settings.allow_unreviewed_texts,
            stopped=campaigns.stopped(tx),
            consent=consent.state_of(tx, recipient.phone_key),
            safe_hours=recipient.safe_hours,
            place=place_of(recipient.number, _zip3s(tx, recipient.person_id)),
            basis=recipient.basis,
            campaign_state=campaign.state,
            window=campaign.window,
            last_unanswered_at=None if history is None else history.last_unanswered_at,
            released_before=0 if history is None else history.released_before,
        )
    )
