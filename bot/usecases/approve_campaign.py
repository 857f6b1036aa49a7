"""May a campaign go out at all? A second person says so: one who did not make it, and who may approve."""

from __future__ import annotations

from bot import log
from bot.services import Services
from bot.store import audit, campaigns, staff
from bot.store.db import Database
from bot.usecases.campaign_pace import is_reviewed
from bot.usecases.refusal import Refused

APPROVERS = ("approver", "lead", "admin")
OPERATOR = "operator"
"""Whoever works at the machine's own command line, without naming an account."""


def approve_campaign(database: Database, services: Services, *, campaign_id: str, staff_id: str) -> Refused | None:
    """None means approved. The database refuses an approver who is the author, too."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        if campaign.state != "draft":
            return Refused("It has been approved already.")
        if staff_id == campaign.author_id:
            return Refused("A second person must approve it: you made it.")
        account = staff.get(tx, staff_id)
        if staff_id != OPERATOR and (account is None or not account.may(APPROVERS)):
            return Refused("Only an approver, a lead or an admin may approve a campaign.")
        if campaigns.counts(tx, campaign_id)["waiting"] == 0:
            return Refused("Nobody on this list can be texted, so there is nothing to approve.")
        if not is_reviewed(tx, services, campaign):
            return Refused("These words are not signed off in every language of the list.")
        campaigns.change(tx, campaign_id, state="approved", approver_id=staff_id, approved_at=tx.now)
        audit.record(tx, act="campaign_approved", staff_id=staff_id, object_id=campaign_id)
    log.event("campaign_approved", campaign_id=campaign_id, staff_id=staff_id)
    return None
