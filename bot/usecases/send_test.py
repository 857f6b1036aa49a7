"""How does staff see a campaign's text on a real phone? On their own, proven one, and on no other: not by any address,
role or setting. The number is never given by whoever asks: it is read from the channel that their own answer proved.
"""

from __future__ import annotations

from datetime import timedelta

from bot import log
from bot.errors import SendError
from bot.ports import OutboundText
from bot.rules.phrases import phrase
from bot.rules.segments import count_segments
from bot.services import Services
from bot.store import audit, campaigns, pages, staff, wording_tests
from bot.store.campaigns import Campaign
from bot.store.db import Database, Tx
from bot.usecases.campaign_words import keys_of, opener
from bot.usecases.claim_texts import sender_names
from bot.usecases.refusal import Refused
from bot.usecases.signed_off import wording_at_the_gate
from flows.conversation import LANGUAGES

HOURLY = 10
_VALIDITY_S = 600
"""A test that the carrier brings later than this shows nobody anything."""


def send_test(database: Database, services: Services, *, campaign_id: str, key: str, language: str, channel_id: str,
              staff_id: str) -> Refused | None:  # fmt: skip
    """One text to one's own phone, recorded before it leaves. None means that the carrier took it."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id)
        number = pages.proven_number(tx, staff_id, channel_id)
        refused = _why_not(tx, services, campaign, key, language, staff_id, number)
        if refused is not None:
            return refused
        assert campaign is not None
        assert number is not None
        words = opener(services, key=key, language=language, sender=campaign.sender, area=campaign.area)
        test_id = wording_tests.begin_test(
            tx, campaign_id, staff_id=staff_id, key=key, language=language, segments=count_segments(words)
        )
        audit.record(tx, act="test_text", staff_id=staff_id, object_id=campaign_id, detail=f"{key} {language}")
    try:
        services.carrier.send(OutboundText(test_id, number, words, _VALIDITY_S, sender_names(services.settings)[0]))
    except SendError as error:
        if error.fate == "unknown":  # it may be there: it counts, and is never sent again by itself
            _end(database, test_id, "sent")
            return Refused("The carrier did not answer. It may have arrived; it counts as a test.")
        _end(database, test_id, "failed")
        log.event("test_text_failed", level="warning", campaign_id=campaign_id, staff_id=staff_id, code=error.code)
        return Refused("The carrier did not take it. Nothing was sent to anybody else.")
    _end(database, test_id, "sent")
    log.event("test_text_sent", campaign_id=campaign_id, staff_id=staff_id)
    return None


def _why_not(tx: Tx, services: Services, campaign: Campaign | None, key: str, language: str, staff_id: str,
             number: str | None) -> Refused | None:  # fmt: skip
    account = staff.get(tx, staff_id)
    if campaign is None or campaign.state == "importing":
        return Refused("There is no such campaign.")
    if key not in keys_of(campaign) or language not in LANGUAGES:
        return Refused("This is no text of this campaign.")
    if number is None or account is None or not account.active:
        return Refused("A test goes to your own phone only: add it to your account, and answer its call.")
    if campaigns.is_listed(tx, number):
        return Refused("This phone stands on a list. A test never goes to somebody whom a campaign may text.")
    signed = wording_at_the_gate(tx, services).is_reviewed(key, language)
    if not signed and not services.settings.allow_unreviewed_texts:
        return Refused("These words are not signed off, and no such text leaves.")
    if wording_tests.tests_since(tx, staff_id, tx.now - timedelta(hours=1)) >= HOURLY:
        return Refused(phrase("%(most)s tests an hour are enough.", most=HOURLY))
    return None


def _end(database: Database, test_id: str, status: str) -> None:
    with database.transaction() as tx:
        wording_tests.end_test(tx, test_id, status)
