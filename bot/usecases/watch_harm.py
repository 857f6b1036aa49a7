"""Does a running campaign do harm? Looked at by the clock a few times a minute; what is surely above a limit stops it.

It stops for good: the campaign is paused with the reason, and only a person resumes it. The governor releases nothing
when nobody has looked for a while, so a look that fails holds everything.
"""

from __future__ import annotations

from datetime import timedelta

from bot import log
from bot.rules.harm import must_stop
from bot.store import audit, campaign_harm, campaigns, heartbeats
from bot.store.db import Database
from bot.usecases.campaign_pace import HARM_WATCH
from bot.usecases.watch_wording import watch_wording

EVERY = timedelta(seconds=15)


def watch_harm(database: Database) -> int:
    """One look, if it is due; returns how many campaigns it stopped."""
    with database.reading() as tx:
        looked_at = heartbeats.last_beat(tx, HARM_WATCH)
        if looked_at is not None and tx.now - looked_at < EVERY:
            return 0
        running = campaigns.running_ids(tx)
    stopped = sum(_look(database, campaign_id) for campaign_id in running)
    watch_wording(database, running)
    with database.transaction() as tx:
        heartbeats.beat(tx, HARM_WATCH)
    return stopped


def _look(database: Database, campaign_id: str) -> bool:
    with database.reading() as tx:
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None or campaign.launched_at is None:
            return False
        since = campaign_harm.counted_from(tx, campaign_id, campaign.launched_at)
        why = must_stop(campaign_harm.signals(tx, campaign_id, since))
    if why is None:
        return False
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None or campaign.state != "running":
            return False
        campaigns.change(tx, campaign_id, state="paused")
        campaign_harm.stop(tx, campaign_id, why)
        audit.record(tx, act="campaign_stopped", object_id=campaign_id, detail=f"{why.code} {why.seen}/{why.out_of}")
    log.event("campaign_stopped", level="warning", campaign_id=campaign_id, code=why.code)
    return True
