"""May a campaign go out at all? A second person says so: one who did not make it, and who may approve.

What was approved is kept as a hash: the list, the words as they are read in each language, the sender, the area and the
hours. Whatever of it changes afterwards, by whatever way, is not approved, and nothing goes until somebody approves it
anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from bot import log
from bot.rules.governor import APPROVAL_DAYS
from bot.rules.hours import valid_window
from bot.rules.may_send import COOLDOWN, LIFETIME
from bot.services import Services
from bot.store import audit, campaigns, first_contacts, lists, outcomes, staff, wording_tests
from bot.store.campaigns import NEEDS, Campaign
from bot.store.db import Database, Tx
from bot.usecases.campaign_words import is_reviewed, keys_of, opener, unfit_words
from bot.usecases.refusal import Refused
from flows.conversation import LANGUAGES

APPROVERS = ("approver", "lead", "admin")
OPERATOR = "operator"
"""Whoever works at the machine's own command line, without naming an account."""


def approve_campaign(database: Database, services: Services, *, campaign_id: str, staff_id: str) -> Refused | None:
    """None means approved. The database refuses an approver who is the author, too."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        if campaign.state == "importing":
            return Refused("Its list is still being read.")
        if campaign.state != "draft" and not _is_old(tx, campaign):
            return Refused("It has been approved already.")
        if staff_id == campaign.author_id:
            return Refused("A second person must approve it: you made it.")
        account = staff.get(tx, staff_id)
        if staff_id != OPERATOR and (account is None or not account.may(APPROVERS)):
            return Refused("Only an approver, a lead or an admin may approve a campaign.")
        nobody = outcomes.counts(tx, campaign_id)["waiting"] == 0 and first_contacts.counts(tx, campaign_id)[0] == 0
        if nobody and not (campaign.follow_up and campaign.launched_at):  # who answered may still be written to
            return Refused("Nobody on this list can be texted, so there is nothing to approve.")
        if not is_reviewed(tx, services, campaign):
            return Refused("These words are not signed off in every language of the list.")
        state = "approved" if campaign.state == "draft" else campaign.state  # one that waited for this goes on
        approved = seal_of(tx, services, campaign)
        campaigns.change(
            tx, campaign_id, state=state, approver_id=staff_id, approved_at=tx.now, approved_hash=approved
        )
        audit.record(tx, act="campaign_approved", staff_id=staff_id, object_id=campaign_id)
    log.event("campaign_approved", campaign_id=campaign_id, staff_id=staff_id)
    return None


def still_approved(tx: Tx, services: Services, campaign: Campaign) -> bool:
    """Whether what would go out is what was approved, by somebody else than its author."""
    second = campaign.approver_id is not None and campaign.approver_id != campaign.author_id
    return second and campaign.approved_hash == seal_of(tx, services, campaign)


def void_approval(database: Database, services: Services, campaign_id: str) -> None:
    """What runs is not what was approved: it stops, and waits as a draft for somebody to look."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None or campaign.state not in ("approved", "running", "paused"):
            return
        if still_approved(tx, services, campaign):
            return
        campaigns.unapprove(tx, campaign_id)
        audit.record(tx, act="approval_void", object_id=campaign_id)
    log.event("approval_void", level="warning", campaign_id=campaign_id)


def change_campaign(database: Database, services: Services, *, campaign_id: str, keys: Sequence[str], sender: str,
                    window: tuple[int, int], staff_id: str, needs: Sequence[str] = ("bed",),
                    follow_up: bool = False) -> Refused | None:  # fmt: skip
    """Other words, another sender, other hours or needs, or a follow-up. An approval is void by it, and a running
    campaign stops: it is a draft again, and whoever changed it is its author now."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        if campaign.state in ("importing", "done"):
            return Refused("It cannot be changed now.")
        if not valid_window(*window):
            return Refused("The hours can be narrowed, not widened.")
        refused = unfit_needs(needs) or unfit_words(services, keys=keys, sender=sender, area=campaign.area,
                                                    follow_up=follow_up)  # fmt: skip
        if refused is not None:
            return refused
        campaigns.reword(tx, campaign_id, keys=keys, sender=sender, window=window, needs=needs, follow_up=follow_up,
                         author_id=staff_id)  # fmt: skip
        wording_tests.begin_anew(tx, campaign_id)
        audit.record(tx, act="campaign_changed", staff_id=staff_id, object_id=campaign_id)
    log.event("campaign_changed", campaign_id=campaign_id, staff_id=staff_id)
    return None


def seal_of(tx: Tx, services: Services, campaign: Campaign) -> str:
    """A hash of all that an approver answers for."""
    reading = lists.of_campaign(tx, campaign.campaign_id)
    texts = [
        opener(services, key=key, language=language, sender=campaign.sender, area=campaign.area)
        for key in keys_of(campaign) for language in LANGUAGES
    ]  # fmt: skip
    whole = {
        "list": "" if reading is None else reading.fingerprint, "provenance": campaign.provenance,
        "key": campaign.key, "texts": texts, "sender": campaign.sender, "area": campaign.area,
        "window": list(campaign.window), "caps": [LIFETIME, COOLDOWN.days],
    }  # fmt: skip
    # What a campaign did not have when it was approved is not in its hash.
    more = {"also": campaign.also, "needs": campaign.needs if campaign.needs != ("bed",) else (),
            "follow_up": campaign.follow_up}  # fmt: skip
    whole |= {name: value for name, value in more.items() if value}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def unfit_needs(needs: Sequence[str]) -> Refused | None:
    if not needs or not set(needs) <= set(NEEDS):
        return Refused("Say what the people on the list may ask for: openings are counted by it.")
    return None


def _is_old(tx: Tx, campaign: Campaign) -> bool:
    """Whether the governor does not take the approval for one any more."""
    age = None if campaign.approved_at is None else tx.now - campaign.approved_at
    return campaign.state != "done" and age is not None and age.days > APPROVAL_DAYS
