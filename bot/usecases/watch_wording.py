"""Is one of a campaign's wordings worse, or surely better? What does harm is not said any more; then what is worse.

A wording stops by itself, and only a changed and newly approved campaign says it again. When the last one that is left
does harm, the campaign is paused, and a person looks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot import log
from bot.rules.harm import Stop
from bot.rules.sequential import Arm, Verdict, verdict
from bot.store import audit, campaign_harm, campaigns, heartbeats, wording_tests
from bot.store.campaigns import Campaign
from bot.store.db import Database, Tx

WAIT_DAYS = 3.0
"""So long an answer is waited for: all but one in a hundred of those that ever come are there by then."""
EVERY = timedelta(minutes=10)
"""Between two comparisons. Harm is looked for with every look of watch_harm."""
_NAME = "wording"


def watch_wording(database: Database, campaign_ids: list[str]) -> int:
    """One look for harm at these running campaigns; returns how many wordings it stopped."""
    return sum(_look(database, campaign_id, compare=False) for campaign_id in campaign_ids)


def compare_wordings(database: Database) -> int:
    """The comparison of all running campaigns, if it is due. It reads everybody texted so far, which takes a second or
    two of a long list: beside the sweep, for an alarm must not wait for it."""
    with database.reading() as tx:
        looked_at = heartbeats.last_beat(tx, _NAME)
        if looked_at is not None and tx.now - looked_at < EVERY:
            return 0
        running = campaigns.running_ids(tx)
    with database.transaction() as tx:
        heartbeats.beat(tx, _NAME)  # first, so that of two clocks one compares
    return sum(_look(database, campaign_id, compare=True) for campaign_id in running)


def arms_of(tx: Tx, campaign: Campaign, since: datetime, *, compare: bool) -> list[Arm]:
    """The wordings that are still said, with what came of each since then."""
    stopped = wording_tests.stops(tx, campaign.campaign_id)
    said = [key for key in campaign.keys if key not in stopped]
    answers = (
        wording_tests.answers(tx, campaign.campaign_id, since, tx.now - timedelta(days=WAIT_DAYS), WAIT_DAYS)
        if compare and len(said) > 1 else []
    )  # fmt: skip
    return [
        Arm(
            key,
            said_yes=[one.said_yes for one in answers if one.variant == key],
            said_stop=[one.said_stop for one in answers if one.variant == key],
            # Who waits too long waits for advocates, not because of a wording.
            signals=replace(campaign_harm.signals(tx, campaign.campaign_id, since, variant=key),
                            unanswered_for=timedelta()),
        )
        for key in said
    ]  # fmt: skip


def _look(database: Database, campaign_id: str, *, compare: bool) -> int:
    with database.reading() as tx:
        campaign = campaigns.get(tx, campaign_id)
        if campaign is None or campaign.launched_at is None or len(campaign.keys) < 2:
            return 0
        since = campaign_harm.counted_from(tx, campaign_id, campaign.launched_at)
        arms = arms_of(tx, campaign, since, compare=compare)
        found = verdict(arms)
    if found is None:
        return 0
    _stop(database, campaign_id, found, last=len(found.stopped) == len(arms))
    return len(found.stopped)


def _stop(database: Database, campaign_id: str, found: Verdict, *, last: bool) -> None:
    with database.transaction() as tx:
        campaign = campaigns.get(tx, campaign_id, lock=True)
        if campaign is None or campaign.state != "running":
            return
        standing = wording_tests.stops(tx, campaign_id)
        if last:
            campaigns.change(tx, campaign_id, state="paused")
            campaign_harm.stop(tx, campaign_id, Stop(found.code, found.seen, found.out_of))
        else:
            keys = [key for key in found.stopped if key not in standing]
            wording_tests.stop(tx, campaign_id, keys, found.code, found.seen, found.out_of)
        detail = f"{'' if last else ','.join(found.stopped) + ' '}{found.code} {found.seen}/{found.out_of}"
        audit.record(tx, act="campaign_stopped" if last else "wording_stopped", object_id=campaign_id, detail=detail)
    log.event("campaign_stopped" if last else "wording_stopped", level="warning", campaign_id=campaign_id,
              code=found.code)  # fmt: skip
