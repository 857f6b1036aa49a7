"""Who gets the one gentle text after a fortnight? People who answered a campaign and fell silent on the way alone.

Never the silent: who did not answer a first text hears of no campaign for 180 days. The follow-up is a recipient like
any other, so the same gate, hours and approval hold, and the database counts it among the three texts of a lifetime.
"""

from __future__ import annotations

from datetime import timedelta

from bot import log
from bot.store import campaigns, follow_ups, heartbeats, pacing
from bot.store.db import Database
from bot.usecases.campaign_pace import FOLLOW_UP_WITHIN
from flows.conversation import LANGUAGES

AFTER = timedelta(days=14)
EVERY = timedelta(minutes=10)
_NAME = "follow_ups"
_AT_ONCE = 200


def text_once_more(database: Database) -> int:
    """One look, if it is due; returns how many were put on their list once more. A campaign of which
    nobody is left who could be is done, whatever holds it."""
    with database.reading() as tx:
        looked_at = heartbeats.last_beat(tx, _NAME)
        if looked_at is not None and tx.now - looked_at < EVERY:
            return 0
        running = [campaigns.get(tx, campaign_id) for campaign_id in campaigns.running_ids(tx)]
    enlisted = 0
    for campaign in running:
        if campaign is None or not campaign.follow_up:
            continue
        enlisted += _look(database, campaign.campaign_id)
    with database.transaction() as tx:
        heartbeats.beat(tx, _NAME)
    return enlisted


def _look(database: Database, campaign_id: str) -> int:
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)  # two clocks look one after the other
        if campaign is None or campaign.state != "running":
            return 0
        n = follow_ups.enlist(tx, campaign_id, first=tx.now - FOLLOW_UP_WITHIN, last=tx.now - AFTER, limit=_AT_ONCE)
        waits = n > 0 or bool(pacing.languages(tx, campaign_id, LANGUAGES))
        over = not waits and not pacing.released_lately(tx, campaign_id, FOLLOW_UP_WITHIN)
        if over:
            campaigns.change(tx, campaign_id, state="done")
    if n or over:
        log.event("campaign_done" if over else "follow_ups_enlisted", campaign_id=campaign_id, count=n)
    return n
