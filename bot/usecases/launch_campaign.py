"""How does an approved campaign start, pause and go on? Only by a person: nothing here happens by itself."""

from __future__ import annotations

from dataclasses import dataclass

from bot import log
from bot.rules.governor import Pace
from bot.services import Services
from bot.store import audit, campaign_harm, campaigns
from bot.store.db import Database
from bot.usecases.approve_campaign import still_approved
from bot.usecases.campaign_pace import pace
from bot.usecases.refusal import Refused


@dataclass(frozen=True, slots=True)
class Launched:
    """It runs now. `pace` says what holds it back at this moment, if anything does."""

    pace: Pace


def launch_campaign(database: Database, services: Services, *, campaign_id: str, staff_id: str) -> Launched | Refused:
    """Start an approved campaign, or resume a paused one."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        match campaign.state:
            case "importing":
                return Refused("Its list is still being read.")
            case "draft":
                return Refused("A second person must approve it first.")
            case "running":
                return Refused("It is running already.")
            case "done":
                return Refused("It is done: nobody on this list is left to text.")
        if not still_approved(tx, services, campaign):
            return Refused("It is not what was approved any more: change it back, or have it approved anew.")
        act = "campaign_resumed" if campaign.state == "paused" else "campaign_launched"
        campaigns.change(tx, campaign_id, state="running", launched_at=campaign.launched_at or tx.now)
        campaign_harm.resume(tx, campaign_id)
        audit.record(tx, act=act, staff_id=staff_id, object_id=campaign_id)
        running = campaigns.get(tx, campaign_id)
        assert running is not None
        now = pace(tx, services, running)
    log.event(act, campaign_id=campaign_id, staff_id=staff_id)
    return Launched(now)


def pause_campaign(database: Database, *, campaign_id: str, staff_id: str) -> Refused | None:
    """Nothing more leaves, not even what is queued, until a person resumes it. None means paused."""
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None:
            return Refused("There is no such campaign.")
        if campaign.state == "paused":
            return Refused("It is paused already.")
        if campaign.state != "running":
            return Refused("It is not running.")
        campaigns.change(tx, campaign_id, state="paused")
        audit.record(tx, act="campaign_paused", staff_id=staff_id, object_id=campaign_id)
    log.event("campaign_paused", campaign_id=campaign_id, staff_id=staff_id)
    return None


def stop_all(database: Database, *, on: bool, staff_id: str) -> None:
    """The kill switch: while it is on, no text leaves that nobody asked for."""
    with database.transaction() as tx:
        campaigns.set_stopped(tx, on, staff_id)
        audit.record(tx, act="campaigns_stopped" if on else "campaigns_allowed", staff_id=staff_id)
    log.event("campaigns_stopped" if on else "campaigns_allowed", staff_id=staff_id)
