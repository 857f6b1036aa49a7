"""What became of a campaign's recipients? Counts by language and wording, from what the rows say and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, distinct, exists, func, or_, select

from bot.store.arrivals import arrivals
from bot.store.campaigns import recipients
from bot.store.consent import suppressions
from bot.store.conversations import conversations
from bot.store.db import Tx
from bot.store.directory import holds, offers, programs, stocks
from bot.store.handoffs import handoffs
from bot.store.messages import messages
from bot.store.people import people
from bot.store.staff import shifts
from bot.store.unmet import searches

Group = tuple[str, str]
"""Language and wording."""
_AT_CARRIER = ("sent", "delivered", "undelivered", "unknown")


def counts(tx: Tx, campaign_id: str) -> dict[str, int]:
    """Recipients by state, and what became of the texts of the released ones."""
    c = recipients.c
    found = {"waiting": 0, "released": 0, "refused": 0}
    states = select(c.state, func.count()).where(c.campaign_id == campaign_id).group_by(c.state)
    found |= dict(tx.conn.execute(states).all())
    texts = (
        select(messages.c.status, func.count())
        .join_from(recipients, messages, messages.c.recipient_id == c.recipient_id)
        .where(c.campaign_id == campaign_id)
        .group_by(messages.c.status)
    )
    delivered = dict(tx.conn.execute(texts).all())
    wrote = (
        select(func.count(func.distinct(c.recipient_id)))
        .join_from(recipients, conversations, conversations.c.person_id == c.person_id)
        .where(c.campaign_id == campaign_id, c.state == "released", conversations.c.last_inbound_at >= c.released_at)
    )
    return found | {
        "queued": sum(delivered.get(status, 0) for status in ("queued", "sending")),
        "sent": sum(delivered.get(status, 0) for status in ("sent", "delivered")),
        "delivered": delivered.get("delivered", 0),
        "unknown": delivered.get("unknown", 0),
        "failed": sum(delivered.get(status, 0) for status in ("undelivered", "failed", "refused")),
        "answered": tx.conn.execute(wrote).scalar_one(),
        "opted_out": opt_outs(tx, campaign_id),
    }


def refusals(tx: Tx, campaign_id: str) -> dict[str, int]:
    """Why recipients were left out after the import, by reason."""
    c = recipients.c
    query = select(c.reason, func.count()).where(c.campaign_id == campaign_id, c.state == "refused").group_by(c.reason)
    return {str(reason): n for reason, n in tx.conn.execute(query)}


def contacted_before(tx: Tx, campaign_id: str) -> int:
    """Recipients whom another campaign texted, and who may be texted again."""
    r, other = recipients.c, recipients.alias()
    texted = select(other.c.recipient_id).where(
        other.c.person_id == r.person_id, other.c.campaign_id != campaign_id, other.c.state == "released"
    )
    query = select(func.count()).select_from(recipients).where(r.campaign_id == campaign_id, texted.exists())
    return tx.conn.execute(query).scalar_one()


def opt_outs(tx: Tx, campaign_id: str) -> int:
    """Released recipients whose number is suppressed now."""
    query = (
        select(func.count())
        .select_from(recipients)
        .join(people, people.c.person_id == recipients.c.person_id)
        .join(suppressions, suppressions.c.phone_key == people.c.phone_key)
        .where(recipients.c.campaign_id == campaign_id, recipients.c.state == "released")
    )
    return tx.conn.execute(query).scalar_one()


# From a text to a place


def by_group(tx: Tx, campaign_ids: Sequence[str]) -> dict[str, dict[Group, dict[str, int]]]:
    """By campaign, language and wording: how many people came to each stage of bot.rules.funnel, and the signs of
    harm. The wording is empty where there was only one."""
    found: dict[str, dict[Group, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for stage, query in _queries().items():
        for campaign_id, language, variant, n in tx.conn.execute(query.where(_r.campaign_id.in_(campaign_ids))):
            found[campaign_id][language, variant][stage] = n
    return {campaign_id: dict(groups) for campaign_id, groups in found.items()}


_r, _m, _k, _h = recipients.c, messages.c, conversations.c, handoffs.c
_FIRST = (_r.state == "released", _r.step == 0)


def _people(*joins: tuple[Any, Any]) -> Select[Any]:
    """Those who were texted, once each, however many rows stand beside them."""
    variant = func.coalesce(_r.variant, "")
    query = select(_r.campaign_id, _r.language, variant, func.count(distinct(_r.recipient_id))).select_from(recipients)
    for table, on in joins:
        query = query.join(table, on)
    return query.where(*_FIRST).group_by(_r.campaign_id, _r.language, variant)


def _queries() -> dict[str, Select[Any]]:
    text = (messages, _m.recipient_id == _r.recipient_id)
    theirs = (conversations, _k.person_id == _r.person_id)
    handed = (handoffs, and_(_h.conversation_id == _k.conversation_id, _h.opened_at >= _r.released_at))
    them = (people, people.c.person_id == _r.person_id)
    stopped = (suppressions, and_(suppressions.c.phone_key == people.c.phone_key,
                                  suppressions.c.at >= _r.released_at))  # fmt: skip
    said_stop = and_(suppressions.c.how != "wrong_number",
                     or_(suppressions.c.how == "carrier_21610",
                         ~suppressions.c.how.startswith("carrier_")))  # fmt: skip
    return {
        "sent": _people(text).where(_m.status.in_(_AT_CARRIER)),
        "delivered": _people(text).where(_m.status == "delivered"),
        "reached": _people(text).where(_m.status == "delivered", ~_somebody_else()),
        "replied": _people(theirs).where(_k.last_inbound_at >= _r.released_at),
        "positive": _people((arrivals, arrivals.c.recipient_id == _r.recipient_id)).where(
            arrivals.c.engaged_at.is_not(None)
        ),
        "screened": _people(theirs).where(or_(_looked_for(offers, "made_at"), _looked_for(searches, "began_at"))),
        "handed_off": _people(theirs, handed),
        "enrolled": _people(theirs).where(or_(_arrived_by_hand(), _arrived())),
        "housed": _people(theirs).where(_arrived(programs.c.need == "bed")),
        "opted_out": _people(them, stopped).where(said_stop),
        "anger": _people(theirs, handed).where(_h.reason == "hostile"),
        "wrong_people": _people().where(_somebody_else()),
        "minors": _people(theirs, handed).where(_h.reason == "minor"),
    }


def _somebody_else() -> Any:
    """The text reached another person than the list means: they say so, or an advocate found out."""
    s, p, k, h = suppressions.c, people.c, conversations.alias().c, handoffs.alias().c
    said = exists().where(p.person_id == _r.person_id, s.phone_key == p.phone_key, s.how == "wrong_number",
                          s.at >= _r.released_at).correlate(recipients)  # fmt: skip
    found = exists().where(k.person_id == _r.person_id, h.conversation_id == k.conversation_id,
                           h.outcome == "wrong_person",
                           h.opened_at >= _r.released_at).correlate(recipients)  # fmt: skip
    return or_(said, found)


def _looked_for(table: Any, moment: str) -> Any:
    c = table.c
    return exists().where(c.conversation_id == _k.conversation_id, c[moment] >= _r.released_at).correlate(
        recipients, conversations
    )


def _arrived_by_hand() -> Any:
    h = handoffs.alias().c
    return exists().where(h.conversation_id == _k.conversation_id, h.outcome == "arrived",
                          h.opened_at >= _r.released_at).correlate(recipients, conversations)  # fmt: skip


def _arrived(*more: Any) -> Any:
    """At a place that was held for them."""
    place = (stocks.c.stock_id == holds.c.stock_id, programs.c.program_id == stocks.c.program_id) if more else ()
    return exists().where(holds.c.conversation_id == _k.conversation_id, holds.c.state == "arrived",
                          holds.c.requested_at >= _r.released_at, *place, *more).correlate(
        recipients, conversations
    )  # fmt: skip


def hours_held(tx: Tx, campaign_id: str) -> float:
    """How long advocates had these people in hand, from taking them to the end or until now."""
    query = (
        select(_h.handoff_id, _h.claimed_at, _h.closed_at)
        .distinct()
        .select_from(recipients)
        .join(conversations, _k.person_id == _r.person_id)
        .join(handoffs, and_(_h.conversation_id == _k.conversation_id, _h.opened_at >= _r.released_at))
        .where(_r.campaign_id == campaign_id, *_FIRST, _h.claimed_at.is_not(None))
    )
    return sum(((ended or tx.now) - began).total_seconds() for _, began, ended in tx.conn.execute(query)) / 3600


def shift_hours(tx: Tx, since: datetime) -> float:
    """How long advocates were on shift from then until now; a shift that runs counts up to now."""
    s = shifts.c
    query = select(s.starts_at, s.ends_at).where(s.ends_at > since, s.starts_at < tx.now)
    spans = ((max(began, since), min(ended, tx.now)) for began, ended in tx.conn.execute(query))
    return sum((ended - began).total_seconds() for began, ended in spans) / 3600


# By door


def by_door(tx: Tx) -> dict[str, dict[str, int]]:
    """Of everybody who came by a door: who talks with us, came to an advocate, arrived, and sleeps there."""
    a = arrivals.c
    handed = exists().where(_h.conversation_id == a.conversation_id).correlate(arrivals)
    held = (holds.c.conversation_id == a.conversation_id, holds.c.state == "arrived")
    by_hand = exists().where(_h.conversation_id == a.conversation_id, _h.outcome == "arrived").correlate(arrivals)
    enrolled = or_(exists().where(*held).correlate(arrivals), by_hand)
    housed = exists().where(*held, stocks.c.stock_id == holds.c.stock_id, programs.c.program_id == stocks.c.program_id,
                            programs.c.need == "bed").correlate(arrivals)  # fmt: skip
    query = select(
        a.door, func.count(), func.count(a.engaged_at), func.count(case((handed, 1))), func.count(case((enrolled, 1))),
        func.count(case((housed, 1))),
    ).group_by(a.door)  # fmt: skip
    names = ("came", "positive", "handed_off", "enrolled", "housed")
    found = {door: dict(zip(names, counts, strict=True)) for door, *counts in tx.conn.execute(query)}
    for door, n in (("direct", _wrote_by_themselves(tx)), ("campaign", _answered_a_campaign(tx))):
        found.setdefault(door, dict.fromkeys(names, 0))["came"] = n
    return found


def _wrote_by_themselves(tx: Tx) -> int:
    texted = exists().where(_r.person_id == _k.person_id, _r.state == "released").correlate(conversations)
    door = exists().where(arrivals.c.conversation_id == _k.conversation_id,
                          arrivals.c.door != "direct").correlate(conversations)  # fmt: skip
    query = select(func.count()).select_from(conversations).where(_k.last_inbound_at.is_not(None), ~texted, ~door)
    return tx.conn.execute(query).scalar_one()


def _answered_a_campaign(tx: Tx) -> int:
    query = (
        select(func.count(distinct(_r.recipient_id)))
        .join_from(recipients, conversations, _k.person_id == _r.person_id)
        .where(*_FIRST, _k.last_inbound_at >= _r.released_at)
    )
    return tx.conn.execute(query).scalar_one()


def merged(groups: Mapping[Group, Mapping[str, int]], at: int) -> dict[str, dict[str, int]]:
    """The groups summed by language (0) or by wording (1)."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for group, counts in groups.items():
        for stage, n in counts.items():
            found[group[at]][stage] += n
    return {name: dict(counts) for name, counts in found.items()}
