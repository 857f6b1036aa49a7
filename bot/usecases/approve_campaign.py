"""May a campaign go out at all? A second person says so: one who did not make it, and who may approve.

What was approved is kept as a hash: the list, the words as they are read in each language, the sender, the area and the
hours. Whatever of it changes afterwards, by whatever way, is not approved, and nothing goes until somebody approves it
anew.
"""

from __future__ import annotations

import hashlib
import json

from bot import log
from bot.rules.governor import APPROVAL_DAYS
from bot.rules.hours import valid_window
from bot.rules.may_send import COOLDOWN, LIFETIME
from bot.services import Services
from bot.store import audit, campaigns, first_contacts, lists, staff
from bot.store.campaigns import Campaign
from bot.store.db import Database, Tx
from bot.usecases.campaign_pace import is_reviewed, opener, unfit_words
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
        if campaigns.counts(tx, campaign_id)["waiting"] == 0 and first_contacts.counts(tx, campaign_id)[0] == 0:
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


def change_campaign(database: Database, services: Services, *, campaign_id: str, key: str, sender: str,
                    window: tuple[int, int], staff_id: str) -> Refused | None:  # fmt: skip
    """Other words, another sender or other hours. An approval is void by it, and a running campaign stops: it is a
    draft again, and whoever changed it is its author now."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        if campaign.state in ("importing", "done"):
            return Refused("It cannot be changed now.")
        if not valid_window(*window):
            return Refused("The hours can be narrowed, not widened.")
        refused = unfit_words(services, key=key, sender=sender, area=campaign.area)
        if refused is not None:
            return refused
        campaigns.reword(tx, campaign_id, key=key, sender=sender, window=window, author_id=staff_id)
        audit.record(tx, act="campaign_changed", staff_id=staff_id, object_id=campaign_id)
    log.event("campaign_changed", campaign_id=campaign_id, staff_id=staff_id)
    return None


def seal_of(tx: Tx, services: Services, campaign: Campaign) -> str:
    """A hash of all that an approver answers for."""
    reading = lists.of_campaign(tx, campaign.campaign_id)
    texts = [
        opener(services, key=campaign.key, language=language, sender=campaign.sender, area=campaign.area)
        for language in LANGUAGES
    ]
    whole = {
        "list": "" if reading is None else reading.fingerprint, "provenance": campaign.provenance,
        "key": campaign.key, "texts": texts, "sender": campaign.sender, "area": campaign.area,
        "window": list(campaign.window), "caps": [LIFETIME, COOLDOWN.days],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _is_old(tx: Tx, campaign: Campaign) -> bool:
    """Whether the governor does not take the approval for one any more."""
    age = None if campaign.approved_at is None else tx.now - campaign.approved_at
    return campaign.state != "done" and age is not None and age.days > APPROVAL_DAYS
